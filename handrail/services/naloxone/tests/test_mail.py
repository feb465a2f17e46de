"""Orders by mail: lawful steps, kits on the shelf and in the parcel, an address that lies nowhere but in the vault, and goes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from pydantic import ValidationError

from handrail.facts import purge, visits
from handrail.facts.models import Fact, Organisation
from handrail.facts.record import Draft, Mode, Refusal, record
from handrail.facts.replay import rebuild
from handrail.kernel import clock, ids, scope
from handrail.kernel.access import Denied
from handrail.kernel.database import as_owner, as_purge
from handrail.ledgers.stock import recalls
from handrail.ledgers.stock.models import Lot
from handrail.ledgers.stock.reactor import Short
from handrail.services.naloxone import commands, mail_orders, queries, reach, rules
from handrail.services.naloxone.kinds.kit import Event
from handrail.services.naloxone.kinds.mail_order import MailOrder as Order
from handrail.services.naloxone.kinds.mail_step import MailStep
from handrail.services.naloxone.mail_codes import MailState, MailStepTo
from handrail.services.naloxone.mail_models import MailOrder
from handrail.services.naloxone.models import Given, KitEnd
from handrail.services.naloxone.tests.helpers import NASAL, B, actor, lot, there
from handrail.services.naloxone.tests.mailing import (
    ADDRESS,
    SAID,
    STEPS,
    WORDS,
    everything_in_the_database,
    go,
    ordered,
    row,
    stocked,
)
from handrail.services.naloxone.values import plain_label
from handrail.vault import inbox, keystore, records
from handrail.vault.models import Erasure, SealedRecord
from tests import world as small_world

APPROVED, PACKED, SHIPPED, DELIVERED = STEPS
RETURNED, CANCELLED = MailStepTo.RETURNED, MailStepTo.CANCELLED


@pytest.fixture
def house(in_harbour: Any) -> Any:
    """Kits at the van, where somebody of the mail team works."""
    return stocked(in_harbour)


# -- steps -------------------------------------------------------------------------------------------------------------


def test_an_order_goes_from_asked_for_to_arrived(house):
    order = ordered(house)
    seen = [row(order).state]
    for step in STEPS:
        go(house, order, step)
        seen.append(row(order).state)
    assert seen == ["received", "approved", "packed", "shipped", "delivered"]
    assert row(order).ended_on == house.van.today
    assert [step.step for step in mail_orders.path(row(order))] == [step.value for step in STEPS]


LAWFUL = [(state, to) for state, follows in rules.MAIL_NEXT.items() for to in follows]
WAY = {"received": (), "approved": STEPS[:1], "packed": STEPS[:2], "shipped": STEPS[:3], "delivered": STEPS, "returned": (*STEPS[:3], RETURNED), "cancelled": (CANCELLED,)}


@pytest.mark.parametrize("state", list(MailState.values))
def test_a_step_out_of_turn_is_refused_with_a_sentence_and_moves_nothing(house, state):
    order = ordered(house, *WAY[state])
    before = (there(house.van), Given.objects.count(), Fact.objects.count())
    for to in MailStepTo:
        if (state, to.value) not in LAWFUL:
            with pytest.raises(Refusal) as refused:
                go(house, order, to)
            assert str(MailState(state).label) in refused.value.problems[0][1]
    assert (row(order).state, there(house.van), Given.objects.count(), Fact.objects.count()) == (state, *before)


def test_the_same_step_sent_twice_is_one_step(house):
    order, id = ordered(house, APPROVED), ids.random()
    for _time in range(2):
        go(house, order, PACKED, id=id)
    assert (row(order).state, there(house.van), Given.objects.count()) == ("packed", 58, 1)


def test_a_step_that_arrives_out_of_turn_is_kept_and_leads_nowhere(house):
    order = ordered(house, APPROVED)
    late = Draft(kind="naloxone.mail_step", payload=MailStep(order=order, step=DELIVERED), site=house.van.id)
    record(late, actor=house.system, mode=Mode.ARRIVED)
    assert row(order).state == "approved"
    go(house, order, PACKED)
    assert row(order).state == "packed"


def test_whoever_sends_a_step_past_the_page_cannot_leave_the_kits_out_of_it(house):
    """Through the API a step is a record as any other: it is refused unless the shelf says the same."""
    order = ordered(house, APPROVED)
    with pytest.raises(Refusal):
        record(Draft(kind="naloxone.mail_step", payload=MailStep(order=order, step=PACKED, supply=ids.random()), site=house.van.id), actor=actor(house, "mailer"))
    go(house, order, PACKED)
    with pytest.raises(Refusal):
        record(Draft(kind="naloxone.mail_step", payload=MailStep(order=order, step=CANCELLED), site=house.van.id), actor=actor(house, "mailer"))
    go(house, order, SHIPPED)
    with pytest.raises(Refusal):
        record(Draft(kind="naloxone.mail_step", payload=MailStep(order=order, step=RETURNED), site=house.van.id), actor=actor(house, "mailer"))


def test_a_correction_of_an_order_keeps_how_far_it_is(house):
    order = ordered(house, APPROVED)
    better = Order.model_validate(SAID | {"quantity": 3})
    record(Draft(kind="naloxone.mail_order", payload=better, site=house.van.id, supersedes=(order,)), actor=actor(house, "mailer"))
    assert (row(order).state, row(order).quantity) == ("approved", 3)


@pytest.mark.slow
def test_all_of_it_can_be_folded_again_from_the_facts(own_database):
    with as_owner():
        world = small_world.find()
        with scope.enter([world.harbour.key]):
            stocked(world)
            for steps in WAY.values():
                ordered(world, *steps)
            assert rebuild() == []
            assert {one.state for one in MailOrder.objects.all()} == set(MailState.values)


# -- kits --------------------------------------------------------------------------------------------------------------


def test_packing_is_a_hand_over_as_any_other_and_counts_as_kits_by_mail(house):
    order = ordered(house, APPROVED, PACKED)
    given = Given.objects.get()
    assert (given.item, given.quantity, given.channel, given.recipient_kind, given.source_class) == (NASAL, 2, "mail", "mail_order", "community_outlet")
    assert given.fact == row(order).supply
    assert there(house.van) == 58
    assert mail_orders.inside(row(order).supply) == [(NASAL, lot(B), 2)]
    visit = Fact.objects.get(kind="facts.encounter")
    assert (visit.payload["channel"], visit.participant, visit.staff) == ("mail", None, house.staff["mailer"].id)


def test_a_parcel_that_came_back_lies_on_the_shelf_lot_by_lot_and_stays_a_hand_over(house):
    order = ordered(house, *STEPS[:3])
    assert there(house.van) == 58
    go(house, order, RETURNED)
    end = KitEnd.objects.get()
    assert (there(house.van), end.event, end.lot, end.quantity, end.origin) == (60, "returned", lot(B), 2, "given")
    assert Given.objects.count() == 1


def _packed_three(house: Any, order: Any) -> None:
    """Somebody who may correct visits says that three kits were packed, not two."""
    visit = Fact.objects.get(id=row(order).supply).encounter
    encounter, supply = (fact.parsed for fact in visits.read(visit))
    more = supply.model_validate(supply.model_dump(mode="json") | {"lines": [{"item": NASAL, "quantity": 3}]})
    visits.correct(
        actor=actor(house, "naima"), visit=visit, correction=ids.random(), encounter=encounter, parts=[visits.Part("naloxone.supply", more)], participant=None,
    )


def test_what_was_packed_may_be_corrected_and_that_is_what_comes_back(house):
    order = ordered(house, *STEPS[:3])
    _packed_three(house, order)
    assert there(house.van) == 57
    go(house, order, RETURNED)
    assert (there(house.van), KitEnd.objects.get().quantity) == (60, 3)


def test_what_was_packed_and_corrected_is_taken_back_whole(house):
    order = ordered(house, *STEPS[:2])
    _packed_three(house, order)
    go(house, order, CANCELLED)
    assert (there(house.van), Given.objects.count()) == (60, 0)


def test_cancelled_after_packing_it_was_no_hand_over_and_the_shelf_has_the_kits(house):
    order = ordered(house, *STEPS[:2], CANCELLED)
    assert (there(house.van), Given.objects.count(), row(order).state) == (60, 0, "cancelled")
    assert not KitEnd.objects.exists()


def test_cancelled_before_packing_nothing_moves(house):
    ordered(house, APPROVED, CANCELLED)
    assert (there(house.van), Given.objects.count()) == (60, 0)


def test_more_than_the_book_has_is_asked_for_and_packed_all_the_same(house):
    order = ordered(house, APPROVED, quantity=61)
    with pytest.raises(Short):
        go(house, order, PACKED)
    assert row(order).state == "approved"
    go(house, order, PACKED, mode=Mode.CONFIRMED)
    assert (row(order).state, there(house.van)) == ("packed", -1)


def test_the_mail_team_records_no_other_visit(house):
    mailer = actor(house, "mailer")
    ordered(house, APPROVED, PACKED)
    assert not any(mailer.may(right, house.van.key) for right in ("visit.record", "visit.read", "visit.correct", "naloxone.give"))


# -- the address -------------------------------------------------------------------------------------------------------


def test_nothing_of_an_address_lies_in_the_database(house):
    ordered(house, *STEPS)
    ordered(house, *STEPS[:3], RETURNED)
    text = everything_in_the_database()
    assert "moth-7" in text, "the search reads the tables of facts"
    for word in WORDS:
        assert word not in text
        assert word.encode().hex() not in text


def test_the_mail_team_alone_opens_it_for_a_purpose(house):
    order = ordered(house)
    held = mail_orders.address_of(order)
    assert records.open_record(actor=actor(house, "mailer"), record=held.id, purpose="pack") == ADDRESS
    for who in ("naima", "nurse", "coordinator", "store", "admin", "auditor"):
        with pytest.raises(Denied):
            records.open_record(actor=actor(house, who), record=held.id, purpose="pack")
    with pytest.raises(Refusal):
        records.open_record(actor=actor(house, "mailer"), record=held.id, purpose="curious")


def test_nobody_else_takes_an_order_or_moves_it(house):
    order = ordered(house)
    for who in ("naima", "coordinator", "store"):
        with pytest.raises(Denied):
            mail_orders.take(actor=actor(house, who), site=house.van, id=ids.random(), said=SAID, address=ADDRESS)
        with pytest.raises(Denied):
            mail_orders.go_on(actor=actor(house, who), order=order, to=APPROVED, id=ids.random())


def test_without_an_address_there_is_no_order(house):
    with pytest.raises(Refusal):
        mail_orders.take(actor=actor(house, "mailer"), site=house.van, id=ids.random(), said=SAID, address={"name": "Quillon Marsh"})


@pytest.mark.parametrize(("handle", "says"), [("Quillon Marsh 7", "one word"), ("Quillon", "one word"), ("0799471147", "number to call"), ("a@b.7", "one word")])
def test_a_word_for_an_order_is_no_name_and_no_number_to_call(handle, says):
    with pytest.raises(ValidationError) as refused:
        Order.model_validate(SAID | {"handle": handle})
    assert says in str(refused.value)


@pytest.mark.parametrize("raw", ["Naloxone Project / Box 7", "Drug users union", "Box 7 / HARM REDUCTION", "Sobredosis, apartado 7", "x" * 161, "Box\0"])
def test_a_return_address_that_tells_a_neighbour_something_is_refused(raw):
    with pytest.raises(ValueError, match="no word that says"):
        plain_label(raw)


@pytest.mark.parametrize("raw", ["", "P.O. Box 7 / 00100 Nairobi", "Drury Lane 4 / Opal House"])
def test_a_plain_return_address_is_taken(raw):
    assert plain_label(raw) == raw


# -- how long it stays -------------------------------------------------------------------------------------------------


def _goes(order: Any) -> date:
    held = mail_orders.address_of(order)
    return records.goes_on(held, mail_orders.store())


def test_the_days_of_an_address_count_from_the_day_the_order_ended(house):
    order = ordered(house, *STEPS[:3])
    written = mail_orders.address_of(order).written_on
    assert _goes(order) == written + timedelta(days=120), "it is still needed"
    go(house, order, DELIVERED)
    assert _goes(order) == row(order).ended_on + timedelta(days=30)


@pytest.mark.slow
def test_the_night_destroys_addresses_of_what_ended_and_the_orders_stay(own_database):
    world = small_world.find()
    organisation = Organisation.objects.get(key=world.harbour.key)
    with scope.enter([world.harbour.key]):
        stocked(world)
        gone = [ordered(world, *WAY[state]) for state in ("delivered", "returned", "cancelled")]
        open_still = ordered(world, *STEPS[:3])
        keys = [mail_orders.address_of(order).data_key for order in gone]
    with time_machine.travel(clock.now() + timedelta(days=29)), as_purge():
        assert purge.run(organisation).done["naloxone.mail_order"].count == 0
    with time_machine.travel(clock.now() + timedelta(days=32)), as_purge():
        night = purge.run(organisation)
    assert night.failed == ()
    assert night.done["naloxone.mail_order"].count == 3
    for key in keys:
        assert keystore.get(key, organisation.id) is None
        assert key in keystore.erased(organisation.id)
    with scope.enter([world.harbour.key]):
        assert [record.participant for record in SealedRecord.objects.all()] == [open_still]
        assert set(Erasure.objects.values_list("why", flat=True)) == {Erasure.Why.TIME}
        assert [row(order).state for order in gone] == ["delivered", "returned", "cancelled"]
        assert Fact.objects.filter(kind="naloxone.mail_order").count() == 4


def test_an_order_that_was_taken_back_takes_its_address_with_it(house):
    order = ordered(house)
    taken_back = Draft(kind="facts.taken_back", payload={"why": "entered_twice"}, site=house.van.id, supersedes=(order,))
    record(taken_back, actor=house.system)
    assert [held.participant for held in records.due(house.van.today)] == [order]


# -- a recall -----------------------------------------------------------------------------------------------------------


def test_whose_parcel_has_a_recalled_lot_is_reached_by_the_mail_team_while_the_address_is_there(house):
    order, home, unopened = ordered(house, *STEPS), ordered(house, *STEPS[:3]), ordered(house, APPROVED)
    recall = recalls.recall(actor=house.system, item=NASAL, lot=B, source_reference="FSN-7", severity="harmful")
    mailer, others = actor(house, "mailer"), actor(house, "coordinator")
    assert unopened not in {one.order.order for one in reach.recalled_parcels(mailer)}
    assert [(one.order.order, one.quantity) for one in reach.recalled_parcels(mailer)] == [(order, 2), (home, 2)]
    assert reach.recalled_parcels(others) == [], "where it went is for the mail team alone"
    assert (out(recall)["by_mail"], out(recall)["anonymous"]) == (4, 0)
    go(house, home, RETURNED)
    assert [(one.order.order, one.quantity) for one in reach.recalled_parcels(mailer)] == [(order, 2)]
    assert (out(recall)["by_mail"], out(recall)["anonymous"], out(recall)["in_vehicle"]) == (2, 0, 58)
    inbox.forget(actor=mailer, store=mail_orders.store(), participant=order, site=house.van.key, why=Erasure.Why.PERSON)
    assert reach.recalled_parcels(mailer) == []
    assert (out(recall)["by_mail"], out(recall)["anonymous"]) == (0, 2), "they are still out, and nobody can reach them"


def test_a_kit_of_a_parcel_that_was_used_is_not_asked_for_in_a_recall(house):
    labelled(house, "NX-1", "NX-2")
    order = ordered(house, APPROVED)
    go(house, order, PACKED, codes=["NX-1", "NX-2"])
    recall = recalls.recall(actor=house.system, item=NASAL, lot=B, source_reference="FSN-7", severity="harmful")
    assert [one.quantity for one in reach.recalled_parcels(actor(house, "mailer"))] == [2]
    commands.tell(actor=house.system, site=house.van, event=Event.USED, codes=["NX-2"], id=ids.new())
    assert [one.quantity for one in reach.recalled_parcels(actor(house, "mailer"))] == [1]
    assert (out(recall)["by_mail"], out(recall)["anonymous"]) == (1, 0)


def test_kits_with_a_code_are_followed_into_the_parcel_and_home_again(house):
    labelled(house, "NX-1", "NX-2", "NX-3")
    order = ordered(house, APPROVED)
    with pytest.raises(Refusal, match="They ordered 2"):
        go(house, order, PACKED, codes=["NX-1", "NX-2", "NX-3"])
    assert (row(order).state, there(house.van)) == ("approved", 60)
    go(house, order, PACKED, codes=["NX-1"])
    assert (there(house.van), queries.states()) == (58, {"with_holder": 1, "in_stock": 2})
    assert Given.objects.filter(channel="mail").count() == 2, "one line with its code, one from the first to expire"
    go(house, order, CANCELLED)
    assert (there(house.van), queries.states()) == (60, {"in_stock": 3})


def labelled(house: Any, *codes: str) -> None:
    commands.label(actor=house.system, site=house.store, lot=Lot.objects.get(code=B, item__code=NASAL), codes=codes, id=ids.new())


def out(recall: Any) -> Any:
    found = reach.of_recall(recalls.find(recall.id))
    assert found is not None
    return found.groups
