"""Two records of one person: every number counts one person, for earlier periods too, until the merge is undone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from handrail.facts.models import Participant
from handrail.facts.record import Draft, Mode, record, record_many
from handrail.insight.compile import Reader
from handrail.insight.examples import SYRINGE, Example, gets, play
from handrail.insight.periods import Period
from handrail.insight.spec import People
from handrail.kernel import ids
from handrail.ledgers.stock.commands import add_item
from tests.people import join

KEYS = ("people_reached", "prv_8a", "prv_9b", "kp_4", "people_estimate")


def come(world, person, on, quantity=0, injects="", site=None):
    at, visit = datetime.fromisoformat(f"{on}T12:00").replace(tzinfo=UTC), ids.new()
    common = {"site": (site or world.van).id, "participant": person, "occurred_at": at}
    drafts = [Draft(kind="facts.encounter", payload={}, id=visit, **common)]
    if injects:
        drafts.append(Draft(kind="facts.asked", payload={"injects": injects}, **common))
    if quantity:
        drafts.append(Draft(kind="exchange.given", payload={"lines": [{"item": SYRINGE, "quantity": quantity}]}, encounter=visit, **common))
    record_many(drafts, actor=world.system, mode=Mode.CONFIRMED)


def merge(world, survivor, other, on="2026-11-01"):
    return join(world, survivor, other, at=datetime.fromisoformat(f"{on}T12:00").replace(tzinfo=UTC))


def undo(world, merged):
    draft = Draft(kind="facts.taken_back", payload={"why": "did_not_happen"}, supersedes=(merged,), site=world.van.id)
    record(draft, actor=world.system)


def shown(world, quarter="2026Q3"):
    pack = world.numbers(quarter)
    return [pack.get(key).plain for key in KEYS]


def joined(world, key):
    return [step.value for step in world.numbers("2026Q3").get(key).steps if step.role == "joined"]


@pytest.fixture
def three(warehouse):
    """A answers and picks up twice; B, at another site, is A under a second card and picks up once; C is somebody else."""
    add_item(actor=warehouse.system, code=SYRINGE, name="Syringe", item_class="syringe_with_needle")
    a, b, c = (ids.random() for _ in range(3))
    come(warehouse, a, "2026-07-05", 10, injects="last_month")
    come(warehouse, a, "2026-08-05", 10)
    come(warehouse, b, "2026-09-05", 10, injects="last_month", site=warehouse.sites["Drop-in"])
    come(warehouse, c, "2026-09-05", injects="last_12_months")
    return warehouse, a, b, c


def test_who_is_merged_is_one_person_in_earlier_periods_too_and_two_again_when_it_is_undone(three):
    warehouse, a, b, _c = three
    apart = ["3", "66.7", "0.0", "15.0", "3"]
    together = ["2", "50.0", "50.0", "30.0", "2"]
    assert shown(warehouse) == apart
    assert joined(warehouse, "people_reached") == []
    merged = merge(warehouse, a, b)
    assert shown(warehouse) == together
    assert (joined(warehouse, "people_reached"), joined(warehouse, "contacts")) == (["1"], []), "an earlier period never changes silently"
    assert warehouse.numbers("2026Q3").get("people_reached", warehouse.sites["Drop-in"].id).plain == "1"
    undo(warehouse, merged)
    assert shown(warehouse) == apart


def test_the_last_answer_of_either_record_is_the_persons(three):
    warehouse, a, b, _c = three
    come(warehouse, b, "2026-09-20", injects="never")
    assert shown(warehouse)[1] == "50.0"
    merge(warehouse, a, b)
    assert shown(warehouse)[1] == "0.0"


def test_a_survivor_who_is_merged_too_leads_to_the_last(three):
    warehouse, a, b, c = three
    merge(warehouse, a, b)
    Participant.objects.filter(id=a).update(merged_into=c)
    assert shown(warehouse)[0] == "1"
    Participant.objects.filter(id=c).update(merged_into=b)  # a circle stands for nobody
    assert shown(warehouse)[0] == "3"


def test_a_merge_is_read_by_the_measure_and_not_by_the_files(three):
    warehouse, a, b, _c = three
    warehouse.build()
    before = sorted(path.name for path in (warehouse.folder / "facts").rglob("*.parquet"))
    merge(warehouse, a, b)
    report = warehouse.build()
    assert report.rebuilt == ()
    assert set(before) <= {path.name for path in (warehouse.folder / "facts").rglob("*.parquet")}
    with Reader(str(warehouse.harbour.id)) as reader:
        assert reader.measure(People(""), Period.parse("2026Q3").window("period")).everywhere.value == 2


def test_without_a_merge_nothing_changes(warehouse):
    play(Example("", "2026Q3", (gets("A", "2026-08-01", 10),), "", 0), actor=warehouse.system, site=warehouse.van)
    assert shown(warehouse)[0] == "1"
