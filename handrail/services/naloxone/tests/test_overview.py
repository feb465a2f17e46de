"""Numbers of reports by their value: as they are computed, and as the coordinator reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from django.urls import reverse

from handrail.facts.models import Fact
from handrail.facts.record import Draft, Mode, record_many
from handrail.kernel import clock, ids, scope
from handrail.services.naloxone import numbers
from handrail.services.naloxone.models import Report
from handrail.services.naloxone.tests.helpers import place, signed_in

FIVE = (("recovered", 2, "yes"), ("recovered", 1, "no"), ("alive_handed_over", 3, "yes"), ("died", 2, "yes"), ("unknown", 1, "unknown"))
DOSES = "Doses of one overdose: middle, mean, nine of ten at most"


def told(world: Any, reports: Iterable[dict[str, Any]], days_ago: Iterable[int] = ()) -> None:
    """Reports at the van, told today; of each, how many days ago it was."""
    ago, now = iter(days_ago), clock.now()
    drafts = [
        Draft(
            kind="naloxone.reversal", payload={"received_on": world.van.today, "outcome": "recovered", **said}, id=ids.new(), site=world.van.id,
            occurred_at=now - timedelta(days=next(ago, 0)),
        )
        for said in reports
    ]
    with scope.enter([world.harbour.key]):
        record_many(drafts, actor=world.system, mode=Mode.CONFIRMED)


def computed(world: Any) -> numbers.Reports:
    with scope.enter([world.harbour.key]):
        return numbers.of_reports(list(Report.objects.select_related("site")))


def read(world: Any) -> str:
    """What the coordinator reads on the page."""
    page = signed_in(world, "coordinator").get(reverse("naloxone:overview")).content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_five_reports_and_what_nine_of_ten_needed_at_most(world):
    """`domain/naloxone.md`, worked example 2: doses 1, 1, 2, 2, 3; nine tenths of the way lies between the fourth and the fifth."""
    told(world, ({"outcome": outcome, "doses_total": doses, "emergency_called": called} for outcome, doses, called in FIVE))
    found = computed(world)
    assert (found.doses, found.median, found.mean, found.ninety) == (9, 2, Fraction("1.8"), Fraction("2.6"))
    assert (found.survival.percent, found.survival.unknown, found.called.percent, found.called.unknown) == (75, 1, 75, 1)
    assert f"Doses 9 {DOSES} 2.0 · 1.8 · 2.6 " in read(world)


def test_a_report_whose_doses_nobody_knows_is_in_no_middle_and_in_no_ninetieth(world):
    told(world, [{"doses_total": 4}, {"doses_total": 2}, {}, {"outcome": "not_an_overdose", "doses_total": 40}])
    found = computed(world)
    assert (found.doses, found.doses_unknown, found.median, found.mean, found.ninety) == (6, 1, 3, 3, Fraction("3.8"))
    assert f"1 report without {DOSES} 3.0 · 3.0 · 3.8 " in read(world)


def test_the_days_until_it_was_told_are_those_of_the_report_in_the_middle(world):
    told(world, [{}] * 5 + [{"received_on": None}, {"outcome": "not_an_overdose"}], days_ago=(10, 0, 4, 3, 1, 80, 80))
    assert computed(world).days == 3, "neither the mean of 3.6, nor one that nobody dated"
    assert "Days until it was told, middle 3 " in read(world)


@pytest.mark.parametrize(
    ("there", "more", "words"),
    [
        (148, 12, "74.0 % 148 of 200 Aim: at least 80 % of these not reached: 12 more needed "),
        (159, 1, "79.5 % 159 of 200 Aim: at least 80 % of these not reached: 1 more needed "),
        (160, 0, "80.0 % 160 of 200 Aim: at least 80 % of these reached "),
    ],
)
def test_of_two_hundred_that_somebody_saw_it_says_whether_the_target_is_reached(world, there, more, words):
    """`domain/naloxone.md`, worked example 5."""
    yes = ("used", "present_not_needed", "present_not_used")
    told(world, [{"witnessed_onset": "yes", "naloxone_available": yes[n % 3] if n < there else "absent"} for n in range(200)])
    told(world, [{"witnessed_onset": "no", "naloxone_available": "used"}, {"naloxone_available": "absent"}])  # nobody saw it begin
    found = computed(world)
    assert (found.available.of, found.available.known, found.target, found.more_needed) == (there, 200, 80, more)
    assert f"Naloxone was there, where somebody saw it begin {words}" in read(world)


def test_of_a_target_nobody_can_know_anything_without_an_answer(world):
    told(world, [{"witnessed_onset": "yes"}])
    page = read(world)
    assert "Naloxone was there, where somebody saw it begin nobody knows yet 1 not known Doses" in page
    assert "Aim:" not in page


# -- training ----------------------------------------------------------------------------------------------------------


def trains(world: Any, site: Any, **said: object) -> Any:
    """A trainer writes a training down in a visit, as its form sends it."""
    form: dict[str, object] = {"visit": str(ids.new()), "at": clock.now().isoformat(), "people_count": str(said.get("people", 1)), "who": "none"}
    return signed_in(world, "naima").post(reverse("visit-new", args=[site.id]), form | {f"naloxone.training:{name}": value for name, value in said.items()})


def test_a_trainer_records_a_group_and_the_coordinator_reads_how_many_learned_it(world):
    page = signed_in(world, "naima").get(reverse("visit-new", args=[world.van.id])).content.decode()
    for name in ("people", "mode", "blocks_covered:breathe", "device_demonstrated"):
        assert f'name="naloxone.training:{name}"' in page
    made = trains(world, world.van, mode="group", people="9", **{f"blocks_covered:{block}": "on" for block in ("risk", "breathe", "naloxone")}, device_demonstrated="true", duration_s="300", language="sw")
    assert made.status_code == 302
    with scope.enter([world.harbour.key]):
        said = Fact.objects.get(kind="naloxone.training").payload
    assert (said["people"], said["blocks_covered"], said["device_demonstrated"], said["duration_s"]) == (9, ["risk", "breathe", "naloxone"], True, 300)
    assert trains(world, world.van, mode="one_to_one").status_code == 302
    assert trains(world, world.van, mode="group", trainee="participant", people="1").status_code == 302, "somebody of the group who has a code"
    assert "Overdose training People who took part 10 Trainings 2 People, by how they were trained One to one 1 In a group 9 " in read(world)
    visit = made.url.split("?")[0]
    page = signed_in(world, "naima").get(visit + "correct/").content.decode()
    assert re.search(r'name="naloxone.training:people"[^>]* value="9"', page)
    hidden = dict(re.findall(r'<input type="hidden" name="([a-z]+)" value="([^"]*)"', page))
    typed = {**hidden, "people_count": "7", "naloxone.training:mode": "group", "naloxone.training:people": "7"}
    assert signed_in(world, "naima").post(visit + "correct/", typed).status_code == 302
    assert "People who took part 8 Trainings 2 " in read(world)


def test_several_people_are_a_group_and_what_was_typed_stays(world):
    answer = trains(world, world.van, mode="one_to_one", people="9")
    assert answer.status_code == 422
    assert "Several people at once are a group." in answer.content.decode()
    assert "People who took part 0 Trainings 0 " in read(world)


def test_a_training_among_people_who_are_held_is_in_no_number_of_the_whole(world):
    unit = place(world, "Unit", "prison_unit", ("naima", "outreach"), closed_setting="prison")
    assert trains(world, unit, mode="group", people="12").status_code == 302
    assert "People who took part 0 Trainings 0 " in read(world)
