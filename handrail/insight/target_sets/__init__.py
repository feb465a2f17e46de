"""Target sets that come with Handrail: one TOML file each, loaded as rows of every organisation.

Loading adds what is new and corrects what changed in the file. What a programme corrected, took back or entered itself is
never touched. A set without targets is a promise to fill it when its source is published.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from handrail.insight.models import OWN, Band, Level, Op, Reading, Target
from handrail.insight.outside import add, plain
from handrail.kernel.access import Actor

FOLDER = Path(__file__).parent
_BAND = "band"


class NotASet(ValueError):
    """A shipped file breaks the rules; the message names it. Our own mistake, so it stops the start of a test."""


@dataclass(frozen=True)
class TargetSet:
    """A set as its file says it. Title and source are names and stay as they are written; `explains` is by language."""

    key: str
    title: str
    source: str
    explains: Mapping[str, str]
    targets: tuple[Mapping[str, Any], ...]

    @property
    def explain(self) -> str:
        """What it is, in the reader's language or in English."""
        return self.explains.get(get_language() or "en", self.explains["en"])


@cache
def shipped() -> dict[str, TargetSet]:
    """Every set by its key, the file's name."""
    return {path.stem: parse(path.stem, path.read_text()) for path in sorted(FOLDER.glob("*.toml"))}


def title_of(key: str) -> str:
    """The name of a set; of one that is shipped no more, its key."""
    found = shipped().get(key)
    return found.title if found else _("Our own targets") if key == OWN else key


def parse(key: str, text: str) -> TargetSet:
    """A file's text as a set."""
    try:
        read = tomllib.loads(text, parse_float=Decimal)
        targets = tuple({**one, "source": one.get("source", read["source"])} for one in read.get("target", []))
        found = TargetSet(key, read["title"], read["source"], dict(read["explain"]), targets)
        keys = [one["key"] for one in targets]
        if key == OWN or "en" not in found.explains or len(keys) != len(set(keys)):
            raise NotASet(f"{key}.toml: a key stands twice, English is missing, or the set is called “{OWN}”.")
        for one in targets:
            row_of(found, one)
    except (KeyError, TypeError, tomllib.TOMLDecodeError) as error:
        raise NotASet(f"{key}.toml: {error!r}") from error
    return found


def row_of(found: TargetSet, one: Mapping[str, Any]) -> Target:
    """A target of a file as a row that is not saved."""
    known = {
        "key", "indicator", "variant", "level", "op", "value", "high", _BAND, "area", "valid_from", "valid_to", "source", "source_link", "status",
        "note",
    }
    choices = ((one["level"], Level.values), (one["op"], Op.values), (one["status"], Reading.values), (one.get(_BAND, ""), ["", *Band.values]))
    if set(one) - known or any(value not in values for value, values in choices) or (one["op"] == Op.RANGE) != ("high" in one):
        raise NotASet(f"{found.key}.toml: {one['key']} says something that is not known.")
    return Target(
        target_set=found.key, set_key=one["key"], indicator=one["indicator"], variant=one.get("variant", ""), level=one["level"], op=one["op"],
        value=Decimal(one["value"]), high=Decimal(one["high"]) if "high" in one else None, band=one.get(_BAND, ""), area=one.get("area", ""),
        valid_from=_day(one["valid_from"]), valid_to=_day(one["valid_to"]) if "valid_to" in one else None, source=one["source"],
        source_link=one.get("source_link", ""), status=one["status"],
    )


def _day(value: object) -> date:
    if not isinstance(value, date):
        raise TypeError(f"{value!r} is not a day")
    return value


def load(*, actor: Actor) -> int:
    """Bring the organisation in scope up to date with the shipped sets; how many rows were added. Run as the system."""
    newest: dict[tuple[str, str], Target] = {}
    for row in Target.objects.exclude(target_set=OWN).filter(corrections=None):
        newest[row.target_set, row.set_key] = row
    added = 0
    for found in shipped().values():
        for one in found.targets:
            row, there = row_of(found, one), newest.get((found.key, one["key"]))
            if there is not None and (there.entered_by is not None or plain(there) | {"note": ""} == plain(row) | {"note": ""}):
                continue
            add(row, actor=actor, problems=[], replaces=there, note=one.get("note", "New in this version of Handrail.") if there else "")
            added += 1
    return added
