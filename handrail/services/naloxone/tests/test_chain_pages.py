"""From a report to its new kit, a recall that gets kits back from people, and what each place sees: on the pages themselves."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.urls import reverse

from handrail.facts import participants, setting_changes, visits
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.labels import label
from handrail.facts.models import Fact, RoleAssignment
from handrail.facts.record import Draft, record
from handrail.insight.spec import INDICATORS
from handrail.kernel import clock, crypto, ids, scope
from handrail.ledgers.stock import commands as stock
from handrail.ledgers.stock import recalls
from handrail.services.naloxone import commands, queries, reach
from handrail.services.naloxone.models import Given, KitEnd, Report
from handrail.services.naloxone.tests.helpers import NASAL, B, actor, lot, place, signed_in, there
from handrail.services.naloxone.tests.test_pages import house as house
from handrail.services.naloxone.tests.test_pages import post, q
from handrail.services.naloxone.values import EXPIRED_WITH_NOTICE
from handrail.vault import records
from handrail.vault.spec import STORES


def known(house: Any, *, with_contact: bool = False) -> uuid.UUID:
    """Somebody with a card at the van. Needs the scope."""
    who = ids.random()
    participants.enrol(actor=actor(house, "naima"), site=house.van.id, code=crypto.new_code(), participant=who)
    if with_contact:
        records.write(actor=actor(house, "naima"), store=STORES["vault.contact"], participant=who, site=house.van, typed={"phone": "+000 000"})
    return who


def visited(house: Any, who: uuid.UUID | None) -> uuid.UUID:
    """A visit at the van. Needs the scope."""
    visit = ids.new()
    visits.save(actor=actor(house, "naima"), visit=visit, site=house.van.id, occurred_at=clock.now(), encounter=Encounter(), parts=[], participant=who)
    return visit


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


# -- from the report to the new kit ------------------------------------------------------------------------------------


def test_who_tells_it_in_a_visit_gets_a_new_kit_that_names_the_report(house):
    with scope.enter([house.harbour.key]):
        who = known(house)
        visit = visited(house, who)
    client = signed_in(house, "naima")
    assert f"?visit={visit}" in client.get(reverse("visit", args=[visit])).content.decode()
    assert f'name="visit" value="{visit}"' in client.get(reverse("naloxone:report", args=[house.van.id]), {"visit": visit}).content.decode()
    told = post(client, "report", house.van, visit=str(visit), outcome="recovered", doses_total="2", replacement_wanted="yes", debrief_wanted="yes")
    assert told.status_code == 302
    page = client.get(told.url).content.decode()
    give = re.search(r'class="btn go" href="([^"]*\?replaces=[^"]*)"', page)[1]
    assert "wants to talk about it" in page
    form = client.get(give).content.decode()
    assert "The new kit for whoever told of the overdose" in form
    assert re.search(r'name="supply_type" value="repeat" checked', form)
    assert re.search(r'name="recipient_kind" value="person_at_risk" checked', form)
    assert '<details class="more"><summary>Why again' in form, "folded: how many, and give"
    root = give.split("replaces=")[1]
    assert post(client, "bag", house.van, replaces=root, **q(1), supply_type="repeat", repeat_reason="used_on_other").status_code == 302
    with scope.enter([house.harbour.key]):
        report, given = Fact.objects.get(kind="naloxone.reversal"), Fact.objects.get(kind="naloxone.supply")
        assert (report.participant, given.participant) == (who, who), "HR-NAL-13 counts both for the same person"
        assert (given.about, str(given.about)) == (report.id, root)
    page = client.get(reverse("naloxone:reports")).content.decode()
    assert "has a new kit" in page
    assert "?replaces=" not in page
    assert client.get(give).status_code == 404, "one report, one new kit"
    assert INDICATORS["hr_nal_13"].numerator.named_by == "replaces_report"


def test_a_second_tap_on_the_new_kit_gives_one(house):
    client = signed_in(house, "naima")
    post(client, "report", house.van, outcome="recovered", replacement_wanted="yes")
    with scope.enter([house.harbour.key]):
        root = str(Report.objects.get().root)
    form = {"id": str(ids.new()), "replaces": root, **q(1), "supply_type": "repeat"}
    for _tap in range(2):
        assert client.post(reverse("naloxone:bag", args=[house.van.id]), form).status_code == 302
    with scope.enter([house.harbour.key]):
        assert there(house.van) == 59


def test_of_two_who_give_the_new_kit_the_second_is_told_and_loses_nothing(house):
    client, other = signed_in(house, "naima"), {"id": str(ids.new()), **q(3), "supply_type": "repeat"}
    post(client, "report", house.van, outcome="recovered", replacement_wanted="yes")
    with scope.enter([house.harbour.key]):
        root = str(Report.objects.get().root)
    assert post(client, "bag", house.van, replaces=root, **q(1), supply_type="repeat").status_code == 302
    address = reverse("naloxone:bag", args=[house.van.id])
    answer = client.post(f"{address}?replaces={root}", other | {"replaces": root})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "a new kit for that overdose meanwhile" in page
    assert re.search(rf'name="q-{NASAL}" value="3" checked', page)
    assert 'name="replaces"' not in page
    assert client.post(f"{address}?replaces={root}", other).status_code == 302
    with scope.enter([house.harbour.key]):
        assert there(house.van) == 56
        assert [fact.about for fact in Fact.objects.filter(kind="naloxone.supply").order_by("counter")] == [uuid.UUID(root), None]


@pytest.mark.parametrize("named", ["nonsense", str(uuid.UUID(int=7))])
def test_a_report_or_a_visit_that_is_not_here_looks_like_a_page_that_is_not_here(house, named):
    client = signed_in(house, "naima")
    assert client.get(reverse("naloxone:bag", args=[house.van.id]), {"replaces": named}).status_code == 404
    assert client.get(reverse("naloxone:report", args=[house.van.id]), {"visit": named}).status_code == 404


def test_a_visit_of_another_place_lends_nobody_to_a_report(house):
    with scope.enter([house.harbour.key]):
        visit = visited(house, known(house))
        RoleAssignment.objects.create(staff=house.staff["elsewhere"], role="outreach", site=house.bag)
    for site in (house.bag, house.van):
        assert post(signed_in(house, "elsewhere"), "report", site, visit=str(visit), outcome="recovered").status_code == 404
    with scope.enter([house.harbour.key]):
        assert not Report.objects.exists()


def test_what_another_system_said_of_each_dose_stays_when_somebody_revises_the_rest(house):
    dose = {"route": "im", "lot": str(lot_of(house)), "minutes_from_start": 3, "given_by": "peer_worker"}
    with scope.enter([house.harbour.key]):
        payload = {"outcome": "recovered", "doses_total": 2, "doses": [dose, dose]}
        made = record(Draft(kind="naloxone.reversal", payload=payload, site=house.van.id), actor=house.system).id
        assert reach.still_out([lot()]).accounted == 1
    client = signed_in(house, "naima")
    assert post(client, "report", house.van, corrects=str(made), outcome="alive_handed_over", doses_total="2").status_code == 302
    with scope.enter([house.harbour.key]):
        now = Fact.objects.get(id=Report.objects.get().fact)
        assert (now.payload["outcome"], [one["minutes_from_start"] for one in now.payload["doses"]]) == ("alive_handed_over", [3, 3])
        assert reach.still_out([lot()]).accounted == 1, "the kit of this lot is still used"


def test_how_the_doses_were_given_is_said_once_for_all_and_stays_in_a_revision(house):
    client = signed_in(house, "naima")
    assert post(client, "report", house.van, outcome="recovered", doses_total="3", route="nasal", given_by="bystander").status_code == 302
    with scope.enter([house.harbour.key]):
        told = Fact.objects.get(kind="naloxone.reversal")
        assert [(one["route"], one["given_by"], one["kit_code"]) for one in told.payload["doses"]] == [("nasal", "bystander", None)] * 3
    form = client.get(reverse("naloxone:report", args=[house.van.id]), {"corrects": told.id}).content.decode()
    assert re.search(r'name="route" value="nasal" checked', form)
    assert post(client, "report", house.van, corrects=str(told.id), outcome="recovered", doses_total="2", route="im", given_by="").status_code == 302
    with scope.enter([house.harbour.key]):
        assert [one["route"] for one in Fact.objects.get(id=Report.objects.get().fact).payload["doses"]] == ["im", "im"]
    assert post(client, "report", house.van, outcome="recovered", doses_total="2", route="by pigeon").status_code == 422
    assert post(client, "report", house.van, outcome="recovered", doses_total="", route="nasal").status_code == 302, "how many nobody knows"


def lot_of(house: Any) -> uuid.UUID:
    with scope.enter([house.harbour.key]):
        return lot()


# -- a recall gets kits back ---------------------------------------------------------------------------------------------


@pytest.fixture
def recalled(house: Any) -> Any:
    """Two people with two kits each of a lot that was called back."""
    with scope.enter([house.harbour.key]):
        house.people = [known(house, with_contact=True) for _person in range(2)]
        for who in house.people:
            commands.give(actor=actor(house, "naima"), site=house.van, quantities={NASAL: 2}, participant=who, id=ids.new())
        house.recall = recalls.recall(actor=house.system, item=NASAL, lot=B, source_reference="FSN-7", severity="harmful")
        house.address = reverse("stock-recall", args=[house.recall.id])
    return house


def back(client: Any, house: Any, who: uuid.UUID, **typed: str) -> Any:
    """What the buttons beside somebody send."""
    page = client.get(house.address).content.decode()
    found = re.search(rf'{label(who)}.*?name="id" value="([^"]+)".*?name="back" value="([^"]+)".*?name="lot" value="([^"]+)"', page, re.DOTALL)
    assert found, page
    return client.post(house.address, {"id": found[1], "back": found[2], "lot": found[3], "quantity": "2", "event": "recalled_recovered"} | typed)


def groups(house: Any) -> dict[str, int]:
    with scope.enter([house.harbour.key]):
        return {group: n for group, n in reach.still_out([lot()]).groups.items() if n}


def test_kits_that_somebody_brings_back_are_taken_off_them_and_lie_on_the_shelf(recalled):
    client, (first, second) = signed_in(recalled, "naima"), recalled.people
    assert groups(recalled)["reachable"] == 4
    assert back(client, recalled, first, quantity="1").status_code == 302
    assert groups(recalled)["reachable"] == 3
    assert back(client, recalled, first, quantity="1", event="used").status_code == 302
    page = client.get(recalled.address).content.decode()
    assert label(first) not in page, "they have none any more"
    assert label(second) in page
    assert (groups(recalled)["reachable"], groups(recalled).get("anonymous", 0)) == (2, 0)
    with scope.enter([recalled.harbour.key]):
        assert [(end.event, end.participant, end.quantity, end.lot) for end in KitEnd.objects.order_by("key")] == [
            ("recalled_recovered", first, 1, lot()), ("used", first, 1, lot()),
        ]
        assert there(recalled.van) == 60 - 4 + 1


@pytest.mark.parametrize(("typed", "says"), [({"quantity": "3"}, "from 1 to 2"), ({"quantity": "0"}, "from 1 to 2"), ({"quantity": "two"}, "whole numbers"), ({"event": "eaten"}, "from 1 to 2"), ({"lot": str(uuid.UUID(int=9))}, "Nothing of this lot")])
def test_what_cannot_have_come_back_gets_a_sentence_and_changes_nothing(recalled, typed, says):
    answer = back(signed_in(recalled, "naima"), recalled, recalled.people[0], **typed)
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert groups(recalled)["reachable"] == 4


def test_two_taps_bring_one_back(recalled):
    client, once = signed_in(recalled, "naima"), str(ids.new())
    page = client.get(recalled.address).content.decode()
    word, number = re.search(rf'{label(recalled.people[0])}.*?name="back" value="([^"]+)".*?name="lot" value="([^"]+)"', page, re.DOTALL).groups()
    for _tap in range(2):
        assert client.post(recalled.address, {"id": once, "back": word, "lot": number, "quantity": "1", "event": "used"}).status_code == 302
    assert groups(recalled)["reachable"] == 3


def test_who_may_not_reach_people_brings_nothing_back(recalled):
    page = signed_in(recalled, "naima").get(recalled.address).content.decode()
    word = re.search(r'name="back" value="([^"]+)"', page)[1]
    with scope.enter([recalled.harbour.key]):
        number = str(lot())
    for other in ("store", "coordinator", "elsewhere"):
        answer = signed_in(recalled, other).post(recalled.address, {"id": str(ids.new()), "back": word, "lot": number, "quantity": "1", "event": "used"})
        assert answer.status_code == 404, "the word of another session means nobody here"
    assert groups(recalled)["reachable"] == 4


def test_whose_kit_expires_is_asked_to_swap_it_and_then_is_not_asked_again(house):
    with scope.enter([house.harbour.key]):
        stock.receive(actor=house.system, site=house.van, lines=[stock.Delivery(NASAL, "SOON", 5, house.van.today + timedelta(days=60))])
        who, quiet = known(house, with_contact=True), known(house)
        for one in (who, quiet):
            commands.give(actor=actor(house, "naima"), site=house.van, quantities={NASAL: 2}, participant=one, id=ids.new())
    client, house.address = signed_in(house, "naima"), reverse("stock-recalls")
    page = client.get(house.address).content.decode()
    assert label(who) in page
    assert label(quiet) not in page, "they chose no way to be reached"
    assert "your item needs swapping" in page
    assert label(who) not in signed_in(house, "store").get(house.address).content.decode()
    assert back(client, house, who, event="expired_replaced").status_code == 302
    assert label(who) not in client.get(house.address).content.decode()
    with scope.enter([house.harbour.key]):
        assert [(end.event, end.quantity, end.participant) for end in KitEnd.objects.all()] == [("expired_replaced", 2, who)]


# -- what each place sees ------------------------------------------------------------------------------------------------


def test_a_coordinator_of_one_place_sees_the_kits_of_that_place_alone(house):
    with scope.enter([house.harbour.key]):
        RoleAssignment.objects.create(staff=house.staff["elsewhere"], role="coordinator", site=house.bag)
        recalls.recall(actor=house.system, item=NASAL, lot=B, source_reference="FSN-7", severity="harmful")
        for site, code in ((house.van, "NX-7"), (house.bag, "NX-8")):
            commands.label(actor=house.system, site=site, lot=queries.Lot.objects.get(id=lot()), codes=[code], id=ids.new())
    address = reverse("naloxone:overview")
    for who, codes, sees_recall in (("elsewhere", ["NX-8"], False), ("coordinator", ["NX-7", "NX-8"], True)):
        client = signed_in(house, who)
        page = words(client.get(address).content.decode())
        assert f"In the store {len(codes)}" in page
        assert ("still out" in page) is sees_recall
        for code in ("NX-7", "NX-8"):
            assert ("No kit with this code is known." in client.get(address, {"code": code}).content.decode()) is (code not in codes)


# -- boxes -------------------------------------------------------------------------------------------------------------


def test_a_box_that_people_empty_is_listed_before_anybody_looked_and_so_is_one_nobody_opened(house):
    box, quiet = place(house, "Box at the bridge", "wall_box"), place(house, "Box nobody opens", "wall_box")
    began = clock.now()
    with scope.enter([house.harbour.key]), time_machine.travel(began, tick=False):
        for target in (box, quiet):
            stock.transfer(actor=house.system, source=house.store, target=target, quantities={NASAL: 20})
    with scope.enter([house.harbour.key]), time_machine.travel(began + timedelta(days=10), tick=False):
        record(Draft(kind="exchange.dispensed", payload={"lines": [{"item": NASAL, "quantity": 10}]}, site=box.id), actor=house.system)
        stock.transfer(actor=house.system, source=house.store, target=box, quantities={NASAL: 15})
    for days, listed in ((20, []), (22, ["Box at the bridge Naloxone spray: about 13"]), (34, ["Box at the bridge Naloxone spray: about 1", "Box nobody opens Naloxone spray: about 20"])):
        with time_machine.travel(began + timedelta(days=days), tick=False):
            page = words(signed_in(house, "coordinator").get(reverse("naloxone:overview")).content.decode())
        assert re.findall(r"Box [a-z ]+ Naloxone spray: about \d+", page) == listed, days


# -- expired, with a word ------------------------------------------------------------------------------------------------


def test_expired_kits_are_handed_out_only_where_somebody_decided_so_and_then_the_record_says_it(house):
    with scope.enter([house.harbour.key]):
        stock.receive(actor=house.system, site=house.bag, lines=[stock.Delivery(NASAL, "OLD", 3, house.bag.today - timedelta(days=9))])
    client, address = signed_in(house, "naima"), reverse("naloxone:bag", args=[house.bag.id])
    assert f'name="x-{NASAL}"' not in client.get(address).content.decode()
    assert post(client, "bag", house.bag, **{f"x-{NASAL}": "1"}).status_code == 422, "nothing is read where nobody decided it"
    with scope.enter([house.harbour.key]):
        row = setting_changes.set_value(actor=house.system, value=EXPIRED_WITH_NOTICE, typed="yes", site=house.bag, valid_from=house.bag.today, source="Board")
        type(row).objects.filter(key=row.key).update(approved_at=clock.now())
    assert f'name="x-{NASAL}"' in client.get(address).content.decode()
    short = post(client, "bag", house.bag, **{f"x-{NASAL}": "4"})
    assert short.status_code == 422
    assert "Only 3 expired ones are here." in short.content.decode()
    assert 'value="4"' in short.content.decode()
    assert post(client, "bag", house.bag, **{f"x-{NASAL}": "2"}, **q(1)).status_code == 302
    with scope.enter([house.harbour.key]):
        given = Fact.objects.get(kind="naloxone.supply").payload
        assert given["expired_notice"] is True
        assert [(line["quantity"], line["lot"], line["lot_reason"]) for line in given["lines"]] == [(1, None, None), (2, str(lot("OLD")), "only_expired")]
        assert [row.is_flagged for row in Given.objects.order_by("line")] == [False, False]
        assert there(house.bag) == 40
