"""A mapping is no way around a right, one person's death does not stop a whole file, and what is not read is not shown."""

from __future__ import annotations

import pytest

from handrail.facts import organisations
from handrail.facts.models import CardToken, Fact
from handrail.facts.record import Draft, record
from handrail.gates.spreadsheet import badlist, load, people
from handrail.gates.spreadsheet.mapping import NotAMapping, parse
from handrail.gates.spreadsheet.reading import NotReadable
from handrail.kernel import clock

MAPPING = """
name = "ours"
never_import = ["Notes"]
[columns]
key = "No"
date = "Day"
person = "Code"
[constants]
site = "Van 1"
[items]
"Filters" = "filter"
"""
HEAD = "No,Day,Code,Filters,Notes\n"


def prepared(world, text: str, mapping: str = MAPPING):
    return load.prepare(actor=world.actors["coordinator"], mapping=parse(mapping), data=text.encode())


def run(world, text: str, **options):
    return load.run(actor=world.actors["coordinator"], plan=prepared(world, text), data=text.encode(), **options)


@pytest.mark.parametrize(
    ("kind", "field"),
    [("facts.merged", "reason"), ("facts.released", "target"), ("facts.taken_back", "reason"), ("facts.died", "place_kind"), ("facts.status", "status"),
     ("stock.received", "approval"), ("stock.recall_closed", "recall"), ("facts.consent", "purpose")],
)
def test_a_mapping_records_only_what_belongs_to_a_visit(in_harbour, kind, field):
    with pytest.raises(NotAMapping, match=kind):
        parse(MAPPING + f'\n[[also]]\nkind = "{kind}"\ncolumn = "Notes2"\nfield = "{field}"\n')


def test_a_visit_of_somebody_who_had_died_is_a_bad_row_and_the_others_are_imported(in_harbour):
    run(in_harbour, HEAD + "1,2025-02-01,AB12,5,\n")
    who = CardToken.objects.get(recipe=people.RECIPE).participant
    said = {"died_on": "2025-03-01", "precision": "day", "reported_by": "peer"}
    record(Draft(kind="facts.died", payload=said, site=in_harbour.van.id, participant=who, occurred_at=clock.now()), actor=in_harbour.system)
    later = HEAD + "1,2025-02-01,AB12,5,\n2,2025-02-20,AB12,5,\n3,2025-06-01,AB12,5,\n4,2025-06-02,CD34,7,\n"
    plan = prepared(in_harbour, later)
    assert [(bad.row, "died" in bad.reason) for bad in plan.bad] == [(4, True)]
    assert load.run(actor=in_harbour.actors["coordinator"], plan=plan, data=later.encode(), only_good=True).visits == 2
    assert Fact.objects.filter(kind="facts.encounter").count() == 3


def test_what_is_never_imported_is_not_judged_and_not_shown(in_harbour):
    plan = prepared(in_harbour, HEAD + f"1,2025-02-01,,5,Jane Roe {'x' * 3000}\n")
    assert plan.bad == []
    plan = prepared(in_harbour, HEAD + f"1,2025-02-01,Jane Roe {'x' * 3000},5,\n")
    assert plan.bad
    assert "Jane" not in badlist.as_csv(plan.bad)


def test_a_file_that_is_not_in_the_encoding_it_is_said_to_be_in_is_a_sentence(in_harbour):
    with pytest.raises(NotReadable):
        prepared(in_harbour, HEAD + "1,2025-02-01,é,5,\n", MAPPING + '\n[file]\nencoding = "ascii"\n')
    with pytest.raises(NotAMapping):
        prepared(in_harbour, HEAD, MAPPING + '\n[file]\nencoding = "undefined"\n')


def test_two_columns_of_a_key_do_not_run_into_each_other(in_harbour):
    two = MAPPING.replace('key = "No"', 'key = ["No", "Notes"]').replace('never_import = ["Notes"]', "")
    plan = prepared(in_harbour, HEAD + "a|b,2025-02-01,,5,c\na,2025-02-01,,5,b|c\n", two)
    assert plan.bad == []
    assert len({visit.id for visit in plan.visits}) == 2


# -- behind walls ----------------------------------------------------------------------------------------------------------------


def test_the_same_old_id_inside_a_prison_and_outside_is_two_people(in_harbour):
    prison_unit(in_harbour)
    mapping = MAPPING.replace('[constants]\nsite = "Van 1"\n', "").replace('person = "Code"', 'person = "Code"\nsite = "Where"')
    text = "No,Day,Code,Where,Filters,Notes\n1,2026-03-02,A7,Van 1,2,\n2,2026-03-03,A7,Unit 9,2,\n3,2026-03-04,A7,Van 1,2,\n"
    plan = load.prepare(actor=in_harbour.system, mapping=parse(mapping), data=text.encode())
    assert (plan.bad, plan.totals()["people"]) == ([], 2)
    load.run(actor=in_harbour.system, plan=plan, data=text.encode())
    came = dict(Fact.objects.filter(kind="facts.encounter", site__name__in=["Van 1", "Unit 9"]).values_list("participant", "site__name"))
    assert sorted(came.values()) == ["Unit 9", "Van 1"]
    assert [bad.row for bad in prepared(in_harbour, text, mapping).bad] == [3], "who has no role inside names no place there"


def prison_unit(world):
    unit = organisations.create_site(
        actor=world.system, name="Unit 9", kind="prison_unit", closed_setting="prison", time_zone="Africa/Nairobi", area="", offers=[]
    )
    world.harbour.closed_settings = [unit.key]
    world.harbour.save()
    world.actors["coordinator"] = organisations.actor_for(world.staff["coordinator"])
    return unit
