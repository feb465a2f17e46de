"""Sealing and locking: the published vectors, and that nothing opens which was changed or moved."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.bindings._rust import openssl as rust_openssl
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from handrail.kernel import crypto
from handrail.kernel.crypto import SealError

VECTOR = json.loads((Path(__file__).parent / "rfc9180.json").read_text())
A_KEY, OTHER_KEY = bytes(range(32)), bytes(range(1, 33))


def test_our_suite_opens_the_vector_of_rfc_9180():
    one = VECTOR["encryptions"][0]
    private = X25519PrivateKey.from_private_bytes(bytes.fromhex(VECTOR["skRm"]))
    sealed = bytes.fromhex(VECTOR["enc"]) + bytes.fromhex(one["ct"])
    # The message of the vector has associated data, which we never use: only the library's own test entry takes it.
    assert rust_openssl.hpke._decrypt_with_aad(crypto._SUITE, sealed, private, bytes.fromhex(VECTOR["info"]), bytes.fromhex(one["aad"])) == bytes.fromhex(one["pt"])
    assert private.public_key().public_bytes_raw() == bytes.fromhex(VECTOR["pkRm"])


@given(plain=st.binary(max_size=5000), context=st.text(max_size=60))
def test_what_is_sealed_opens_for_the_private_half_alone(plain: bytes, context: str):
    private, public = crypto.new_pair()
    sealed = crypto.seal(public, context, plain)
    assert len(sealed) == len(plain) + 49
    assert crypto.unseal(private, context, sealed) == plain
    for wrong in ((crypto.new_pair()[0], context, sealed), (private, context + "x", sealed), (private, context, sealed[:-1])):
        with pytest.raises(SealError):
            crypto.unseal(*wrong)


@given(plain=st.binary(max_size=200), at=st.integers(0), bit=st.integers(0, 7))
def test_a_changed_bit_anywhere_is_noticed(plain: bytes, at: int, bit: int):
    private, public = crypto.new_pair()
    for locked, open_it in (
        (crypto.seal(public, "c", plain), lambda raw: crypto.unseal(private, "c", raw)),
        (crypto.lock_bytes(A_KEY, "c", plain), lambda raw: crypto.unlock_bytes(A_KEY, "c", raw)),
    ):
        changed = bytearray(locked)
        changed[at % len(changed)] ^= 1 << bit
        with pytest.raises(SealError):
            open_it(bytes(changed))


def test_what_is_locked_opens_with_its_key_and_its_context_alone():
    locked = crypto.lock_bytes(A_KEY, "person 1", b"Anna")
    assert crypto.unlock_bytes(A_KEY, "person 1", locked) == b"Anna"
    assert b"Anna" not in locked
    assert locked != crypto.lock_bytes(A_KEY, "person 1", b"Anna")
    for key, context, raw in ((OTHER_KEY, "person 1", locked), (A_KEY, "person 2", locked), (A_KEY, "person 1", b""), (A_KEY, "person 1", b"\2" + locked[1:])):
        with pytest.raises(SealError):
            crypto.unlock_bytes(key, context, raw)


def test_words_open_what_they_locked_and_no_others():
    locked = crypto.lock_with_words("five words thrown with dice", b"secret")
    assert crypto.unlock_with_words("five words thrown with dice", locked) == b"secret"
    for words, raw in (("five words thrown with cards", locked), ("five words thrown with dice", b"no age file")):
        with pytest.raises(SealError):
            crypto.unlock_with_words(words, raw)


def test_a_digest_made_by_whoever_holds_the_key_is_the_same():
    asked = []

    def holder(message: bytes) -> bytes:
        asked.append(message)
        return crypto.mac(A_KEY, message)

    assert crypto.token(holder, "receipt", "x") == crypto.token(A_KEY, "receipt", "x")
    assert crypto.code_token(holder, "7HR9V499P1") == crypto.code_token(A_KEY, "7HR9V499P1")
    assert crypto.slow_token(holder, b"handrail-example", "x") == crypto.slow_token(A_KEY, b"handrail-example", "x")
    assert len(asked) == 3


def test_one_module_has_fewer_than_three_hundred_lines():
    assert len(Path(crypto.__file__).read_text().splitlines()) < 300
