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
from handrail.insight.models import DeathCount, Level, SizeEstimate
from handrail.insight.periods import Period
from handrail.insight.spec import Event, Example
from handrail.kernel import ids
from handrail.kernel.access import Actor
from handrail.ledgers.stock.commands import add_item
from handrail.ledgers.stock.models import Item, Lot
from handrail.services.naloxone.codes import Product
from handrail.services.naloxone.commands import set_kit

SYRINGE = "example-syringe"
CONDOM, INTERNAL, LUBRICANT, SELF_TEST = "condom", "internal-condom", "lubricant", "hiv-self-test"
KIT, VIAL = "example-spray", "example-vial"
LOT_OF_KITS = uuid.UUID("00000000-0000-8000-8000-00000000a001")
"""A lot of the spray, for examples that name one."""
_NALOXONE = {KIT: (Product.NASAL_4MG, 2), VIAL: (Product.IM_0_4MG_VIAL, 1)}
_ITEMS = {KIT: "naloxone", VIAL: "naloxone", SYRINGE: "syringe_with_needle", CONDOM: "safer_sex", INTERNAL: "safer_sex", LUBRICANT: "safer_sex", SELF_TEST: "tests"}


def says(who: str, on: str, injects: str = "last_month") -> Event:
    """Somebody answers when they last injected."""
    return Event(who, on, "facts.asked", {"injects": injects})


def gets(who: str, on: str, syringes: int, *, people: int = 1, channel: str = "") -> Event:
    """Somebody takes syringes; with `who` empty, `people` without a code take them together."""
    return Event(who, on, "exchange.given", {"lines": [{"item": SYRINGE, "quantity": syringes}]}, people=people, channel=channel)


def takes(who: str, on: str, *, people: int = 1, channel: str = "", **quantities: int) -> Event:
    """Somebody takes other things: `condoms`, `internal`, `lubricant`, `self_tests`."""
    codes = {"condoms": CONDOM, "internal": INTERNAL, "lubricant": LUBRICANT, "self_tests": SELF_TEST}
    lines = [{"item": codes[name], "quantity": quantity} for name, quantity in quantities.items()]
    return Event(who, on, "exchange.given", {"lines": lines}, people=people, channel=channel)


def is_tested(who: str, on: str, disease: str = "HIV", result: str | None = "negative", state: str = "resulted", *, told: bool = False) -> Event:
    """Somebody is tested."""
    return Event(who, on, "exchange.test", {"disease": disease, "state": state, "result": result, "told": told})


def hears(who: str, on: str, *topics: str) -> Event:
    """Somebody talks with a worker about their health."""
    return Event(who, on, "exchange.education", {"topics": list(topics or ("overdose",))})


def needs(who: str, on: str, needed: int, given: int) -> Event:
    """Somebody says how many they need, and takes so many of them."""
    return Event(who, on, "exchange.need", {"needed": needed, "given": given, "unmet": max(needed - given, 0)})


def prison_counts(on: str, year: int, **counts: int) -> Event:
    """A prison gives its counts of a year."""
    return Event("", on, "exchange.prison_year", {"year": year, **counts})


def tells(who: str, on: str, **said: object) -> Event:
    """Somebody says something about themselves."""
    return Event(who, on, "facts.profile", said)


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


def gets_kits(who: str, on: str, kits: int = 1, *, vials: int = 0, replaces: str = "", **said: object) -> Event:
    """Somebody is handed naloxone; `replaces` names the report of a kit that was used."""
    lines = [{"item": item, "quantity": quantity} for item, quantity in ((KIT, kits), (VIAL, vials)) if quantity]
    named = {"replaces_report": f"@{replaces}"} if replaces else {}
    return Event(who, on, "naloxone.supply", {"lines": lines, **named, **said})


def overdoses(on: str, who: str = "", outcome: str = "recovered", **said: object) -> Event:
    """An overdose is told; hand-overs that replace its kit name it by `who`."""
    return Event(who, on, "naloxone.reversal", {"outcome": outcome, **said}, name=who)


def kits_come(on: str, quantity: int) -> Event:
    """A delivery of the spray."""
    return Event("", on, "stock.received", {"lines": [{"item": KIT, "lot": str(LOT_OF_KITS), "quantity": quantity}]})


def kits_end(on: str, event: str, quantity: int, **said: object) -> Event:
    """What became of kits of the spray that had been given."""
    return Event("", on, "naloxone.kit", {"event": event, "item": KIT, "lot": str(LOT_OF_KITS), "quantity": quantity, **said})


def kits_are_recalled(on: str) -> Event:
    """The maker calls the lot of the spray back."""
    return Event("", on, "stock.recalled", {"severity": "harmful", "source_reference": "FSN-7", "lines": [{"item": KIT, "lot": str(LOT_OF_KITS)}]})


def released(who: str, on: str, kit: str) -> Event:
    """Somebody leaves custody, with a kit or without."""
    return Event(who, on, "naloxone.released", {"kit": kit})


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

REACHED = (
    *(says(f"P{n}", "2026-07-01") for n in range(4)), says("smokes", "2026-07-01", "never"),
    *(gets(f"P{n}", "2026-08-01", 10) for n in range(3)), hears("P0", "2026-08-01"), hears("P1", "2026-09-30", "HIV"), hears("P2", "2026-09-30", "none"),
    hears("P3", "2026-08-01"), gets("smokes", "2026-08-01", 5), hears("smokes", "2026-08-01"), gets("", "2026-08-02", 50, people=10),
)
"""Of four who inject two had needles and a talk, one needles and no talk, one a talk and no needles; one does not inject."""
REACHED_SIZE: Mapping[Level, int] = {Level.TARGETED_AREA: 16, Level.COUNTRY: 40}

TOLD = (
    *(says(f"P{n}", "2026-07-01") for n in range(6)), says("smokes", "2026-07-01", "never"),
    is_tested("P0", "2026-08-01", told=True), is_tested("P0", "2026-09-01", result="positive", told=True), is_tested("P1", "2026-09-30", result="indeterminate", told=True),
    is_tested("P2", "2026-08-01", told=False), is_tested("P3", "2026-10-01", told=True), is_tested("P4", "2026-08-01", "HCV_Ab", told=True),
    is_tested("P5", "2026-08-01", result=None, state="self_test_given"), is_tested("smokes", "2026-08-01", told=True), is_tested("", "2026-08-03", told=True),
)
"""Of six who inject two were tested for HIV and told, one of them twice; one was not told, one was tested later, one for something else."""

PRISON = (
    prison_counts("2027-01-09", 2026, clean_needles=5200, oat_recipients=84, condoms=3100, on_art=31, hiv_tests=410, living_with_hiv=36, with_hcv=120, with_tb=13),
    prison_counts("2026-01-09", 2025, clean_needles=4000, oat_recipients=70, condoms=2000, on_art=29, hiv_tests=300, living_with_hiv=30, with_hcv=99, with_tb=11),
)
"""The counts of a prison for 2026, told in January, and those of the year before."""
HELD: Mapping[str, str] = {"kind": "prison_unit", "closed_setting": "prison"}

KP_PREV = (
    *(says(f"P{n}", "2025-10-01") for n in range(1, 6)), *(says(f"P{n}", "2026-04-01") for n in range(1, 6)),
    *(event for n in (1, 2, 3) for event in (is_tested(f"P{n}", "2025-11-05"), takes(f"P{n}", "2025-11-05", condoms=3))),
    *(event for n in (2, 3, 4, 5) for event in (is_tested(f"P{n}", "2026-05-05"), takes(f"P{n}", "2026-05-05", condoms=3))),
)
"""`domain/indicators.md`, worked example 5: P1, P2, P3 from October to March; P2, P3, P4, P5 from April to September."""

ONE_EVENT = (gets("", "2026-09-05", 250, people=100),)
"""`domain/exchange.md`, worked example 6: one event, 100 people without a code, 250 n/s."""


NALOXONE_GIVEN = (
    *(gets_kits("", f"2026-07-{day:02}") for day in range(1, 8)), gets_kits("A", "2026-08-01", supply_type="first"), gets_kits("B", "2026-08-02", supply_type="first"),
    *(gets_kits("", f"2026-09-0{day}", 2, vials=1, supply_type="repeat", repeat_reason="used_on_other") for day in (1, 2, 3)),
)
"""Twelve hand-overs: 15 kits of two doses and 3 single doses, 33 doses (`domain/naloxone.md`, worked example 4, a seventieth)."""

FIVE_REPORTS = (
    overdoses("2026-07-02", outcome="recovered", doses_total=2, emergency_called="yes"),
    overdoses("2026-07-20", outcome="recovered", doses_total=1, emergency_called="no"),
    overdoses("2026-08-04", outcome="alive_handed_over", doses_total=3, emergency_called="yes"),
    overdoses("2026-08-30", outcome="died", doses_total=2, emergency_called="yes"),
    overdoses("2026-09-12", outcome="unknown", doses_total=1, emergency_called="unknown"),
    overdoses("2026-09-13", outcome="not_an_overdose", doses_total=1, emergency_called="yes"), overdoses("2026-10-01", doses_total=9, emergency_called="yes"),
)
"""`domain/naloxone.md`, worked example 2, with one that was no overdose and one of another quarter."""


def play(example: Example, *, actor: Actor, site: Site) -> None:
    """Record the facts of an example at a site and enter its estimates. Needs the scope of the actor's organisation."""
    asked = {line["item"] for event in example.events for line in event.payload.get("lines", ())} | {SYRINGE}
    for code in sorted((asked & set(_ITEMS)) - set(Item.objects.values_list("code", flat=True))):
        _add(actor, code)
    if example.place:
        Site.objects.filter(key=site.key).update(**example.place)
    country = Organisation.objects.get(key=actor.organisation).country
    for level, value in example.sizes.items():
        SizeEstimate.objects.create(
            organisation_id=actor.organisation, population=example.population, level=level, value=value, year=2025, method="example",
            source="example", area=country if level == Level.COUNTRY else site.area,
        )
    if example.deaths is not None:
        year = Period.parse(example.period).window("rolling_12_months")
        DeathCount.objects.create(
            organisation_id=actor.organisation, level=Level.TARGETED_AREA, area=site.area, starts_on=year.starts_on, ends_before=year.ends_before,
            value=example.deaths, source="example",
        )
    record_many(list(drafts(example.events, site)), actor=actor, mode=Mode.CONFIRMED)


def _add(actor: Actor, code: str) -> None:
    """An item of an example; naloxone with what it is and a lot that can be named."""
    item = add_item(actor=actor, code=code, name=code, item_class=_ITEMS[code])
    if code in _NALOXONE:
        product, doses = _NALOXONE[code]
        set_kit(actor=actor, item=item, product=product, doses=doses, since=date(2026, 1, 1), is_loose=doses == 1)
    if code == KIT:
        Lot.objects.create(organisation_id=actor.organisation, item=item, code="example", id=LOT_OF_KITS)


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
