"""The scanner finds people in each of the five ways, wherever they begin, and nobody where nobody is."""

from __future__ import annotations

import base64
import gzip
import random
import zlib

import pytest

from tests.seizure.canaries import PEOPLE, Canary, number_of, word
from tests.seizure.scanner import RECIPE_OF_A_CODE, people_in, people_in_folder

WAYS = {
    "as it is": lambda text: text.encode(),
    "capitals": lambda text: text.upper().encode(),
    "utf-16": lambda text: text.encode("utf-16-le"),
    "base64": lambda text: base64.b64encode(text.encode()),
    "base64 after one": lambda text: base64.b64encode(b"x" + text.encode()),
    "base64 after two": lambda text: base64.b64encode(b"xy" + text.encode()),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(b"\xff\xfe" + text.encode()),
    "hexadecimal": lambda text: text.encode().hex().encode(),
    "hexadecimal after half a byte": lambda text: b"a" + text.encode().hex().encode(),
    "zlib": lambda text: zlib.compress(text.encode()),
    "gzip": lambda text: gzip.compress(text.encode() * 9),
    "base64 in gzip": lambda text: gzip.compress(base64.b64encode(text.encode())),
    "gzip in base64": lambda text: base64.b64encode(gzip.compress(text.encode() * 3)),
}
SORTS = [lambda c: c.said("name"), lambda c: c.phone, lambda c: c.address, lambda c: c.answer("how"), lambda c: f"card {c.card}.", lambda c: c.card.replace("-", "") + " ", lambda c: c.picture.decode("latin-1")]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("sort", range(len(SORTS)))
def test_each_person_is_found_in_each_way(way: str, sort: int):
    generator = random.Random(f"{way}{sort}")
    for canary in generator.sample(PEOPLE, 20):
        around = [generator.randbytes(generator.randrange(200)) for _side in range(2)]
        hidden = around[0] + b" " + WAYS[way](SORTS[sort](canary)) + b" " + around[1]
        assert canary.number in people_in(hidden), (way, canary.number)


def test_nobody_is_found_where_nobody_is():
    generator = random.Random(4)
    for _time in range(20):
        assert people_in(generator.randbytes(200_000)) == set()
    assert people_in(b"A list of ordinary words, and +254 700 123456.") == set()


def test_numbers_and_words_are_the_same_thing():
    assert len({word(canary.number) for canary in PEOPLE}) == len(PEOPLE)
    for canary in PEOPLE:
        assert people_in(canary.said("mother").encode()) == people_in(canary.phone.encode()) == {canary.number}
    assert number_of.__doc__


def test_elements_of_a_code_are_found_however_short_they_are():
    assert people_in(b"hr1|MO=AN|FA=IV|OW=SE|DD=07|MM=03|YY=85") == {RECIPE_OF_A_CODE}
    assert people_in(b"hr1|loo3|MO=AN|FA=IV") == {RECIPE_OF_A_CODE}


def test_a_name_across_two_pieces_of_a_large_file_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.seizure.scanner._PIECE", 1 << 13)
    (tmp_path / "large").write_bytes(b"." * ((1 << 13) - 4) + Canary(7).said("name").encode() + b"." * 5000)
    (tmp_path / f"photo of {Canary(8).said('name')}.png").write_bytes(b"")
    assert set().union(*people_in_folder(tmp_path).values()) == {7, 8}
