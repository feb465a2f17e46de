"""What is usual at a place: visits as they count now, not as they were first written."""

from __future__ import annotations

from handrail.facts import visits
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.spec import KINDS
from handrail.kernel import ids, scope
from handrail.services.exchange import queries
from handrail.services.exchange.tests.helpers import visit

SYRINGE = "syringe-1ml-29g"


def given(quantity: int) -> tuple[str, dict[str, object]]:
    return "exchange.given", {"lines": [{"item": SYRINGE, "quantity": quantity}]}


def correct(world, made, quantity: int, others: int) -> None:
    kind, raw = given(quantity)
    visits.correct(
        actor=world.system, visit=made, correction=ids.new(), encounter=Encounter(on_behalf_of=others), participant=None,
        parts=[visits.Part(kind, KINDS[kind].parse(raw))],
    )


def test_what_was_taken_back_is_usual_no_more(world):
    with scope.enter([world.harbour.key]):
        made = [visit(world, world.van, given(40)) for _time in range(3)]
        assert queries.usual_baskets(world.van.key) == [({SYRINGE: 40}, 0)]
        for one in made:
            visits.take_back(actor=world.system, visit=one, correction=ids.new(), why="did_not_happen")
        assert queries.usual_baskets(world.van.key) == []


def test_what_was_corrected_is_usual_as_it_counts_now(world):
    with scope.enter([world.harbour.key]):
        for made in [visit(world, world.van, given(250)) for _time in range(2)]:
            correct(world, made, 40, others=2)
        assert queries.usual_baskets(world.van.key) == [({SYRINGE: 40}, 2)]


def test_for_how_many_others_is_asked_of_the_corrected_visit(world):
    with scope.enter([world.harbour.key]):
        for made in [visit(world, world.van, given(40)) for _time in range(2)]:
            correct(world, made, 40, others=3)  # what was given stays as it was first recorded
        assert queries.usual_baskets(world.van.key) == [({SYRINGE: 40}, 3)]
