"""What is done again, or corrected after others: boxes keep their lots, a stop is planned once, a release can be planned anew."""

from __future__ import annotations

import uuid
from datetime import date

import pytest
from django.urls import reverse

from handrail.facts import visits
from handrail.kernel import ids, scope
from handrail.ledgers.stock import commands as stock
from handrail.ledgers.stock.models import Balance, Lot
from handrail.services.exchange import queries, refills
from handrail.services.exchange.models import Stop
from handrail.services.exchange.refills import Refill
from handrail.services.exchange.tests.helpers import actor, place, signed_in, visit

SYRINGE = "syringe-1ml-29g"


def inside(box) -> dict[str, int]:
    """What the book says is in a box, by lot."""
    rows = Balance.objects.filter(location__site=box, lot__item__code=SYRINGE).select_related("lot")
    return {row.lot.code: row.quantity for row in rows if row.quantity}


@pytest.mark.parametrize("expiries", [(date(2028, 1, 1), date(2032, 1, 1)), (date(2032, 1, 1), date(2028, 1, 1))])
def test_a_corrected_refill_takes_what_was_in_the_box_and_not_what_it_put_in(world, expiries):
    box, van = place(world, "Box", "wall_box", ("naima", "outreach")), place(world, "Van 2", "vehicle", ("naima", "outreach"))
    with scope.enter([world.harbour.key]):
        for site, lot, quantity, expiry in ((box, "A", 10, expiries[0]), (van, "B", 100, expiries[1])):
            stock.receive(actor=world.system, site=site, lines=[stock.Delivery(SYRINGE, lot, quantity, expiry)])
        refill, common = ids.new(), {"actor": actor(world, "naima"), "box": box, "van": van}
        refills.refill_box(lines=[Refill(SYRINGE, 4, 20)], id=refill, **common)
        assert inside(box) == {"A": 4, "B": 20}
        refills.correct_refill(refill=refill, lines=[Refill(SYRINGE, 0, 20)], id=ids.new(), **common)
        assert inside(box) == {"B": 20}


def test_correcting_a_refill_after_a_later_one_does_not_fill_the_box_again(world):
    box = place(world, "Box", "wall_box", ("naima", "outreach"))
    with scope.enter([world.harbour.key]):
        stock.transfer(actor=world.system, source=world.van, target=box, quantities={SYRINGE: 60})
        first, common = ids.new(), {"actor": actor(world, "naima"), "box": box, "van": world.van}
        refills.refill_box(lines=[Refill(SYRINGE, 18, 10)], id=first, **common)
        refills.refill_box(lines=[Refill(SYRINGE, 20, 0)], id=ids.new(), **common)
    typed = {"id": str(ids.new()), "corrects": str(first), "from_site": str(world.van.id), f"found-{SYRINGE}": "18", f"added-{SYRINGE}": "30"}
    assert signed_in(world, "naima").post(reverse("exchange:box", args=[box.id]), typed).status_code == 422
    with scope.enter([world.harbour.key]):
        assert sum(inside(box).values()) == 20


def test_two_taps_plan_a_stop_once(world):
    coordinator = signed_in(world, "coordinator")
    typed = {"site": str(world.van.id), "weekday": "1", "starts": "17:00", "ends": "19:00", "place": "Bus park"}
    assert [coordinator.post(reverse("exchange:stops-plan"), typed).status_code for _tap in range(2)] == [302, 302]
    with scope.enter([world.harbour.key]):
        assert Stop.objects.count() == 1


def test_a_release_that_was_corrected_away_can_be_planned_again(world):
    unit = place(world, "Health unit 3", "prison_unit", ("nurse", "nurse"), closed_setting="prison", offers=[])
    with scope.enter([world.harbour.key]):
        made = visit(world, unit, participant=uuid.uuid4())
    nurse, where = signed_in(world, "nurse"), reverse("exchange:release", args=[unit.id])

    def referrals_after_a_tap() -> int:
        assert nurse.post(where, {"visit": str(made), "OAT": "accepted", "naloxone": "accepted", "NSP": "declined"}).status_code == 302
        with scope.enter([world.harbour.key]):
            return sum(fact.kind == "facts.referral" for fact in visits.read(made))

    assert [referrals_after_a_tap(), referrals_after_a_tap()] == [3, 3]
    with scope.enter([world.harbour.key]):
        first = visits.read(made)[0]
        visits.correct(actor=world.system, visit=made, correction=ids.new(), encounter=first.parsed, parts=[], participant=first.participant)
    assert referrals_after_a_tap() == 3


def test_who_is_expected_from_inside_does_not_bring_the_name_of_the_place_along(world):
    unit = place(world, "Health unit 3", "prison_unit", closed_setting="prison", offers=[])
    with scope.enter([world.harbour.key]):
        visit(world, unit, ("facts.referral", {"service": "OAT", "status": "accepted"}), participant=uuid.uuid4())
        visit(world, world.van, ("facts.referral", {"service": "OAT", "status": "accepted"}), participant=uuid.uuid4())
    page = signed_in(world, "nurse").get(reverse("referrals")).content.decode()
    assert page.count('class="words"') == 2
    assert "Van 1" in page
    assert "Health unit 3" not in page


def test_what_is_usual_here_adds_up_the_lots_of_an_item(world):
    with scope.enter([world.harbour.key]):
        lots = {lot.code: str(lot.id) for lot in Lot.objects.all()}
        lines = [{"item": SYRINGE, "quantity": 10, "lot": lots["S-soon"]}, {"item": SYRINGE, "quantity": 5, "lot": lots["S-late"]}]
        for _time in range(2):
            visit(world, world.van, ("exchange.given", {"lines": lines}))
        assert queries.usual_baskets(world.van.key)[0][0] == {SYRINGE: 15}
