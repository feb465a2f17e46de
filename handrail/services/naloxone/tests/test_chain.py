"""From the lot to the kit, its holder, the report, the replacement and the recall: any two ends can be joined."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from handrail.facts import setting_changes
from handrail.facts.models import Fact
from handrail.facts.record import Draft, Mode, Refusal, record, record_many
from handrail.kernel import clock, ids
from handrail.ledgers.stock import commands as stock
from handrail.ledgers.stock import recalls
from handrail.ledgers.stock.models import Balance, Lot
from handrail.ledgers.stock.reactor import OnHold, Short
from handrail.services.naloxone import commands, counted, numbers, queries, reach
from handrail.services.naloxone.codes import Origin, Recipient
from handrail.services.naloxone.kinds.kit import Event
from handrail.services.naloxone.kinds.reversal import Reversal
from handrail.services.naloxone.models import Given, KitEnd, KitStep, Report
from handrail.services.naloxone.tests.helpers import (
    NASAL,
    VIAL,
    A,
    B,
    can_be_reached,
    fill_store,
    item,
    lot,
    place,
    there,
    unknown_lot,
)
from handrail.services.naloxone.values import CONSENT_OF_PERSON_AT_RISK, EXPIRED_WITH_NOTICE


@pytest.fixture
def house(in_harbour: Any) -> Any:
    """The small world with naloxone in the store, 60 kits of lot B on the van, and a peer with an empty bag."""
    fill_store(in_harbour)
    stock.transfer(actor=in_harbour.system, source=in_harbour.store, target=in_harbour.van, quantities={NASAL: 60})
    in_harbour.bag = place(in_harbour, "Otieno’s bag", "peer_bag", ("naima", "peer"))
    in_harbour.box = place(in_harbour, "Box", "wall_box", ("naima", "outreach"))
    return in_harbour


def give(world: Any, quantity: int = 1, *, site: Any = None, who: uuid.UUID | None = None, codes: tuple[str, ...] = (), **said: Any) -> uuid.UUID:
    made = ids.new()
    commands.give(actor=world.system, site=site or world.van, quantities={NASAL: quantity}, id=made, said=said, codes=codes, participant=who)
    return made


def reports(world: Any, **said: Any) -> uuid.UUID:
    payload = Reversal.model_validate({"outcome": "recovered", **said})
    return commands.report(actor=world.system, site=world.van, said=payload, id=ids.new(), occurred_at=clock.now()).id


def label(world: Any, *codes: str, number: str = B) -> None:
    commands.label(actor=world.system, site=world.store, lot=_lot(number), codes=codes, id=ids.new())


def _lot(number: str) -> Any:
    return Lot.objects.get(code=number, item__code=NASAL)


# -- the worked example ------------------------------------------------------------------------------------------------


def test_of_forty_kits_of_a_recalled_lot_thirty_six_are_still_out(house):
    """`domain/naloxone.md`, worked example 1: reachable 12, anonymous 9, in the bag 4, passed on 6, in the box 3, taken from it 2."""
    stock.write_off(actor=house.system, site=house.van, quantities={lot(): 60}, reason="other")
    stock.transfer(actor=house.system, source=house.store, target=house.van, quantities={NASAL: 40})
    people = [uuid.uuid4() for _person in range(14)]
    for who in people:
        can_be_reached(house, who)
        give(house, who=who)
    for _person in range(10):
        give(house)
    for target, quantity in ((house.bag, 11), (house.box, 5)):
        commands.fill(actor=house.system, source=house.van, target=target, quantities={NASAL: quantity}, id=ids.new())
    for _person in range(7):
        give(house, site=house.bag)
    record(Draft(kind="exchange.dispensed", payload={"lines": [{"item": NASAL, "quantity": 2}]}, site=house.box.id), actor=house.system)
    used: dict[str, Any] = {"actor": house.system, "site": house.van, "event": Event.USED, "item": NASAL, "lot": lot()}
    for who in people[:2]:
        commands.tell(**used, origin=Origin.GIVEN, participant=who, id=ids.new())
    commands.tell(**used, origin=Origin.GIVEN, id=ids.new())
    commands.tell(**used, origin=Origin.BAG, id=ids.new())
    recalled = recalls.recall(actor=house.system, item=NASAL, lot=B, source_reference="FSN-7", severity="harmful")
    found = reach.of_recall(recalls.find(recalled.id))
    assert found is not None
    assert (found.sent, found.accounted, found.total) == (40, 4, 36)
    assert [one[2:] for one in counted.recalled()] == [(40, 4)]
    assert found.groups == {
        "reachable": 12, "anonymous": 9, "in_bag": 4, "passed_on": 6, "in_box": 3, "taken_from_box": 2, "in_vehicle": 0, "unknown": 0, "by_mail": 0,
    }


def test_who_asked_to_be_left_alone_is_not_reachable_and_their_kit_still_counts(house):
    who = uuid.uuid4()
    can_be_reached(house, who)
    give(house, 3, who=who)
    give(house, 2)
    assert reach.still_out([lot()]).groups["reachable"] == 3
    record(Draft(kind="facts.status", payload={"status": "do_not_contact"}, participant=who, site=house.van.id), actor=house.system)
    found = reach.still_out([lot()])
    assert (found.groups["reachable"], found.groups["anonymous"]) == (0, 5)
    assert found.groups["in_vehicle"] == 55


def test_what_nobody_knows_whose_it_was_is_a_line_of_its_own(house):
    give(house, 5)
    commands.tell(actor=house.system, site=house.van, event=Event.USED, item=NASAL, lot=lot(), quantity=2, id=ids.new())
    found = reach.still_out([lot()])
    assert (found.groups["anonymous"], found.groups["unknown"]) == (5, -2)
    assert found.total == found.sent - 2 == 58


def test_lost_or_taken_away_is_still_out(house):
    give(house, 5)
    for event in (Event.LOST, Event.CONFISCATED, Event.PASSED_ON):
        commands.tell(actor=house.system, site=house.van, event=event, item=NASAL, lot=lot(), origin=Origin.GIVEN, id=ids.new())
    assert reach.still_out([lot()]).groups["anonymous"] == 5
    commands.tell(actor=house.system, site=house.van, event=Event.RECALLED_RECOVERED, item=NASAL, lot=lot(), origin=Origin.GIVEN, id=ids.new())
    assert reach.still_out([lot()]).groups["anonymous"] == 4


def test_a_kit_that_comes_back_to_a_bag_was_sent_once_and_is_still_out(house):
    commands.fill(actor=house.system, source=house.van, target=house.bag, quantities={NASAL: 5}, id=ids.new())
    give(house, 2, site=house.bag)
    recalled = recalls.recall(actor=house.system, item=NASAL, lot=B, source_reference="FSN-7", severity="harmful")
    before = reach.of_recall(recalls.find(recalled.id))
    commands.tell(actor=house.system, site=house.bag, event=Event.RETURNED, item=NASAL, lot=lot(), origin=Origin.BAG, id=ids.new())
    after = reach.of_recall(recalls.find(recalled.id))
    assert before is not None
    assert after is not None
    assert (after.sent, after.total, after.accounted) == (before.sent, before.total, before.accounted) == (60, 60, 0)
    assert (after.groups["in_bag"], after.groups["passed_on"]) == (4, 1)
    stock.transfer(actor=house.system, source=house.bag, target=house.store, quantities={}, lots={lot(): 4})
    home = reach.of_recall(recalls.find(recalled.id))
    assert home is not None
    assert (home.sent, home.total, home.accounted) == (60, 56, 4)
    assert [one[2:] for one in counted.recalled()] == [(60, 4)], "the page and the report say the same"


def test_naloxone_among_other_things_of_a_visit_is_on_the_page_of_naloxone_too(house):
    give(house, 3)
    visit, since = ids.new(), clock.now() - timedelta(days=1)
    common = {"site": house.van.id, "occurred_at": clock.now()}
    drafts = [Draft(kind="facts.encounter", payload={}, id=visit, **common), Draft(kind="exchange.given", payload={"lines": [{"item": NASAL, "quantity": 4}, {"item": VIAL, "quantity": 2}]}, encounter=visit, **common)]
    record_many(drafts, actor=house.system, mode=Mode.CONFIRMED)
    found = numbers.handed_out(house.system, since)
    assert (found.kits, found.loose, found.doses, found.nasal) == (7, 2, 7 * 2 + 2, 7)
    assert dict(found.by_recipient)[Recipient.UNKNOWN.label] == 4
    record(Draft(kind="exchange.given", payload={"lines": [{"item": NASAL, "quantity": 1}]}, encounter=visit, supersedes=(_given_in(visit),), **common), actor=house.system, mode=Mode.CONFIRMED)
    assert numbers.handed_out(house.system, since).kits == 4


def _given_in(visit: uuid.UUID) -> uuid.UUID:
    found: uuid.UUID = Fact.objects.filter(encounter=visit, kind="exchange.given").values_list("id", flat=True).get()
    return found


def test_every_link_from_the_lot_to_the_new_kit_can_be_followed_both_ways(house):
    who = uuid.uuid4()
    label(house, "NX-1", "NX-2")
    commands.fill(actor=house.system, source=house.store, target=house.bag, quantities={NASAL: 2}, codes={NASAL: ["NX-1", "NX-2"]}, id=ids.new())
    give(house, site=house.bag, codes=("NX-1",), who=who)
    payload = Reversal.model_validate({"outcome": "recovered", "replacement_wanted": True, "doses": [{"route": "nasal", "kit_code": "NX-1"}]})
    told = commands.report(actor=house.system, site=house.van, said=payload, id=ids.new(), occurred_at=clock.now(), participant=who).id
    assert queries.replaced([told]) == set()
    new = commands.give(actor=house.system, site=house.bag, quantities={NASAL: 1}, codes=["NX-2"], id=ids.new(), participant=who, said={"replaces_report": told})[-1].id
    # forwards: lot, kit, holder, report, new kit, its lot
    assert [(step.state, step.lot, step.participant) for step in queries.life("NX-1")] == [
        ("in_stock", lot(), None), ("with_bag", lot(), None), ("passed_on", lot(), who), ("used", None, None),
    ]
    assert KitEnd.objects.get(code="NX-1").report == told
    assert queries.replaced([told]) == {told}
    # and back: the new kit, the report it answers, the kit that was used, its lot and who had it
    assert Fact.objects.get(id=new).about == told == Report.objects.get().root
    used = KitEnd.objects.get(report=told)
    assert (used.code, queries.lot_of(used.code), used.participant) == ("NX-1", lot(), who)


# -- codes -------------------------------------------------------------------------------------------------------------


def test_a_kit_with_a_code_is_followed_from_the_store_to_its_use(house):
    label(house, "NX-1", "NX-2")
    assert queries.states() == {"in_stock": 2}
    commands.fill(actor=house.system, source=house.store, target=house.bag, quantities={NASAL: 2}, codes={NASAL: ["NX-1", "NX-2"]}, id=ids.new())
    assert queries.states() == {"with_bag": 2}
    give(house, site=house.bag, codes=("NX-1",))
    assert queries.states() == {"with_bag": 1, "passed_on": 1}
    reports(house, doses=[{"route": "nasal", "kit_code": "NX-1"}, {"route": "nasal", "kit_code": "NX-1"}])
    assert [step.state for step in queries.life("NX-1")] == ["in_stock", "with_bag", "passed_on", "used"]
    assert queries.lot_of("NX-1") == lot()
    assert reach.still_out([lot()]).groups["passed_on"] == 0


def test_a_report_that_comes_before_the_record_of_the_hand_over_finds_its_lot_later(house):
    reports(house, doses=[{"route": "nasal", "kit_code": "NX-9"}])
    assert queries.lot_of("NX-9") is None
    label(house, "NX-8")
    commands.give(actor=house.system, site=house.van, quantities={NASAL: 1}, codes=["NX-9"], id=ids.new())
    assert queries.lot_of("NX-9") == lot()
    assert reach.still_out([lot()]).accounted == 1


def test_a_kit_that_is_told_of_twice_is_used_once(house):
    give(house, 4, codes=("NX-5",))
    told = reports(house, doses=[{"route": "nasal", "kit_code": "NX-5"}, {"route": "nasal", "lot": str(lot())}])
    commands.tell(actor=house.system, site=house.van, event=Event.USED, codes=["NX-5"], item=NASAL, id=ids.new())
    assert reach.still_out([lot()]).accounted == 2
    commands.tell(actor=house.system, site=house.van, event=Event.USED, item=NASAL, lot=lot(), report=told, id=ids.new())
    assert reach.still_out([lot()]).accounted == 2


def test_a_report_taken_back_gives_the_kit_back_its_state(house):
    give(house, codes=("NX-5",))
    told = reports(house, doses=[{"route": "nasal", "kit_code": "NX-5"}])
    record(Draft(kind="facts.taken_back", payload={"why": "did_not_happen"}, site=house.van.id, supersedes=(told,)), actor=house.system)
    assert queries.states() == {"with_holder": 1}
    assert not Report.objects.exists()
    assert not KitEnd.objects.exists()


def test_a_revision_keeps_the_first_and_counts_the_second(house):
    first = reports(house)
    again = Reversal.model_validate({"outcome": "died", "doses_total": 0})
    second = commands.report(actor=house.system, site=house.van, said=again, id=ids.new(), occurred_at=clock.now(), supersedes=(first,)).id
    assert [(r.fact, r.root, r.outcome, r.doses) for r in Report.objects.all()] == [(second, first, "died", 0)]
    assert Fact.objects.filter(kind="naloxone.reversal").count() == 2


def test_a_code_belongs_to_one_kit(house):
    label(house, "NX-1")
    with pytest.raises(Refusal, match="NX-1"):
        label(house, "NX-1", number=A)


# -- what is handed out ------------------------------------------------------------------------------------------------


def test_the_first_to_expire_goes_first_and_another_lot_needs_a_reason(house):
    stock.transfer(actor=house.system, source=house.store, target=house.van, quantities={}, lots={lot(A): 10})
    give(house)
    assert KitStep.objects.count() == 0
    assert {g.lot.code for g in _people()} == {B}
    with pytest.raises(ValueError, match="why you take this lot"):
        commands.Supply.model_validate({"lines": [{"item": NASAL, "quantity": 1, "lot": str(lot(A))}]})


def _people() -> Any:
    return Balance.objects.filter(location__kind="people", quantity__gt=0).select_related("lot")


def _supply(world: Any, number: str, mode: Mode = Mode.TYPED, **said: Any) -> Any:
    line = {"item": NASAL, "quantity": 1, "lot": str(lot(number)), "lot_reason": "at_hand"}
    return record(
        Draft(kind="naloxone.supply", payload={"lines": [line], **said}, site=world.van.id, encounter=ids.new()), actor=world.system, mode=mode,
    )


def test_a_lot_that_a_recall_stopped_or_that_had_not_come_yet_is_kept_and_flagged(house):
    stock.receive(actor=house.system, site=house.van, lines=[stock.Delivery(NASAL, "LATE", 5, house.van.today + timedelta(days=400))])
    yesterday = clock.now() - timedelta(days=1)
    line = {"item": NASAL, "quantity": 1, "lot": str(lot("LATE")), "lot_reason": "at_hand"}
    record(Draft(kind="naloxone.supply", payload={"lines": [line]}, site=house.van.id, encounter=ids.new(), occurred_at=yesterday), actor=house.system, mode=Mode.ARRIVED)
    _supply(house, B, Mode.ARRIVED)
    recalled = recalls.recall(actor=house.system, item=NASAL, lot=B, source_reference="FSN-7", severity="harmful")
    _supply(house, B, Mode.ARRIVED)
    assert list(Given.objects.order_by("key").values_list("is_flagged", flat=True)) == [True, False, True]
    recalls.close(actor=house.system, recall=recalled.id, outcome="lifted")
    _supply(house, B, Mode.ARRIVED)
    commands.tell(actor=house.system, site=house.van, event=Event.RETURNED, item=NASAL, id=ids.new())  # nobody knows its lot
    line = {"item": NASAL, "quantity": 1, "lot": str(unknown_lot()), "lot_reason": "at_hand"}
    record(Draft(kind="naloxone.supply", payload={"lines": [line]}, site=house.van.id, encounter=ids.new(), occurred_at=yesterday), actor=house.system, mode=Mode.ARRIVED)
    assert [row.is_flagged for row in Given.objects.order_by("key")] == [True, False, True, False, False], "of what nobody knows the lot nobody knows the day either"


@pytest.mark.parametrize("supply_type", ["first", "repeat"])
def test_an_expired_lot_goes_to_nobody_unless_the_place_may_and_the_person_was_told(house, supply_type):
    stock.receive(actor=house.system, site=house.van, lines=[stock.Delivery(NASAL, "OLD", 5, house.van.today - timedelta(days=1))])
    with pytest.raises(Refusal, match="has expired"):
        _supply(house, "OLD", supply_type=supply_type)
    with pytest.raises(Refusal, match="has expired"):
        _supply(house, "OLD", supply_type=supply_type, expired_notice=True)
    set_by = setting_changes.set_value(actor=house.system, value=EXPIRED_WITH_NOTICE, typed="yes", site=house.van, valid_from=house.van.today, source="Board")
    with pytest.raises(Refusal, match="has expired"):  # a clinical value that nobody approved
        _supply(house, "OLD", supply_type=supply_type, expired_notice=True)
    type(set_by).objects.filter(key=set_by.key).update(approved_at=clock.now())
    _supply(house, "OLD", supply_type=supply_type, expired_notice=True)
    with pytest.raises(Refusal, match="has expired"):
        _supply(house, "OLD", supply_type=supply_type)
    _supply(house, "OLD", Mode.ARRIVED, supply_type=supply_type)  # it was in a hand already: kept, and flagged
    assert list(Given.objects.order_by("key").values_list("is_flagged", flat=True)) == [False, True]


def test_a_lot_that_expires_today_is_still_good(house):
    stock.receive(actor=house.system, site=house.van, lines=[stock.Delivery(NASAL, "TODAY", 5, house.van.today)])
    _supply(house, "TODAY")
    assert there(house.van) == 64


def test_a_recalled_lot_is_not_handed_out_and_one_given_all_the_same_is_kept(house):
    recalls.recall(actor=house.system, item=NASAL, lot=B, source_reference="FSN-7", severity="harmful")
    with pytest.raises(OnHold):
        _supply(house, B)
    with pytest.raises(Short):
        give(house)
    _supply(house, B, Mode.ARRIVED)
    assert there(house.van) == 59


def test_filling_a_bag_is_no_supply_and_a_number_in_the_book_turns_nobody_away(house):
    commands.fill(actor=house.system, source=house.van, target=house.bag, quantities={NASAL: 12}, id=ids.new())
    assert (there(house.van), there(house.bag), Given.objects.count()) == (48, 12, 0)
    with pytest.raises(Short):
        give(house, 20, site=house.bag)
    commands.give(actor=house.system, site=house.bag, quantities={NASAL: 20}, id=ids.new(), mode=Mode.CONFIRMED)
    assert there(house.bag) == -8
    with pytest.raises(Refusal, match="bag, a box or a van"):
        commands.fill(actor=house.system, source=house.store, target=house.sites["Drop-in"], quantities={NASAL: 1}, id=ids.new())


def test_what_comes_back_lies_on_the_shelf_and_what_is_lost_from_a_bag_is_waste(house):
    give(house, 3)
    commands.tell(actor=house.system, site=house.van, event=Event.RETURNED, item=NASAL, lot=lot(), id=ids.new())
    assert there(house.van) == 58
    commands.fill(actor=house.system, source=house.van, target=house.bag, quantities={NASAL: 5}, id=ids.new())
    commands.tell(actor=house.system, site=house.bag, event=Event.CONFISCATED, item=NASAL, lot=lot(), quantity=2, ours=True, id=ids.new())
    assert there(house.bag) == 3
    assert reach.still_out([lot()]).groups["in_bag"] == 3


def test_a_kit_of_which_nobody_knows_the_lot_stands_on_the_unknown_one(house):
    commands.tell(actor=house.system, site=house.van, event=Event.USED, item=NASAL, id=ids.new())
    end = KitEnd.objects.get()
    assert (end.lot, Fact.objects.get(kind="naloxone.kit").payload["lot"]) == (None, str(unknown_lot()))
    assert reach.still_out([lot()]).accounted == 0


def test_where_the_law_asks_for_it_family_gets_a_kit_with_the_consent_of_the_person_at_risk(house):
    give(house, recipient_kind="family_or_friend")
    row = setting_changes.set_value(actor=house.system, value=CONSENT_OF_PERSON_AT_RISK, typed="yes", site=None, valid_from=house.van.today, source="Law")
    type(row).objects.filter(key=row.key).update(approved_at=clock.now())
    with pytest.raises(Refusal, match="person at risk agreed"):
        give(house, recipient_kind="family_or_friend")
    give(house, recipient_kind="family_or_friend", risk_person_consent="recorded")


def test_what_a_kit_is_says_how_many_doses_and_another_number_is_another_item(house):
    kits = queries.kits()
    assert (kits[NASAL].doses, kits[NASAL].route, kits[NASAL].is_loose) == (2, "nasal", False)
    assert (kits[VIAL].doses, kits[VIAL].route, kits[VIAL].is_loose) == (1, "im", True)
    with pytest.raises(Refusal, match="has 2 doses"):
        commands.set_kit(actor=house.system, item=item(), product=commands.Product.NASAL_4MG, doses=3, since=house.van.today)


def test_an_overdose_still_to_come_is_refused_and_one_from_a_phone_with_a_wrong_clock_is_kept(house):
    draft = Draft(kind="naloxone.reversal", payload={"outcome": "recovered"}, site=house.van.id, occurred_at=clock.now() + timedelta(days=1))
    with pytest.raises(Refusal, match="still to come"):
        record(draft, actor=house.system)
    record(draft, actor=house.system, mode=Mode.ARRIVED)
    assert Report.objects.count() == 1


def test_a_kit_that_was_used_stays_used_however_coarse_the_moment_of_the_report(house):
    """“Sometime this morning” is written as an hour before the hand-over of the same day."""
    label(house, "NX-0418")
    give(house, codes=("NX-0418",))
    said = Reversal.model_validate({"outcome": "recovered", "precision": "day", "doses": [{"kit_code": "NX-0418"}]})
    commands.report(actor=house.system, site=house.van, said=said, id=ids.new(), occurred_at=clock.now() - timedelta(hours=5))
    step = queries.kit("NX-0418")
    assert step is not None
    assert step.state == "used"
    assert queries.states() == {"used": 1}
