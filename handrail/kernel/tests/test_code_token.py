"""What is stored of a code is exactly what `domain/people.md` 3.2 says."""

from __future__ import annotations

import hashlib
import hmac

from handrail.kernel import crypto


def test_the_look_up_token_is_the_keyed_digest_of_the_ten_symbols_and_nothing_else():
    key = bytes(range(32))
    assert crypto.code_token(key, "7HR9V499P1") == hmac.new(key, b"7HR9V499P1", hashlib.sha256).digest()
    assert crypto.code_token(key, "7HR9V499P1", "@site") != crypto.code_token(key, "7HR9V499P1")
