"""Labels for kits: codes are written down once, and each square leads to the page where anybody can tell."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse

from handrail.facts.models import Fact
from handrail.kernel import ids, scope
from handrail.services.naloxone import queries
from handrail.services.naloxone.tests import helpers


def client(world, who: str = "naima") -> Client:
    found = Client()
    found.force_login(world.staff[who])
    return found


def shelf(world) -> str:
    with scope.enter([world.harbour.key]):
        helpers.fill_store(world)
        helpers.stock.transfer(actor=world.system, source=world.store, target=world.van, quantities={helpers.NASAL: 20})
        site, lot = queries.shelves(helpers.actor(world, "naima"))[0]
        return f"{site.id} {lot.lot_id}"


def test_each_label_has_its_own_code_and_a_second_tap_prints_the_same(world):
    asked = {"id": str(ids.new()), "shelf": shelf(world), "quantity": "3"}
    naima = client(world)
    first, second = (naima.post(reverse("kit-labels"), asked) for _tap in range(2))
    assert first.status_code == second.status_code == 200
    with scope.enter([world.harbour.key]):
        (fact,) = Fact.objects.filter(kind="naloxone.labelled")
        codes = fact.payload["kit_codes"]
        assert len(set(codes)) == 3
        assert [queries.kit(code).state for code in codes] == ["in_stock"] * 3
    for page in (first, second):
        assert all(code in page.content.decode() for code in codes)


def test_what_is_wrong_is_said_and_nothing_is_written_down(world):
    asked = {"id": str(ids.new()), "shelf": shelf(world), "quantity": "61"}
    answer = client(world).post(reverse("kit-labels"), asked)
    assert answer.status_code == 422
    assert "Write how many, from 1 to 60." in answer.content.decode()
    answer = client(world).post(reverse("kit-labels"), asked | {"shelf": "elsewhere", "quantity": "3"})
    assert "Choose which kits." in answer.content.decode()
    with scope.enter([world.harbour.key]):
        assert not Fact.objects.filter(kind="naloxone.labelled").exists()
