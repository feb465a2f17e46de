"""Numbers told apart by gender, age and kind of place: they add up to the whole, the unknown among them."""

from __future__ import annotations

import itertools
from datetime import date

import pytest

from handrail.facts.record import Mode, record_many
from handrail.insight.breakdowns import BREAKDOWNS, D1, cells_of, keys_of, label_of, pairs_of
from handrail.insight.compile import Reader
from handrail.insight.examples import SYRINGE, drafts, gets, says
from handrail.insight.periods import Period, Window
from handrail.insight.spec import INDICATORS, NEEDLES, Event, People, Sum
from handrail.ledgers.stock.commands import add_item

Q3 = Period.parse("2026Q3").window("period")
GIVEN = Sum(NEEDLES, "quantity", "given", as_needles=True)
PICKED_UP = People("picked up", picked_up=True)
AGES = ("age_2", "age_3", "age_4", "age_5_years")


def tells(who, on, **said):
    """Somebody says something about themselves."""
    return Event(who, on, "facts.profile", said)


@pytest.fixture
def played(warehouse):
    """Play events at the van and read them: `played(*events)` gives a reader."""
    add_item(actor=warehouse.system, code=SYRINGE, name="Syringe", item_class="syringe_with_needle")
    readers = []

    def play(*events, site="Van 1"):
        record_many(list(drafts(events, warehouse.sites[site])), actor=warehouse.system, mode=Mode.CONFIRMED)
        warehouse.build()
        readers.append(Reader(str(warehouse.harbour.id)))
        return readers[-1]

    yield play
    for reader in readers:
        reader.__exit__()


def counts(reader, measure, breakdown, window=Q3):
    """Value of each cell that is not 0."""
    found = reader.measure(measure, window, [breakdown]).by_cell
    return {cell.replace(f"{breakdown}=", ""): c.value for cell, c in found.items() if c.value and tuple(pairs_of(cell)) == keys_of(breakdown)}


def test_gender_is_as_last_said_before_the_period_ends(played):
    reader = played(
        Event("A", "2026-07-01", "facts.enrolled", {"gender": "female"}), gets("A", "2026-08-01", 1),
        tells("B", "2026-07-01", gender=["male"]), gets("B", "2026-08-01", 2), tells("B", "2026-10-02", gender=["female"]),
        tells("C", "2026-07-01", gender=["female", "trans"]), gets("C", "2026-08-01", 4),
        tells("D", "2026-07-01", gender=["female"]), tells("D", "2026-07-03", trans="yes"), gets("D", "2026-08-01", 8),
        tells("E", "2026-07-01", gender=["male"]), tells("E", "2026-07-05", withdrawn=["gender"]), gets("E", "2026-08-01", 16),
        tells("F", "2026-07-01", gender=["not_said"]), gets("F", "2026-08-01", 32), gets("", "2026-08-01", 64, people=5),
    )
    assert counts(reader, GIVEN, "gender") == {"female": 1, "male": 2, "other": 12, "unknown": 16 + 32 + 64}
    assert counts(reader, PICKED_UP, "gender") == {"female": 1, "male": 1, "other": 2, "unknown": 2}


def test_age_is_that_at_the_event_and_a_band_counts_only_where_it_lies_in_one(played):
    reader = played(
        tells("A", "2026-01-01", birth_year=2001), gets("A", "2025-12-31", 1), gets("A", "2026-01-01", 2),  # 24, then 25
        tells("B", "2026-01-01", age_band="20_24"), gets("B", "2026-01-05", 4),
        tells("C", "2026-01-01", age_band="30_39"), gets("C", "2026-01-05", 8),
        gets("D", "2026-01-05", 16),
    )
    # What people say of themselves after the period's end is not known in it.
    year = Window(date(2025, 4, 1), date(2026, 4, 1))
    assert counts(reader, GIVEN, "age_2", year) == {"under_25": 1 + 4, "25_plus": 2 + 8, "unknown": 16}
    assert counts(reader, PICKED_UP, "age_2", year) == {"under_25": 1, "25_plus": 2, "unknown": 1}, "a person has the age of their last event"
    assert counts(reader, GIVEN, "age_5_years", year) == {"20_24": 1 + 4, "25_29": 2, "unknown": 8 + 16}
    assert counts(reader, GIVEN, "age_3×gender", year) == {
        "age_3=20_24;gender=unknown": 5, "age_3=25_plus;gender=unknown": 10, "age_3=unknown;gender=unknown": 16,
    }


def test_cells_of_people_add_up_to_the_whole_and_cells_of_places_to_their_sites(played, warehouse):
    said = [tells("A", "2026-07-01", gender=["female"], birth_year=1990), tells("B", "2026-07-01", birth_year=2006), says("C", "2026-07-01")]
    played(*said, gets("A", "2026-08-01", 3), gets("B", "2026-08-02", 5))
    reader = played(gets("A", "2026-08-09", 7), gets("C", "2026-08-09", 9), gets("", "2026-08-09", 11, people=4), site="Clinic")
    for measure in (GIVEN, PICKED_UP):
        for breakdown in ("gender", *AGES, "age_3×gender"):
            cells = counts(reader, measure, breakdown)
            assert sum(cells.values()) == reader.measure(measure, Q3).everywhere.value, (measure, breakdown)
    places = counts(reader, GIVEN, "setting")
    assert sum(places.values()) == 35
    assert set(places) <= {"facility", "community"}


def test_every_cell_that_is_found_is_declared(played):
    reader = played(tells("A", "2026-07-01", gender=["diverse"], birth_year=1930), gets("A", "2026-08-01", 3), gets("", "2026-08-01", 3))
    places = reader.places()
    for written in (*D1, *AGES, "age_5_years×gender"):
        found = [cell for cell in reader.measure(GIVEN, Q3, [written]).by_cell if tuple(pairs_of(cell)) == keys_of(written)]
        assert found, written
        assert set(found) <= set(cells_of(written, places)), written


def test_cells_have_names_and_bands_follow_without_a_gap():
    assert label_of("age_3=15_19;gender=female") == "15–19, women"
    assert [str(text) for text in BREAKDOWNS["age_2"].labels.values()] == ["under 25", "25 and over", "not known"]
    for key in AGES:
        bands = BREAKDOWNS[key].bands
        assert bands[0][1] == 0
        assert all(a[2] == b[1] for a, b in itertools.pairwise(bands))


def test_results_keep_their_cells_and_pages_find_the_whole(warehouse):
    add_item(actor=warehouse.system, code=SYRINGE, name="Syringe", item_class="syringe_with_needle")
    events = [tells("A", "2026-07-01", gender=["female"]), gets("A", "2026-08-01", 30), gets("B", "2026-08-01", 12)]
    record_many(list(drafts(events, warehouse.sites["Van 1"])), actor=warehouse.system, mode=Mode.CONFIRMED)
    pack = warehouse.numbers("2026Q3")
    assert pack.get("needles_given").value == 42
    assert pack.get("needles_given", cell="gender=female").value == 30
    assert pack.get("needles_given", cell="gender=male").value == 0, "a declared cell without facts is 0"
    by_gender = [row.value for row in pack.cells("needles_given") if row.cell.startswith("gender")]
    assert sum(by_gender) == 42
    assert INDICATORS["needles_given"].breakdowns == D1
