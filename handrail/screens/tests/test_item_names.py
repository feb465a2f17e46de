"""Items in the reader's own language, and the page that keeps their names."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from handrail.facts.models import Staff
from handrail.kernel import clock, ids, scope
from handrail.ledgers.stock.models import Item


def client(world, who: str) -> Client:
    found = Client()
    found.force_login(world.staff[who])
    return found


def page(world, name: str, *args: object, who: str = "naima") -> str:
    answer = client(world, who).get(reverse(name, args=args))
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def item_of(world, code: str) -> Item:
    with scope.enter([world.harbour.key]):
        return Item.objects.get(code=code)


@pytest.fixture
def spanish(world):
    """Naima and the storekeeper read Spanish; two items have a Spanish name."""
    Staff.objects.filter(username__in=["naima", "store"]).update(language="es")
    with scope.enter([world.harbour.key]):
        Item.objects.filter(code="syringe-1ml-29g").update(names={"es": "Jeringa 1 ml, 29G"})
        Item.objects.filter(code="filter").update(names={"es": "Filtro"})
    return world


def test_a_worker_who_reads_spanish_gives_out_in_spanish(spanish):
    shown = page(spanish, "visit-new", spanish.van.id)
    assert "Jeringa 1 ml, 29G" in shown
    assert "Filtro" in shown
    assert "Syringe" not in shown
    assert "Sterile water" in shown, "an item without a Spanish name keeps its base name"
    assert "Jeringa 1 ml, 29G" in page(spanish, "stock")
    assert "Jeringa 1 ml, 29G" in page(spanish, "stock-transfer", who="store")
    assert "10 × Jeringa 1 ml, 29G" in page(spanish, "stock-catalogue", who="store")
    assert "Syringe 1 ml, 29G" in page(spanish, "visit-new", spanish.sites["Drop-in"].id, who="elsewhere")


def test_what_was_given_is_told_in_spanish(spanish):
    form = {"visit": str(ids.new()), "at": clock.now().isoformat(), "who": "none", "people_count": "1", "exchange.given:filter": "3"}
    naima = client(spanish, "naima")
    assert naima.post(reverse("visit-new", args=[spanish.van.id]), form).status_code == 302
    assert "3 × Filtro" in naima.get(reverse("visit", args=[form["visit"]])).content.decode()


def test_the_catalogue_keeps_a_name_for_each_other_language(world):
    form = {"name": "Filter", "name-es": "Filtro", "name-xx": "No such language", "item_class": "preparation", "pack_size": "1", "is_active": "1"}
    store = client(world, "store")
    assert store.post(reverse("stock-item", args=["filter"]), form).status_code == 302
    assert (item_of(world, "filter").name, item_of(world, "filter").names) == ("Filter", {"es": "Filtro"})
    shown = page(world, "stock-item", "filter", who="store")
    assert 'name="name-es" value="Filtro"' in shown
    assert 'name="name-en"' not in shown, "the base name is in the first language"
    without = {key: value for key, value in form.items() if key != "name-es"}
    store.post(reverse("stock-item", args=["filter"]), without)
    assert item_of(world, "filter").names == {"es": "Filtro"}, "a form without the field leaves the name alone"
    store.post(reverse("stock-item", args=["filter"]), form | {"name-es": ""})
    assert item_of(world, "filter").names == {}


def test_a_new_item_gets_its_names_at_once(world):
    form = {"code": "spoon", "name": "Spoon", "name-es": "Cuchara", "item_class": "preparation", "pack_size": "1"}
    assert client(world, "store").post(reverse("stock-item-new"), form).status_code == 302
    assert item_of(world, "spoon").names == {"es": "Cuchara"}


def test_names_that_were_typed_stay_when_one_is_too_long(world):
    form = {"name": "Cotton filter", "name-es": "f" * 81, "item_class": "preparation", "pack_size": "1", "is_active": "1"}
    answer = client(world, "store").post(reverse("stock-item", args=["filter"]), form)
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="Cotton filter"' in shown
    assert f'value="{"f" * 81}"' in shown
    assert shown.count("up to 80 letters") == 1
    assert (item_of(world, "filter").name, item_of(world, "filter").names) == ("Filter", {})
