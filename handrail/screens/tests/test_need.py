"""The need in the composer: a suggestion beside the syringe, never a cap, and a question why fewer that stops nobody."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from handrail.facts import participants, visits
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import Setting, Site
from handrail.facts.values import START
from handrail.kernel import clock, crypto, ids, scope
from handrail.ledgers.stock.models import Item

SYRINGE = "exchange.given:syringe-1ml-29g"
SAID = {
    "exchange.need:per_day": "3", "exchange.need:days": "14", "exchange.need:others:0": "2", "exchange.need:others:1": "5",
    "on_behalf_of": "2", "need_here": "yes",
}


def signed_in(world) -> Client:
    client = Client()
    client.force_login(world.staff["naima"])
    return client


def form(**more: str) -> dict[str, str]:
    return {"visit": str(ids.new()), "at": clock.now().isoformat(), "who": "none", "people_count": "1", **more}


def where(world) -> str:
    return reverse("visit-new", args=[world.van.id])


def kept(world, visit: str, kind: str = "exchange.need"):
    with scope.enter([world.harbour.key]):
        return next((f.parsed for f in visits.read(uuid.UUID(visit)) if f.kind == kind), None)


def setting(world, name: str, value: object, **more: object) -> None:
    with scope.enter([world.harbour.key]):
        Setting.objects.create(
            organisation_id=world.harbour.key, name=name, value=value, valid_from=clock.now().date(), source="An invented law", **more
        )


@pytest.fixture
def packs_of_ten(world):
    with scope.enter([world.harbour.key]):
        Item.objects.filter(code="syringe-1ml-29g").update(pack_size=10)
    return world


def test_the_need_is_worked_out_and_one_tap_fills_it_in(packs_of_ten):
    client = signed_in(packs_of_ten)
    worked = client.post(where(packs_of_ten), form(do="need", **SAID))
    page = unescape(worked.content.decode())
    assert worked.status_code == 200
    assert "need about 140: 14 days × 3 a day, and for 2 others" in page
    assert f'data-fill="{{"{SYRINGE}": "140"}}"' in page
    filled = client.post(where(packs_of_ten), form(do="fill:need", **SAID)).content.decode()
    assert f'name="{SYRINGE}" value="140"' in filled
    setting(packs_of_ten, "need_reserve", "0.20")
    with_reserve = unescape(client.post(where(packs_of_ten), form(do="need", **SAID)).content.decode())
    assert "need about 170: 14 days × 3 a day, and for 2 others, with 20 % in reserve" in with_reserve


def test_the_need_is_kept_beside_what_was_given_with_what_is_unmet(packs_of_ten):
    posted = form(need_seen="yes", short_reason="stock", **SAID, **{SYRINGE: "100", "exchange.given:filter": "7"})
    assert signed_in(packs_of_ten).post(where(packs_of_ten), posted).status_code == 302
    need = kept(packs_of_ten, posted["visit"])
    assert (need.needed, need.given, need.unmet, need.short_reason, need.reserve_version) == (140, 100, 40, "stock", START)
    assert need.others == (Decimal(2), Decimal(5))
    assert kept(packs_of_ten, posted["visit"], "exchange.given").short_reason == "stock"


def test_less_than_needed_is_asked_about_once_and_saved_without_an_answer(packs_of_ten):
    client, posted = signed_in(packs_of_ten), form(**SAID, **{SYRINGE: "100"})
    asked = client.post(where(packs_of_ten), posted)
    page = unescape(asked.content.decode())
    assert asked.status_code == 422
    assert "This is fewer than needed. That is fine" in page
    assert 'name="short_reason" value="participant_chose_fewer"' in page
    assert 'name="confirm"' not in page
    again = dict(re.findall(r'type="hidden" name="(need_\w+)" value="(\w+)"', page))
    assert client.post(where(packs_of_ten), posted | again | {"short_reason": ""}).status_code == 302
    assert (kept(packs_of_ten, posted["visit"]).unmet, kept(packs_of_ten, posted["visit"]).short_reason) == (40, None)


def test_more_than_needed_is_given_without_a_word(packs_of_ten):
    posted = form(**SAID, **{SYRINGE: "300"})
    assert signed_in(packs_of_ten).post(where(packs_of_ten), posted).status_code == 302
    assert kept(packs_of_ten, posted["visit"]).unmet == 0


def test_nothing_given_is_all_of_the_need_unmet(packs_of_ten):
    posted = form(need_seen="yes", short_reason="stock", **SAID)
    assert signed_in(packs_of_ten).post(where(packs_of_ten), posted).status_code == 302
    assert (kept(packs_of_ten, posted["visit"]).unmet, kept(packs_of_ten, posted["visit"]).short_reason) == (140, "stock")


@pytest.mark.parametrize("name", ["per_day", "days", "on_hand", "others:1"])
def test_what_cannot_be_read_is_said_and_kept(world, name):
    typed = SAID | {f"exchange.need:{name}": "a few"}
    answer = signed_in(world).post(where(world), form(**typed, **{SYRINGE: "10"}))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'name="exchange.need:{name}" value="a few"' in page
    assert re.search(r'class="bad" role="alert">Write a (whole )?number', page)


def test_a_comma_is_a_point(world):
    posted = form(**{"exchange.need:per_day": "1,5", "exchange.need:days": "3", SYRINGE: "5"})
    assert signed_in(world).post(where(world), posted).status_code == 302
    assert kept(world, posted["visit"]).needed == 5


def test_a_correction_shows_what_was_said_and_works_out_what_is_unmet_afresh(packs_of_ten):
    client, posted = signed_in(packs_of_ten), form(need_seen="yes", short_reason="stock", **SAID, **{SYRINGE: "100"})
    client.post(where(packs_of_ten), posted)
    correct = reverse("visit-correct", args=[posted["visit"]])
    page = unescape(client.get(correct).content.decode())
    assert 'name="exchange.need:others:1" value="5"' in page
    assert re.search(r'name="short_reason" value="stock" checked', page)
    setting(packs_of_ten, "need_reserve", "0.50")
    changed = SAID | {"visit": str(ids.new()), "need_seen": "yes", "short_reason": "", "at": clock.now().isoformat(), SYRINGE: "120"}
    assert client.post(correct, changed).status_code == 302
    need = kept(packs_of_ten, posted["visit"])
    assert (need.needed, need.given, need.unmet, need.short_reason, need.reserve) == (140, 120, 20, None, 0)
    assert kept(packs_of_ten, posted["visit"], "exchange.given").short_reason is None


def test_a_need_that_is_emptied_is_taken_back_and_one_that_was_not_shown_stays(packs_of_ten):
    client, posted = signed_in(packs_of_ten), form(need_seen="yes", **SAID, **{SYRINGE: "140"})
    client.post(where(packs_of_ten), posted)
    correct = reverse("visit-correct", args=[posted["visit"]])
    assert client.post(correct, form(**{SYRINGE: "141"})).status_code == 302
    assert kept(packs_of_ten, posted["visit"]).needed == 140
    assert client.post(correct, form(need_here="yes", **{SYRINGE: "141"})).status_code == 302
    assert kept(packs_of_ten, posted["visit"]) is None


def test_what_a_person_said_last_time_is_one_tap(packs_of_ten):
    person, card = ids.random(), crypto.new_code()
    with scope.enter([packs_of_ten.harbour.key]):
        participants.enrol(actor=packs_of_ten.actors["naima"], site=packs_of_ten.van.id, code=card, participant=person)
    client = signed_in(packs_of_ten)
    first = form(card=card, need_seen="yes", **SAID, **{"exchange.need:on_hand": "4", SYRINGE: "140"}) | {"who": "card"}
    assert client.post(where(packs_of_ten), first).status_code == 302
    found = unescape(client.post(where(packs_of_ten), form(do="find", card=card) | {"who": "card"}).content.decode())
    assert "as last time: 3 + 2 + 5 a day, 14 days" in found
    assert "need about" not in found  # offered, not filled in
    again = unescape(client.post(where(packs_of_ten), form(do="as-last", card=card) | {"who": "card"}).content.decode())
    assert 'name="exchange.need:per_day" value="3"' in again
    assert 'name="exchange.need:on_hand" value=""' in again
    assert "need about 140" in again


def test_where_a_law_sets_a_limit_the_screen_says_that_it_is_the_law(packs_of_ten):
    setting(packs_of_ten, "legal_limit", "cap", approved_at=clock.now())
    setting(packs_of_ten, "legal_cap", 20, approved_at=clock.now())
    client = signed_in(packs_of_ten)
    assert "The law here allows at most 20" in client.post(where(packs_of_ten), form(do="need", **SAID)).content.decode()
    posted = form(need_seen="yes", short_reason="rule_of_jurisdiction", **SAID, **{SYRINGE: "20"})
    assert client.post(where(packs_of_ten), posted).status_code == 302
    need = kept(packs_of_ten, posted["visit"])
    assert (need.unmet, need.short_reason, need.legal_limit, need.limit_source) == (120, "rule_of_jurisdiction", "cap", "An invented law")


def test_where_a_law_sets_a_limit_it_stands_there_before_anybody_is_asked_anything(world):
    client = signed_in(world)
    assert "The law here" not in client.get(where(world)).content.decode()
    setting(world, "legal_limit", "one_for_one", approved_at=clock.now())
    page = client.get(where(world)).content.decode()
    assert page.index("The law here demands one used for each new one") < page.index("How many are needed?")
    assert "An invented law" in page
    with scope.enter([world.harbour.key]):
        Site.objects.filter(key=world.van.key).update(item_classes=["smoking"])
    assert "The law here" not in client.get(where(world)).content.decode()  # no needle is handed out there


def test_correcting_an_old_visit_asks_the_law_of_its_day_and_not_of_today(packs_of_ten):
    visit = ids.new()
    with scope.enter([packs_of_ten.harbour.key]):
        visits.save(
            actor=packs_of_ten.actors["naima"], visit=visit, site=packs_of_ten.van.id, occurred_at=clock.now() - timedelta(days=30),
            encounter=Encounter(on_behalf_of=2), parts=[],
        )
    setting(packs_of_ten, "legal_limit", "cap", approved_at=clock.now())
    setting(packs_of_ten, "legal_cap", 20, approved_at=clock.now())
    setting(packs_of_ten, "need_reserve", "0.5")
    client, address = signed_in(packs_of_ten), reverse("visit-correct", args=[visit])
    page = client.get(address).content.decode()
    assert "The law here" not in page
    seen = re.search(r'name="at" value="([^"]+)"', page)
    posted = form(need_seen="yes", short_reason="stock", **SAID, **{SYRINGE: "20"}) | {"at": seen[1]}
    assert client.post(address, posted).status_code == 302
    need = kept(packs_of_ten, str(visit))
    assert (need.needed, need.unmet, need.short_reason, need.legal_limit, need.limit_source) == (140, 120, "stock", None, None)


def kit(world, **more: object) -> None:
    """A kit of ten syringes that somebody put into the class of syringes, first in the list."""
    with scope.enter([world.harbour.key]):
        Item.objects.filter(code="injecting-kit").update(item_class="syringe_with_needle", position=0, **more)


def test_the_tap_fills_in_single_syringes_even_if_a_kit_stands_first(world):
    kit(world)
    posted = form(do="fill:need", **{"exchange.need:per_day": "3", "exchange.need:days": "14"})
    page = signed_in(world).post(where(world), posted).content.decode()
    assert re.search(rf'name="{SYRINGE}"[^>]* value="42"', page)
    assert not re.search(r'name="exchange.given:injecting-kit"[^>]* value="[1-9]', page)


def test_where_only_kits_are_handed_out_the_tap_fills_in_as_many_as_hold_so_many(world):
    kit(world)
    with scope.enter([world.harbour.key]):
        Item.objects.filter(code="syringe-1ml-29g").update(is_active=False)
    posted = form(do="fill:need", **{"exchange.need:per_day": "3", "exchange.need:days": "14"})
    page = signed_in(world).post(where(world), posted).content.decode()
    assert re.search(r'name="exchange.given:injecting-kit"[^>]* value="5"', page)  # 42 are five kits of ten


def test_a_page_on_which_nobody_told_of_a_need_reads_no_value_but_the_law_and_asks_no_reason(world):
    client = signed_in(world)
    with CaptureQueriesContext(connection) as asked:
        page = unescape(client.get(where(world)).content.decode())
    assert "How many are needed?" in page
    assert 'name="short_reason"' not in page
    after = [query["sql"] for query in asked.captured_queries]
    site = next(place for place, sql in enumerate(after) if "FROM facts_site WHERE" in sql)
    read = [sql for sql in after[site:] if "facts_setting" in sql]
    assert len(read) == 1
    assert "legal_limit" in read[0]
