"""Worked examples: small sets of facts with the answer known beforehand, and the way to play them through the one door.

The sets several indicators share stand here, so that one set of facts visibly gives several answers.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from handrail.facts.models import Organisation, Site
from handrail.facts.record import Draft, Mode, record_many
from handrail.facts.spec import KINDS
from handrail.insight.models import Level, SizeEstimate
from handrail.insight.spec import Event, Example
from handrail.kernel import ids
from handrail.kernel.access import Actor
from handrail.ledgers.stock.commands import add_item
from handrail.ledgers.stock.models import Item

SYRINGE = "example-syringe"


def says(who: str, on: str, injects: str = "last_month") -> Event:
    """Somebody answers when they last injected."""
    return Event(who, on, "facts.asked", {"injects": injects})


def gets(who: str, on: str, syringes: int, *, people: int = 1, channel: str = "") -> Event:
    """Somebody takes syringes; with `who` empty, `people` without a code take them together."""
    return Event(who, on, "exchange.given", {"lines": [{"item": SYRINGE, "quantity": syringes}]}, people=people, channel=channel)


def is_tested(who: str, on: str, disease: str = "HIV", result: str | None = "negative", state: str = "resulted") -> Event:
    """Somebody is tested."""
    return Event(who, on, "exchange.test", {"disease": disease, "state": state, "result": result})


def returns(who: str, on: str, quantity: int) -> Event:
    """Used equipment comes back."""
    return Event(who, on, "exchange.returned", {"quantity": quantity})


def cleans_up(on: str, quantity: int) -> Event:
    """A crew collects used equipment outside."""
    return Event("", on, "exchange.clean_up", {"quantity": quantity, "area": "harbour-east", "place_kind": "park", "crew_size": 3})


def empties(on: str, estimated: int) -> Event:
    """A safety box is emptied, with an estimate of what was in it."""
    return Event("", on, "exchange.safety_box", {"asset": "BOX-07", "state": "emptied", "estimated_count": estimated})


def is_referred(who: str, on: str, status: str = "accepted", service: str = "OAT") -> Event:
    """A way to another service is offered. Outcomes name it by `who`."""
    return Event(who, on, "facts.referral", {"service": service, "status": status}, name=who)


def comes_to(who: str, on: str, status: str = "attended") -> Event:
    """What became of the referral of `who`."""
    return Event(who, on, "facts.referral_outcome", {"referral": f"@{who}", "status": status, "source": "receiving_service"})


FIVE_PEOPLE = (
    *(says(who, "2026-01-01") for who in "ABCDE"),
    gets("A", "2026-01-05", 20), gets("A", "2026-02-03", 20), gets("A", "2026-03-10", 30),
    gets("B", "2026-01-02", 50), gets("B", "2026-01-30", 50), gets("B", "2026-03-20", 40),
    gets("C", "2026-01-31", 10), gets("C", "2026-03-01", 10), gets("C", "2026-03-02", 10),
    is_tested("D", "2026-02-15"), gets("E", "2026-02-10", 100),
)
"""`domain/exchange.md`, worked example 3: five people who inject, 340 needles and syringes, D tested only."""
FIVE_PEOPLE_SIZE: Mapping[Level, int] = {Level.TARGETED_AREA: 20}

FOUR_LEVELS = (
    *(says(f"P{n}", "2026-07-01") for n in range(15)),
    *(gets(f"P{n}", "2026-08-01", 200) for n in range(9)),
    *(is_tested(f"P{n}", "2026-08-02") for n in range(9, 15)),
)
"""`domain/indicators.md`, worked example 1, a hundredth of it: 1,800 n/s, 9 reached, 15 accessing."""
FOUR_LEVELS_SIZE: Mapping[Level, int] = {Level.TARGETED_AREA: 60, Level.COUNTRY: 120}

PHARMACY_SALES = (
    says("S", "2026-07-01"), gets("S", "2026-08-03", 70, channel="pharmacy"), gets("", "2026-08-04", 130, people=20, channel="pharmacy"),
)
"""Sold in a pharmacy: 200 n/s, one more person who injects."""

CODED_AND_NOT = (
    *(gets(f"P{n}", f"2026-{month:02}-0{day}", 10) for n in range(28) for month, day in ((7, 1), (7, 2), (8, 1), (9, 1))),
    gets("", "2026-08-05", 100, people=40), gets("", "2026-08-06", 30, people=20),
)
"""`domain/people.md`, worked example 5, a fifteenth of it: 28 people with 112 contacts, 60 contacts without a code."""

FORTY_ATTENDEES = (
    *(is_tested(f"P{n}", "2026-09-01", "HCV_Ab", "positive") for n in range(6)),
    *(is_tested(f"N{n}", "2026-09-01", "HCV_Ab", "negative") for n in range(14)),
    *(is_tested(f"I{n}", "2026-09-01", "HCV_Ab", None, "invalid") for n in range(2)),
    *(is_tested(f"D{n}", "2026-09-01", "HCV_Ab", None, "offered_declined") for n in range(5)),
    *(is_tested(f"O{n}", "2026-09-01", "HCV_Ab", None, "not_offered") for n in range(13)),
)
"""`domain/exchange.md`, worked example 5: 22 samples, 6 positive, 14 negative, 2 invalid; 5 declined, 13 not offered."""

TEN_REFERRALS = (
    *(is_referred(who, "2026-08-03", "declined") for who in "AB"),
    *(is_referred(who, "2026-08-03") for who in "CDEFGHIJ"),
    *(comes_to(who, "2026-08-20") for who in "CDEF"), comes_to("G", "2026-10-02", "result_known"),
    comes_to("H", "2026-08-25", "refused_by_service"),
)
"""`domain/exchange.md`, worked example 6: 10 offered, 8 accepted, 5 arrived (one of them after the quarter)."""

ONE_EVENT = (gets("", "2026-09-05", 250, people=100),)
"""`domain/exchange.md`, worked example 6: one event, 100 people without a code, 250 n/s."""


def play(example: Example, *, actor: Actor, site: Site) -> None:
    """Record the facts of an example at a site and enter its estimates. Needs the scope of the actor's organisation."""
    if not Item.objects.filter(code=SYRINGE).exists():
        add_item(actor=actor, code=SYRINGE, name="Syringe", item_class="syringe_with_needle")
    country = Organisation.objects.get(key=actor.organisation).country
    for level, value in example.sizes.items():
        SizeEstimate.objects.create(
            organisation_id=actor.organisation, population="pwid", level=level, value=value, year=2025, method="example",
            source="example", area=country if level == Level.COUNTRY else site.area,
        )
    record_many(list(drafts(example.events, site)), actor=actor, mode=Mode.CONFIRMED)


def drafts(events: Iterable[Event], site: Site) -> Iterable[Draft]:
    """The facts of the events; one encounter for each person and day where something of a visit happened."""
    people: dict[str, uuid.UUID] = {}
    visits: dict[tuple[str, str], uuid.UUID] = {}
    names: dict[str, uuid.UUID] = {}
    for minute, event in enumerate(events):
        noon = datetime.combine(date.fromisoformat(event.on), time(12), ZoneInfo(site.time_zone))
        common: dict[str, Any] = {"site": site.id, "occurred_at": noon + timedelta(minutes=minute % 600)}
        common["participant"] = people.setdefault(event.who, ids.random()) if event.who else None
        visit = None
        if KINDS[event.kind].needs_encounter:
            here = (event.who or str(minute), event.on)
            visit = visits.get(here)
            if visit is None:
                visit = visits[here] = ids.new()
                channel = {"channel": event.channel} if event.channel else {}
                yield Draft(kind="facts.encounter", payload={"people_count": event.people} | channel, id=visit, **common)
        fact = ids.new()
        if event.name:
            names[event.name] = fact
        payload = {k: str(names[v[1:]]) if isinstance(v, str) and v.startswith("@") else v for k, v in event.payload.items()}
        yield Draft(kind=event.kind, payload=payload, id=fact, encounter=visit, **common)
