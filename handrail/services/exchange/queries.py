"""What screens read from the exchange room."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from handrail.facts import consents
from handrail.facts.codes import Channel
from handrail.facts.fold import Recorded, as_json, read_facts
from handrail.facts.models import Aside, Fact, Site
from handrail.facts.participants import survivors
from handrail.facts.recorded import COUNTS
from handrail.facts.spec import KINDS
from handrail.kernel import clock, scope
from handrail.kernel.access import Actor
from handrail.ledgers.stock.queries import lots
from handrail.services.exchange.models import BoxRefill, OpenTest, SafetyBoxEvent, Stop, StopChange
from handrail.services.exchange.values import BOX_LOW, LEGAL_CAP, LEGAL_LIMIT, REFILL_AFTER_DAYS, SYRINGES_PER_POUND

LATELY = 30
SELF_TEST_DAYS = 90
"""A self-test somebody took home waits this long on the list for their word."""
CHANNELS: Mapping[str, Channel] = {
    "vehicle": Channel.VEHICLE, "route_stop": Channel.OUTREACH, "prison_unit": Channel.PRISON, "event": Channel.EVENT,
    "peer_bag": Channel.PEER, "mail_centre": Channel.MAIL, "pharmacy": Channel.PHARMACY, "wall_box": Channel.VENDING_MACHINE,
    "vending_machine": Channel.VENDING_MACHINE,
}


def channel_of(site: Site) -> Channel:
    """How people are met at a place of this kind, unless somebody says otherwise."""
    return Channel.PRISON if site.closed_setting else CHANNELS.get(site.kind, Channel.FIXED)


def payload(kind: str, raw: Mapping[str, Any]) -> Any:
    """A payload of a kind by its key; raises pydantic's ValidationError."""
    return KINDS[kind].parse(raw)


def facts(ids: Iterable[uuid.UUID]) -> list[Recorded]:
    """These facts, whether they count or not."""
    with connection.cursor() as cursor:
        return list(read_facts(cursor, scope.organisation(), "f.id = ANY(%s::uuid[])", [list(ids)], "ORDER BY f.counter"))


def open_tests(actor: Actor) -> QuerySet[OpenTest]:
    """Tests that still owe an answer, oldest first, at the sites where the actor follows them. One that was done again owes none."""
    waiting = _unrepeated().filter(actor.filter("exchange.test.follow")).select_related("site").order_by("occurred_at")
    return waiting.exclude(state="self_test_given", occurred_at__lt=clock.now() - timedelta(days=SELF_TEST_DAYS))


def waits_for_repeat(fact: uuid.UUID) -> bool:
    """Whether a test that did not work was not done again yet."""
    return _unrepeated().filter(fact=fact).exists()


def _counting() -> Q:
    """Facts that count."""
    return Q(~Exists(Aside.objects.filter(fact=OuterRef("id"))))


def _unrepeated() -> QuerySet[OpenTest]:
    """A repeat names the first record of the test it repeats; taken back, it repeats nothing."""
    first = Subquery(Fact.objects.filter(id=OuterRef(OuterRef("fact"))).values("root")[:1])
    repeats = Fact.objects.filter(_counting(), kind="exchange.test", about=first)
    return OpenTest.objects.filter(~(Q(state="invalid") & Exists(repeats)))


@dataclass(frozen=True)
class Leaving:
    """A visit at a closed setting: by whom, and which ways on it holds already."""

    visit: uuid.UUID
    who: uuid.UUID | None
    on: datetime
    offered: frozenset[str]


def lately_inside(site: Site) -> list[Leaving]:
    """Visits of the last seven days that count, newest first, of people who are alive; a merged one as the survivor."""
    came = list(
        Fact.objects.filter(_counting(), site=site, kind="facts.encounter", occurred_at__gt=clock.now() - timedelta(days=7)).order_by("-occurred_at")
    )
    gone = consents.deceased({fact.participant for fact in came})
    found = [fact for fact in came if fact.participant is None or fact.participant not in gone][:LATELY]
    offered: dict[uuid.UUID, set[str]] = {}
    inside = Fact.objects.filter(_counting(), kind="facts.referral", encounter__in=[fact.root for fact in found])
    for visit, said in inside.values_list("encounter", "payload"):
        offered.setdefault(visit, set()).add(said["service"])
    into = survivors()
    return [
        Leaving(fact.root, into.get(fact.participant, fact.participant) if fact.participant else None, fact.occurred_at, frozenset(offered.get(fact.root, ())))
        for fact in found
    ]


_USUAL = """
WITH recent AS MATERIALIZED (
  SELECT encounter, payload -> 'lines' AS lines FROM facts_fact
  WHERE organisation_id = %s::bigint AND site_id = %s::bigint AND kind = 'exchange.given' AND occurred_at > %s::timestamptz
  ORDER BY occurred_at DESC LIMIT 300
)
SELECT r.lines, (e.payload ->> 'on_behalf_of')::int, count(*) AS times
FROM recent r JOIN facts_fact e ON e.organisation_id = %s::bigint AND e.id = r.encounter
GROUP BY 1, 2 HAVING count(*) > 1 ORDER BY times DESC, 1 LIMIT %s::int
"""
"""The latest 300 only, so that the composer opens as fast in the tenth year as on the first day."""


def usual_baskets(site: int, *, days: int = 60, most: int = 3) -> list[tuple[dict[str, int], int]]:
    """What is taken here most often: (quantity by item, number of others collected for), most frequent first."""
    with connection.cursor() as cursor:
        cursor.execute(_USUAL, [scope.organisation(), site, clock.now() - timedelta(days=days), scope.organisation(), most])
        rows = cursor.fetchall()
    return [(_basket(as_json(lines)), others) for lines, others, _times in rows]


def _basket(lines: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Quantity by item; an item of two lots stands in two lines."""
    found: dict[str, int] = {}
    for line in lines:
        found[line["item"]] = found.get(line["item"], 0) + line["quantity"]
    return found


# -- weights and the law -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Factor:
    """Syringes per pound for a type of container, and the version of the value that says so."""

    value: Decimal
    version: str


def factor(site: Site, container: str, on: date) -> Factor:
    """The factor of a container at a site on a day; a container without its own takes that of any."""
    reading = SYRINGES_PER_POUND.read(site=site, on=on)
    return Factor(reading.value.get(container, reading.value["any"]), reading.version)


@dataclass(frozen=True)
class LegalLimit:
    """A limit that a law sets, in a sentence for the screen, with the law as its source."""

    limit: str
    cap: int
    sentence: str
    source: str


def legal_limit(site: Site) -> LegalLimit | None:
    """The limit in force at a site today; None nearly everywhere. The law is its cause, not the programme."""
    reading = LEGAL_LIMIT.read(site=site)
    if reading.value == "none":
        return None
    cap = LEGAL_CAP.read(site=site)
    if reading.value == "cap":
        sentence = _("The law here allows at most %(cap)d at once. The programme would give what is asked.") % {"cap": cap.value}
        return LegalLimit("cap", cap.value, sentence, cap.source or reading.source)
    return LegalLimit(
        "one_for_one", cap.value, _("The law here demands one used for each new one. The programme would give what is asked."), reading.source
    )


# -- wall boxes and safety boxes -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Inside:
    """One item in a box, as the book has it."""

    item: str
    name: str
    quantity: int
    is_low: bool


@dataclass(frozen=True)
class Box:
    """A wall box or machine: when somebody last looked, and what the book says is in it."""

    site: Site
    last: datetime | None
    days: int | None
    is_due: bool
    inside: list[Inside]

    @property
    def is_low(self) -> bool:
        """Whether it is empty or an item runs out."""
        return not self.inside or any(found.is_low for found in self.inside)


def boxes(actor: Actor, kinds: Iterable[str]) -> list[Box]:
    """Boxes where the actor records, the one that waited longest first."""
    sites = list(Site.objects.filter(actor.filter("exchange.record", "key"), is_active=True, kind__in=list(kinds)))
    looked = dict(BoxRefill.objects.filter(site__in=sites).values_list("site").annotate(last=Max("occurred_at")))
    now = clock.now()
    contents: dict[int, dict[str, Inside]] = {}
    low = {site.key: BOX_LOW.read(site=site).value for site in sites}
    for lot in lots([site.key for site in sites]):
        there = contents.setdefault(lot.site, {})
        quantity = lot.quantity + (there[lot.item].quantity if lot.item in there else 0)
        there[lot.item] = Inside(lot.item, lot.item_name, quantity, quantity < low[lot.site])
    found = []
    for site in sites:
        last = looked.get(site.key)
        days = (now - last).days if last else None
        due = days is None or days >= REFILL_AFTER_DAYS.read(site=site).value
        found.append(Box(site, clock.local(last, site.time_zone) if last else None, days, due, list(contents.get(site.key, {}).values())))
    return sorted(found, key=lambda box: (box.last is not None, -(box.days or 0)))


def refill(fact: uuid.UUID) -> Recorded | None:
    """A refill that counts, by its own id or the one it began with."""
    return _one("f.kind = 'exchange.box_refilled' AND (f.id = %s OR f.root = %s)", [fact, fact])


def last_refill(site: int) -> Recorded | None:
    """The latest refill of a box that counts."""
    return _one("f.kind = 'exchange.box_refilled' AND f.site_id = %s", [site])


def dispensed_at(refill: uuid.UUID) -> Recorded | None:
    """What a refill found to be taken."""
    return _one("f.kind = 'exchange.dispensed' AND f.about = %s", [refill])


def _one(condition: str, parameters: Sequence[Any]) -> Recorded | None:
    with connection.cursor() as cursor:
        found = list(
            read_facts(
                cursor, scope.organisation(), f"{condition} AND {COUNTS}", parameters, "ORDER BY f.occurred_at DESC, f.counter DESC LIMIT 1"
            )
        )
    return found[0] if found else None


def safety_box(asset: str) -> SafetyBoxEvent | None:
    """How a safety box stands: its latest change."""
    return SafetyBoxEvent.objects.filter(asset=asset).select_related("site").order_by("-occurred_at", "-counter").first()


def safety_boxes(actor: Actor) -> list[SafetyBoxEvent]:
    """The latest change of each safety box where the actor records; full and damaged ones first, removed ones last."""
    rows = (
        SafetyBoxEvent.objects.filter(actor.filter("exchange.record")).select_related("site")
        .order_by("asset", "-occurred_at", "-counter").distinct("asset")
    )
    order = {"full": 0, "damaged": 1, "installed": 2, "emptied": 2, "removed": 3}
    return sorted(rows, key=lambda row: (order.get(row.state, 2), row.asset))


# -- the calendar of stops -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Planned:
    """A stop on one date, with its change if there is one."""

    stop: Stop
    on: date
    change: StopChange | None


def week_of_stops(actor: Actor, monday: date) -> list[Planned]:
    """The stops of a week where the actor records, in their order."""
    stops = list(Stop.objects.filter(actor.filter("exchange.record"), is_active=True, site__is_active=True).select_related("site"))
    sunday = monday + timedelta(days=6)
    changes = StopChange.objects.filter(stop__in=[stop.id for stop in stops], on__range=(monday, sunday)).order_by("counter")
    latest = {(change.stop, change.on): change for change in changes}
    days = [(stop, monday + timedelta(days=stop.weekday)) for stop in stops]
    return sorted(
        (Planned(stop, on, latest.get((stop.id, on))) for stop, on in days), key=lambda p: (p.on, p.stop.starts, p.stop.place)
    )
