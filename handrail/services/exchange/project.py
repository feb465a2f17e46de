"""Folds this room's facts into its state, and refuses what cannot count beside what is here."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Sequence

from django.utils.translation import gettext as _

from handrail.facts.drafts import Refusal
from handrail.facts.fold import Recorded
from handrail.services.exchange import queries
from handrail.services.exchange.kinds.test import State
from handrail.services.exchange.models import BoxRefill, OpenTest, SafetyBoxEvent, StopChange

_OPEN = {State.SAMPLE_TAKEN.value, State.RESULT_PENDING.value, State.INVALID.value}


def _test(fact: Recorded) -> None:
    said = fact.parsed
    waits = said.state in _OPEN or (said.state == State.SELF_TEST_GIVEN and said.self_report is None)
    if waits and fact.site is not None:
        OpenTest.objects.create(
            organisation_id=fact.organisation, fact=fact.id, encounter=fact.encounter, site_id=fact.site, disease=said.disease,
            state=said.state, participant=fact.participant, occurred_at=fact.occurred_at,
        )


def _safety_box(fact: Recorded) -> None:
    if fact.site is not None:
        SafetyBoxEvent.objects.create(
            organisation_id=fact.organisation, fact=fact.id, asset=fact.parsed.asset, site_id=fact.site, state=fact.parsed.state,
            estimated_count=fact.parsed.estimated_count, occurred_at=fact.occurred_at, counter=fact.counter,
        )


def _stop(fact: Recorded) -> None:
    said = fact.parsed
    StopChange.objects.create(
        organisation_id=fact.organisation, fact=fact.id, stop=said.stop, on=said.on, change=said.change, reason=said.reason,
        minutes_late=said.minutes_late, area=said.area or "", counter=fact.counter,
    )


def _refill(fact: Recorded) -> None:
    if fact.site is not None:
        BoxRefill.objects.create(organisation_id=fact.organisation, fact=fact.id, site_id=fact.site, occurred_at=fact.occurred_at)


_APPLY: dict[str, Callable[[Recorded], None]] = {
    "exchange.test": _test, "exchange.safety_box": _safety_box, "exchange.stop_changed": _stop, "exchange.box_refilled": _refill,
}
_ROWS = {
    "exchange.test": OpenTest, "exchange.safety_box": SafetyBoxEvent, "exchange.stop_changed": StopChange, "exchange.box_refilled": BoxRefill,
}
KINDS = frozenset(_APPLY)
CHECKS = frozenset({"exchange.prison_year"})


class YearTaken(Refusal):
    """A prison's counts of this year are here; what arrives besides them is kept aside under this reason."""

    reason = "year_taken"


def check(fact: Recorded, *, here: Sequence[Recorded], gone: Collection[uuid.UUID], typed: bool) -> None:
    """Refuse a prison's counts of a year that has some, however they come: two would be added up, and one of them is wrong."""
    if fact.site is None:
        return
    stored = [other for other in queries.outside_visits(fact.site, [fact.kind]) if other.id not in gone]
    if any(other.site == fact.site and other.parsed.year == fact.parsed.year and other.id != fact.id for other in (*stored, *here)):
        raise YearTaken([("year", _("The counts of %(year)d are here already. Correct them under “Latest records”.") % {"year": fact.parsed.year})])


def apply(fact: Recorded) -> None:
    """The fact counts now."""
    _APPLY[fact.kind](fact)


def undo(fact: Recorded) -> None:
    """The fact counts no more."""
    _ROWS[fact.kind].objects.filter(fact=fact.id).delete()
