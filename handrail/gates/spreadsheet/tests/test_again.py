"""The same file again: what nobody reads does not matter, and what somebody changed is said, also about a person."""

from __future__ import annotations

import pytest

from handrail.facts.models import Fact, Participant
from handrail.gates.spreadsheet import load
from handrail.gates.spreadsheet.mapping import parse

KEYLESS = """
name = "ours"
ignore = [%s]
[columns]
date = "Day"
[constants]
site = "Van 1"
[items]
"Filters" = "filter"
"""
PEOPLE = """
name = "ours"
[columns]
key = "No"
date = "Day"
person = "Code"
gender = "Gender"
age_band = "Age"
birth_year = "Year"
[codes.age_band]
"25 to 29" = "25_29"
[constants]
site = "Van 1"
"""
HEAD = "No,Day,Code,Gender,Age,Year\n"


def prepared(world, text: str, mapping: str):
    return load.prepare(actor=world.actors["coordinator"], mapping=parse(mapping), data=text.encode())


def run(world, text: str, mapping: str):
    plan = prepared(world, text, mapping)
    return load.run(actor=world.actors["coordinator"], plan=plan, data=text.encode())


# -- a file without a key column ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ignored", "text"),
    [
        ('"Notes"', "Day,Filters,Notes\n2025-03-01,5,rain\n2025-03-01,7,sun\n"),
        ("", "Day,Filters,Remarks\n2025-03-01,5,rain\n2025-03-01,7,sun\n"),
        ("", "Day,Filters,Notes,Weather\n2025-03-01,5,rain,cold\n2025-03-01,7,sun,warm\n"),
        ("", "Filters,Day\n5,2025-03-01\n7,2025-03-01\n"),
        ("", "DAY, filters ,Notes\n2025-03-01,5,another remark\n2025-03-01,7,\n"),
    ],
)
def test_a_column_that_is_not_read_may_be_ignored_renamed_added_or_changed_and_no_visit_is_doubled(in_harbour, ignored, text):
    first = "Day,Filters,Notes\n2025-03-01,5,rain\n2025-03-01,7,sun\n"
    plan = prepared(in_harbour, first, KEYLESS % "")
    assert any("List it under ignore" in warning for warning in plan.warnings)
    run(in_harbour, first, KEYLESS % "")
    before = Fact.objects.count()
    done = run(in_harbour, text, KEYLESS % ignored)
    assert (done.visits, done.already_here) == (0, 2)
    assert Fact.objects.count() == before


def test_two_rows_that_say_the_same_are_two_visits_and_stay_two(in_harbour):
    text = "Day,Filters,Notes\n2025-03-01,5,rain\n2025-03-01,5,sun\n"
    assert run(in_harbour, text, KEYLESS % "").visits == 2
    assert run(in_harbour, text, KEYLESS % '"Notes"').already_here == 2


def test_no_two_rows_of_different_cells_are_one(in_harbour):
    two = KEYLESS.replace('"Filters" = "filter"', '"Filters" = "filter"\n"Water" = "water"') % ""
    run(in_harbour, "Day,Filters,Water\n2025-03-01,5,\n", two)
    assert run(in_harbour, "Day,Filters,Water\n2025-03-01,,5\n", two).visits == 1


# -- what a row says about a person -------------------------------------------------------------------------------------------


ROW = "1,2025-03-01,AB,female,,1985\n"
YOUNGER = "2,2025-03-02,CD,,25 to 29,\n"


@pytest.mark.parametrize(
    ("was", "now"),
    [("female", "male"), ("1985", "1986"), ("female", ""), (",1985", ","), ("25 to 29", ""), ("CD,,", "CD,male,"), ("1985", "1885")],
)
def test_what_was_changed_about_a_person_is_reported_like_every_other_change(in_harbour, was, now):
    text = HEAD + ROW + YOUNGER
    run(in_harbour, text, PEOPLE)
    before = Fact.objects.count()
    plan = prepared(in_harbour, text.replace(was, now, 1), PEOPLE)
    assert len(plan.bad) == 1
    if now != "1885":
        assert plan.bad[0].reason == "This was already imported with other values."
    assert plan.visits == []
    assert Fact.objects.count() == before


def test_a_file_that_says_the_same_about_people_is_here_already(in_harbour):
    text = HEAD + ROW + YOUNGER + "3,2025-03-01,AB,female,,1985\n4,2025-03-01,AB,,,\n"
    run(in_harbour, text, PEOPLE)
    assert {(p.gender, p.birth_year, p.age_band) for p in Participant.objects.all()} == {("female", 1985, ""), ("", None, "25_29")}
    again = prepared(in_harbour, text, PEOPLE)
    assert (again.bad, again.visits, len(again.known)) == ([], [], 4)


def test_rows_that_describe_one_person_differently_are_told_before_anything_is_recorded(in_harbour):
    plan = prepared(in_harbour, HEAD + ROW + "2,2025-03-02,AB,male,,1985\n", PEOPLE)
    assert any("1 person is described differently" in warning for warning in plan.warnings)
    assert not any("described" in warning for warning in prepared(in_harbour, HEAD + ROW + YOUNGER, PEOPLE).warnings)
