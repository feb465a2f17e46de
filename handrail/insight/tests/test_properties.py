"""What holds for every number: parts add up, more facts never lower a count, corrections and joined records flow through, days are the place's."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from handrail.facts.models import Site
from handrail.facts.record import Draft, Mode, record_many
from handrail.insight.breakdowns import BREAKDOWNS, pairs_of
from handrail.insight.compile import Reader
from handrail.insight.examples import CONDOM, INTERNAL, LUBRICANT, SYRINGE, gets, hears, play, says, takes
from handrail.insight.models import Level, SizeEstimate
from handrail.insight.periods import Period
from handrail.insight.results import read
from handrail.insight.spec import INDICATORS, OF_PEOPLE, Among, Deaths, Estimate, Example
from handrail.kernel import ids
from handrail.ledgers.stock.commands import add_item
from tests.people import join

Q3 = Period.parse("2026Q3")
ITEMS = {SYRINGE: "syringe_with_needle", CONDOM: "safer_sex", INTERNAL: "safer_sex", LUBRICANT: "safer_sex"}


class Invented:
    """Facts of half a year that nobody planned: people who say much, little or nothing of themselves, at three places."""

    def __init__(self, world, seed):
        self.chance, self.world = random.Random(seed), world
        self.sites = [world.sites[name] for name in ("Van 1", "Drop-in", "Clinic")]
        Site.objects.filter(key=self.sites[2].key).update(closed_setting="prison", setting="facility", area="hill")
        for code, item_class in ITEMS.items():
            add_item(actor=world.system, code=code, name=code, item_class=item_class)
        self.people = [ids.random() for _ in range(25)]

    def facts(self, visits):
        drafts = []
        for person in self.people:
            common = {"site": self.sites[0].id, "participant": person, "occurred_at": datetime(2026, 1, 5, 9, tzinfo=UTC)}
            said = {"birth_year": self.chance.choice([1960, 1999, 2001, 2008, None]), "gender": self.chance.choice([["female"], ["male"], ["trans"], ["not_said"], None])}
            drafts.append(Draft(kind="facts.profile", payload={key: value for key, value in said.items() if value is not None}, **common))
            if self.chance.random() < 0.8:
                drafts.append(Draft(kind="facts.asked", payload={"injects": self.chance.choice(["last_month", "last_month", "never", "not_said"])}, **common))
        for _visit in range(visits):
            drafts += self.visit()
        record_many(drafts, actor=self.world.system, mode=Mode.CONFIRMED)

    def visit(self):
        chance, visit = self.chance, ids.new()
        common = {
            "site": chance.choice(self.sites).id, "participant": chance.choice([*self.people, *[None] * 5]),
            "occurred_at": datetime(2026, 4, 1, tzinfo=UTC) + timedelta(minutes=chance.randrange(183 * 1440)),
        }
        channel = chance.choice(["outreach", "pharmacy", "fixed"])
        yield Draft(kind="facts.encounter", payload={"people_count": 1 if common["participant"] else chance.randrange(1, 40), "channel": channel}, id=visit, **common)
        common["encounter"] = visit
        disease, state = chance.choice(["HIV", "HIV", "HCV_Ab"]), chance.choice(["resulted", "resulted", "offered_declined", "known_positive", "not_offered"])
        result = chance.choice(["positive", "negative", "negative", "indeterminate"]) if state == "resulted" else None
        parts = {
            "exchange.given": {"lines": [{"item": item, "quantity": chance.randrange(1, 30)} for item in chance.sample(list(ITEMS), 2)]},
            "exchange.test": {"disease": disease, "state": state, "result": result, "told": result is not None and chance.random() < 0.8},
            "exchange.education": {"topics": [chance.choice(["HIV", "none"])]},
            "facts.referral": {"service": chance.choice(["OAT", "HIV_test", "PrEP"]), "status": chance.choice(["accepted", "declined"])},
            "exchange.need": {"needed": 20, "given": 20, "unmet": chance.choice([0, 0, 5])},
        }
        for kind, payload in parts.items():
            if chance.random() < 0.5:
                yield Draft(kind=kind, payload=payload, **common)


@pytest.fixture
def invented(warehouse):
    """Facts of an invented half-year, computed."""
    found = Invented(warehouse, 5)
    found.facts(150)
    return found, warehouse.numbers("2026Q3")


def test_cells_add_up_to_the_whole_with_the_unknown_and_more_facts_never_lower_a_count(invented):
    made, pack = invented
    told_apart = [indicator for indicator in INDICATORS if indicator.breakdowns]
    assert len(told_apart) > 12
    counted = 0
    for indicator in told_apart:
        tables = defaultdict(list)
        for row in pack.cells(indicator.key):
            tables[tuple(pairs_of(row.cell))].append(row)
        whole = pack.get(indicator.key)
        for names, rows in tables.items():
            shares_people = any(BREAKDOWNS[name].overlaps for name in names)
            for part, measure in zip(("numerator", "denominator"), indicator.parts, strict=False):
                total, parts = getattr(whole, part), [getattr(row, part) for row in rows]
                if shares_people and isinstance(measure, OF_PEOPLE):
                    assert max(parts) <= total <= sum(parts), (indicator.key, names)
                else:
                    assert sum(parts) == total, (indicator.key, names, part)
                counted += total > 0
    assert counted > 25, "an empty world adds up too"

    before = {row.place: row.value for row in pack if row.indicator.only_grows and row.value is not None}
    made.facts(60)
    after = made.world.numbers("2026Q3")
    assert {place[0] for place in before} >= {"contacts", "needles_given", "people_reached", "hts_tst", "prv_1", "st10_clients", "kp_1f"}
    # Who gets a second result may go from one cell of results to another, and who says a gender from one of genders.
    fallen = [place for place, value in before.items() if not place[2] and after.get(*place).value < value]
    assert fallen == []


def test_the_same_facts_give_the_same_numbers_and_sites_hold_no_more_than_the_whole(invented):
    made, pack = invented
    again = made.world.numbers("2026Q3")
    assert {row.place: row.plain for row in pack} == {row.place: row.plain for row in again}
    for row in pack:
        if row.site is not None and row.indicator.kind == "count" and row.value is not None:
            assert row.value <= pack.get(row.indicator.key).value, row.place
    by_site = [sum(row.value for row in pack.by_site(key)) - pack.get(key).value for key in ("needles_given", "prv_1", "contacts", "hts_self")]
    assert by_site == [0, 0, 0, 0]


def test_definitions_that_sound_alike_are_kept_apart(warehouse):
    """WHO counts what pharmacies sold, UNAIDS and the Global Fund do not; each divides by somebody else."""
    sizes = {Level.TARGETED_AREA: 50, Level.COUNTRY: 100}
    events = (
        *(says(who, "2026-07-01") for who in "ABCD"), gets("A", "2026-08-01", 100), gets("B", "2026-08-01", 40, channel="pharmacy"), hears("C", "2026-08-01"),
        takes("D", "2026-08-01", condoms=5, lubricant=5), hears("A", "2026-08-01"),
    )
    play(Example("", "2026Q3", events, "", 0, sizes=sizes), actor=warehouse.system, site=warehouse.van)
    pack = warehouse.numbers("2026Q3")
    shown = {key: pack.get(key).plain for key in ("prv_10a", "prv_10b", "kp_4", "gam_1_9", "prv_8a", "prv_8b", "kp_1d", "gam_1_6c", "prv_18a", "prv_18b", "st10_syringes", "needles_given")}
    assert shown == {
        "prv_10a": "35.0", "prv_10b": "2.8", "kp_4": "100.0", "gam_1_9": "1.0", "prv_8a": "50.0", "prv_8b": "4.0", "kp_1d": "2.0", "gam_1_6c": "1.0",
        "prv_18a": "25.0", "prv_18b": "2.0", "st10_syringes": "100", "needles_given": "140",
    }


def test_a_correction_flows_into_every_number_of_it(warehouse):
    for code, item_class in ITEMS.items():
        add_item(actor=warehouse.system, code=code, name=code, item_class=item_class)
    visit, common = ids.new(), {"site": warehouse.van.id, "participant": ids.random(), "occurred_at": datetime(2026, 8, 1, 9, tzinfo=UTC)}
    first = Draft(kind="exchange.given", payload={"lines": [{"item": CONDOM, "quantity": 12}]}, id=ids.new(), encounter=visit, **common)
    record_many([Draft(kind="facts.encounter", payload={}, id=visit, **common), first], actor=warehouse.system, mode=Mode.CONFIRMED)
    shown = lambda: [warehouse.numbers("2026Q3").get(key).plain for key in ("prv_1", "needles_given", "st10_clients")]  # noqa: E731
    assert shown() == ["12", "0", "0"]
    lines = [{"item": INTERNAL, "quantity": 3}, {"item": SYRINGE, "quantity": 8}]
    record_many([Draft(kind="exchange.given", payload={"lines": lines}, encounter=visit, supersedes=(first.id,), **common)], actor=warehouse.system, mode=Mode.CONFIRMED)
    assert shown() == ["3", "8", "1"]


def test_two_records_that_are_joined_may_together_have_had_the_package(warehouse):
    for code, item_class in ITEMS.items():
        add_item(actor=warehouse.system, code=code, name=code, item_class=item_class)
    people, at = (ids.random(), ids.random()), datetime(2026, 8, 1, 9, tzinfo=UTC)
    parts = ({"lines": [{"item": SYRINGE, "quantity": 5}]}, "exchange.given"), ({"topics": ["HIV"]}, "exchange.education")
    for person, (payload, kind) in zip(people, parts, strict=True):
        visit, common = ids.new(), {"site": warehouse.van.id, "participant": person, "occurred_at": at}
        record_many(
            [
                Draft(kind="facts.asked", payload={"injects": "last_month"}, **common), Draft(kind="facts.encounter", payload={}, id=visit, **common),
                Draft(kind=kind, payload=payload, encounter=visit, **common),
            ],
            actor=warehouse.system, mode=Mode.CONFIRMED,
        )
    assert warehouse.numbers("2026Q3").get("kp_1d_people").plain == "0"
    join(warehouse, *people, at=datetime(2026, 11, 1, 12, tzinfo=UTC))
    assert warehouse.numbers("2026Q3").get("kp_1d_people").plain == "1"


@pytest.mark.parametrize(
    ("zone", "local", "period", "next_period"),
    [
        ("America/Mexico_City", (2026, 12, 31, 23, 30), "2026Q4", "2027Q1"),  # already 1 January in UTC
        ("Pacific/Auckland", (2027, 1, 1, 0, 30), "2027Q1", "2026Q4"),  # still 31 December in UTC
        ("Africa/Nairobi", (2028, 2, 29, 23, 59), "2028-02", "2028-03"),
        ("America/Mexico_City", (2028, 2, 29, 23, 59), "2028-02", "2028-03"),
    ],
)
def test_a_fact_belongs_to_the_day_of_its_place_whatever_utc_says(warehouse, zone, local, period, next_period):
    add_item(actor=warehouse.system, code=SYRINGE, name="Syringe", item_class="syringe_with_needle")
    Site.objects.filter(key=warehouse.van.key).update(time_zone=zone)
    person, visit = ids.random(), ids.new()
    common = {"site": warehouse.van.id, "participant": person, "occurred_at": datetime(*local, tzinfo=ZoneInfo(zone))}
    record_many(
        [
            Draft(kind="facts.asked", payload={"injects": "last_month"}, **common), Draft(kind="facts.encounter", payload={}, id=visit, **common),
            Draft(kind="exchange.given", payload={"lines": [{"item": SYRINGE, "quantity": 6}]}, encounter=visit, **common),
        ],
        actor=warehouse.system, mode=Mode.CONFIRMED,
    )
    warehouse.build()
    with Reader(str(warehouse.harbour.id)) as reader:
        for key in ("ke_receiving_ns", "needles_given"):
            found = [reader.measure(INDICATORS[key].numerator, Period.parse(written).window("period")).everywhere.value for written in (period, next_period)]
            assert found[0] > 0, key
            assert found[1] == 0, key


def test_the_leap_day_is_a_day_of_its_year(warehouse):
    february = Period.parse("2028-02").window("period")
    assert (february.days, february.ends_before) == (29, date(2028, 3, 1))
    assert Period.parse("2028").window("calendar_year").days == 366


def test_a_number_with_an_estimate_has_none_where_it_is_missing_and_is_never_told_apart(warehouse):
    for population in {part.population for indicator in INDICATORS for part in indicator.inputs if isinstance(part, Estimate)}:
        SizeEstimate.objects.create(organisation=warehouse.harbour, population=population, level=Level.TARGETED_AREA, area="harbour-area", value=20, method="x", year=2025, source="x")
    warehouse.numbers("2026Q3")
    pack = read(Q3)
    for indicator in INDICATORS:
        if isinstance(indicator.denominator, Deaths):
            assert pack.get(indicator.key).plain == "no_data", indicator.key
        elif indicator.level is Level.TARGETED_AREA:
            assert float(pack.get(indicator.key).plain) == 0, indicator.key
            assert pack.cells(indicator.key) == [], indicator.key
        if indicator.level is Level.COUNTRY:
            assert pack.get(indicator.key).plain == "no_data", indicator.key
    assert not any(isinstance(part, Among) for indicator in INDICATORS for part in indicator.parts if indicator.breakdowns)
