"""Rules of the room, and the worked examples of `domain/naloxone.md` as far as they need no database."""

from __future__ import annotations

import math
from datetime import date, timedelta
from fractions import Fraction

import pytest
from pydantic import ValidationError

from handrail.ledgers.stock.rules import Batch, Supply, outlook, will_expire
from handrail.services.naloxone import rules
from handrail.services.naloxone.kinds.reversal import Reversal
from handrail.services.naloxone.kinds.supply import Supply as Given
from handrail.services.naloxone.kinds.training import Training

TODAY = date(2026, 9, 1)
FIVE = (("2", "recovered", "yes"), ("1", "recovered", "no"), ("3", "alive_handed_over", "yes"), ("2", "died", "yes"), ("1", "unknown", "unknown"))


def test_the_worked_example_of_a_recall_by_numbers():
    """`domain/naloxone.md`, worked example 1."""
    found = rules.still_out(
        {"reachable": 14, "anonymous": 10, "passed_on": 7, "taken_from_box": 2}, {"reachable": 2, "anonymous": 1, "passed_on": 1}, {"in_bag": 4, "in_box": 3},
    )
    assert (found.sent, found.accounted, found.total) == (40, 4, 36)
    assert [found.groups[group] for group in rules.GROUPS] == [12, 0, 9, 6, 2, 4, 3, 0, 0]


def test_more_that_came_back_than_a_group_had_was_of_another_and_nobody_knows_whose():
    """Two who can be reached bring theirs back without saying who they are: one person without a code had one."""
    found = rules.still_out({"reachable": 2, "anonymous": 1}, {"anonymous": 2}, {"in_bag": 4})
    assert {group: n for group, n in found.groups.items() if n} == {"reachable": 2, "in_bag": 4, "unknown": -1}
    assert (found.sent, found.accounted, found.total) == (7, 2, 5)


def test_five_reports_give_a_middle_a_mean_and_two_shares_with_what_is_not_known_beside():
    """`domain/naloxone.md`, worked example 2."""
    doses = [int(number) for number, _outcome, _called in FIVE]
    assert (sum(doses), Fraction(sum(doses), len(doses)), rules.quantile(doses, Fraction(1, 2))) == (9, Fraction("1.8"), 2)
    survival = rules.share((outcome for _n, outcome, _c in FIVE), {"recovered", "alive_handed_over"}, {"died"})
    called = rules.share((called for _n, _o, called in FIVE), {"yes"}, {"no"})
    assert [(s.of, s.known, s.unknown, s.percent) for s in (survival, called)] == [(3, 4, 1, 75), (3, 4, 1, 75)]


def test_of_two_hundred_overdoses_twelve_more_would_have_reached_the_target():
    """`domain/naloxone.md`, worked example 5."""
    found = rules.Share(148, 200, 0)
    assert (found.percent, rules.more_needed(found, 80)) == (74, 12)
    assert rules.more_needed(rules.Share(160, 200, 0), 80) == 0


def test_nobody_knowing_is_neither_nothing_nor_everything():
    nobody = rules.share(["unknown"] * 3, {"yes"}, {"no"})
    assert (nobody.percent, nobody.unknown) == (None, 3)
    assert rules.quantile([], Fraction(1, 2)) is None
    assert rules.months_of_stock(150, None) is None


def test_the_forecast_of_the_worked_example():
    """`domain/naloxone.md`, worked example 6: 3.0476 a day, 91.4 a month, 1.64 months, 110 wanted, 120 in packs of 12."""
    supply = Supply(
        today=TODAY, used=90 + 84 + 40 + 106, days=120, stock_out_days=15, weeks=(), lots=(Batch(150, None),), on_order=60, lead_time_days=45,
        review_days=30, safety_days=30, pack=12,
    )
    found = outlook(supply)
    assert found.use_per_day == Fraction(320, 105)
    assert round(float(found.use_per_day), 4) == 3.0476
    assert round(float(found.use_per_day * 30), 1) == 91.4
    months = rules.months_of_stock(found.counted_on_hand, found.use_per_day)
    assert months is not None
    assert round(float(months), 2) == 1.64
    assert math.ceil(105 * found.use_per_day - 150 - 60) == 110
    assert found.suggested == 120


def test_what_will_be_left_over_at_its_date():
    """`domain/naloxone.md`, worked example 6: at three a day lot A leaves 40 and lot B none."""
    lots = [Batch(100, TODAY + timedelta(days=20)), Batch(90, TODAY + timedelta(days=60))]
    assert will_expire(lots, Fraction(3), TODAY) == [40, 0]


@pytest.mark.parametrize(
    ("kind", "is_closed", "channel", "source"),
    [
        ("vehicle", False, "outreach", "community_outlet"), ("peer_bag", False, "peer", "community_outlet"), ("prison_unit", True, "prison_release", "prison_at_release"),
        ("drop_in", True, "prison_release", "prison_at_release"), ("hospital", False, "hospital_discharge", "other"), ("drop_in", False, "in_person", "community_outlet"),
        ("pharmacy", False, "pharmacy", "community_outlet"),
    ],
)
def test_a_place_says_how_kits_leave_it_unless_somebody_says_otherwise(kind, is_closed, channel, source):
    found = rules.channel_of(kind, is_closed=is_closed)
    assert (found.value, rules.source_of(found).value) == (channel, source)


# -- what a record may say ---------------------------------------------------------------------------------------------


def test_doses_follow_from_the_doses_listed_and_unknown_is_not_none():
    assert Reversal.model_validate({"outcome": "died", "doses_total": 0}).doses_total == 0
    assert Reversal.model_validate({"outcome": "died"}).doses_total is None
    assert Reversal.model_validate({"outcome": "recovered", "doses": [{}, {}, {}]}).doses_total == 3
    with pytest.raises(ValidationError, match="doses listed"):
        Reversal.model_validate({"outcome": "recovered", "doses": [{}], "doses_total": 3})


@pytest.mark.parametrize(
    "said",
    [
        {}, {"outcome": "cured"}, {"outcome": ["died", "recovered"]}, {"outcome": "died", "actions": ["none", "stayed"]}, {"outcome": "died", "actions": ["stayed", "stayed"]},
        {"outcome": "died", "reactions": ["none", "vomiting"]}, {"outcome": "died", "why_not_called": ["cost"]}, {"outcome": "died", "police_action": ["helped"]},
        {"outcome": "died", "doses_total": -1}, {"outcome": "died", "area": "12 Old Market Street"}, {"outcome": "died", "note": "Otieno"},
    ],
)
def test_one_outcome_and_no_answer_against_another(said):
    with pytest.raises(ValidationError):
        Reversal.model_validate(said)


@pytest.mark.parametrize(
    "line",
    [
        {"quantity": 0}, {"quantity": -1}, {"quantity": 1, "kit_codes": ["NX-1", "NX-2"]}, {"quantity": 2, "kit_codes": ["NX-1", "NX-1"]},
        {"quantity": 1, "kit_codes": ["nx 1"]}, {"quantity": 1, "kit_codes": ["OTIENO"]}, {"quantity": 1, "lot": "00000000-0000-0000-0000-000000000003"},
    ],
)
def test_a_line_that_cannot_be_is_refused(line):
    with pytest.raises(ValidationError):
        Given.model_validate({"lines": [{"item": "spray", **line}]})


def test_any_score_is_stored_and_none_is_needed():
    assert Training.model_validate({"mode": "one_to_one"}).check_score is None
    assert Training.model_validate({"mode": "video", "check_version": "handrail_5", "check_score": 0}).check_score == 0
    for said in ({"check_score": 3}, {"check_version": "handrail_5", "check_score": 6}, {"people": 4}, {"check_version": "book", "check_score": 13}):
        with pytest.raises(ValidationError):
            Training.model_validate({"mode": "one_to_one", **said})
