"""The visit composer: what a place offers, what is kept, what a correction leaves alone, and what a plain save costs."""

from __future__ import annotations

import re
import uuid
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from handrail.facts import visits
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import Fact, Site
from handrail.facts.record import Mode
from handrail.facts.spec import KINDS, Picks
from handrail.facts.visits import Part
from handrail.kernel import clock, ids, scope
from handrail.ledgers.stock import commands as stock
from handrail.ledgers.stock.models import Item
from handrail.screens.console import composer, composer_read
from handrail.services.exchange.kinds.given import Given, GivenLine

GIVEN, SYRINGE, FILTER = "exchange.given", "exchange.given:syringe-1ml-29g", "exchange.given:filter"
TICKS = sorted(k.key for k in KINDS if k.compose and isinstance(k.compose.part, Picks) and k.compose.part.alone)


def signed_in(world, who: str = "naima") -> Client:
    client = Client()
    client.force_login(world.staff[who])
    return client


def form(**more: str) -> dict[str, str]:
    return {"visit": str(ids.new()), "at": clock.now().isoformat(), "who": "none", "people_count": "1", **more}


def given(world, visit: str | uuid.UUID) -> dict[str, int]:
    with scope.enter([world.harbour.key]):
        facts = [f for f in visits.read(uuid.UUID(str(visit))) if f.kind == GIVEN]
        return {line.item: line.quantity for f in facts for line in f.parsed.lines}


def saved(world, *lines: GivenLine, site: Site | None = None, **more) -> uuid.UUID:
    visit = ids.new()
    with scope.enter([world.harbour.key]):
        visits.save(
            actor=world.system, visit=visit, site=(site or world.van).id, occurred_at=clock.now(), encounter=Encounter(),
            parts=[Part(GIVEN, Given(lines=lines, **more))], mode=Mode.CONFIRMED,
        )
    return visit


def restrict(world, site: Site, **fields) -> None:
    with scope.enter([world.harbour.key]):
        Site.objects.filter(key=site.key).update(**fields)


# -- what a place offers -----------------------------------------------------------------------------------------------------


@pytest.fixture
def no_needles(world):
    """A drop-in that hands out smoking things and care, and no needle."""
    with scope.enter([world.harbour.key]):
        stock.add_item(actor=world.system, code="pipe", name="Glass stem", item_class="smoking", position=1)
    restrict(world, world.van, item_classes=["smoking", "care"])
    return world


def test_a_place_without_needles_shows_none(no_needles):
    saved(no_needles, GivenLine(item="syringe-1ml-29g", quantity=10))
    saved(no_needles, GivenLine(item="syringe-1ml-29g", quantity=10))
    page = signed_in(no_needles).get(reverse("visit-new", args=[no_needles.van.id])).content.decode()
    assert "Glass stem" in page
    assert "yringe 1 ml" not in page
    assert "How many are needed" not in page
    assert "syringe-1ml" not in page


def test_a_place_without_needles_takes_none_when_one_is_posted(no_needles):
    client, where = signed_in(no_needles), reverse("visit-new", args=[no_needles.van.id])
    answer = client.post(where, form(**{SYRINGE: "10", "exchange.given:pipe": "1"}))
    assert answer.status_code == 422
    assert "This is not handed out here." in answer.content.decode()
    with scope.enter([no_needles.harbour.key]):
        assert not Fact.objects.filter(kind="facts.encounter").exists()
    unknown = client.post(where, form(**{"exchange.given:no-such-thing": "10"}))
    assert unknown.status_code == 422


def test_what_was_given_before_the_place_changed_can_still_be_corrected(no_needles):
    visit = saved(no_needles, GivenLine(item="syringe-1ml-29g", quantity=10))
    client, where = signed_in(no_needles), reverse("visit-correct", args=[visit])
    assert f'name="{SYRINGE}" value="10"' in client.get(where).content.decode()
    assert client.post(where, form(**{SYRINGE: "12"})).status_code == 302
    assert given(no_needles, visit) == {"syringe-1ml-29g": 12}


def test_a_place_offers_the_kinds_it_chose_and_no_other(world):
    restrict(world, world.van, kinds=["exchange.given", "facts.referral"])
    page = signed_in(world).get(reverse("visit-new", args=[world.van.id])).content.decode()
    assert re.findall(r'data-kind="([a-z._]+)"', page) == ["exchange.given", "facts.referral"]
    client = signed_in(world)
    posted = form(**{FILTER: "1", "exchange.returned:quantity": "5"})
    assert client.post(reverse("visit-new", args=[world.van.id]), posted).status_code == 302
    with scope.enter([world.harbour.key]):
        assert [f.kind for f in visits.read(uuid.UUID(posted["visit"]))] == ["facts.encounter", "exchange.given"]


def test_a_place_that_chose_its_kinds_has_them_in_the_order_it_chose(world):
    chosen = ["facts.referral", "exchange.given", "exchange.education"]
    restrict(world, world.van, kinds=chosen)
    page = signed_in(world).get(reverse("visit-new", args=[world.van.id])).content.decode()
    assert re.findall(r'data-kind="([a-z._]+)"', page) == chosen
    posted = {"name": "Van 1", "kind": "vehicle", "time_zone": "Africa/Nairobi", "kinds": ["exchange.education", "exchange.given", "facts.referral"], "is_active": "1"}
    assert signed_in(world, "admin").post(reverse("site", args=[world.van.id]), posted).status_code == 302
    page = signed_in(world).get(reverse("visit-new", args=[world.van.id])).content.decode()
    assert re.findall(r'data-kind="([a-z._]+)"', page) == chosen, "the page of the place has no order and leaves it alone"


def test_round_numbers_are_offered_for_what_people_take_by_the_ten(world):
    where = reverse("visit-new", args=[world.van.id])
    assert f'data-for="{SYRINGE}" data-set="30"' in signed_in(world).get(where).content.decode()
    restrict(world, world.van, item_classes=["preparation"])
    page = signed_in(world).get(where).content.decode()
    assert f'name="{FILTER}"' in page
    assert "data-set" not in page, "one by one"
    with scope.enter([world.harbour.key]):
        Item.objects.filter(code="filter").update(pack_size=50)
    assert f'data-for="{FILTER}" data-set="30"' in signed_in(world).get(where).content.decode()


def test_the_usual_visit_has_no_test_above_it_and_rare_sections_are_folded(world):
    page = signed_in(world).get(reverse("visit-new", args=[world.van.id])).content.decode()
    order = re.findall(r'data-kind="([a-z._]+)"', page)
    assert order[:2] == ["exchange.given", "exchange.returned"]
    folded = re.findall(r'<details class="more" data-kind="([a-z._]+)">', page)
    assert {k.key for k in KINDS if k.compose and k.compose.folded and k.key in order} == set(folded)


# -- ticks ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", TICKS)
def test_an_answer_that_stands_alone_is_refused_beside_others_and_nothing_is_lost(world, key):
    restrict(world, world.van, kinds=[key])
    part = KINDS[key].compose.part
    options = [o.value for o in composer.fields.shape(KINDS[key].payload, part.field).options]
    other = next(o for o in options if o not in part.alone)
    names = [f"{key}:{part.field}:{code}" for code in (part.alone[0], other)]
    answer = signed_in(world).post(reverse("visit-new", args=[world.van.id]), form(**dict.fromkeys(names, "on")))
    assert answer.status_code == 422
    page = unescape(answer.content.decode())
    assert "stands alone. Untick it, or the others." in page
    assert page.count("checked data-alone") + page.count('value="on" checked') >= 2
    assert signed_in(world).post(reverse("visit-new", args=[world.van.id]), form(**{names[0]: "on"})).status_code == 302


# -- corrections -----------------------------------------------------------------------------------------------------------------


def test_a_correction_that_changes_nothing_writes_nothing(world):
    with scope.enter([world.harbour.key]):
        lot = stock.Lot.objects.get(code="S-late").id
    visit = saved(
        world, GivenLine(item="filter", quantity=3), GivenLine(item="syringe-1ml-29g", quantity=4, lot=lot),
        GivenLine(item="syringe-1ml-29g", quantity=1), short_reason="stock",
    )
    with scope.enter([world.harbour.key]):
        before = Fact.objects.count()
    client, where = signed_in(world), reverse("visit-correct", args=[visit])
    page = client.get(where).content.decode()
    assert f'name="{SYRINGE}" value="5"' in page
    assert client.post(where, form(**{SYRINGE: "5", FILTER: "3", "on_behalf_of": ""})).status_code == 302
    with scope.enter([world.harbour.key]):
        assert Fact.objects.count() == before


def test_what_the_form_does_not_show_is_kept_when_the_rest_is_corrected(world):
    visit = ids.new()
    test = KINDS["exchange.test"].payload(disease="HIV", method="self_test", state="resulted", result="negative", told=True)
    back = KINDS["exchange.returned"].payload(quantity=20, method="estimate")
    with scope.enter([world.harbour.key]):
        visits.save(
            actor=world.actors["naima"], visit=visit, site=world.van.id, occurred_at=clock.now(),
            encounter=Encounter(channel="peer", people_count=3, bands=[{"gender": "female", "people": 2}]),
            parts=[Part("exchange.test", test), Part("exchange.returned", back)],
        )
    posted = form(**{"people_count": "4", "exchange.test:HIV": "negative", "exchange.returned:quantity": "25"})
    assert signed_in(world).post(reverse("visit-correct", args=[visit]), posted).status_code == 302
    with scope.enter([world.harbour.key]):
        now = {f.kind: f.parsed for f in visits.read(visit)}
    assert now["exchange.test"] == test
    assert (now["exchange.returned"].quantity, now["exchange.returned"].method) == (25, "estimate")
    assert (now["facts.encounter"].people_count, now["facts.encounter"].channel, len(now["facts.encounter"].bands)) == (4, "peer", 1)


def test_bands_that_no_longer_add_up_do_not_stop_a_correction(world):
    visit = ids.new()
    with scope.enter([world.harbour.key]):
        visits.save(
            actor=world.actors["naima"], visit=visit, site=world.van.id, occurred_at=clock.now(),
            encounter=Encounter(people_count=3, bands=[{"gender": "female", "people": 3}]), parts=[],
        )
    assert signed_in(world).post(reverse("visit-correct", args=[visit]), form(people_count="2")).status_code == 302
    with scope.enter([world.harbour.key]):
        assert visits.read(visit)[0].parsed.people_count == 2


def test_a_kind_the_place_does_not_offer_is_shown_where_a_visit_holds_it(world):
    restrict(world, world.van, kinds=["exchange.given"])
    visit = ids.new()
    back = KINDS["exchange.returned"].payload(quantity=20)
    with scope.enter([world.harbour.key]):
        visits.save(
            actor=world.actors["naima"], visit=visit, site=world.van.id, occurred_at=clock.now(), encounter=Encounter(),
            parts=[Part("exchange.returned", back)],
        )
    client, where = signed_in(world), reverse("visit-correct", args=[visit])
    assert 'data-kind="exchange.returned"' in client.get(where).content.decode()
    assert client.post(where, form(**{"exchange.returned:quantity": "21"})).status_code == 302
    with scope.enter([world.harbour.key]):
        assert [f.parsed.quantity for f in visits.read(visit) if f.kind == "exchange.returned"] == [21]


def test_an_item_that_left_the_catalogue_stays_in_the_form_of_its_visit(world):
    visit = saved(world, GivenLine(item="water", quantity=7), GivenLine(item="filter", quantity=1))
    with scope.enter([world.harbour.key]):
        stock.Item.objects.filter(code="water").update(is_active=False)
    page = signed_in(world).get(reverse("visit-correct", args=[visit])).content.decode()
    assert 'name="exchange.given:water" value="7"' in page
    assert "not in the catalogue now" in page


# -- questions -----------------------------------------------------------------------------------------------------------------


def test_a_large_number_that_the_book_does_not_have_is_asked_twice_and_then_saved(world):
    client, where, posted = signed_in(world), reverse("visit-new", args=[world.van.id]), form(**{FILTER: "1001"})
    assert 'value="large"' in client.post(where, posted).content.decode()
    assert 'value="short"' in client.post(where, posted | {"confirm": "large"}).content.decode()
    assert client.post(where, posted | {"confirm": "short"}).status_code == 302
    assert given(world, posted["visit"]) == {"filter": 1001}


@pytest.mark.parametrize("typed", ["1.000", "1,5", "-3", "ten", "1e3", "9" * 30])
def test_a_number_that_could_mean_two_things_is_never_guessed(world, typed):
    answer = signed_in(world).post(reverse("visit-new", args=[world.van.id]), form(**{FILTER: typed}))
    assert answer.status_code == 422
    assert f'value="{typed}"' in answer.content.decode()


# -- offers without a script ---------------------------------------------------------------------------------------------------


def test_a_basket_is_a_link_on_a_fresh_page_and_a_button_that_keeps_what_was_typed_afterwards(world):
    for _n in range(2):
        saved(world, GivenLine(item="syringe-1ml-29g", quantity=30), GivenLine(item="filter", quantity=10))
    client, where = signed_in(world), reverse("visit-new", args=[world.van.id])
    assert 'href="?usual=0"' in client.get(where).content.decode()
    assert f'name="{SYRINGE}" value="30"' in client.get(where + "?usual=0").content.decode()
    tapped = client.post(where, form(do="fill:place-0", **{"exchange.returned:quantity": "7"}))
    page = tapped.content.decode()
    assert tapped.status_code == 200
    assert f'name="{SYRINGE}" value="30"' in page
    assert 'name="exchange.returned:quantity" value="7"' in page
    assert 'name="do" value="fill:place-0"' in page


# -- cost ----------------------------------------------------------------------------------------------------------------------


def test_a_plain_save_asks_the_database_for_the_site_and_the_door_and_nothing_else(world):
    client, where = signed_in(world), reverse("visit-new", args=[world.van.id])
    client.post(where, form(**{SYRINGE: "1", FILTER: "1"}))
    with CaptureQueriesContext(connection) as through_the_page:
        assert client.post(where, form(**{SYRINGE: "1", FILTER: "1"})).status_code == 302
    with scope.enter([world.harbour.key]), CaptureQueriesContext(connection) as at_the_door:
        visits.save(
            actor=world.actors["naima"], visit=ids.new(), site=world.van.id, occurred_at=clock.now(), encounter=Encounter(),
            parts=[Part(GIVEN, Given(lines=(GivenLine(item="syringe-1ml-29g", quantity=1), GivenLine(item="filter", quantity=1))))],
        )
    page = [query["sql"] for query in through_the_page.captured_queries]
    site = next(place for place, sql in enumerate(page) if "FROM facts_site WHERE" in sql)
    after = [sql for sql in page[site + 1:] if not sql.startswith("RELEASE")]
    assert [sql.split()[:3] for sql in after] == [query["sql"].split()[:3] for query in at_the_door.captured_queries]


def test_a_small_number_never_asks_what_a_large_one_is(world):
    with scope.enter([world.harbour.key]), CaptureQueriesContext(connection) as asked:
        parsed = composer_read.parse(world.actors["naima"], world.van, {SYRINGE: "30", FILTER: "10"})
    assert (len(asked), len(parsed.parts), parsed.errors) == (0, 1, {})
