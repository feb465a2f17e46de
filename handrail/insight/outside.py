"""What comes from outside: rows that are entered, corrected and taken back, each by a row of its own, each audited.

Nothing is rewritten. What holds now are the rows that nothing replaced and that take nothing back (`in_force`); what was
believed before can be read from those that were replaced (`history_of`).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from handrail.facts.models import Organisation, Site
from handrail.facts.record import lock_organisation
from handrail.insight.models import FromOutside, Level
from handrail.kernel import audit, commands, scope
from handrail.kernel.access import Actor, Denied, Refused

R = TypeVar("R", bound=FromOutside)
Problems = list[tuple[str, str]]
ENTER = "numbers.enter"
MOST = 2_000_000_000
"""More people than any area has, and what its column holds."""
_BOOKKEEPING = {"key", "organisation", "id", "replaces", "entered_at", "entered_by"}


class Wrong(Refused):
    """What cannot be entered; `problems` are (field, sentence) pairs."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__(problems[0][1])
        self.problems = tuple(problems)


def in_force(model: type[R]) -> QuerySet[R]:
    """The rows that hold now."""
    return model.objects.filter(corrections=None, is_withdrawn=False)


def history_of(row: R) -> list[R]:
    """A row and everything before and after it, newest first."""
    found = [row]
    while (later := type(row).objects.filter(replaces=found[0]).first()) is not None:
        found.insert(0, later)
    while (before := type(row).objects.filter(corrections=found[-1]).first()) is not None:
        found.append(before)
    return found


def require_enter(actor: Actor) -> None:
    """Raise `Denied` unless the actor may enter what holds for the whole programme: a role at one site is not enough."""
    actor.require(ENTER)
    if not may_enter(actor):
        raise Denied(ENTER)


def may_enter(actor: Actor) -> bool:
    """Whether the actor may enter estimates and targets."""
    return actor.may(ENTER) and actor.sites(ENTER) is None


def add(row: R, *, actor: Actor, problems: Problems, replaces: R | None = None, note: str = "") -> R:
    """Save a new row, in the place of another or not, with a line in the audit: what stood there before, what stands now.

    `problems` were found by whoever knows the model; `Wrong` is raised when there are any, and nothing is saved.
    """
    require_enter(actor)
    row.organisation_id, row.entered_by, row.replaces, row.note = actor.organisation, actor.staff_id, replaces, note.strip()
    found = [*_superseded(replaces, row, note, problems), *problems, *commands.too_long(row)]
    if found:
        raise Wrong(found)
    row.save(force_insert=True)
    kind = row._meta.model_name or ""
    what = "withdrawn" if row.is_withdrawn else "corrected" if replaces else "entered"
    audit.write(
        f"{kind}.{what}", actor=actor, object_kind=kind, object_id=row.id,
        detail={"before": plain(replaces) if replaces else None, "after": None if row.is_withdrawn else plain(row), "note": row.note},
    )
    return row


def withdraw(row: R, *, actor: Actor, note: str) -> R:
    """Take a row back: it stays to be read, and nothing uses it any more."""
    require_enter(actor)
    lock_organisation()
    copy = type(row)(**{field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields if field.name not in _BOOKKEEPING})
    copy.is_withdrawn = True
    return add(copy, actor=actor, problems=[], replaces=row, note=note)


def _superseded(replaces: FromOutside | None, row: FromOutside, note: str, problems: Problems) -> Problems:
    """Why a row cannot be corrected or taken back: somebody was faster, or nobody says why."""
    if replaces is None:
        return []
    if type(row).objects.filter(replaces=replaces).exists() or replaces.is_withdrawn:
        return [("", _("Somebody corrected this in the meantime. Open the newest one and look again."))]
    if not note.strip():
        return [("note", _("Say in a few words why."))]
    if not problems and not row.is_withdrawn and plain(row) | {"note": ""} == plain(replaces) | {"note": ""}:
        return [("", _("Nothing is different. Change something, or leave it as it is."))]
    return []


def plain(row: FromOutside) -> dict[str, object]:
    """What a row says, for the audit."""
    fields = [field for field in row._meta.concrete_fields if field.name not in _BOOKKEEPING | {"is_withdrawn"}]
    return {field.name: _plain(getattr(row, field.attname)) for field in fields}


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return value.isoformat() if isinstance(value, date | datetime) else str(value) if isinstance(value, uuid.UUID) else value


# -- what was typed -------------------------------------------------------------------------------------------------------


def whole(typed: str, name: str, problems: Problems, *, needed: bool = True, least: int = 0, most: int = MOST) -> int | None:
    """A whole number as typed. Separators are refused and never guessed: 1,500 and 1.500 are not the same everywhere."""
    typed = typed.strip()
    if not typed and not needed:
        return None
    if re.fullmatch(r"\d+([.,\s’'][\d]+)+", typed):
        problems.append((name, _("Write the whole number with digits only: 12500, not 12,500 and not 12.500.")))
    elif re.fullmatch(r"[<≤]\s*\d+|\*+|[sx]", typed, re.IGNORECASE):
        problems.append((name, _("The source hides this number. There is nothing to enter: it is neither 0 nor the number beside the sign.")))
    elif not re.fullmatch(r"[0-9]{1,12}", typed):
        problems.append((name, _("Write how many, as a whole number.")))
    elif not least <= int(typed) <= most:
        problems.append((name, _("From %(least)d to %(most)d.") % {"least": least, "most": most}))
    else:
        return int(typed)
    return None


def needed(typed: str, name: str, sentence: str, problems: Problems) -> str:
    """A text that must be there."""
    if not typed.strip():
        problems.append((name, sentence))
    return typed.strip()


def chosen(typed: str, codes: Sequence[str], name: str, problems: Problems) -> str:
    """One code of a list."""
    if typed not in codes:
        problems.append((name, _("Choose one of the list.")))
    return typed


# -- areas --------------------------------------------------------------------------------------------------------------


def areas_served() -> list[str]:
    """Areas of the places that are no store rooms: a number of the targeted area needs an estimate of each."""
    found = Site.objects.exclude(kind="store").exclude(area="").order_by("area").values_list("area", flat=True)
    return sorted(set(found))


def country() -> str:
    """The country of the organisation in scope."""
    return str(Organisation.objects.values_list("country", flat=True).get(key=scope.organisation()))


def areas_of(level: str) -> frozenset[str]:
    """What a number of this level speaks of: the country, or the areas served."""
    return frozenset({country()} if level == Level.COUNTRY else areas_served())


def area_typed(typed: str, level: str, problems: Problems) -> str:
    """The area an estimate is for. Of a country it is the organisation's own; another country's would be used by nothing."""
    area = " ".join(typed.split())
    if level == Level.COUNTRY:
        own = country()
        if area and area.casefold() != own.casefold():
            problems.append(("area", _("Your programme is in %(country)s. Leave the area empty, or write %(country)s.") % {"country": own}))
        return own
    if not area:
        problems.append(("area", _("Write the area as it stands on the page of the place, such as %s.") % (areas_served() or ["north-east"])[0]))
    return area


def values_of(row: FromOutside) -> dict[str, Any]:
    """What a row says, as a form shows it."""
    return {name: "" if value is None else str(value) for name, value in plain(row).items()}
