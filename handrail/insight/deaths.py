"""Deaths by opioid overdose as others counted them. Counts of twelve months that end with each month are never added up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from django.utils.translation import gettext as _

from handrail.facts.queries import today
from handrail.facts.record import lock_organisation
from handrail.insight.estimates import LEVELS
from handrail.insight.models import DeathCount
from handrail.insight.outside import (
    Problems,
    add,
    area_typed,
    chosen,
    in_force,
    needed,
    require_enter,
    whole,
)
from handrail.insight.periods import Window, months_before
from handrail.kernel.access import Actor

FIELDS = ("level", "area", "months", "ends", "deaths", "method", "source", "source_link")
LONGEST = 120
"""Months that one count may span."""
NOT_SHOWN = "?"
"""How a count is written that its source does not show, without saying how high it can be."""
_HIDDEN = re.compile(r"<\s*(\d{1,4})|≤\s*(\d{1,4})")


class Overlap(ValueError):
    """These counts cannot be added: some deaths are in several of them."""


def read_typed(typed: Mapping[str, str]) -> tuple[DeathCount, Problems]:
    """A count from what was typed or stands in a file, and what is wrong with it. Saves nothing.

    “<10” is kept as what it is: hidden by its source, at most 9. “?” is a count that its source does not show at all.
    """
    problems: Problems = []
    level = chosen(typed.get("level", ""), [level.value for level in LEVELS], "level", problems)
    row = DeathCount(
        level=level, area=area_typed(typed.get("area", ""), level, problems), method=typed.get("method", "").strip(),
        source=needed(typed.get("source", ""), "source", _("Say where it stands: who published it, its title, its page."), problems),
        source_link=typed.get("source_link", "").strip(),
    )
    hidden = _HIDDEN.fullmatch(typed.get("deaths", "").strip())
    if hidden is not None and int(hidden[1] or hidden[2]) > 0:
        row.high = int(hidden[1]) - 1 if hidden[1] else int(hidden[2])
    elif typed.get("deaths", "").strip() != NOT_SHOWN:
        row.value = whole(typed.get("deaths", ""), "deaths", problems)
    months = whole(typed.get("months", ""), "months", problems, least=1, most=LONGEST)
    last = re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])", typed.get("ends", "").strip())
    if last is None or not 1900 <= int(last[1]) <= today().year:
        problems.append(("ends", _("Write the last month like 2025-12, not later than this year.")))
    elif months is not None:
        row.ends_before = months_before(date(int(last[1]), int(last[2]), 1), -1)
        row.starts_on = months_before(row.ends_before, months)
    return row, problems


def as_typed(row: DeathCount) -> dict[str, str]:
    """A count as the form has it."""
    window = Window(row.starts_on, row.ends_before)
    hidden = NOT_SHOWN if row.high is None else f"<{row.high + 1}"
    return {
        "level": row.level, "area": row.area, "method": row.method, "source": row.source, "source_link": row.source_link,
        "deaths": str(row.value) if row.value is not None else hidden, "months": str(window.whole_months),
        "ends": f"{months_before(row.ends_before, 1):%Y-%m}",
    }


def same_question(row: DeathCount) -> DeathCount | None:
    """The count that holds now for the same area and the same days, of a row that has no problem."""
    asked = {name: getattr(row, name) for name in ("level", "area", "starts_on", "ends_before")}
    return in_force(DeathCount).filter(**asked).order_by("-key").first()


def enter(*, actor: Actor, typed: Mapping[str, str]) -> DeathCount:
    """Enter a count. Of the same area and days there is one: another is a correction of it."""
    require_enter(actor)
    lock_organisation()
    row, problems = read_typed(typed)
    if not problems and same_question(row) is not None:
        problems.append(("ends", _("There is a count of these months already. Open it and correct it.")))
    return add(row, actor=actor, problems=problems)


def correct(*, actor: Actor, count: DeathCount, typed: Mapping[str, str], note: str) -> DeathCount:
    """Enter the right one in the place of a wrong one, which stays to be read."""
    require_enter(actor)
    lock_organisation()
    row, problems = read_typed(typed)
    other = same_question(row) if not problems else None
    if other is not None and other.key != count.key:
        problems.append(("ends", _("There is a count of these months already. Open it and correct it.")))
    return add(row, actor=actor, problems=problems, replaces=count, note=note)


def in_window(level: str, area: str, window: Window) -> int | None:
    """Deaths of an area in exactly these days, if one count says it, or counts that follow one another without a gap.

    None when they cannot be known: a count is missing or hidden by its source. Counts that overlap are never added.
    """
    return of_rows(in_force(DeathCount).filter(level=level, area=area), window)


class Counted(Protocol):
    """What of a count decides whether it can be added to another."""

    @property
    def starts_on(self) -> date: ...

    @property
    def ends_before(self) -> date: ...

    @property
    def value(self) -> int | None: ...


@dataclass(frozen=True)
class DeathRow:
    """A count as the warehouse keeps it."""

    level: str
    area: str
    starts_on: date
    ends_before: date
    value: int | None
    source: str


def of_rows(rows: Iterable[Counted], window: Window) -> int | None:
    """The same of the counts of one area."""
    found = [row for row in rows if window.starts_on <= row.starts_on and row.ends_before <= window.ends_before]
    exact = [row for row in found if (row.starts_on, row.ends_before) == (window.starts_on, window.ends_before)]
    if exact:
        return exact[0].value
    try:
        return total(found, window)
    except Overlap:
        return None


def total(rows: Iterable[Counted], window: Window) -> int | None:
    """The sum of counts that follow one another and fill the window; None if a part is missing or hidden. `Overlap` if any overlap."""
    ordered = sorted(rows, key=lambda row: (row.starts_on, row.ends_before))
    reached = window.starts_on
    complete = True
    for before, row in zip([None, *ordered], ordered, strict=False):
        if before is not None and row.starts_on < before.ends_before:
            raise Overlap(_("These counts overlap, so their sum would count some deaths twice. Take one of them."))
        complete = complete and row.starts_on == reached and row.value is not None
        reached = row.ends_before
    return sum(row.value or 0 for row in ordered) if ordered and complete and reached == window.ends_before else None
