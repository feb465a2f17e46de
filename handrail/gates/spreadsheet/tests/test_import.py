"""Last year's spreadsheet: known totals, seeded errors, and a second run that changes nothing."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from django.db import connection

from handrail.facts import replay, visits
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import Aside, CardToken, Device, Fact, Head, Participant
from handrail.facts.spec import KINDS
from handrail.gates.spreadsheet import load
from handrail.gates.spreadsheet import mapping as mappings
from handrail.gates.spreadsheet.tests import ontario
from handrail.kernel import ids, scope
from handrail.kernel.database import as_owner
from handrail.kernel.models import AuditEntry
from handrail.ledgers.stock import commands as stock
from handrail.ledgers.stock.models import Balance, Leg
from tests import world


@pytest.fixture
def here(in_harbour):
    """The small world with a catalogue that Ontario's columns fit."""
    return with_catalogue(in_harbour)


def with_catalogue(found):
    for code in ("syringe-1ml-28g", "cooker", "stem-straight", "pipe-bowl", "condom"):
        stock.add_item(actor=found.system, code=code, name=code.capitalize(), item_class="preparation")
    return found


def shipped():
    return mappings.parse(mappings.shipped()["ontario_minimum"])


def counts():
    connection.cursor().execute("SELECT 1")
    return {
        "facts": Fact.objects.count(), "head": bytes(Head.objects.get().digest), "asides": Aside.objects.count(),
        "balances": sorted(Balance.objects.values_list("location", "lot", "quantity")), "legs": Leg.objects.count(),
        "people": CardToken.objects.count(), "participants": Participant.objects.count(),
    }


def imported(here, made, **options):
    plan = load.prepare(actor=here.actors["coordinator"], mapping=shipped(), data=made.data())
    assert plan.problems == []
    return load.run(actor=here.actors["coordinator"], plan=plan, data=made.data(), **options)


def test_a_file_of_three_hundred_rows_gives_exactly_the_totals_it_was_made_from(here):
    made = ontario.make(300, errors=26)
    done = imported(here, made, only_good=True)
    assert done.visits == made.visits == 274
    assert done.people == len(made.people)
    given, returned, kinds = Counter(), 0, Counter()
    for fact in Fact.objects.filter(device=Device.objects.get(label="import ontario-minimum").id):
        kinds[fact.kind] += 1
        if fact.kind == "exchange.given":
            given.update({line["item"]: line["quantity"] for line in fact.payload["lines"]})
        if fact.kind == "exchange.returned":
            returned += fact.payload["quantity"]
    assert given == +made.items
    assert returned == made.returned
    assert (kinds["facts.encounter"], kinds["facts.enrolled"], kinds["facts.referral"]) == (made.visits, len(made.people), made.referrals)
    assert Fact.objects.filter(kind="facts.encounter", participant=None).count() == made.anonymous
    assert Aside.objects.count() == 0


def test_every_seeded_error_is_found_where_it_stands_with_a_reason_and_what_to_do(here):
    made = ontario.make(200, errors=39)
    plan = load.prepare(actor=here.actors["coordinator"], mapping=shipped(), data=made.data())
    assert {(bad.row, bad.heading) for bad in plan.bad} == set(made.bad)
    assert all(bad.reason and bad.todo for bad in plan.bad)
    assert plan.totals()["visits"] == made.visits


def test_a_dry_run_records_nothing_and_one_bad_row_stops_a_real_run(here):
    before, made = counts(), ontario.make(40, errors=1)
    plan = load.prepare(actor=here.actors["coordinator"], mapping=shipped(), data=made.data())
    with pytest.raises(ValueError, match="Nothing was imported: 1 rows"):
        load.run(actor=here.actors["coordinator"], plan=plan, data=made.data())
    assert counts() == before


def test_the_same_file_twice_changes_nothing(here):
    made = ontario.make(150)
    first = imported(here, made)
    after = counts()
    again = imported(here, made)
    assert counts() == after
    assert (first.visits, again.visits, again.facts, again.already_here) == (150, 0, 0, 150)


def test_rows_that_were_bad_can_follow_once_they_are_mended(here):
    made = ontario.make(60, errors=13)
    imported(here, made, only_good=True)
    mended = ontario.make(60)
    mended.rows = [row | ({name: "1"} if (place + 2, name) in made.bad and "Needles" in name else {}) for place, row in enumerate(made.rows) for name in ["Needles 1cc 29G 1/2"]]
    plan = load.prepare(actor=here.actors["coordinator"], mapping=shipped(), data=mended.data())
    assert len(plan.visits) == len([bad for bad in made.bad if "Needles" in bad[1]]) == 2
    assert len(plan.known) == 47


@pytest.mark.parametrize(
    ("name", "typed"),
    [("Filters", "77"), ("Date of transaction", "24/12/2025"), ("Site Name", "Drop-in"), ("Anonymous Client Code", "QQQQ"),
     ("Quantity of needles returned", "3"), ("Referrals provided", "Legal"), ("Filters", "")],
)
def test_an_edited_row_is_reported_and_not_doubled(here, name, typed):
    made = ontario.make(30)
    row = next(r for r in made.rows if r["Filters"] and r["Site Name"] == "Van 1" and r["Anonymous Client Code"] and not r["Quantity of needles returned"])
    imported(here, made)
    after = counts()
    row[name] = typed
    plan = load.prepare(actor=here.actors["coordinator"], mapping=shipped(), data=made.data())
    assert [bad.reason for bad in plan.bad] == ["This was already imported with other values."]
    load.run(actor=here.actors["coordinator"], plan=plan, data=made.data(), only_good=True)
    assert counts() == after


def test_no_id_of_the_old_system_is_kept_anywhere(here):
    made = ontario.make(80)
    imported(here, made)
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'")
        everything = []
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            everything += [row[0] for row in cursor.fetchall()]
    stored = "\n".join(everything)
    assert [code for code, _year in made.people if code in stored] == []
    assert "T000001" not in stored


def test_the_same_person_is_found_again_in_another_file_but_not_under_another_mapping(here):
    one, two = ontario.make(40, seed=1), ontario.make(40, seed=2)
    for row in two.rows:
        row["Transaction number"] = "second-" + row["Transaction number"]
    imported(here, one)
    done = imported(here, two)
    assert done.people == len(two.people - one.people)
    other = mappings.parse(mappings.shipped()["ontario_minimum"].replace('name = "ontario-minimum"', 'name = "other-town"'))
    plan = load.prepare(actor=here.actors["coordinator"], mapping=other, data=one.data())
    assert load.run(actor=here.actors["coordinator"], plan=plan, data=one.data()).people == len(one.people)


def test_imported_history_takes_nothing_from_todays_shelves_and_neither_does_its_correction(own_database):
    found = world.find()
    with as_owner():
        with scope.enter([found.harbour.key]):
            with_catalogue(found)
            before = counts()["balances"]
            imported(found, ontario.make(50))
            assert counts()["balances"] == before
            fact = Fact.objects.filter(kind="exchange.given").first()
            for quantity in (7, 9):
                correct(found, fact, quantity)
            assert counts()["balances"] == before
            visits.save(
                actor=found.system, visit=ids.new(), site=found.van.id, occurred_at=fact.recorded_at, encounter=Encounter(),
                parts=[visits.Part("exchange.given", given(7))],
            )
            assert counts()["balances"] != before
        with scope.enter([found.harbour.key]):
            assert replay.rebuild() == []


def given(quantity):
    return KINDS["exchange.given"].payload(lines=[{"item": "syringe-1ml-29g", "quantity": quantity}])


def correct(found, fact, quantity):
    visits.correct(
        actor=found.system, visit=fact.encounter, correction=ids.new(), encounter=visits.read(fact.encounter)[0].parsed,
        parts=[visits.Part("exchange.given", given(quantity))], participant=fact.participant,
    )


def test_a_mapping_can_say_that_the_shelves_go_down(here):
    moving = mappings.parse(mappings.shipped()["ontario_minimum"].replace('stock = "none"', 'stock = "move"'))
    made = ontario.make(20)
    plan = load.prepare(actor=here.actors["coordinator"], mapping=moving, data=made.data())
    load.run(actor=here.actors["coordinator"], plan=plan, data=made.data())
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(quantity) FROM stock_leg l JOIN stock_location p ON p.key = l.location_id WHERE p.kind = 'people'")
        assert cursor.fetchone()[0] == sum(made.items.values())


def test_the_audit_says_that_and_what_was_imported(here):
    made = ontario.make(10)
    imported(here, made)
    line = AuditEntry.objects.get(action="import.run")
    assert line.actor == here.staff["coordinator"].id
    assert line.detail["visits"] == 10
    assert "ZAA" not in json.dumps(line.detail)


def test_another_organisation_sees_none_of_it_and_names_none_of_our_places(here):
    made = ontario.make(10)
    with scope.enter([here.hillside.key]):
        stranger = here.actors["stranger"]
        plan = load.prepare(actor=stranger, mapping=shipped(), data=made.data())
        assert plan.visits == []
    imported(here, made)
    with scope.enter([here.hillside.key]):
        assert not Fact.objects.filter(kind="facts.encounter").exists()


def test_the_example_of_the_documentation_imports_without_a_problem(here):
    data = (Path(__file__).resolve().parents[4] / "docs" / "how-to" / "import-example.csv").read_bytes()
    plan = load.prepare(actor=here.actors["coordinator"], mapping=shipped(), data=data)
    assert (plan.problems, plan.bad, len(plan.visits)) == ([], [], 3)
    assert plan.warnings == ["There are no times: every visit is recorded at noon, local time."]
    assert plan.totals()["people"] == 1


@pytest.mark.slow
def test_a_year_of_five_thousand_rows_gives_its_totals_and_twice_is_once(here):
    made = ontario.make(5_000, errors=130)
    plan = load.prepare(actor=here.actors["coordinator"], mapping=shipped(), data=made.data())
    assert {(bad.row, bad.heading) for bad in plan.bad} == set(made.bad)
    found = plan.totals()
    assert (found["visits"], found["people"], found["returned"]) == (4_870, len(made.people), made.returned)
    assert {code: found[f"item:{code}"] for code in made.items} == dict(made.items)
    done = load.run(actor=here.actors["coordinator"], plan=plan, data=made.data(), only_good=True)
    assert (done.visits, done.people) == (4_870, len(made.people))
    after = counts()
    assert imported(here, made, only_good=True).already_here == 4_870
    assert counts() == after
