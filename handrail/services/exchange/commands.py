"""Commands of the exchange room: rules first, then the one door.

The visit composer records given, returned and test facts in one go through `facts.visits`; what happens outside a visit,
or is finished later, has its command here.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from handrail.facts import visits
from handrail.facts.codes import Service
from handrail.facts.fold import Recorded
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.kinds.referral import Offer, Referral
from handrail.facts.models import Fact, Site
from handrail.facts.record import Draft, Mode, Outcome, Refusal, lock_organisation, record, record_many
from handrail.facts.referrals import routed
from handrail.kernel import clock, commands, ids
from handrail.kernel.access import Actor
from handrail.ledgers.stock.models import Item, ItemClass
from handrail.services.exchange import queries
from handrail.services.exchange.kinds.needlestick import ExposureEvent
from handrail.services.exchange.kinds.prison_year import PrisonYear
from handrail.services.exchange.kinds.returned import Method, Returned
from handrail.services.exchange.kinds.safety_box import FOLLOWS, BoxState, SafetyBoxState
from handrail.services.exchange.kinds.stop_changed import StopChanged
from handrail.services.exchange.kinds.test import Result, SelfReport, State, TestDone
from handrail.services.exchange.models import OpenTest, Stop
from handrail.services.exchange.values import PEP_LIMIT_HOURS

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


def weigh(
    *, actor: Actor, site: Site, weight: Mapping[str, Any], from_somebody: bool, id: uuid.UUID, at: datetime | None = None,
    supersedes: tuple[uuid.UUID, ...] = (),
) -> list[Outcome]:
    """A container was weighed. `from_somebody`: a person brought it and is a contact; else it was only collected."""
    moment = at or clock.now()
    payload = Returned.model_validate(weighed(site=site, on=clock.local_date(moment, site.time_zone), **weight))
    if from_somebody and not supersedes:
        return visits.save(
            actor=actor, visit=id, site=site.id, occurred_at=moment, encounter=Encounter(channel=queries.channel_of(site)),
            parts=[visits.Part("exchange.returned", payload)],
        )
    return [record(Draft(kind="exchange.returned", payload=payload, site=site.id, id=id, occurred_at=moment, supersedes=supersedes), actor=actor)]


def needlestick(
    *, actor: Actor, site: Site, said: Mapping[str, Any], id: uuid.UUID, occurred_at: datetime, supersedes: tuple[uuid.UUID, ...] = ()
) -> Outcome:
    """An exposure to blood; the limit that held on its day is frozen beside the answer."""
    limit = PEP_LIMIT_HOURS.read(site=site, on=clock.local_date(occurred_at, site.time_zone))
    payload = ExposureEvent.model_validate({**said, "limit_hours": limit.value, "limit_version": limit.version})
    draft = Draft(kind="exchange.needlestick", payload=payload, site=site.id, id=id, occurred_at=occurred_at, supersedes=supersedes)
    return record(draft, actor=actor)


def prison_year(
    *, actor: Actor, site: Site, said: Mapping[str, Any], id: uuid.UUID, supersedes: tuple[uuid.UUID, ...] = ()
) -> Outcome:
    """The counts of a closed setting for a year: one record for each year, which is corrected and never written a second time (`project.check`)."""
    payload = PrisonYear.model_validate(dict(said))
    return record(Draft(kind="exchange.prison_year", payload=payload, site=site.id, id=id, supersedes=supersedes), actor=actor)


def take_back(*, actor: Actor, fact: Recorded, why: str, id: uuid.UUID) -> Outcome:
    """A record outside any visit does not count any more; it stays readable."""
    draft = Draft(
        kind="facts.taken_back", payload={"why": why}, site=fact.site_id, id=id, occurred_at=fact.occurred_at, supersedes=(fact.id,)
    )
    return record(draft, actor=actor)


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


# -- stops -----------------------------------------------------------------------------------------------------------


def plan_stop(
    *, actor: Actor, site: Site, weekday: int, starts: time, ends: time, place: str, valid_from: date | None = None
) -> Stop:
    """A stop is added to the weekly calendar, from today unless another day is said; the same one is there once."""
    if starts == ends or not place.strip():
        raise Refusal([("", _("A stop needs a place, and a beginning that is not its end."))])
    lock_organisation()
    there: Stop | None = Stop.objects.filter(site=site, weekday=weekday, starts=starts, ends=ends, place=place.strip(), valid_to=None).first()
    if there is not None:
        return there  # a second tap on the same button
    stop = Stop(
        organisation_id=actor.organisation, site=site, weekday=weekday, starts=starts, ends=ends, place=place.strip(),
        valid_from=valid_from or site.today,
    )
    return commands.add(stop, actor=actor)


def end_stop(*, actor: Actor, stop: Stop) -> Stop:
    """A stop leaves the calendar; past weeks keep it, and today does if it has begun."""
    if stop.valid_to is not None:
        return stop
    now = clock.local(clock.now(), stop.site.time_zone)
    has_begun = stop.holds_on(now.date()) and stop.starts <= now.time()
    return commands.change(stop, actor=actor, valid_to=now.date() + timedelta(days=1 if has_begun else 0))


def change_stop(*, actor: Actor, stop: Stop, change: StopChanged, id: uuid.UUID) -> Outcome:
    """A stop is cancelled, late, moved, or takes place after all."""
    if change.stop != stop.id or not stop.holds_on(change.on):
        raise Refusal([("on", _("The stop is not on that day."))])
    return record(Draft(kind="exchange.stop_changed", payload=change, site=stop.site.id, id=id), actor=actor)


def whole_stop(
    *, actor: Actor, site: Site, encounter: Encounter, quantities: Mapping[str, int], id: uuid.UUID, occurred_at: datetime,
    mode: Mode = Mode.TYPED,
) -> list[Outcome]:
    """A whole van stop or event: one encounter with its head count, one record of what was given. Never a row for each person.

    Naloxone among it is a hand-over of kits as any other, to nobody knows whom.
    """
    kits = set(Item.objects.filter(code__in=quantities, item_class=ItemClass.NALOXONE).values_list("code", flat=True))
    lines: dict[str, list[dict[str, object]]] = {}
    for item, quantity in quantities.items():
        if quantity:
            lines.setdefault("naloxone.supply" if item in kits else "exchange.given", []).append({"item": item, "quantity": quantity})
    said = {"naloxone.supply": {"recipient_kind": "unknown"}}
    parts = [visits.Part(kind, queries.payload(kind, {"lines": each, **said.get(kind, {})})) for kind, each in lines.items()]
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
