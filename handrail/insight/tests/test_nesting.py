"""What is a part of what: a relation that is missing would let the rest of a group be subtracted."""

from __future__ import annotations

import itertools
from datetime import date

import pytest

from handrail.insight import ties
from handrail.insight.attacker import audit
from handrail.insight.disclose import Cell, system_of
from handrail.insight.nesting import contains
from handrail.insight.periods import Window
from handrail.insight.spec import (
    INDICATORS,
    KNOWN_GENDERS,
    NEEDLES,
    Among,
    Contacts,
    Package,
    People,
    Prevented,
    PrisonCount,
    Records,
    Regular,
    Sum,
    only,
)
from handrail.insight.suppress import suppress

T = 11
QUARTER = Window(date(2026, 7, 1), date(2026, 10, 1))
GIVEN, MET = Sum(NEEDLES, "quantity", "given", as_needles=True), Contacts("met")
WOMEN, KNOWN = Among(GIVEN, ("female",), ""), Among(GIVEN, KNOWN_GENDERS, "")
CONDOMS = Sum(NEEDLES, "quantity", "", items=("external_condoms", "internal_condoms"))
TESTED = People("", had="exchange.test", where=only(disease="HIV", state="resulted", told=True))

INSIDE = [
    (People("", injects="yes"), Package("")),
    (People(""), Package("", injects="any", closed=True)),
    (Package("", injects="any"), Package("")),
    (Package("", injects="any"), Package("", injects="any", closed=True)),
    (People("", picked_up=True, injects="yes"), People("", injects="yes", all_of=("information", "needles"))),
    (People("", injects="yes", all_of=("needles",)), People("", picked_up=True, injects="yes", sold="no")),
    (People("", injects="yes", all_of=("condoms",)), People("", injects="yes", all_of=("condoms", "lubricant"))),
    (People("", injects="yes", all_of=("HIV_test_offered",)), INDICATORS["hts_3d"].numerator),
    (People("", injects="any", all_of=("condoms",)), People("", injects="any", all_of=("condoms",), closed=True)),
    (People("", injects="yes"), Prevented("")),
    (People("", picked_up=True, injects="yes"), Regular("", "monthly")),
    (INDICATORS["hts_tst"].numerator, INDICATORS["hts_3d"].numerator),
    (INDICATORS["hts_tst"].numerator, INDICATORS["hts_3f"].numerator),
    (People("", injects="yes"), INDICATORS["ke_ns_per_need"].numerator),
    (People("", had="exchange.need"), INDICATORS["ke_ns_per_need"].numerator),
    (INDICATORS["people_reached"].numerator, INDICATORS["st10_clients"].numerator),
    (INDICATORS["st10_clients"].numerator, INDICATORS["kp_4"].denominator),
    (INDICATORS["needles_given"].numerator, INDICATORS["st10_syringes"].numerator),
    (INDICATORS["contacts"].numerator, INDICATORS["st10_contacts"].numerator),
    (GIVEN, WOMEN), (GIVEN, KNOWN), (KNOWN, WOMEN), (MET, Among(MET, KNOWN_GENDERS, "")),
    (GIVEN, Among(Sum(NEEDLES, "quantity", "", as_needles=True, sold="no"), ("female",), "")),
    (CONDOMS, Sum(NEEDLES, "quantity", "", items=("internal_condoms",))),
    (CONDOMS, Sum(NEEDLES, "quantity", "", items=("external_condoms", "internal_condoms"), sold="only")),
    (PrisonCount("living_with_hiv", ""), PrisonCount("on_art", "")),
    *((INDICATORS[key].denominator, INDICATORS[key].numerator) for key in ("hr_nal_03", "hr_nal_06", "hr_nal_09", "hr_nal_10", "hr_nal_13", "hr_nal_16", "hr_nal_17")),
    (Records("naloxone.reversal", ""), INDICATORS["hr_nal_11"].denominator), (INDICATORS["hr_nal_03"].denominator, INDICATORS["hr_nal_03"].numerator),
]


@pytest.mark.parametrize(("large", "small"), INSIDE)
def test_a_part_is_known_as_one_and_never_the_other_way(large, small):
    assert contains(large, small)
    assert not contains(small, large)


@pytest.mark.parametrize(
    ("large", "small"),
    [
        (People("", picked_up=True, sold="no", injects="yes"), Regular("", "monthly")),
        (People("", picked_up=True, sold="no"), People("", all_of=("needles",))),
        (People("", all_of=("condoms",)), People("", picked_up=True)),
        (People("", injects="yes", closed=True), Package("")),
        (People("", injects="yes", all_of=("HIV_test_offered",)), Prevented("")),
        (People("", all_of=("HIV_test_offered",)), People("", had="exchange.test", where=only(disease="HCV_Ab", state="resulted"))),
        (People("", all_of=("HIV_test_offered",)), People("", had="exchange.test", where=only(disease="HIV", state=("resulted", "not_offered")))),
        (INDICATORS["ke_ns_per_need"].numerator, People("", injects="yes", had="exchange.need", where=only(unmet=0))),
        (GIVEN, Among(MET, ("female",), "")), (Among(GIVEN, ("male",), ""), WOMEN), (GIVEN, CONDOMS), (CONDOMS, GIVEN),
        (PrisonCount("on_art", ""), PrisonCount("living_with_hiv", "")), (PrisonCount("with_hcv", ""), PrisonCount("with_tb", "")),
    ],
)
def test_what_is_no_part_is_not_taken_for_one(large, small):
    assert not contains(large, small)


def test_parts_of_parts_are_parts_for_every_pair_of_our_measures():
    measures = list(dict.fromkeys(part for indicator in INDICATORS for part in indicator.inputs))
    inside = {(a, b) for a, b in itertools.permutations(measures, 2) if contains(a, b)}
    assert not [(a, b) for a, b in inside if (b, a) in inside], "two measures are never a part of each other"
    for a, b in inside:
        assert all((a, c) in inside for x, c in inside if x == b), (a, b)


def hidden(numbers):
    return suppress(system_of({cell: (n, n) for cell, n in numbers.items()}, threshold=T), T).hidden


def test_of_people_who_picked_up_the_few_without_the_rest_of_the_package_are_not_given_away():
    package = People("", injects="yes", all_of=("information", "needles"))
    picked_up = People("", picked_up=True, injects="yes")
    assert hidden({Cell(picked_up, QUARTER, None): 60, Cell(package, QUARTER, None): 57})
    assert not hidden({Cell(picked_up, QUARTER, None): 60, Cell(package, QUARTER, None): 40})


def by_gender(female, male, other, unknown):
    counts = {"female": female, "male": male, "other": other, "unknown": unknown}
    found = {Cell(GIVEN, QUARTER, None, part=f"gender={code}"): count for code, count in counts.items()}
    return found | {Cell(GIVEN, QUARTER, None): sum(counts.values()), Cell(WOMEN, QUARTER, None): female, Cell(KNOWN, QUARTER, None): female + male + other}


def test_the_share_of_women_does_not_tell_how_few_are_of_another_gender(monkeypatch):
    """The numbers above and below the line of the share are sums of cells of the table by gender: 73 less 30 less 40."""
    numbers = by_gender(30, 40, 3, 50)
    system = system_of({cell: (n, n) for cell, n in numbers.items()}, threshold=T)
    assert audit(system, hidden(numbers), T) == {}
    monkeypatch.setattr(ties, "TIES", [tie for tie in ties.TIES if tie is not ties.tie_genders])
    assert Cell(GIVEN, QUARTER, None, part="gender=other") in audit(system, hidden(numbers), T), "the planted fault is found"
