"""A programme's own targets, one by one: for each award what it asks for, entered, corrected and taken back by rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from handrail.facts.record import lock_organisation
from handrail.insight.models import OWN, Op, Reading, Target
from handrail.insight.outside import Problems, add, chosen, in_force, needed, require_enter
from handrail.insight.spec import INDICATORS, Indicator
from handrail.kernel.access import Actor

FIELDS = ("indicator", "op", "value", "high", "area", "valid_from", "valid_to", "award", "source", "source_link", "status")
_NUMBER = re.compile(r"[0-9]{1,9}([.,][0-9]{1,4})?")


def read_typed(typed: Mapping[str, str]) -> tuple[Target, Problems]:
    """A target from what was typed, and what is wrong with it. Saves nothing. The level is that of the number chosen."""
    problems: Problems = []
    indicator = INDICATORS.get(typed.get("indicator", ""))
    if indicator is None:
        problems.append(("indicator", _("Choose the number that the target is for.")))
    op = chosen(typed.get("op", ""), Op.values, "op", problems)
    said: dict[str, Any] = {
        "op": op, "value": _decimal(typed.get("value", ""), "value", problems), "area": " ".join(typed.get("area", "").split()),
        "valid_from": _day(typed.get("valid_from", ""), "valid_from", problems, needed=True),
        "valid_to": _day(typed.get("valid_to", ""), "valid_to", problems), "award": typed.get("award", "").strip(),
        "source": needed(typed.get("source", ""), "source", _("Say where it stands: the contract and its page, the decision and its date."), problems),
        "source_link": typed.get("source_link", "").strip(), "status": chosen(typed.get("status", ""), Reading.values, "status", problems),
    }
    row = Target(target_set=OWN, **said)
    if indicator is not None:
        row.indicator, row.variant, row.level = indicator.code, indicator.variant, indicator.level
    if op == Op.RANGE:
        row.high = _decimal(typed.get("high", ""), "high", problems)
        if row.high is not None and row.value is not None and row.high <= row.value:
            problems.append(("high", _("The second number of a range is the larger one.")))
    elif typed.get("high", "").strip():
        problems.append(("high", _("Only a range has a second number. Leave it empty.")))
    if row.valid_from and row.valid_to and row.valid_to <= row.valid_from:
        problems.append(("valid_to", _("It ends after it begins.")))
    return row, problems


def key_of(row: Target) -> str:
    """The key of the indicator a row is for; empty when there is no such number here yet."""
    return next((one.key for one in INDICATORS if (one.code, one.variant) == (row.indicator, row.variant)), "")


def indicator_of(row: Target) -> Indicator | None:
    """The indicator a row is for, if its number is computed here."""
    return INDICATORS.get(key_of(row))


def enter(*, actor: Actor, typed: Mapping[str, str]) -> Target:
    """Enter a target of one's own."""
    require_enter(actor)
    lock_organisation()
    row, problems = read_typed(typed)
    return add(row, actor=actor, problems=problems or _twice(row))


def correct(*, actor: Actor, target: Target, typed: Mapping[str, str], note: str) -> Target:
    """Enter the right one in the place of a wrong one. A shipped target keeps its set, and later versions leave it alone."""
    require_enter(actor)
    lock_organisation()
    row, problems = read_typed(typed)
    if target.target_set != OWN:
        row.target_set, row.set_key, row.band, row.award = target.target_set, target.set_key, target.band, ""
        row.indicator, row.variant, row.level = target.indicator, target.variant, target.level
        problems = [problem for problem in problems if problem[0] != "indicator"]
    return add(row, actor=actor, problems=problems or _twice(row, target), replaces=target, note=note)


def _twice(row: Target, instead: Target | None = None) -> Problems:
    """One award asks for one thing at a time."""
    if row.target_set != OWN:
        return []
    same = {name: getattr(row, name) for name in ("target_set", "award", "indicator", "variant", "level", "area")}
    others = in_force(Target).filter(Q(valid_to=None) | Q(valid_to__gt=row.valid_from), **same)
    if row.valid_to is not None:
        others = others.filter(valid_from__lt=row.valid_to)
    if (others.exclude(key=instead.key) if instead else others).exists():
        return [("valid_from", _("There is a target for this number, award and time already. Open it and correct it."))]
    return []


def _decimal(typed: str, name: str, problems: Problems) -> Decimal | None:
    if _NUMBER.fullmatch(typed.strip()) is None:
        problems.append((name, _("Write a number, such as 200 or 62.5, without separators for thousands.")))
        return None
    return Decimal(typed.strip().replace(",", "."))


def _day(typed: str, name: str, problems: Problems, *, needed: bool = False) -> date | None:
    if not typed.strip() and not needed:
        return None
    try:
        found = date.fromisoformat(typed.strip())
    except ValueError:
        found = None
    if found is None or not 1980 <= found.year <= 2100:
        problems.append((name, _("Write the day like 2026-03-31.")))
        return None
    return found
