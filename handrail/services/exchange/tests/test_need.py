"""The need: worked example 1 of `domain/exchange.md` to the digit, and what is frozen with it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from handrail.facts.models import Setting, Site
from handrail.facts.spec import KINDS
from handrail.ledgers.stock import commands as stock
from handrail.ledgers.stock.models import Item
from handrail.services.exchange import needs, rules
from handrail.services.exchange.kinds.need import Need, NeedInputs
from handrail.services.exchange.values import NEED_RESERVE, share

D, TODAY = Decimal, date(2026, 11, 20)
EXAMPLE = [(D(3), 14), (D(2), 14), (D(5), 14)]


@pytest.fixture
def packs_of_ten(in_harbour):
    Item.objects.filter(code="syringe-1ml-29g").update(pack_size=10)
    return in_harbour


def setting(name: str, value: object, site: Site | None = None) -> str:
    row = Setting.objects.create(
        organisation_id=Site.objects.first().organisation_id, name=name, value=value, site=site, valid_from=date(2020, 1, 1)
    )
    return str(row.id)


def test_worked_example_one_of_the_domain_file():
    assert rules.need(EXAMPLE, D(0), 0, 1) == 140
    assert rules.need(EXAMPLE, D("0.20"), 0, 1) == 168
    assert rules.need(EXAMPLE, D("0.20"), 0, 10) == 170
    assert rules.need([(D(4), rules.MONTH_DAYS)], D(0), 0, 1) == 120


@pytest.mark.parametrize(
    ("people", "reserve", "on_hand", "pack", "expected"),
    [
        ([(D("0.5"), 3)], "0", 0, 1, 2),  # 1.5, one ceil
        ([(D("0.5"), 3), (D("0.5"), 3)], "0", 0, 1, 3),  # not a ceil for each person
        ([(D("0.1"), 30)], "0", 0, 1, 3),  # exact: binary fractions would say 4
        ([(D("1.1"), 10)], "0.1", 0, 1, 13),  # 12.1
        ([(D(3), 14)], "0", 100, 10, 0),  # never below nought
        ([(D(3), 14)], "0", 12, 10, 30),
        ([(D(3), 14)], "0", 2, 100, 100),  # rounded up to the pack after what is on hand
        ([], "0.2", 0, 10, 0),
    ],
)
def test_one_ceil_at_the_end_never_below_nought_rounded_up_to_the_pack(people, reserve, on_hand, pack, expected):
    assert rules.need(people, D(reserve), on_hand, pack) == expected


def test_condoms_and_lubricant_are_a_weeks_acts_times_four():
    assert (rules.month_of(3), rules.month_of(0)) == (12, 0)


def test_more_than_needed_is_nobodys_unmet_need():
    assert [rules.unmet(140, given) for given in (0, 100, 140, 500)] == [140, 40, 0, 0]


def test_what_was_used_is_frozen_with_the_need(packs_of_ten):
    version = setting("need_reserve", "0.20")
    inputs = NeedInputs(per_day=D(3), days=14, others=(D(2), D(5)))
    need = needs.assess(inputs, site=packs_of_ten.van, on=TODAY)
    assert (need.needed, need.reserve, need.reserve_version, need.pack, need.days_used) == (170, D("0.20"), version, 10, 14)
    setting("need_reserve", "0.50")
    assert needs.assess(inputs, site=packs_of_ten.van, on=TODAY, before=need) is need
    assert needs.assess(inputs.model_copy(update={"days": 7}), site=packs_of_ten.van, on=TODAY, before=need).needed == 110


def test_the_reserve_starts_at_nothing_and_is_ours_to_set():
    assert (NEED_RESERVE.start, NEED_RESERVE.source_status) == (0, "local_policy")
    assert share("0,2") == D("0.2")
    for wrong in ("x", "-1", "3", "NaN"):
        with pytest.raises(ValueError, match="0 – 2"):
            share(wrong)


def test_days_nobody_said_come_from_the_value_and_say_so(in_harbour):
    need = needs.assess(NeedInputs(per_day=D(1)), site=in_harbour.van, on=TODAY)
    assert (need.days, need.days_used, need.days_version, need.needed) == (None, 14, "start", 14)


def test_the_form_of_kenyas_peer_calendar_looks_a_month_ahead(in_harbour):
    setting("need_horizon", "month", in_harbour.van)
    need = needs.assess(NeedInputs(per_day=D(4), sex_acts=5, anal_acts=2), site=in_harbour.van, on=TODAY)
    assert (need.horizon, need.needed, need.condoms, need.lubricant) == ("month", 120, 20, 8)
    assert needs.assess(NeedInputs(per_day=D(4), days=14), site=in_harbour.sites["Drop-in"], on=TODAY).needed == 56


def test_what_was_not_asked_is_not_nought(in_harbour):
    silent = needs.assess(NeedInputs(on_hand=5), site=in_harbour.van, on=TODAY)
    assert (silent.needed, silent.condoms, needs.compared(silent, given=10, short_reason="stock").unmet) == (None, None, None)
    none = needs.assess(NeedInputs(per_day=D(0)), site=in_harbour.van, on=TODAY)
    assert needs.compared(none, given=0, short_reason=None).unmet == 0


def test_unmet_stands_beside_what_was_given_with_its_cause():
    need = Need(per_day=D(3), needed=140)
    short = needs.compared(need, given=100, short_reason="rule_of_jurisdiction", limit=("cap", "An invented law"))
    assert (short.given, short.unmet, short.short_reason, short.legal_limit, short.limit_source) == (
        100, 40, "rule_of_jurisdiction", "cap", "An invented law",
    )
    enough = needs.compared(need, given=150, short_reason="stock")
    assert (enough.unmet, enough.short_reason) == (0, None)


def test_only_needles_and_syringes_count_as_given(in_harbour):
    given = KINDS["exchange.given"].sample
    assert needs.needles_in(given.lines) == 30
    stock.add_item(actor=in_harbour.system, code="barrel", name="Barrel", item_class="barrel")
    assert needs.needles_in([type(given.lines[0])(item="barrel", quantity=4)]) == 4


def test_a_record_of_the_first_version_is_read_without_a_reason():
    old = KINDS["exchange.given"].parse({"lines": [{"item": "filter", "quantity": 2}]}, 1)
    assert old.short_reason is None
