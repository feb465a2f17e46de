"""Targets: the edge belongs to where the sign says, and a number is held against its own target only."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from handrail.insight import own_targets, target_sets
from handrail.insight.models import OWN, Level, Op, Target
from handrail.insight.outside import Wrong, in_force, withdraw
from handrail.insight.periods import Period
from handrail.insight.spec import INDICATORS
from handrail.insight.target_sets import NotASet, parse, shipped
from handrail.insight.targets import Goal, Outcome, asked, compare, fits, for_number, gap, goals_of, on_day
from handrail.kernel.access import Denied
from handrail.kernel.models import AuditEntry

GAM, KP4, PRV_B = INDICATORS["gam_1_9"], INDICATORS["kp_4"], INDICATORS["prv_10b"]
YEAR = Period.parse("2026Q3").window("rolling_12_months")


def row(op: str, value: str, high: str | None = None, **more: object) -> Target:
    said = {"indicator": "GAM 1.9", "level": Level.COUNTRY, "target_set": OWN, "valid_from": date(2026, 1, 1), "status": "ours"} | more
    return Target(op=op, value=Decimal(value), high=Decimal(high) if high else None, **said)


@pytest.mark.parametrize(
    ("op", "value", "met", "missing"),
    [
        ("≥", "200", True, "0"), ("≥", "199.999999", False, "0.000001"), (">", "200", False, "0"), (">", "200.000001", True, "0"), ("<", "200", False, "0"),
        ("<", "199.999999", True, "0"), ("≤", "200", True, "0"), ("≤", "254.3", False, "54.3"), ("=", "200", True, "0"), ("=", "199", False, "1"),
        ("≥", "145.7", False, "54.3"), ("≥", "0", False, "200"),
    ],
)
def test_the_edge_belongs_to_where_the_sign_says(op, value, met, missing):
    assert fits(row(op, "200"), Decimal(value)) is met
    assert gap(row(op, "200"), Decimal(value)) == Decimal(missing)


@pytest.mark.parametrize(("value", "met", "missing"), [("99", False, "1"), ("100", True, "0"), ("199.9", True, "0"), ("200", False, "0"), ("230", False, "30")])
def test_a_range_holds_its_first_value_and_not_its_last(value, met, missing):
    target = row("range", "100", "200")
    assert (fits(target, Decimal(value)), gap(target, Decimal(value)), asked(target)) == (met, Decimal(missing), "100 to under 200")


def test_every_sign_is_known():
    assert {op.value: fits(row(op, "1", "2"), Decimal("1.5")) for op in Op} == {"≥": True, "≤": False, "=": False, ">": True, "<": False, "range": True}
    with pytest.raises(ValueError, match="≠"):
        fits(row("≠", "1"), Decimal(1))


def test_a_number_is_held_against_its_own_level_only():
    goal = Goal((row(">", "200"),))
    assert compare(goal, GAM, Decimal(15)).outcome is Outcome.NOT_MET
    found = compare(goal, KP4, Decimal(500))
    assert (found.outcome, found.gap, found.gap_text) == (Outcome.OTHER_LEVEL, None, "n/a: another level")


def test_another_variant_of_the_same_code_has_no_target(in_harbour):
    goals = [Goal((row("≥", "100", indicator="PRV.10", variant="b", level=Level.TARGETED_AREA),))]
    assert [one.outcome for one in for_number(PRV_B, Decimal(30), YEAR, goals)] == [Outcome.NOT_MET]
    assert for_number(INDICATORS["prv_10a"], Decimal(300), YEAR, goals) == []


def test_a_target_of_one_area_is_no_target_of_two():
    goal = Goal((row("≥", "100", indicator="PRV.10", variant="b", level=Level.TARGETED_AREA, area="north"),))
    assert compare(goal, PRV_B, Decimal(30), frozenset({"north"})).outcome is Outcome.NOT_MET
    assert compare(goal, PRV_B, Decimal(300), frozenset({"north", "south"})).outcome is Outcome.OTHER_AREA


def test_without_a_number_nothing_is_reached_and_nothing_missed():
    found = compare(Goal((row("<", "200"),)), GAM, None)
    assert (found.outcome, found.gap, found.tone) == (Outcome.NO_VALUE, None, "")


def test_the_gap_is_said_in_words():
    goal = Goal((row(">", "200"),))
    said = [compare(goal, GAM, Decimal(value)).gap_text for value in ("145.7", "200", "199.99", "201")]
    assert said == ["54.3 to go", "on the edge: > 200 is asked", "nearly, not quite", "reached"]


@pytest.mark.parametrize(("value", "band"), [("0", "low"), ("99.999999", "low"), ("100", "mid"), ("199.9", "mid"), ("200", "high"), ("201", "high")])
def test_a_guide_has_bands_and_every_value_lies_in_exactly_one(value, band):
    found = shipped()["technical_guide"]
    rows = [target_sets.row_of(found, one) for one in found.targets if one["indicator"] == "GAM 1.9"]
    goal = Goal(tuple(rows))
    assert sum(fits(one, Decimal(value)) for one in rows) == 1
    compared = compare(goal, GAM, Decimal(value))
    assert (compared.outcome, compared.band, goal.text) == (Outcome.BAND, band, "low < 100 · middle 100 to under 200 · high ≥ 200")


@pytest.mark.parametrize(
    ("code", "value", "band"), [("GAM 1.10", "20", "mid"), ("GAM 1.10", "40", "high"), ("GAM 1.4C", "39.9", "low"), ("GAM 1.4C", "75", "high"), ("GAM 1.4C", "40", "mid")]
)
def test_the_other_scales_of_the_guide_have_their_edges_too(code, value, band):
    found = shipped()["technical_guide"]
    rows = [target_sets.row_of(found, one) for one in found.targets if one["indicator"] == code]
    assert [one.band for one in rows if fits(one, Decimal(value))] == [band]


def test_the_shipped_sets_are_those_of_the_specification():
    counted = {key: len(found.targets) for key, found in shipped().items()}
    assert counted == {"unaids_2025": 3, "technical_guide": 12, "ten_ten_ten": 2, "community_led": 3, "who_hepatitis": 2, "unaids_2030": 0}
    statuses = {key: {one["status"] for one in found.targets} for key, found in shipped().items() if found.targets}
    assert statuses == {
        "unaids_2025": {"verified"}, "technical_guide": {"unverified"}, "ten_ten_ten": {"secondary"}, "community_led": {"secondary"}, "who_hepatitis": {"unverified"},
    }
    assert all({"en", "es"} <= set(found.explains) for found in shipped().values())


def test_sets_are_loaded_once(in_harbour):
    assert target_sets.load(actor=in_harbour.system) == 22
    assert target_sets.load(actor=in_harbour.system) == 0
    assert {goal.title for goal in on_day(date(2026, 9, 30)) if goal.first.indicator == "GAM 1.9"} == {"UNAIDS 2025", "Technical guide"}


def test_a_set_that_changed_corrects_its_row_and_leaves_alone_what_a_programme_corrected(in_harbour, monkeypatch):
    target_sets.load(actor=in_harbour.system)
    coordinator = in_harbour.actors["coordinator"]
    mine = in_force(Target).get(target_set="unaids_2025", set_key="oat")
    said = {"op": "≥", "value": "45", "valid_from": "2021-01-01", "source": "Our plan", "status": "ours"}
    own_targets.correct(actor=coordinator, target=mine, typed=said, note="Agreed with the ministry")
    withdraw(in_force(Target).get(set_key="violence"), actor=coordinator, note="Not for us")
    changed = dict(shipped())
    text = (target_sets.FOLDER / "unaids_2025.toml").read_text().replace("value = 200", "value = 210").replace("value = 50", "value = 60")
    changed["unaids_2025"] = parse("unaids_2025", text)
    monkeypatch.setattr(target_sets, "shipped", lambda: changed)
    assert target_sets.load(actor=in_harbour.system) == 1
    values = {row.set_key: row.value for row in in_force(Target).filter(target_set="unaids_2025")}
    assert values == {"syringes": 210, "oat": 45, "sterile": 90}
    assert not in_force(Target).filter(set_key="violence").exists()
    assert Target.objects.filter(set_key="syringes").count() == 2


@pytest.mark.parametrize(
    "text", ['title="x"', 'title="x"\nsource="s"\nexplain={es="x"}', 'title="x"\nsource="s"\nexplain={en="x"}\n[[target]]\nkey="a"\nindicator="A"\nlevel="moon"\nop="≥"\nvalue=1\nvalid_from=2021-01-01\nstatus="ours"',
             'title="x"\nsource="s"\nexplain={en="x"}\n[[target]]\nkey="a"\nindicator="A"\nlevel="none"\nop="range"\nvalue=1\nvalid_from=2021-01-01\nstatus="ours"'],
)
def test_a_set_with_a_mistake_is_refused_by_name(text):
    with pytest.raises(NotASet, match=r"wrong\.toml"):
        parse("wrong", text)


# -- one's own ------------------------------------------------------------------------------------------------------------


def typed(**more: str) -> dict[str, str]:
    return {
        "indicator": "kp_4", "op": "≥", "value": "150", "valid_from": "2026-01-01", "valid_to": "2029-01-01", "award": "GF KEN-H-2026", "source": "Annex 3, p. 4",
        "status": "ours",
    } | more


def test_an_award_asks_for_its_own_and_it_is_held_against_its_number(in_harbour):
    coordinator = in_harbour.actors["coordinator"]
    made = own_targets.enter(actor=coordinator, typed=typed())
    assert (made.indicator, made.variant, made.level) == ("KP-4", "", Level.SERVICE)
    found = for_number(KP4, Decimal(200), YEAR)
    assert [(one.goal.title, one.goal.text, one.outcome) for one in found] == [("GF KEN-H-2026", "≥ 150", Outcome.MET)]
    before = Period.parse("2025Q3").window("rolling_12_months")
    assert for_number(KP4, Decimal(200), before) == []
    assert for_number(KP4, Decimal(200), Period.parse("2029Q1").window("rolling_12_months")) == []
    line = AuditEntry.objects.get(action="target.entered")
    assert (line.actor, line.detail["before"], line.detail["after"]["value"]) == (coordinator.staff_id, None, "150")


def test_one_award_asks_for_one_thing_at_a_time(in_harbour):
    coordinator = in_harbour.actors["coordinator"]
    own_targets.enter(actor=coordinator, typed=typed())
    with pytest.raises(Wrong, match="already"):
        own_targets.enter(actor=coordinator, typed=typed(valid_from="2028-01-01", valid_to="", value="180"))
    own_targets.enter(actor=coordinator, typed=typed(valid_from="2029-01-01", valid_to="", value="180"))
    own_targets.enter(actor=coordinator, typed=typed(award="Another"))
    assert in_force(Target).filter(target_set=OWN).count() == 3


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"indicator": "moon"}, "indicator"), ({"op": "≠"}, "op"), ({"value": "1,500.5"}, "value"), ({"value": "many"}, "value"), ({"valid_from": "soon"}, "valid_from"),
        ({"valid_to": "2025-12-31"}, "valid_to"), ({"op": "range", "high": "100"}, "high"), ({"op": "range"}, "high"), ({"high": "3"}, "high"), ({"source": " "}, "source"),
        ({"status": "sure"}, "status"), ({"award": "x" * 121}, "award"), ({"value": "1" * 10}, "value"),
    ],
)
def test_a_target_that_cannot_be_says_why_beside_its_field(in_harbour, wrong, field):
    with pytest.raises(Wrong) as refused:
        own_targets.enter(actor=in_harbour.actors["coordinator"], typed=typed(**wrong))
    assert field in dict(refused.value.problems)
    assert not Target.objects.exists()


def test_only_who_may_enters_a_target(in_harbour):
    for who in ("naima", "store", "auditor", "admin"):
        with pytest.raises(Denied):
            own_targets.enter(actor=in_harbour.actors[who], typed=typed())


def test_bands_of_two_guides_are_two_scales():
    low, high = row("<", "1", band="low"), row("≥", "1", band="high")
    other = row("<", "1", band="low", target_set="x")
    assert [len(goal.rows) for goal in goals_of([high, low, other])] == [2, 1]
    assert goals_of([high, low])[0].rows == (low, high)
