"""Commands of the exchange room: rules first, then the one door.

The visit composer records given, returned and test facts in one go through `facts.visits`; what happens outside a visit,
or is finished later, has its command here.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from handrail.facts import visits
from handrail.facts.codes import Service
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.kinds.referral import Offer, Referral
from handrail.facts.models import Fact, Site
from handrail.facts.record import Draft, Mode, Outcome, Refusal, lock_organisation, record, record_many
from handrail.facts.referrals import routed
from handrail.kernel import clock, commands, ids
from handrail.kernel.access import Actor
from handrail.ledgers.stock.models import Leg, Lot
from handrail.ledgers.stock.queries import ShelfLot, lots
from handrail.services.exchange import queries
from handrail.services.exchange.kinds.box_refilled import BoxLine, BoxRefilled
from handrail.services.exchange.kinds.dispensed import Dispensed, DispensedLine
from handrail.services.exchange.kinds.needlestick import ExposureEvent
from handrail.services.exchange.kinds.returned import Method, Returned
from handrail.services.exchange.kinds.safety_box import FOLLOWS, BoxState, SafetyBoxState
from handrail.services.exchange.kinds.stop_changed import StopChanged
from handrail.services.exchange.kinds.test import Result, SelfReport, State, TestDone
from handrail.services.exchange.models import OpenTest, Stop
from handrail.services.exchange.values import PEP_LIMIT_HOURS

BOX_KINDS = frozenset({"wall_box", "vending_machine"})
ON_RELEASE = (Service.OAT, Service.NALOXONE, Service.NSP)
"""What somebody leaving a closed setting needs the same day (`domain/exchange.md` 8)."""

# -- tests -----------------------------------------------------------------------------------------------------------


def finish_test(
    *, actor: Actor, test: OpenTest, result: Result | SelfReport | None, told: bool, id: uuid.UUID, at: datetime | None = None
) -> Outcome:
    """The answer of an open test is known; None: it did not work.

    A sample's answer is a correction of its fact, so that the test is counted once. A test that did not work stays what it
    was, and what was done again is a test of its own. A self-test keeps its state: the person's word is no result.
    """
    moment = at or clock.now()
    before = queries.facts([test.fact])[0]
    said: dict[str, Any] = before.parsed.model_dump(mode="json")
    if isinstance(result, SelfReport):
        said |= {"self_report": result.value}
    elif result is None:
        said |= {"state": State.INVALID.value}
    else:
        when = moment.isoformat()
        said |= {"state": State.RESULTED.value, "result": result.value, "told": told, "result_at": when, "told_at": when if told else None}
    common: dict[str, Any] = {"kind": "exchange.test", "site": test.site.id, "id": id, "encounter": test.encounter, "participant": test.participant}
    if before.parsed.state == State.INVALID:
        lock_organisation()
        if not queries.waits_for_repeat(test.fact):
            raise Refusal([("", _("This test was done again already."))])
        said |= {"repeat_of": str(before.root or before.id), "sample_at": None, "kit_lot": None}
        return record(Draft(payload=TestDone.model_validate(said), occurred_at=moment, **common), actor=actor)
    return record(
        Draft(payload=TestDone.model_validate(said), occurred_at=test.occurred_at, supersedes=(test.fact,), **common), actor=actor, mode=Mode.TYPED
    )


# -- used equipment --------------------------------------------------------------------------------------------------


def weighed(*, site: Site, container: str, gross: Decimal, tare: Decimal, unit: str, on: date) -> dict[str, Any]:
    """The payload part of a weight: with the factor of that day and container, its version, and the count that follows."""
    factor = queries.factor(site, container, on)
    return {
        "method": Method.WEIGHT.value, "container": container, "gross": str(gross), "tare": str(tare), "unit": unit,
        "factor": str(factor.value), "factor_version": factor.version,
    }


def weigh(*, actor: Actor, site: Site, weight: Mapping[str, Any], from_somebody: bool, id: uuid.UUID) -> list[Outcome]:
    """A container was weighed. `from_somebody`: a person brought it and is a contact; else it was only collected."""
    now = clock.now()
    payload = Returned.model_validate(weighed(site=site, on=clock.local_date(now, site.time_zone), **weight))
    if from_somebody:
        return visits.save(
            actor=actor, visit=id, site=site.id, occurred_at=now, encounter=Encounter(channel=queries.channel_of(site)),
            parts=[visits.Part("exchange.returned", payload)],
        )
    return [record(Draft(kind="exchange.returned", payload=payload, site=site.id, id=id, occurred_at=now), actor=actor)]


def needlestick(*, actor: Actor, site: Site, said: Mapping[str, Any], id: uuid.UUID, occurred_at: datetime) -> Outcome:
    """An exposure to blood; the limit that holds today is frozen beside the answer."""
    limit = PEP_LIMIT_HOURS.read(site=site)
    payload = ExposureEvent.model_validate({**said, "limit_hours": limit.value, "limit_version": limit.version})
    return record(Draft(kind="exchange.needlestick", payload=payload, site=site.id, id=id, occurred_at=occurred_at), actor=actor)


def change_safety_box(*, actor: Actor, site: Site, state: SafetyBoxState, id: uuid.UUID, occurred_at: datetime | None = None) -> Outcome:
    """A safety box was installed, is full, was emptied …; what cannot follow its last state is refused."""
    lock_organisation()
    if not Fact.objects.filter(id=id).exists():
        last = queries.safety_box(state.asset)
        if state.state not in FOLLOWS[last.state if last else ""]:
            now = _("not recorded yet") if last is None else str(BoxState(last.state).label)
            raise Refusal([("state", _("Box %(box)s is %(state)s now. That cannot follow.") % {"box": state.asset, "state": now})])
    return record(
        Draft(kind="exchange.safety_box", payload=state, site=site.id, id=id, occurred_at=occurred_at or clock.now()), actor=actor
    )


# -- wall boxes ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Refill:
    """One item at a refill: what was found (None: not counted) and what was put in."""

    item: str
    found: int | None
    added: int = 0


@transaction.atomic
def refill_box(*, actor: Actor, box: Site, van: Site, lines: Sequence[Refill], id: uuid.UUID, mode: Mode = Mode.TYPED) -> None:
    """A box was looked at and filled: what is missing was taken by people, what was put in came from the van's shelf.

    Two facts: `exchange.dispensed` (taken) and `exchange.box_refilled`. Sent twice, it is done once.
    """
    _check_shelves(actor, box, van)
    lock_organisation()
    if Fact.objects.filter(id=id, kind="exchange.box_refilled").exists():
        return
    there = _by_item(lots([box.key]))
    moment = clock.now()
    payload = _refill_payload(van, [(line, sum(lot.quantity for lot in there.get(line.item, []))) for line in lines])
    taken = _taken(payload, there, id)
    if taken is not None:
        record(
            Draft(kind="exchange.dispensed", payload=taken, site=box.id, id=ids.derived(id, "dispensed"), occurred_at=moment),
            actor=actor, mode=Mode.CONFIRMED,  # it is gone: the book cannot refuse that
        )
    record(Draft(kind="exchange.box_refilled", payload=payload, site=box.id, id=id, occurred_at=moment), actor=actor, mode=mode)


@transaction.atomic
def correct_refill(
    *, actor: Actor, box: Site, van: Site, refill: uuid.UUID, lines: Sequence[Refill], id: uuid.UUID, mode: Mode = Mode.TYPED
) -> None:
    """Make a refill say something else. The book's figures of that moment stand; what was taken follows anew."""
    _check_shelves(actor, box, van)
    lock_organisation()
    if Fact.objects.filter(id=id, kind="exchange.box_refilled").exists():
        return
    old = queries.refill(refill)
    if old is None or old.site != box.key:
        raise Refusal([("", _("This refill is not here or was taken back."))])
    before = queries.dispensed_at(old.root or old.id)
    there = _before(box, [fact.id for fact in (old, before) if fact is not None])
    books = {line.item: line.in_book for line in old.parsed.lines}
    payload = _refill_payload(van, [(line, books.get(line.item, sum(lot.quantity for lot in there.get(line.item, [])))) for line in lines])
    taken = _taken(payload, there, old.root or old.id)
    common: dict[str, Any] = {"site": box.id, "occurred_at": old.occurred_at}
    supersedes = (before.id,) if before else ()
    dispensed = ids.derived(id, "dispensed")
    if taken is not None:
        drafts = [Draft(kind="exchange.dispensed", payload=taken, id=dispensed, supersedes=supersedes, **common)]
    else:
        drafts = [Draft(kind="facts.taken_back", payload={"why": "did_not_happen"}, id=dispensed, supersedes=supersedes, **common)] if before else []
    record_many(drafts, actor=actor, mode=Mode.CONFIRMED)
    record(Draft(kind="exchange.box_refilled", payload=payload, id=id, supersedes=(old.id,), **common), actor=actor, mode=mode)


def _check_shelves(actor: Actor, box: Site, van: Site) -> None:
    actor.require("exchange.record", box.key)
    actor.require("exchange.record", van.key)
    if box.key == van.key or box.kind not in BOX_KINDS:
        raise Refusal([("from_site", _("Choose the van or shelf it is filled from."))])


def _by_item(found: Sequence[ShelfLot]) -> dict[str, list[ShelfLot]]:
    by_item: dict[str, list[ShelfLot]] = {}
    for lot in found:
        by_item.setdefault(lot.item, []).append(lot)
    return by_item


def _before(box: Site, facts: Sequence[uuid.UUID]) -> dict[str, list[ShelfLot]]:
    """What lay in a box before these records moved anything there, lot by lot, the first to expire first."""
    moved = dict(Leg.objects.filter(fact__in=facts, location__site=box).values_list("lot__id").annotate(Sum("quantity")))
    found = {lot.lot_id: lot for lot in lots([box.key])}
    for lot in Lot.objects.filter(id__in=moved).select_related("item"):
        now = found.get(lot.id) or ShelfLot(
            site=box.key, item=lot.item.code, item_name="", lot_id=lot.id, lot=lot.code, expiry=lot.expiry, quantity=0, is_unknown=lot.is_unknown
        )
        found[lot.id] = replace(now, quantity=now.quantity - moved[lot.id])
    return _by_item(sorted(found.values(), key=lambda lot: (lot.expiry or date.max, lot.lot_id)))


def _refill_payload(van: Site, lines: Sequence[tuple[Refill, int]]) -> BoxRefilled:
    if not lines:
        raise Refusal([("", _("Write what you found, or what you put in."))])
    unknown = dict(Lot.objects.filter(is_unknown=True, item__code__in=[line.item for line, _book in lines]).values_list("item__code", "id"))
    return BoxRefilled(
        from_site=van.id,
        lines=tuple(
            BoxLine(
                item=line.item, in_book=book, found=line.found, added=line.added,
                surplus_lot=unknown.get(line.item) if line.found is not None and line.found > book else None,
            )
            for line, book in lines
        ),
    )


def _taken(payload: BoxRefilled, there: Mapping[str, Sequence[ShelfLot]], refill: uuid.UUID) -> Dispensed | None:
    """What people took, lot by lot in the order of expiry, expired ones too: it is not there any more."""
    found: list[DispensedLine] = []
    for line in payload.lines:
        left = line.taken
        for lot in there.get(line.item, []):
            quantity = min(left, max(0, lot.quantity))
            if quantity:
                found.append(DispensedLine(item=line.item, quantity=quantity, lot=lot.lot_id if lot.lot_id.int else None))
                left -= quantity
        if left:
            found.append(DispensedLine(item=line.item, quantity=left))
    return Dispensed(lines=tuple(found), refill=refill) if found else None


# -- stops -----------------------------------------------------------------------------------------------------------


def plan_stop(*, actor: Actor, site: Site, weekday: int, starts: time, ends: time, place: str) -> Stop:
    """A stop is added to the weekly calendar; the same one is there once."""
    if starts == ends or not place.strip():
        raise Refusal([("", _("A stop needs a place, and a beginning that is not its end."))])
    lock_organisation()
    there: Stop | None = Stop.objects.filter(site=site, weekday=weekday, starts=starts, ends=ends, place=place.strip(), is_active=True).first()
    if there is not None:
        return there  # a second tap on the same button
    return commands.add(
        Stop(organisation_id=actor.organisation, site=site, weekday=weekday, starts=starts, ends=ends, place=place.strip()), actor=actor
    )


def end_stop(*, actor: Actor, stop: Stop) -> Stop:
    """A stop leaves the calendar; what was recorded of it stays."""
    return commands.change(stop, actor=actor, is_active=False)


def change_stop(*, actor: Actor, stop: Stop, change: StopChanged, id: uuid.UUID) -> Outcome:
    """A stop is cancelled, late, moved, or takes place after all."""
    if change.stop != stop.id or change.on.weekday() != stop.weekday:
        raise Refusal([("on", _("The stop is not on that day."))])
    return record(Draft(kind="exchange.stop_changed", payload=change, site=stop.site.id, id=id), actor=actor)


def whole_stop(
    *, actor: Actor, site: Site, encounter: Encounter, quantities: Mapping[str, int], id: uuid.UUID, occurred_at: datetime,
    mode: Mode = Mode.TYPED,
) -> list[Outcome]:
    """A whole van stop or event: one encounter with its head count, one record of what was given. Never a row for each person."""
    lines = [{"item": item, "quantity": quantity} for item, quantity in quantities.items() if quantity]
    parts = [visits.Part("exchange.given", queries.payload("exchange.given", {"lines": lines}))] if lines else []
    return visits.save(actor=actor, visit=id, site=site.id, occurred_at=occurred_at, encounter=encounter, parts=parts, mode=mode)


# -- closed settings -------------------------------------------------------------------------------------------------


def plan_release(
    *, actor: Actor, visit: uuid.UUID, id: uuid.UUID, answers: Mapping[Service, bool], to: Mapping[Service, uuid.UUID] | None = None
) -> list[Outcome]:
    """Somebody is about to be released, and was asked about treatment, naloxone at the gate and needles near home.

    `answers`: whether they want it, for each they were asked about; `to`: where, if it was chosen. The way on leads outside.
    What the visit already offers is left as it is.
    """
    lock_organisation()
    now = visits.read(visit)
    if not now or now[0].kind != "facts.encounter":
        raise Refusal([("", _("This visit is not here or was taken back."))])
    first = now[0]
    id = ids.derived(id, str(max(fact.counter for fact in visits.history(visit))))  # once for what is there: corrected, it can be done again
    there = {fact.parsed.service for fact in now if fact.kind == "facts.referral"}
    asked = [
        Referral(service=service, status=Offer.ACCEPTED if answers[service] else Offer.DECLINED, to_site=(to or {}).get(service) if answers[service] else None)
        for service in ON_RELEASE if service in answers and service.value not in there
    ]
    drafts = [
        Draft(
            kind=kind, payload=payload, site=first.site_id, id=ids.derived(id, visits.slot_of(kind, payload)),
            occurred_at=first.occurred_at, encounter=visit, participant=first.participant,
        )
        for kind, payload in routed([("facts.referral", referral) for referral in asked])
    ]
    return record_many(drafts, actor=actor) if drafts else []
