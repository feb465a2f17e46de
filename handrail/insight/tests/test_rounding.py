"""Numbers for everybody rounded to five: after hiding, each for itself, the same number always alike, and frozen with the release."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest

from handrail.facts import setting_changes
from handrail.facts.queries import today
from handrail.insight import rounding
from handrail.insight.arithmetic import Status
from handrail.insight.desk import draft
from handrail.insight.frozen import as_released
from handrail.insight.models import ReleasedValue
from handrail.insight.releases import CannotRelease, freeze, keep_preview, open_release, published
from handrail.insight.report_spec import REPORTS
from handrail.insight.results import read
from handrail.insight.rounding import nearest, rounded, rounding_of
from handrail.insight.spec import INDICATORS, Outlets
from handrail.insight.tests.test_releases import Q3, come, people, release
from handrail.insight.tests.test_releases import told as told
from handrail.insight.values import PUBLIC_ROUNDING
from tests.releases import result


def choose(world, typed):
    setting_changes.set_value(actor=world.system, value=PUBLIC_ROUNDING, typed=typed, site=None, valid_from=today(), source="decided by the board")


def test_every_number_goes_to_the_nearest_five_and_never_further_than_two():
    assert [nearest(number, 5) for number in (0, 2, 3, 7, 8, 11, 12, 13, 97, 98)] == [0, 0, 5, 5, 10, 10, 10, 15, 95, 100]
    assert all(abs(nearest(number, 5) - number) <= 2 and nearest(number, 5) % 5 == 0 for number in range(500))


@pytest.fixture
def row(in_harbour):
    """A row of results: `row("prv_8a", numerator, denominator)`."""

    def make(key, numerator, denominator=None):
        result(in_harbour, key, numerator)
        found = read(Q3).get(key)
        value = Decimal(numerator) if denominator is None else Decimal(100 * numerator) / denominator
        return dataclasses.replace(found, numerator=numerator, denominator=denominator, people_behind=numerator, denominator_people=denominator, value=value)

    return make


def test_a_percentage_is_computed_of_rounded_parts_and_stays_within_a_hundred(row):
    assert rounded(row("prv_8a", 33, 61), 5) == (Status.OK, Decimal("58.333333"))  # 35 of 60
    assert rounded(row("hep_4a", 63, 63), 5) == (Status.OK, Decimal(100))


def test_an_estimate_from_outside_and_a_count_of_places_stay_as_they_are(row):
    assert rounded(row("prv_8b", 33, 61), 5)[1] == Decimal("57.377049")  # 35 of 61
    assert isinstance(INDICATORS["st10_fixed_sites"].numerator, Outlets)
    assert rounded(row("st10_fixed_sites", 2), 5)[1] == 2


def test_nothing_is_rounded_that_is_hidden_or_has_no_value(row):
    assert as_released(row("contacts", 73), is_hidden=True, rounding=5).value is None
    assert rounded(dataclasses.replace(row("people_reached", 73), value=None, status=Status.NO_DATA), 5) == (Status.NO_DATA, None)
    assert rounded(row("needles_given", 73), 0)[1] == 73


def test_a_release_for_everybody_is_rounded_and_one_for_a_partner_is_not(told):
    come(told, "x", 3)
    choose(told, "5")
    everybody, partner = release(told), release(told, "global_fund")
    assert (everybody.rounding, people(everybody), partner.rounding, people(partner)) == (5, "75", 0, "73")
    assert {value.plain[-1] for value in open_release(everybody) if value.value is not None and value.indicator.kind == "count"} <= {"0", "5"}
    assert open_release(everybody).is_whole


def test_what_was_released_stays_as_it_was_and_the_choice_is_part_of_what_was_confirmed(told):
    come(told, "x", 3)
    exact = release(told)
    keep_preview(REPORTS["everybody"], Q3)
    seen = draft(REPORTS["everybody"], Q3)
    assert (people(exact), seen.is_unchanged) == ("73", True)
    choose(told, "5")
    with pytest.raises(CannotRelease, match="changed while you looked"):
        freeze(actor=told.system, report=REPORTS["everybody"], period=Q3, note="rounded", confirmed=seen.digest)
    now = draft(REPORTS["everybody"], Q3)
    second = freeze(actor=told.system, report=REPORTS["everybody"], period=Q3, note="rounded from now on", confirmed=now.digest)
    choose(told, "none")
    assert (people(exact), people(second), second.revision) == ("73", "75", 2)


def test_what_is_hidden_is_decided_by_exact_numbers_and_they_are_kept_for_the_next_audit(told):
    come(told, "c", 4, "Clinic")
    exact = release(told)
    hidden = {value.place for value in open_release(exact) if value.is_hidden}
    choose(told, "5")
    second = release(told, note="rounded")
    assert {value.place for value in open_release(second) if value.is_hidden} == hidden
    assert len(hidden) > 2
    kept = ReleasedValue.objects.get(release=second, indicator="people_reached", site=None, cell="")
    assert (int(kept.value), int(kept.numerator)) == (75, 74)
    assert {one.value for one in published("public") if one.cell.measure == INDICATORS["people_reached"].numerator and one.cell.place is None and not one.cell.part} == {74}


def test_a_revision_by_a_few_people_stays_hidden_when_rounded(told):
    choose(told, "5")
    release(told)
    come(told, "late", 3)
    assert people(release(told, note="Three visits arrived late")) == "suppressed"


def test_the_same_number_is_the_same_wherever_it_stands(told):
    choose(told, "5")
    found = open_release(release(told))
    exact = {row.place: row for row in read(Q3)}
    by_value = {}
    for value in found:
        if value.value is not None and value.indicator.kind == "count" and not isinstance(value.indicator.numerator, Outlets):
            by_value.setdefault(exact[value.place].value, set()).add(value.value)
    assert len(by_value) > 3
    assert all(len(said) == 1 for said in by_value.values())


def test_a_release_that_forgot_to_round_would_be_noticed(told, monkeypatch):
    come(told, "x", 3)
    choose(told, "5")
    monkeypatch.setattr(rounding, "nearest", lambda number, _base: number)
    assert rounding_of("public") == 5
    assert people(release(told)) == "73", "the planted fault"
