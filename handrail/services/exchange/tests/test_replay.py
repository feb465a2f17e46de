"""What the exchange room keeps as state is a fold over facts: folding again gives the same."""

from __future__ import annotations

from datetime import time
from typing import Any

from handrail.facts import organisations
from handrail.facts.record import Draft, record
from handrail.facts.replay import rebuild, verify_chain
from handrail.kernel import ids, scope
from handrail.kernel.database import as_owner
from handrail.ledgers.stock import commands as stock
from handrail.services.exchange import commands, queries, refills
from handrail.services.exchange.kinds.safety_box import SafetyBoxState
from handrail.services.exchange.kinds.stop_changed import StopChanged
from handrail.services.exchange.kinds.test import Result
from handrail.services.exchange.models import BoxRefill, OpenTest, SafetyBoxEvent, StopChange
from handrail.services.exchange.tests.helpers import visit
from tests import world as small_world

SYRINGE = "syringe-1ml-29g"


def history(world: Any) -> None:
    """Boxes filled and corrected, a safety box, a stop, tests open and finished."""
    box = organisations.create_site(actor=world.system, name="Box", kind="wall_box", time_zone="Africa/Nairobi")
    stock.transfer(actor=world.system, source=world.van, target=box, quantities={SYRINGE: 60})
    for found, added in ((18, 42), (70, 0), (50, 5)):
        refills.refill_box(actor=world.system, box=box, van=world.van, lines=[refills.Refill(SYRINGE, found, added)], id=ids.new())
    last = queries.last_refill(box.key)
    assert last is not None
    refills.correct_refill(actor=world.system, box=box, van=world.van, refill=last.id, lines=[refills.Refill(SYRINGE, 70)], id=ids.new())
    for state in ("installed", "full", "emptied"):
        change = SafetyBoxState.model_validate({"asset": "BOX-1", "state": state})
        commands.change_safety_box(actor=world.system, site=world.van, state=change, id=ids.new())
    stop = commands.plan_stop(actor=world.system, site=world.van, weekday=world.van.today.weekday(), starts=time(22), ends=time(2), place="Market")
    called_off = StopChanged.model_validate({"stop": stop.id, "on": world.van.today, "change": "cancelled", "reason": "curfew"})
    outcome = commands.change_stop(actor=world.system, stop=stop, change=called_off, id=ids.new())
    record(Draft(kind="facts.taken_back", payload={"why": "did_not_happen"}, supersedes=(outcome.id,)), actor=world.system)
    for disease in ("HIV", "HCV_Ab"):
        visit(world, world.van, ("exchange.test", {"disease": disease, "state": "sample_taken"}))
    commands.finish_test(actor=world.system, test=OpenTest.objects.get(disease="HIV"), result=Result.NEGATIVE, told=True, id=ids.new())


def test_a_replay_of_boxes_stops_and_tests_makes_the_same_state(own_database):
    with as_owner():
        world = small_world.find()
        with scope.enter([world.harbour.key]):
            history(world)
            assert (BoxRefill.objects.count(), SafetyBoxEvent.objects.count(), StopChange.objects.count(), OpenTest.objects.count()) == (3, 3, 0, 1)
            assert rebuild() == []
            assert verify_chain()[2] == []
