"""The pages: three taps from a bag, what became of kits, filling, reports, and what the coordinator sees."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from handrail.facts import participants
from handrail.facts.labels import label
from handrail.facts.models import Fact, RoleAssignment
from handrail.facts.queries import today
from handrail.kernel import clock, crypto, ids, scope
from handrail.ledgers.stock import commands as stock
from handrail.ledgers.stock import recalls
from handrail.ledgers.stock.models import Item
from handrail.services.naloxone import commands, queries, reach
from handrail.services.naloxone.codes import Origin, Product
from handrail.services.naloxone.kinds.kit import Event
from handrail.services.naloxone.models import Given, KitEnd, KitVersion, Report
from handrail.services.naloxone.tests.helpers import NASAL, VIAL, B, actor, fill_store, lot, place, signed_in, there
from handrail.vault import records
from handrail.vault.spec import STORES


@pytest.fixture
def house(world: Any) -> Any:
    """The small world with naloxone on the van and in a peer's bag; naima works with both."""
    with scope.enter([world.harbour.key]):
        fill_store(world)
        stock.transfer(actor=world.system, source=world.store, target=world.van, quantities={NASAL: 60})
    world.bag = place(world, "Otieno’s bag", "peer_bag", ("naima", "peer"))
    with scope.enter([world.harbour.key]):
        stock.transfer(actor=world.system, source=world.store, target=world.bag, quantities={NASAL: 40})
    return world


def post(client: Any, name: str, site: Any = None, **typed: Any) -> Any:
    form = {"id": str(ids.new())} | {key.replace("__", "-"): value for key, value in typed.items()}
    return client.post(reverse(f"naloxone:{name}", args=[site.id] if site else []), form)


def q(number: object, code: str = NASAL) -> dict[str, str]:
    return {f"q-{code}": str(number)}


def test_three_taps_hand_a_kit_from_the_bag_to_somebody(house):
    client = signed_in(house, "naima")
    page = client.get(reverse("naloxone:bag", args=[house.bag.id])).content.decode()
    assert "40 here" in page
    assert "2 doses in each" in page
    assert post(client, "bag", house.bag, **q(2), supply_type="first").status_code == 302
    with scope.enter([house.harbour.key]):
        row = Given.objects.get()
        assert (row.quantity, row.supply_type, row.channel, row.source_class, row.recipient_kind) == (2, "first", "peer", "community_outlet", "person_at_risk")
        met = Fact.objects.get(kind="facts.encounter")
        assert (met.payload["channel"], met.payload["people_count"], met.participant) == ("peer", 1, None)
        assert there(house.bag) == 38


def test_two_taps_on_the_same_button_give_once(house):
    client, form = signed_in(house, "naima"), {"id": str(ids.new()), **q(1)}
    for _tap in range(2):
        assert client.post(reverse("naloxone:bag", args=[house.bag.id]), form).status_code == 302
    with scope.enter([house.harbour.key]):
        assert there(house.bag) == 39


def test_more_than_the_book_has_is_asked_for_and_given_all_the_same(house):
    client = signed_in(house, "naima")
    answer = post(client, "bag", house.bag, **{f"n-{NASAL}": "45"}, supply_type="repeat", repeat_reason="lost")
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'value="45"' in page
    assert re.search(r'value="lost"[^>]* (checked|selected)', page)
    assert post(client, "bag", house.bag, **{f"n-{NASAL}": "45"}, confirm="short").status_code == 302
    with scope.enter([house.harbour.key]):
        assert there(house.bag) == -5


@pytest.mark.parametrize("typed", ["-1", "many", "0"])
def test_a_number_that_is_none_gives_nothing(house, typed):
    answer = post(signed_in(house, "naima"), "bag", house.bag, **{f"n-{NASAL}": typed})
    assert answer.status_code == 422
    with scope.enter([house.harbour.key]):
        assert not Given.objects.exists()


def test_a_slip_of_the_finger_is_asked_about_and_then_stored(house):
    client, many = signed_in(house, "naima"), {f"n-{NASAL}": "201"}
    assert "More than 200" in post(client, "bag", house.bag, **many).content.decode()
    assert post(client, "bag", house.bag, **many, confirm=["large", "short"]).status_code == 302


def test_a_first_kit_has_none_before_it_and_what_was_typed_stays(house):
    answer = post(signed_in(house, "naima"), "bag", house.bag, **q(1), supply_type="first", repeat_reason="lost")
    assert answer.status_code == 422
    assert "A first kit has none before it." in answer.content.decode()


def test_the_bag_says_what_expires_and_what_is_recalled(house):
    with scope.enter([house.harbour.key]):
        soon, gone = house.bag.today + timedelta(days=90), house.bag.today - timedelta(days=1)
        stock.receive(actor=house.system, site=house.bag, lines=[stock.Delivery(NASAL, "SOON", 2, soon), stock.Delivery(NASAL, "GONE", 3, gone)])
        recalls.recall(actor=house.system, item=NASAL, lot=B, source_reference="FSN-7", severity="harmful")
    page = signed_in(house, "naima").get(reverse("naloxone:bag", args=[house.bag.id])).content.decode()
    for words in ("2 here", "expires soon", "40 recalled: put aside", "3 expired: swap, do not give"):
        assert words in page
    lots = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert f"2 of lot SOON, until {soon.day} {soon:%b %Y}" in lots, lots[lots.index("Naloxone spray"):][:300]


def test_got_back_used_is_told_by_its_number_or_its_code(house):
    client = signed_in(house, "naima")
    assert post(client, "tell", house.bag, event="used", item=NASAL, quantity="3", origin="bag").status_code == 302
    assert post(client, "bag", house.bag, **q(1), codes="nx-7").status_code == 302
    assert post(client, "tell", house.bag, event="returned", codes="NX-7", quantity="1").status_code == 302
    with scope.enter([house.harbour.key]):
        assert [(end.event, end.quantity, end.code, end.lot) for end in KitEnd.objects.order_by("key")] == [("used", 3, "", None), ("returned", 1, "NX-7", lot())]
        assert there(house.bag) == 40
    answer = post(client, "tell", house.bag, item=NASAL, quantity="1")
    assert answer.status_code == 422
    assert post(client, "tell", house.bag, event="used", quantity="1").status_code == 422


def test_a_bag_is_filled_from_the_van_and_brings_back_what_is_left(house):
    client = signed_in(house, "naima")
    assert post(client, "fill", house.bag, **q(12), other=str(house.van.id), way="in").status_code == 302
    assert post(client, "fill", house.bag, **q(5), other=str(house.van.id), way="back").status_code == 302
    with scope.enter([house.harbour.key]):
        assert (there(house.bag), there(house.van), Given.objects.count()) == (47, 53, 0)
    assert post(client, "fill", house.bag, other=str(house.van.id)).status_code == 422
    assert post(client, "fill", house.bag, **q(5), other=str(house.store.id)).status_code == 422


# -- reports -----------------------------------------------------------------------------------------------------------


def written(moment: Any) -> str:
    return clock.local(moment, "Africa/Nairobi").isoformat(timespec="minutes")


def test_when_and_how_it_ended_are_enough(house):
    client = signed_in(house, "naima")
    assert post(client, "report", house.van, when=written(clock.now() - timedelta(days=2)), outcome="recovered").status_code == 302
    with scope.enter([house.harbour.key]):
        row = Report.objects.get()
        assert (row.outcome, row.doses, row.emergency_called, row.witnessed, row.received_on) == ("recovered", None, "unknown", "unknown", house.van.today)
    answer = post(client, "report", house.van, when="")
    assert answer.status_code == 422


def test_a_code_marks_the_kit_used_and_finds_its_lot(house):
    client = signed_in(house, "naima")
    post(client, "bag", house.van, **q(1), codes="NX-7")
    assert post(client, "report", house.van, outcome="recovered", codes="nx-7", doses_total="2", replacement_wanted="true").status_code == 302
    with scope.enter([house.harbour.key]):
        assert queries.states() == {"used": 1}
        assert (Report.objects.get().doses, reach.still_out([lot()]).accounted) == (2, 1)
    assert post(client, "report", house.van, outcome="recovered", codes="NX-7 NX-8", doses_total="1").status_code == 422


def test_died_with_no_dose_is_valid_and_no_dose_is_not_unknown(house):
    assert post(signed_in(house, "naima"), "report", house.van, outcome="died", doses_total="0").status_code == 302
    with scope.enter([house.harbour.key]):
        assert Report.objects.get().doses == 0


@pytest.mark.parametrize(
    ("typed", "sentence", "confirm"),
    [
        ({"when": "2019-05-01T12:00"}, "years ago", "old"),
        ({"doses_total": "21"}, "More than 20 doses", "doses"),
        ({"when": "2099-01-01T12:00"}, "still to come", ""),
        ({"actions": ["none", "stayed"]}, "cannot be chosen together", ""),
        ({"why_not_called": ["cost"], "emergency_called": "yes"}, "belongs to “no”", ""),
        ({"doses_total": "-1"}, "Cannot be less than 0", ""),
    ],
)
def test_what_cannot_be_is_refused_and_what_is_strange_is_asked_about(house, typed, sentence, confirm):
    client = signed_in(house, "naima")
    form = {"outcome": "recovered", **typed}
    answer = post(client, "report", house.van, **form)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    if confirm:
        assert post(client, "report", house.van, **form, confirm=confirm).status_code == 302


def test_a_report_is_revised_and_nobody_of_another_place_revises_it(house):
    client = signed_in(house, "naima")
    post(client, "report", house.van, outcome="recovered", emergency_called="no", why_not_called=["fear_police"])
    with scope.enter([house.harbour.key]):
        first = Report.objects.get().fact
    address = reverse("naloxone:report", args=[house.van.id])
    page = client.get(f"{address}?corrects={first}").content.decode()
    assert re.search(r'value="fear_police"[^>]* (checked|selected)', page)
    assert post(client, "report", house.van, outcome="died", corrects=str(first)).status_code == 302
    with scope.enter([house.harbour.key]):
        assert [(r.outcome, r.root) for r in Report.objects.all()] == [("died", first)]
    assert client.get(f"{address}?corrects={first}").status_code == 404
    assert signed_in(house, "elsewhere").get(f"{address}?corrects={first}").status_code == 404
    with scope.enter([house.harbour.key]):
        second = Report.objects.get().fact
    own = reverse("naloxone:report", args=[house.sites["Drop-in"].id])
    assert signed_in(house, "elsewhere").get(f"{own}?corrects={second}").status_code == 404
    assert post(signed_in(house, "elsewhere"), "report", house.sites["Drop-in"], outcome="recovered", corrects=str(second)).status_code == 404


def test_the_list_shows_the_reports_of_my_places_alone(house):
    post(signed_in(house, "naima"), "report", house.van, outcome="recovered")
    assert "Recovered" in signed_in(house, "naima").get(reverse("naloxone:reports")).content.decode()
    assert "Recovered" not in signed_in(house, "elsewhere").get(reverse("naloxone:reports")).content.decode()


# -- the coordinator ---------------------------------------------------------------------------------------------------


def test_the_coordinator_sees_kits_by_source_and_why_and_reports_with_what_is_not_known(house):
    client = signed_in(house, "naima")
    for typed in ({"supply_type": "first"}, {"supply_type": "repeat", "repeat_reason": "used_on_other"}, {"supply_type": "repeat", "repeat_reason": "lost"}):
        post(client, "bag", house.van, **q(2), **typed)
    for outcome, doses, called in (("recovered", "2", "yes"), ("recovered", "1", "no"), ("alive_handed_over", "3", "yes"), ("died", "2", "yes"), ("unknown", "1", "unknown")):
        post(client, "report", house.van, outcome=outcome, doses_total=doses, emergency_called=called)
    page = re.sub(r"<[^>]+>|\s+", " ", signed_in(house, "coordinator").get(reverse("naloxone:overview")).content.decode())
    page = re.sub(r"\s+", " ", page)
    for words in ("Kits 6", "Doses in all of these 12", "Community outlet 6", "First kit 2", "Had one before 4", "Survived 75.0 % 3 of 4 · 1 not known", "Another kit because one was used 50.0 % 1 of 2"):
        assert words in page, words
    assert "An ambulance was called 75.0 % 3 of 4 · 1 not known" in page
    assert "2.0 · 1.8 · " in page


def test_the_coordinator_reads_which_bags_and_boxes_want_filling(house):
    client = signed_in(house, "naima")
    address = reverse("naloxone:overview")
    post(client, "bag", house.bag, **q(15), supply_type="first")
    assert "To be filled" not in signed_in(house, "coordinator").get(address).content.decode(), "25 are left of 40, and 15 went out"
    post(client, "bag", house.bag, **q(15), supply_type="first")
    page = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", signed_in(house, "coordinator").get(address).content.decode()))
    assert "To be filled Less is there than went out in the days that an order takes. What is left in a box is worked out from what people took before. Otieno’s bag Naloxone spray: 10" in page


def test_a_recall_shows_what_is_still_out_on_its_own_page_and_in_numbers(house):
    client = signed_in(house, "naima")
    post(client, "bag", house.van, **q(3))
    with scope.enter([house.harbour.key]):
        recalled = recalls.recall(actor=house.system, item=NASAL, lot=B, source_reference="FSN-7", severity="harmful")
    page = signed_in(house, "store").get(reverse("stock-recall", args=[recalled.id])).content.decode()
    assert "100 of 100 are still out" in re.sub(r"<[^>]+>", "", page)
    assert "With people nobody can reach" in page
    assert "100 kits are still out" in signed_in(house, "coordinator").get(reverse("naloxone:overview")).content.decode()


def test_people_to_reach_are_shown_where_one_may_open_how_and_never_elsewhere(house):
    who, gone = ids.random(), ids.random()
    with scope.enter([house.harbour.key]):
        for person in (who, gone):
            participants.enrol(actor=actor(house, "naima"), site=house.van.id, code=crypto.new_code(), participant=person)
            records.write(actor=actor(house, "naima"), store=STORES["vault.contact"], participant=person, site=house.van, typed={"phone": "+000 000"})
            commands.give(actor=actor(house, "naima"), site=house.van, quantities={NASAL: 2}, participant=person, id=ids.new())
        commands.tell(
            actor=actor(house, "naima"), site=house.van, event=Event.RECALLED_RECOVERED, item=NASAL, lot=lot(), quantity=2, origin=Origin.GIVEN, participant=gone, id=ids.new(),
        )
        recalled = recalls.recall(actor=house.system, item=NASAL, lot=B, source_reference="FSN-7", severity="harmful")
    address = reverse("stock-recall", args=[recalled.id])
    page = signed_in(house, "naima").get(address).content.decode()
    assert label(who) in page
    assert label(gone) not in page
    assert str(who) not in page
    assert "/sealed/vault.contact/open/" in page
    for other in ("elsewhere", "store", "coordinator"):
        assert label(who) not in signed_in(house, other).get(address).content.decode()


def test_the_life_of_one_kit_is_found_by_its_code(house):
    post(signed_in(house, "naima"), "bag", house.van, **q(1), codes="NX-7")
    client = signed_in(house, "coordinator")
    assert "With somebody" in client.get(reverse("naloxone:overview"), {"code": "nx-7"}).content.decode()
    assert "No kit with this code is known." in client.get(reverse("naloxone:overview"), {"code": "NX-8"}).content.decode()


def test_what_a_kit_is_is_said_once(house):
    client, address = signed_in(house, "store"), reverse("naloxone:kits")
    assert client.post(address, {"item": VIAL, "product": "im_0_4mg_vial", "doses": "2"}).status_code == 422
    assert client.post(address, {"item": VIAL, "product": "im_prefilled_2mg", "doses": "1", "is_loose": "yes"}).status_code == 302
    assert client.post(address, {"item": "", "product": "", "doses": "x"}).status_code == 422
    with scope.enter([house.harbour.key]):
        assert KitVersion.objects.get(item__code=VIAL).product == "im_prefilled_2mg"


def test_the_page_of_kits_leaves_the_languages_of_the_leaflet_as_they_are(house):
    client, address = signed_in(house, "store"), reverse("naloxone:kits")
    with scope.enter([house.harbour.key]):
        commands.set_kit(actor=house.system, item=Item.objects.get(code=VIAL), product=Product.IM_0_4MG_VIAL, doses=1, since=today(), languages=["sw", "en"])
    assert client.post(address, {"item": VIAL, "product": "im_autoinjector", "doses": "1"}).status_code == 302
    with scope.enter([house.harbour.key]):
        version = KitVersion.objects.get(item__code=VIAL)
        assert (version.product, version.leaflet_languages) == ("im_autoinjector", ["sw", "en"])
        commands.set_kit(actor=house.system, item=version.item, product=Product.IM_AUTOINJECTOR, doses=1, since=today(), languages=[])
        assert KitVersion.objects.get(item__code=VIAL).leaflet_languages == [], "none is an answer too"


@pytest.mark.parametrize("who", ["stranger", "elsewhere", "auditor"])
def test_nobody_gives_from_a_bag_that_is_not_theirs(house, who):
    for name in ("bag", "tell", "fill", "report"):
        assert signed_in(house, who).get(reverse(f"naloxone:{name}", args=[house.bag.id])).status_code == 404


def test_a_role_held_everywhere_reads_no_report_where_people_are_held(house):
    unit = place(house, "Unit", "prison_unit", closed_setting="prison")
    with scope.enter([house.harbour.key]):
        RoleAssignment.objects.create(staff=house.staff["naima"], role="outreach", site=unit)
    post(signed_in(house, "naima"), "report", unit, outcome="died")
    assert "Died" not in signed_in(house, "coordinator").get(reverse("naloxone:reports")).content.decode()
    assert "Died" in signed_in(house, "naima").get(reverse("naloxone:reports")).content.decode()


# -- in a visit --------------------------------------------------------------------------------------------------------


def visit(client: Any, site: Any, **typed: str) -> Any:
    form = {"visit": str(ids.new()), "at": clock.now().isoformat(), "people_count": "1", "who": "none"}
    return client.post(reverse("visit-new", args=[site.id]), form | typed)


def test_in_a_visit_naloxone_has_its_own_part_and_is_not_among_what_was_given(house):
    client = signed_in(house, "naima")
    page = client.get(reverse("visit-new", args=[house.van.id])).content.decode()
    assert f"naloxone.supply:{NASAL}" in page
    assert f"exchange.given:{NASAL}" not in page
    answer = visit(client, house.van, **{f"naloxone.supply:{NASAL}": "2", "naloxone.supply:supply_type": "repeat", "naloxone.supply:repeat_reason": "expired"})
    assert answer.status_code == 302
    with scope.enter([house.harbour.key]):
        row = Given.objects.get()
        assert (row.quantity, row.supply_type, row.repeat_reason, row.channel) == (2, "repeat", "expired", "outreach")
        assert there(house.van) == 58


def test_what_is_said_of_naloxone_without_a_number_asks_for_one_and_stays(house):
    answer = visit(signed_in(house, "naima"), house.van, **{"naloxone.supply:supply_type": "first", "exchange.given:syringe-1ml-29g": "10"})
    assert answer.status_code == 422
    assert "Write how many, or empty what stands below." in answer.content.decode()


def test_a_visit_is_corrected_and_its_kit_is_followed_anew(house):
    client = signed_in(house, "naima")
    made = visit(client, house.van, **{f"naloxone.supply:{NASAL}": "2", "naloxone.supply:supply_type": "first"})
    address = made.url.split("?")[0] + "correct/"
    page = client.get(address).content.decode()
    assert re.search(r'name="naloxone.supply:supply_type" value="first" checked', page)
    hidden = dict(re.findall(r'<input type="hidden" name="([a-z]+)" value="([^"]*)"', page))
    typed = {**hidden, "people_count": "1", f"naloxone.supply:{NASAL}": "3", "naloxone.supply:supply_type": "first"}
    assert client.post(address, typed).status_code == 302
    with scope.enter([house.harbour.key]):
        assert [row.quantity for row in Given.objects.all()] == [3]
        assert there(house.van) == 57
