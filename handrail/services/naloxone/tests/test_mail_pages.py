"""The pages of orders by mail: taken, agreed, packed with a plain label, sent, forgotten; and what nobody else gets to see."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.urls import reverse

from handrail.facts import setting_changes
from handrail.facts.models import Fact
from handrail.kernel import clock, ids, keyring, scope
from handrail.kernel.models import AccessEntry, AuditEntry
from handrail.ledgers.stock import recalls
from handrail.screens.tests.test_step_up import grow_stale
from handrail.services.naloxone import mail_orders, queries, reach
from handrail.services.naloxone.mail_codes import MailStepTo
from handrail.services.naloxone.mail_models import MailOrder
from handrail.services.naloxone.tests.helpers import NASAL, B, lot, place, signed_in, there
from handrail.services.naloxone.tests.mailing import (
    ADDRESS,
    STEPS,
    WORDS,
    at_work,
    everything_in_the_database,
    go,
    ordered,
    row,
    stocked,
)
from handrail.services.naloxone.values import MAIL_RETURN_ADDRESS
from handrail.vault import records
from handrail.vault.models import InboxItem, SealedRecord

TYPED = {"handle": "moth-7", "item": NASAL, "quantity": "2", "came_by": "letter", "shipping": "tracked", "training": "call"} | {f"to-{name}": text for name, text in ADDRESS.items()}
TELLING = re.compile(r"nalox|kit\b|spray|overdos|drug|opioid|harm", re.IGNORECASE)


@pytest.fixture
def house(world: Any) -> Any:
    """Kits at the van, where somebody of the mail team works."""
    with scope.enter([world.harbour.key]):
        stocked(world)
    return world


def with_order(house: Any, *steps: MailStepTo) -> Any:
    with scope.enter([house.harbour.key]):
        return ordered(house, *steps)


def post(client: Any, name: str, thing: Any, **typed: Any) -> Any:
    return client.post(reverse(f"mail:{name}", args=[thing]), {"id": str(ids.random())} | typed)


def read(client: Any, name: str, *things: Any) -> str:
    return client.get(reverse(f"mail:{name}", args=things)).content.decode()


def test_an_order_that_came_by_letter_is_written_down_and_its_address_is_in_no_page_and_no_address_bar(house):
    client = at_work()
    answer = client.post(reverse("mail:new", args=[house.van.id]), {"id": str(ids.random())} | TYPED)
    assert answer.status_code == 302
    with scope.enter([house.harbour.key]):
        order = MailOrder.objects.get()
        said = Fact.objects.get(kind="naloxone.mail_order").payload
    assert (said["came_by"], said["shipping"], said["training"], said["packaging"], said["have_naloxone_now"]) == ("letter", "tracked", "call", "plain", "unknown")
    assert answer.headers["Location"] == f"/parcels/{order.order}/?saved=1"
    for page in (read(client, "orders"), read(client, "order", order.order), read(client, "label", order.order), read(client, "address", order.order)):
        assert not [word for word in WORDS if word in page]
    assert "moth-7" in read(client, "orders")


def test_nothing_of_an_address_lies_in_the_database_or_in_a_log_after_it_went_through_the_pages(house, caplog):
    caplog.set_level(logging.DEBUG)
    client = at_work()
    post(client, "new", house.van.id, **(TYPED | {"handle": "Quillon Marsh"}))
    post(client, "new", house.van.id, **TYPED)
    with scope.enter([house.harbour.key]):
        order = MailOrder.objects.get().order
        for step in STEPS:
            post(client, "step", order, to=step.value)
        post(client, "label", order, purpose="pack")
        text = everything_in_the_database()
    assert "moth-7" in text, "the search reads the tables of facts"
    assert not [word for word in WORDS if word in text + caplog.text or word.encode().hex() in text]


def test_two_taps_on_the_same_button_take_one_order(house):
    client, form = at_work(), {"id": str(ids.random())} | TYPED
    for _tap in range(2):
        assert client.post(reverse("mail:new", args=[house.van.id]), form).status_code == 302
    with scope.enter([house.harbour.key]):
        assert (MailOrder.objects.count(), SealedRecord.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"handle": "Quillon Marsh"}, "Use one word with a digit"), ({"handle": ""}, "needed"), ({"quantity": "0"}, "1"), ({"quantity": "many"}, "whole number"),
        ({"quantity": "500"}, "200"), ({"item": "filter"}, "Choose what they want"), ({"to-address": ""}, "This is needed"), ({"to-name": "n" * 121}, "At most 120"),
        ({"area": "Thistlewood Lane 47"}, ""), ({"language": "English!"}, ""), ({"training": "nothing"}, ""),
    ],
)
def test_bad_input_keeps_everything_that_was_typed_and_saves_nothing(house, wrong, says):
    answer = post(at_work(), "new", house.van.id, **(TYPED | wrong))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Nothing is saved yet" in page
    assert says in page
    for name in ("to-note", "to-contact"):
        assert TYPED[name] in page
    assert re.search(r'value="tracked"[^>]* checked', page)
    with scope.enter([house.harbour.key]):
        assert not MailOrder.objects.exists()
        assert not SealedRecord.objects.exists()


def test_while_the_vault_is_locked_the_order_is_taken_and_its_address_waits_sealed(house, monkeypatch):
    client = at_work()
    with scope.enter([house.harbour.key]):
        mail_orders.inbox.current_key(house.harbour.id)
    monkeypatch.setattr(keyring, "is_open", lambda ring: False)
    assert client.post(reverse("mail:new", args=[house.van.id]), {"id": str(ids.random())} | TYPED).status_code == 302
    with scope.enter([house.harbour.key]):
        order = MailOrder.objects.get().order
        assert InboxItem.objects.get().about["participant"] == str(order)
    assert "It waits, sealed" in read(client, "order", order)
    assert "officer unlocks" in client.get(reverse("mail:label", args=[order])).content.decode()


def test_somebody_who_waits_too_long_for_an_answer_is_marked(house):
    with_order(house)
    assert "answer now" not in read(at_work(), "orders")
    with time_machine.travel(clock.now() + timedelta(hours=49)):
        assert "answer now" in read(at_work(), "orders")


def test_each_step_is_one_button_and_packing_leads_through_the_label(house):
    client, order = at_work(), with_order(house)
    page = read(client, "order", order)
    assert page.count('class="btn go"') == 1
    for to, next_button in (("approved", "Pack it"), ("packed", "It is in the post"), ("shipped", "It arrived"), ("delivered", "")):
        assert post(client, "step", order, to=to).status_code == 302
        page = read(client, "order", order)
        assert next_button in page
    assert 'name="to"' not in page
    with scope.enter([house.harbour.key]):
        assert (row(order).state, there(house.van)) == ("delivered", 58)


def test_a_step_out_of_turn_gets_a_sentence(house):
    client, order = at_work(), with_order(house)
    for to, says in (("shipped", "this step does not follow"), ("nonsense", "Choose what happened")):
        answer = post(client, "step", order, to=to)
        assert answer.status_code == 422
        assert says in answer.content.decode()


def test_more_than_the_book_has_is_said_and_packed_with_a_second_tap(house):
    with scope.enter([house.harbour.key]):
        order = ordered(house, MailStepTo.APPROVED, quantity=61)
    client = at_work()
    answer = post(client, "step", order, to="packed")
    assert answer.status_code == 422
    assert 'name="confirm" value="short"' in answer.content.decode()
    assert post(client, "step", order, to="packed", confirm="short").status_code == 302


def test_a_code_that_cannot_be_keeps_what_was_typed_and_the_parcel_open(house):
    client, order = at_work(), with_order(house, MailStepTo.APPROVED)
    for typed, says in (("name", "codes"), ("NX-1 NX-2 NX-3", "They ordered 2")):
        answer = post(client, "step", order, to="packed", codes=typed)
        said = answer.content.decode()
        assert answer.status_code == 422
        assert f'value="{typed}"' in said
        assert says in said
    assert post(client, "step", order, to="packed", codes="NX-1").status_code == 302
    with scope.enter([house.harbour.key]):
        assert (row(order).state, there(house.van), queries.states()) == ("packed", 58, {"with_holder": 1})


def test_a_recall_stands_first_on_the_list_of_the_mail_team(house):
    client, order = at_work(), with_order(house, *STEPS)
    assert "called back" not in read(client, "orders")
    with scope.enter([house.harbour.key]):
        recalls.recall(actor=house.system, item=NASAL, lot=B, source_reference="FSN-7", severity="harmful")
        handle = row(order).handle
    said = read(client, "orders")
    assert said.index("called back") < said.index(handle)


def test_kits_of_a_parcel_that_are_sent_back_lie_on_the_shelf_and_are_not_asked_for_again(house):
    client, order = at_work(), with_order(house, *STEPS)
    with scope.enter([house.harbour.key]):
        recalls.recall(actor=house.system, item=NASAL, lot=B, source_reference="FSN-7", severity="harmful")
        number = str(lot())
    page = read(client, "order", order)
    assert "A lot of this parcel was called back" in page
    for typed in ({"quantity": "3"}, {"quantity": "0"}, {"quantity": "two"}, {"lot": str(ids.random())}):
        assert post(client, "step", order, **{"to": "recalled_recovered", "lot": number, "quantity": "1"} | typed).status_code == 422
    once = {"to": "recalled_recovered", "lot": number, "quantity": "1", "id": str(ids.random())}
    for _tap in range(2):
        assert post(client, "step", order, **once).status_code == 302
    assert post(client, "step", order, to="used", lot=number, quantity="1").status_code == 302
    assert "called back" not in read(client, "order", order) + read(client, "orders")
    with scope.enter([house.harbour.key]):
        assert there(house.van) == 59
        out = reach.still_out([lot()])
        assert (out.groups["by_mail"], out.groups["anonymous"], out.accounted) == (0, 0, 2)


# -- the label ---------------------------------------------------------------------------------------------------------


def test_the_label_is_shown_once_for_a_purpose_with_a_line_in_audit_and_access_log(house):
    client, order = at_work(), with_order(house, MailStepTo.APPROVED)
    assert post(client, "label", order).status_code == 422
    answer = post(client, "label", order, purpose="pack")
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    assert not [word for word in WORDS if word not in answer.content.decode()]
    with scope.enter([house.harbour.key]):
        line = AuditEntry.objects.get(action=records.OPENED)
        assert (line.actor, line.detail) == (house.staff["mailer"].id, {"store": "naloxone.mail_order", "purpose": "pack"})
        assert AccessEntry.objects.get(what="sealed: naloxone.mail_order").object_id == str(order)


def test_the_label_says_where_it_goes_and_where_from_and_nothing_else(house):
    with scope.enter([house.harbour.key]):
        setting_changes.set_value(
            actor=house.system, value=MAIL_RETURN_ADDRESS, typed="P.O. Box 7 / 00100 Brightwater", site=house.van, valid_from=house.van.today, source="decided by the board"
        )
    client, order = at_work(), with_order(house, MailStepTo.APPROVED)
    page = post(client, "label", order, purpose="pack").content.decode()
    label = re.search(r'<section class="parcel-label".*?</section>', page, re.DOTALL)[0]
    words = " ".join(re.sub(r"<[^>]+>", " ", label).split())
    assert words == "P.O. Box 7 00100 Brightwater Quillon Marsh Thistlewood Lane 47 00100 Brambleton Behind the kiosk"
    assert "471147" not in label
    assert not TELLING.search(re.search(r"<title>(.*?)</title>", page)[1] + reverse("mail:label", args=[order]))
    outside = page.replace(label, "")
    printed = re.sub(r'<(\w+)[^>]*class="[^"]*screen-only.*?</\1>', "", outside, flags=re.DOTALL)
    assert not TELLING.search(re.search(r"<main.*?</main>", printed, re.DOTALL)[0])


def test_opening_an_address_asks_again_who_it_is(house):
    order = with_order(house, MailStepTo.APPROVED)
    with time_machine.travel(clock.now(), tick=False) as time:
        client = at_work()
        grow_stale(client, time)
        answer = client.get(reverse("mail:label", args=[order]))
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(reverse("confirm"))
        refused = post(client, "label", order, purpose="pack")
        assert refused.status_code == 401
        assert "Thistlewood" not in refused.content.decode()
    with scope.enter([house.harbour.key]):
        assert not AuditEntry.objects.filter(action=records.OPENED).exists()


def test_an_address_is_written_anew_and_never_shown_in_the_form(house):
    client, order = at_work(), with_order(house)
    answer = post(client, "address", order, **{"to-name": "Wren", "to-address": ""})
    assert answer.status_code == 422
    assert 'value="Wren"' in answer.content.decode()
    assert post(client, "address", order, **{"to-name": "Wren", "to-address": "Heron Street 3"}).status_code == 302
    assert "Heron Street 3" in post(client, "label", order, purpose="correct").content.decode()
    with scope.enter([house.harbour.key]):
        assert SealedRecord.objects.count() == 1


def test_they_want_it_gone_and_it_is(house):
    client, order = at_work(), with_order(house, *STEPS)
    with scope.enter([house.harbour.key]):
        key = mail_orders.address_of(order).data_key
    assert post(client, "forget", order).status_code == 302
    assert records.keystore.get(key, house.harbour.id) is None
    assert "There is none" in read(client, "order", order)
    assert post(client, "label", order, purpose="pack").status_code == 422
    assert post(client, "forget", order).status_code == 404


# -- everybody else ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["naima", "coordinator", "nurse", "admin", "stranger"])
def test_another_team_gets_a_page_that_is_not_here_and_the_audit_a_line(house, who):
    client, order = signed_in(house, who), with_order(house)
    for name in ("order", "label", "address"):
        assert client.get(reverse(f"mail:{name}", args=[order])).status_code == 404
    for name, typed in (("step", {"to": "approved"}), ("label", {"purpose": "pack"}), ("forget", {})):
        assert post(client, name, order, **typed).status_code == 404
    organisation = house.hillside if who == "stranger" else house.harbour
    with scope.enter([organisation.key]):
        lines = AccessEntry.objects.filter(refused=True, actor=house.staff[who].id)
        assert lines.count() == 6


def test_the_mail_team_of_another_place_sees_nothing_of_it(house):
    order = with_order(house)
    place(house, "Second mail centre", "mail_centre", ("elsewhere", "mail_team"))
    client = signed_in(house, "elsewhere")
    assert client.get(reverse("mail:orders")).status_code == 200
    assert "moth-7" not in read(client, "orders")
    assert client.get(reverse("mail:order", args=[order])).status_code == 404
    assert post(client, "step", order, to="approved").status_code == 404
    assert post(client, "label", order, purpose="pack").status_code == 404


def test_a_person_has_no_page_for_an_order(house):
    """The store of addresses of orders stands on no page of a person, whoever asks."""
    go_nowhere = reverse("sealed-write", args=["nobody", "naloxone.mail_order"])
    assert signed_in(house, "mailer").get(go_nowhere).status_code == 404


def test_the_list_says_how_far_each_is(house):
    orders = [with_order(house, *STEPS[:many]) for many in range(5)]
    with scope.enter([house.harbour.key]):
        go(house, orders[3], MailStepTo.RETURNED)
    page = read(at_work(), "orders")
    assert re.findall(r"<h2>(\w[\w ]*?) <span", page) == ["New", "Agreed", "Packed"]
    assert "Ended lately" in page
    assert "Came back" in page
