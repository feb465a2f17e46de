"""What screens read from the exchange room."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
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
from handrail.facts.recorded import COUNTS, OUTSIDE_VISITS
from handrail.facts.spec import KINDS
from handrail.kernel import clock, scope
from handrail.kernel.access import Actor
from handrail.ledgers.stock.models import Item
from handrail.ledgers.stock.queries import lots
from handrail.services.exchange.models import BoxRefill, OpenTest, SafetyBoxEvent, Stop, StopChange
from handrail.services.exchange.rules import stop_day
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


_OUTSIDE_VISITS = f"""f.id = ANY(ARRAY(
  SELECT found.id FROM unnest(%s::text[]) AS k (kind) CROSS JOIN LATERAL (
    SELECT f.id FROM facts_fact f
    WHERE f.organisation_id = %s::bigint AND f.site_id = %s::bigint AND f.kind = k.kind AND {OUTSIDE_VISITS} AND (%s::uuid IS NULL OR f.id = %s::uuid) AND {COUNTS}
    ORDER BY f.occurred_at DESC, f.counter DESC LIMIT %s::int
  ) found))"""  # noqa: S608  our own constants
"""Kind by kind, each in the order of the index."""


def outside_visits(site: int, kinds: Sequence[str], *, fact: uuid.UUID | None = None, most: int = 200) -> list[Recorded]:
    """What counts at a place and belongs to no visit, the latest first; one of them only, if `fact` names it."""
    organisation = scope.organisation()
    with connection.cursor() as cursor:
        return list(
            read_facts(
                cursor, organisation, _OUTSIDE_VISITS, [list(kinds), organisation, site, fact, fact, most, most],
                "ORDER BY f.occurred_at DESC, f.counter DESC LIMIT %s",
            )
        )


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


_USUAL = f"""
WITH recent AS MATERIALIZED (
  SELECT f.encounter, f.payload -> 'lines' AS lines FROM facts_fact f
  WHERE f.organisation_id = %s::bigint AND f.site_id = %s::bigint AND f.kind = 'exchange.given' AND f.occurred_at > %s::timestamptz AND {COUNTS}
  ORDER BY f.occurred_at DESC LIMIT 300
), visit AS MATERIALIZED (
  SELECT r.lines, coalesce((SELECT s.effective FROM facts_standing s WHERE s.organisation_id = %s::bigint AND s.root = r.encounter), r.encounter) AS id
  FROM recent r
)
SELECT v.lines, (now.payload ->> 'on_behalf_of')::int, count(*) AS times
FROM visit v CROSS JOIN LATERAL (
  SELECT f.payload FROM facts_fact f WHERE f.organisation_id = %s::bigint AND f.id = v.id AND {COUNTS} LIMIT 1
) now
GROUP BY 1, 2 HAVING count(*) > 1 ORDER BY times DESC, 1 LIMIT %s::int
"""  # noqa: S608  our own constant
"""The latest 300 only, so that the composer opens as fast in the tenth year as on the first day. Visits as they count now.

The id is worked out first and the LIMIT 1 keeps it to 300 look-ups in an index. As a plain join, or with the coalesce in
the condition (which row security holds back, as it may leak), PostgreSQL would read every fact there ever was.
"""


def usual_baskets(site: int, *, days: int = 60, most: int = 3) -> list[tuple[dict[str, int], int]]:
    """What is taken here most often: (quantity by item, number of others collected for), most frequent first."""
    with connection.cursor() as cursor:
        cursor.execute(_USUAL, [scope.organisation(), site, clock.now() - timedelta(days=days), scope.organisation(), scope.organisation(), most])
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


def legal_limit(site: Site, on: date) -> LegalLimit | None:
    """The limit in force at a site on a day; None nearly everywhere. The law is its cause, not the programme."""
    reading = LEGAL_LIMIT.read(site=site, on=on)
    if reading.value == "none":
        return None
    cap = LEGAL_CAP.read(site=site, on=on)
    if reading.value == "cap":
        sentence = _("The law here allows at most %(cap)d at once. The programme would give what is asked.") % {"cap": cap.value}
        return LegalLimit("cap", cap.value, sentence, cap.source or reading.source)
    return LegalLimit(
        "one_for_one", cap.value, _("The law here demands one used for each new one. The programme would give what is asked."), reading.source
    )


# -- wall boxes and safety boxes -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Inside:
    """One item in a box, as the book has it. What expired or was recalled lies in it and helps nobody."""

    item: str
    name: str
    quantity: int
    out_of_use: int
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


_STOCKED = f"""
SELECT DISTINCT r.site_id, line ->> 'item' FROM (
  SELECT f.site_id, f.payload -> 'lines' AS lines, row_number() OVER (PARTITION BY f.site_id ORDER BY f.occurred_at DESC, f.counter DESC) AS place
  FROM facts_fact f
  WHERE f.organisation_id = %s::bigint AND f.site_id = ANY(%s::bigint[]) AND f.kind = 'exchange.box_refilled' AND {COUNTS}
) r CROSS JOIN LATERAL jsonb_array_elements(r.lines) AS line
WHERE r.place <= 5 AND greatest((line ->> 'in_book')::int, (line ->> 'found')::int, (line ->> 'added')::int) > 0
"""  # noqa: S608  our own constant


def stocked_items(sites: Iterable[int]) -> dict[int, set[str]]:
    """Items that boxes are kept filled with: what lay in them or was put in at their last five refills, even if all of it is gone."""
    with connection.cursor() as cursor:
        cursor.execute(_STOCKED, [scope.organisation(), list(sites)])
        found: dict[int, set[str]] = {}
        for site, item in cursor.fetchall():
            found.setdefault(site, set()).add(item)
    return found


def boxes(actor: Actor, kinds: Iterable[str]) -> list[Box]:
    """Boxes where the actor records, the one that waited longest first."""
    sites = list(Site.objects.filter(actor.filter("exchange.record", "key"), is_active=True, kind__in=list(kinds)))
    looked = dict(BoxRefill.objects.filter(site__in=sites).values_list("site").annotate(last=Max("occurred_at")))
    now, contents = clock.now(), _contents(sites)
    found = []
    for site in sites:
        last = looked.get(site.key)
        days = (now - last).days if last else None
        due = days is None or days >= REFILL_AFTER_DAYS.read(site=site).value
        found.append(Box(site, clock.local(last, site.time_zone) if last else None, days, due, contents[site.key]))
    return sorted(found, key=lambda box: (box.last is not None, -(box.days or 0)))


def _contents(sites: Sequence[Site]) -> dict[int, list[Inside]]:
    """What is in boxes, with nought for what they are usually filled with and nothing is left of."""
    quantity: dict[tuple[int, str], int] = {}
    useless: dict[tuple[int, str], int] = {}
    today = {site.key: site.today for site in sites}
    for lot in lots(today):
        key = (lot.site, lot.item)
        quantity[key] = quantity.get(key, 0) + lot.quantity
        if lot.is_held or lot.is_expired(today[lot.site]):
            useless[key] = useless.get(key, 0) + lot.quantity
    stocked, items = stocked_items(today), list(Item.objects.all())
    found: dict[int, list[Inside]] = {}
    for site in sites:
        low, usual = BOX_LOW.read(site=site).value, stocked.get(site.key, set())
        found[site.key] = [
            Inside(item.code, item.label, there, out, there - out < low)
            for item in items
            if (site.key, item.code) in quantity or (item.is_active and item.code in usual)
            for there, out in [(quantity.get((site.key, item.code), 0), useless.get((site.key, item.code), 0))]
        ]
    return found


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
    """A stop on one date: its change if there is one, the people met there, and those of the week before."""

    stop: Stop
    on: date
    change: StopChange | None
    contacts: int
    week_before: int


def week_of_stops(actor: Actor, monday: date) -> list[Planned]:
    """The stops of a week where the actor records, in their order; those that were ended since stand in their own weeks."""
    stops = list(Stop.objects.filter(actor.filter("exchange.record"), site__is_active=True).select_related("site"))
    days = [(stop, monday + timedelta(days=stop.weekday)) for stop in stops]
    days = [(stop, on) for stop, on in days if stop.holds_on(on)]
    changes = StopChange.objects.filter(
        stop__in=[stop.id for stop, _on in days], on__range=(monday, monday + timedelta(days=6))
    ).order_by("counter")
    latest = {(change.stop, change.on): change for change in changes}
    met = contacts_at(stops, monday - timedelta(days=7), monday + timedelta(days=6)) if days else {}
    found = [
        Planned(stop, on, latest.get((stop.id, on)), met.get((stop.id, on), 0), met.get((stop.id, on - timedelta(days=7)), 0))
        for stop, on in days
    ]
    return sorted(found, key=lambda p: (p.on, p.stop.starts, p.stop.place))


def contacts_at(stops: Sequence[Stop], first: date, last: date) -> dict[tuple[uuid.UUID, date], int]:
    """People met at stops by (stop, start date), for start dates from the first to the last.

    A contact belongs to the stop at its place whose hours it falls into; after midnight to the day the stop began.
    """
    by_site: dict[int, list[Stop]] = {}
    for stop in stops:
        by_site.setdefault(stop.site.key, []).append(stop)
    begin = datetime.combine(first - timedelta(days=1), time.min, UTC)  # a day more on each side: places are not in UTC
    end = datetime.combine(last + timedelta(days=3), time.min, UTC)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT f.site_id, f.occurred_at, coalesce((f.payload ->> 'people_count')::int, 1) FROM facts_fact f"  # noqa: S608  our own constant
            " WHERE f.organisation_id = %s::bigint AND f.site_id = ANY(%s::bigint[]) AND f.kind = 'facts.encounter'"
            f" AND f.occurred_at >= %s::timestamptz AND f.occurred_at < %s::timestamptz AND {COUNTS}",
            [scope.organisation(), list(by_site), begin, end],
        )
        rows = cursor.fetchall()
    found: dict[tuple[uuid.UUID, date], int] = {}
    for site, at, people in rows:
        for stop in by_site[site]:
            day = stop_day(clock.local(at, stop.site.time_zone), weekday=stop.weekday, starts=stop.starts, ends=stop.ends)
            if day is not None and first <= day <= last and stop.holds_on(day):
                found[stop.id, day] = found.get((stop.id, day), 0) + people
                break
    return found
