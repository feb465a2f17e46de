"""Self-made codes, recipe `hr1` (`domain/people.md` 3.2): recomputed from things a person knows, never stored or logged.

    elements → canonical string → Argon2id → HMAC with the programme's key → nine symbols and a check symbol

The key and the salt are files outside the database. A slow step raises the price of guessing for whoever holds both the
database and the key; it does not make a self-made code safe.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from django.utils.translation import gettext as _

from handrail.facts.spec import Text
from handrail.facts.transliteration import VERSION, latin_letters, two_letters
from handrail.kernel import crypto

RECIPE = VERSION
OLDEST = 110
"""Nobody older comes: a year of birth further back is a typing error (`domain/people.md` 13)."""
_UNKNOWN_NAME, _UNKNOWN_YEAR = "XX", "XX"


class BadElement(ValueError):
    """An element cannot be right; `name` says which field, `sentence` what to do."""

    def __init__(self, name: str, sentence: Text) -> None:
        super().__init__(name)
        self.name, self.sentence = name, sentence


@dataclass(frozen=True)
class Elements:
    """What the person told. Printing it shows nothing, so that no log can."""

    mother: str = field(default="", repr=False)
    father: str = field(default="", repr=False)
    own: str = field(default="", repr=False)
    day: int | None = field(default=None, repr=False)
    month: int | None = field(default=None, repr=False)
    year: int | None = field(default=None, repr=False)
    """Year of birth with four digits; only the last two go into the code."""

    def unknown(self) -> int:
        """How many of the six are not known. With two or more, a random code is issued instead."""
        names = sum(not latin_letters(name) for name in (self.mother, self.father, self.own))
        return names + sum(number is None for number in (self.day, self.month, self.year))

    def check(self, today: date) -> None:
        """Raise `BadElement` for a day that no month has, or a year nobody here was born in."""
        if self.year is not None and not today.year - OLDEST <= self.year <= today.year:
            raise BadElement("year", _("A year between %(first)s and %(last)s.") % {"first": today.year - OLDEST, "last": today.year})
        if self.month is not None and not 1 <= self.month <= 12:
            raise BadElement("month", _("A month from 1 to 12."))
        leap = 2000 if self.year is None else self.year
        most = 31 if self.month is None else calendar.monthrange(leap, self.month)[1]
        if self.day is not None and not 1 <= self.day <= most:
            raise BadElement("day", _("That month has no such day."))

    def labelled(self) -> tuple[str, ...]:
        """The six elements in canonical order, each with its label."""
        year = _UNKNOWN_YEAR if self.year is None else f"{self.year % 100:02d}"
        return (
            f"MO={two_letters(self.mother)}", f"FA={two_letters(self.father)}", f"OW={two_letters(self.own)}",
            f"DD={self.day or 0:02d}", f"MM={self.month or 0:02d}", f"YY={year}",
        )


def canonical(elements: Elements) -> str:
    """The one string of these elements."""
    return "|".join((RECIPE, *elements.labelled()))


def leave_one_out(elements: Elements) -> tuple[str, ...]:
    """Six strings, each without one element: what two people have in common who differ in one answer."""
    six = elements.labelled()
    return tuple("|".join((RECIPE, f"loo{left}", *(part for at, part in enumerate(six) if at != left))) for left in range(6))


def code(elements: Elements, *, key: crypto.Mac, salt: bytes) -> str:
    """The printed code of a person's elements. About 0.13 s, on purpose."""
    return crypto.code_of(crypto.slow_token(key, salt, canonical(elements)))


def hints(elements: Elements, *, key: crypto.Mac, salt: bytes) -> tuple[bytes, ...]:
    """The six leave-one-out tokens: only where tolerant review is switched on."""
    return tuple(crypto.slow_token(key, salt, text) for text in leave_one_out(elements))


def programme_salt(folder: Path) -> bytes:
    """The 16 bytes of salt that belong to the key."""
    return crypto.key(folder, "link-salt")[:16]
