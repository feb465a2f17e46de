"""Five hundred people who do not exist. Every word of theirs begins as nothing else in the world does, so that a search finds all of them at once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from handrail.kernel import crypto

HOW_MANY = 500
_LETTERS = "bcdfghjkmnpqrstvwxz"
_STARTS = {"name": "qzjx", "street": "vqkw", "words": "xwqz", "mother": "jqzm", "father": "zjqf", "own": "kqzw", "picture": "wqjp", "handle": "hqzj"}
FOUND = re.compile(rb"(?:" + "|".join(_STARTS.values()).encode() + rb")([bcdfghjkmnpqrstvwxz]{4})y|9995557730(\d{3})(?!\d)|QZX-?9W([bcdfghjkmnpqrstvwxz])-?([bcdfghjkmnpqrstvwxz]{3})", re.IGNORECASE)
RECIPE = re.compile(rb"hr1\|(?:loo\d\||MO=)")
"""What the elements of a self-made code look like before they are digested."""


def word(number: int) -> str:
    """Four letters that stand for a number."""
    found = ""
    for _place in range(4):
        number, rest = divmod(number, len(_LETTERS))
        found = _LETTERS[rest] + found
    return found + "y"


def number_of(found: re.Match[bytes]) -> int:
    """Whose words were found."""
    if found[2]:
        return int(found[2])
    number = 0
    for letter in (found[1] or found[3] + found[4]).decode().lower():
        number = number * len(_LETTERS) + _LETTERS.index(letter)
    return number


@dataclass(frozen=True)
class Canary:
    """One of them."""

    number: int

    def said(self, sort: str) -> str:
        """A word of theirs, such as the name of their mother."""
        return f"{_STARTS[sort].capitalize()}{word(self.number)}"

    @cached_property
    def phone(self) -> str:
        """A telephone number that no country has."""
        return f"+9995557730{self.number:03d}"

    @cached_property
    def card(self) -> str:
        """The code on their card."""
        nine = f"QZX9W{word(self.number)[:4].upper()}"
        return crypto.print_code(nine + crypto.check_symbol(nine))

    @cached_property
    def address(self) -> str:
        """Where they do not live."""
        return f"{self.number} {self.said('street')} Road\nNowhere"

    @cached_property
    def picture(self) -> bytes:
        """The beginning of a picture, with a word of theirs in it."""
        return b"\x89PNG\r\n\x1a\n" + self.said("picture").encode() * 20

    def answer(self, name: str) -> str:
        """What they say where a field asks for something: by the field's name, else free words."""
        match name:
            case "phone":
                return self.phone
            case "name":
                return self.said("name")
            case "address":
                return self.address
        return f"{self.said('words')} says hello to {self.said('name')}"


PEOPLE = [Canary(number) for number in range(HOW_MANY)]
