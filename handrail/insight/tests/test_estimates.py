"""Estimates and counted deaths: entered with a source, corrected by a newer row, audited, and never added up where they overlap."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import DatabaseError, transaction

from handrail.facts.models import RoleAssignment, Site
from handrail.facts.organisations import actor_for
from handrail.insight import deaths, estimates
from handrail.insight.compile import Reader
from handrail.insight.models import DeathCount, Level, SizeEstimate
from handrail.insight.outside import Wrong, history_of, in_force, withdraw
from handrail.insight.periods import Period, Window
from handrail.insight.spec import INDICATORS
from handrail.kernel.access import Denied
from handrail.kernel.models import AuditEntry

Q3 = Period.parse("2026Q3").window("period")


def typed(**more: str) -> dict[str, str]:
    return {
        "population": "pwid", "level": "targeted_area", "area": "harbour-area", "value": "1200", "low": "900", "high": "1600", "method": "capture-recapture",
        "year": "2024", "source": "Ministry of health, size estimation 2024, p. 12", "source_link": "https://example.org/size",
    } | more


def test_an_estimate_is_entered_with_its_source_and_a_line_in_the_audit(in_harbour):
    coordinator = in_harbour.actors["coordinator"]
    made = estimates.enter(actor=coordinator, typed=typed())
    assert (made.value, made.low, made.high, made.year, made.entered_by) == (1200, 900, 1600, 2024, coordinator.staff_id)
    line = AuditEntry.objects.get(action="sizeestimate.entered")
    assert (line.object_id, line.detail["before"], line.detail["after"]["value"]) == (str(made.id), None, 1200)


def test_a_correction_is_a_newer_row_and_the_earlier_one_stays(in_harbour):
    coordinator = in_harbour.actors["coordinator"]
    first = estimates.enter(actor=coordinator, typed=typed(value="12000", low="", high=""))
    second = estimates.correct(actor=coordinator, estimate=first, typed=typed(), note="A zero too many")
    assert list(in_force(SizeEstimate)) == [second]
    assert [row.value for row in history_of(first)] == [row.value for row in history_of(second)] == [1200, 12000]
    detail = AuditEntry.objects.get(action="sizeestimate.corrected").detail
    assert (detail["before"]["value"], detail["after"]["value"], detail["note"]) == (12000, 1200, "A zero too many")
    with pytest.raises(Wrong, match="in the meantime"):
        estimates.correct(actor=coordinator, estimate=first, typed=typed(year="2023"), note="again")


def test_what_was_taken_back_is_used_by_nothing_and_can_be_entered_again(in_harbour):
    coordinator = in_harbour.actors["coordinator"]
    first = estimates.enter(actor=coordinator, typed=typed())
    gone = withdraw(first, actor=coordinator, note="Of another town")
    assert not in_force(SizeEstimate).exists()
    assert AuditEntry.objects.get(action="sizeestimate.withdrawn").detail["before"]["value"] == 1200
    with pytest.raises(Wrong, match="meantime"):
        withdraw(gone, actor=coordinator, note="again")
    estimates.enter(actor=coordinator, typed=typed())
    assert in_force(SizeEstimate).count() == 1


def test_the_database_itself_lets_no_row_be_rewritten(in_harbour):
    made = estimates.enter(actor=in_harbour.actors["coordinator"], typed=typed())
    with pytest.raises(DatabaseError), transaction.atomic():
        SizeEstimate.objects.filter(key=made.key).update(value=1)
    with pytest.raises(DatabaseError), transaction.atomic():
        made.delete()


@pytest.mark.parametrize(
    ("wrong", "field", "says"),
    [
        ({"value": "12,000"}, "value", "digits only"), ({"value": "12.000"}, "value", "digits only"), ({"value": "12 000"}, "value", "digits only"),
        ({"value": "<10"}, "value", "hides this number"), ({"value": "*"}, "value", "hides this number"), ({"value": ""}, "value", "whole number"), ({"value": "0"}, "value", "From 1"),
        ({"value": "99999999999"}, "value", "From 1"), ({"value": "٣"}, "value", "whole number"), ({"low": "1300"}, "low", "between"), ({"high": ""}, "low", "both"),
        ({"population": "clients"}, "population", "Choose"), ({"level": "service"}, "level", "Choose"), ({"area": ""}, "area", "harbour-area"),
        ({"level": "country", "area": "UA"}, "area", "KE"), ({"year": "2999"}, "year", "From 1980"), ({"method": " "}, "method", "how it was"), ({"source": ""}, "source", "where it stands"),
        ({"source": "x" * 201}, "source", "200"),
    ],
)
def test_an_estimate_that_cannot_be_says_why_beside_its_field(in_harbour, wrong, field, says):
    with pytest.raises(Wrong) as refused:
        estimates.enter(actor=in_harbour.actors["coordinator"], typed=typed(**wrong))
    assert says.lower() in dict(refused.value.problems)[field].lower()
    assert not SizeEstimate.objects.exists()


def test_of_one_year_there_is_one_estimate(in_harbour):
    coordinator = in_harbour.actors["coordinator"]
    estimates.enter(actor=coordinator, typed=typed())
    with pytest.raises(Wrong, match="already"):
        estimates.enter(actor=coordinator, typed=typed(value="1000"))
    other = estimates.enter(actor=coordinator, typed=typed(year="2023"))
    with pytest.raises(Wrong, match="already"):
        estimates.correct(actor=coordinator, estimate=other, typed=typed(), note="wrong year")


def test_who_works_at_one_place_or_elsewhere_enters_nothing_for_the_whole(in_harbour):
    for who in ("naima", "store", "auditor", "admin", "nurse"):
        with pytest.raises(Denied):
            estimates.enter(actor=in_harbour.actors[who], typed=typed())
    RoleAssignment.objects.create(staff=in_harbour.staff["naima"], role="coordinator", site=in_harbour.van)
    with pytest.raises(Denied):
        estimates.enter(actor=actor_for(in_harbour.staff["naima"]), typed=typed())


def test_every_indicator_that_divides_by_an_estimate_is_named(in_harbour):
    assert {one.key for one in estimates.used_by("pwid", Level.COUNTRY)} >= {"gam_1_9"}
    assert "prv_10b" in {one.key for one in estimates.used_by("pwid", Level.TARGETED_AREA)}
    assert estimates.used_by("sex_workers", Level.COUNTRY) == []


def test_what_is_missing_is_said_for_each_area(in_harbour):
    Site.objects.filter(name="Clinic").update(area="hill")
    coordinator, number = in_harbour.actors["coordinator"], INDICATORS["prv_8b"]
    assert [one.area for one in estimates.missing_estimates(number, Q3)] == ["harbour-area", "hill"]
    estimates.enter(actor=coordinator, typed=typed())
    assert estimates.missing_inputs(number, Q3) == ["No estimate for hill, 2026 or before: People who inject drugs."]
    assert estimates.missing_inputs(number, Period.parse("2023Q4").window("period"))[0].startswith("No estimate for harbour-area, 2023")
    assert estimates.missing_inputs(INDICATORS["gam_1_9"], Q3) == ["No estimate for KE, 2026 or before: People who inject drugs."]
    assert estimates.missing_inputs(INDICATORS["contacts"], Q3) == []
    Site.objects.update(area="")
    assert "an area: no place has one yet" in estimates.missing_inputs(number, Q3)[0]


def test_numbers_use_the_corrected_estimate_and_none_that_was_taken_back(warehouse):
    coordinator, part = warehouse.actors["coordinator"], INDICATORS["prv_8b"].denominator
    first = estimates.enter(actor=coordinator, typed=typed(year="2026", value="12000", low="", high=""))
    estimates.correct(actor=coordinator, estimate=first, typed=typed(year="2025", low="", high=""), note="wrong year and a zero")

    def measured() -> int | None:
        warehouse.build()
        with Reader(str(warehouse.harbour.id)) as reader:
            found = reader.measure(part, Q3).everywhere
        assert (found is None) == bool(estimates.missing_inputs(INDICATORS["prv_8b"], Q3))
        return found.value if found else None

    assert measured() == 1200
    withdraw(in_force(SizeEstimate).get(), actor=coordinator, note="no")
    assert measured() is None


# -- deaths ---------------------------------------------------------------------------------------------------------------


def death(**more: str) -> dict[str, str]:
    return {"level": "country", "area": "", "months": "12", "ends": "2025-12", "deaths": "640", "source": "Civil registration, provisional, 2026"} | more


def test_a_hidden_count_is_neither_zero_nor_nine(in_harbour):
    made = deaths.enter(actor=in_harbour.actors["coordinator"], typed=death(deaths="<10"))
    assert (made.value, made.high) == (None, 9)
    assert deaths.as_typed(made)["deaths"] == "<10"
    assert deaths.in_window("country", "KE", Window(date(2025, 1, 1), date(2026, 1, 1))) is None


def test_counts_of_twelve_months_that_overlap_are_never_added(in_harbour):
    coordinator = in_harbour.actors["coordinator"]
    for ends, count in (("2025-10", "600"), ("2025-11", "620"), ("2025-12", "640"), ("2024-12", "500")):
        deaths.enter(actor=coordinator, typed=death(ends=ends, deaths=count))
    year = Window(date(2025, 1, 1), date(2026, 1, 1))
    assert deaths.in_window("country", "KE", year) == 640
    assert deaths.in_window("country", "KE", Window(date(2024, 1, 1), date(2026, 1, 1))) is None
    assert deaths.in_window("country", "KE", Window(date(2025, 1, 1), date(2025, 4, 1))) is None
    with pytest.raises(deaths.Overlap):
        deaths.total(DeathCount.objects.filter(ends_before__gt=date(2025, 10, 1)), year)


def test_counts_that_follow_one_another_may_be_added_if_none_is_missing(in_harbour):
    coordinator = in_harbour.actors["coordinator"]
    for ends, count in (("2025-03", "10"), ("2025-06", "20"), ("2025-12", "40")):
        deaths.enter(actor=coordinator, typed=death(months="3", ends=ends, deaths=count))
    year = Window(date(2025, 1, 1), date(2026, 1, 1))
    assert deaths.in_window("country", "KE", year) is None
    deaths.enter(actor=coordinator, typed=death(months="3", ends="2025-09", deaths="30"))
    assert deaths.in_window("country", "KE", year) == 100
    assert deaths.in_window("country", "KE", Window(date(2025, 1, 1), date(2025, 7, 1))) == 30
    hidden = DeathCount.objects.get(value=30)
    deaths.correct(actor=coordinator, count=hidden, typed=death(months="3", ends="2025-09", deaths="<10"), note="hidden in the new edition")
    assert deaths.in_window("country", "KE", year) is None


@pytest.mark.parametrize(
    ("wrong", "field"), [({"deaths": "1,204"}, "deaths"), ({"deaths": "<0"}, "deaths"), ({"deaths": ""}, "deaths"), ({"ends": "12/2025"}, "ends"), ({"ends": "2025-13"}, "ends"), ({"months": "0"}, "months"), ({"source": ""}, "source")]
)
def test_a_count_that_cannot_be_says_why_beside_its_field(in_harbour, wrong, field):
    with pytest.raises(Wrong) as refused:
        deaths.enter(actor=in_harbour.actors["coordinator"], typed=death(**wrong))
    assert field in dict(refused.value.problems)
