"""The page of a wall box: a correction meets the refill it was opened for, waste is not given, and what ran out is low."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from handrail.facts.models import Aside, Fact, Site
from handrail.facts.spec import KINDS
from handrail.kernel import ids, scope
from handrail.ledgers.stock import commands as stock
from handrail.ledgers.stock import recalls
from handrail.ledgers.stock.models import Balance, Lot
from handrail.services.exchange import queries, refills
from handrail.services.exchange.tests.helpers import actor, place, signed_in

SYRINGE, FILTER = "syringe-1ml-29g", "filter"


@pytest.fixture
def box(world) -> Site:
    """A wall box that naima fills from her van, with 60 syringes in it."""
    site = place(world, "Box at the station", "wall_box", ("naima", "outreach"))
    with scope.enter([world.harbour.key]):
        stock.transfer(actor=world.system, source=world.van, target=site, quantities={SYRINGE: 60})
    return site


def open_form(client: Client, box: Site, query: str = "") -> tuple[str, dict[str, str]]:
    """The address of the page, to which its form posts back, and the inputs as they stand there."""
    where = reverse("exchange:box", args=[box.id]) + query
    page = client.get(where).content.decode()
    assert '<form method="post" class="stack" novalidate>' in page  # without an action: back to the page's own address
    inputs = {name: value for name, value in re.findall(r'<input[^>]* name="([^"]+)" value="([^"]*)"', page) if name != "csrfmiddlewaretoken"}
    chosen = re.search(r'<option value="([^"]+)" selected', page)
    assert chosen is not None
    return where, inputs | {"from_site": chosen[1]}


def fill(world, box: Site, **typed: str) -> Any:
    return signed_in(world, "naima").post(
        reverse("exchange:box", args=[box.id]), {"id": str(ids.new()), "from_site": str(world.van.id)} | {n.replace("__", "-"): v for n, v in typed.items()}
    )


def counting(world, kind: str) -> list[Fact]:
    with scope.enter([world.harbour.key]):
        return list(Fact.objects.filter(kind=kind).exclude(id__in=Aside.objects.values("fact")).order_by("counter"))


def at(world, kind: str) -> int:
    with scope.enter([world.harbour.key]):
        return sum(b.quantity for b in Balance.objects.filter(location__kind=kind))


def inside(world, box: Site, item: str = SYRINGE) -> dict[str, int]:
    with scope.enter([world.harbour.key]):
        rows = Balance.objects.filter(location__site=box, lot__item__code=item).select_related("lot")
        return {row.lot.code: row.quantity for row in rows if row.quantity}


# -- the refill that is corrected is the one that was looked at ---------------------------------------------------------


def test_a_correction_posted_to_the_pages_own_address_mends_the_refill_that_was_open(world, box):
    fill(world, box, **{f"found-{SYRINGE}": "18", f"added-{SYRINGE}": "42"})
    client = signed_in(world, "naima")
    where, form = open_form(client, box, "?correct=1")
    assert (form[f"found-{SYRINGE}"], form[f"added-{SYRINGE}"]) == ("18", "42")
    assert client.post(where, form | {f"found-{SYRINGE}": "20"}).status_code == 302
    assert [fact.payload["lines"][0]["found"] for fact in counting(world, "exchange.box_refilled")] == [20]
    assert sum(inside(world, box).values()) == 62


def test_a_correction_that_was_open_while_somebody_refilled_overwrites_nothing_and_keeps_what_was_typed(world, box):
    fill(world, box, **{f"found-{SYRINGE}": "18", f"added-{SYRINGE}": "42"})
    client = signed_in(world, "naima")
    where, form = open_form(client, box, "?correct=1")
    fill(world, box, **{f"found-{SYRINGE}": "50", f"added-{SYRINGE}": "7"})
    for _twice in range(2):
        answer = client.post(where, form | {f"found-{SYRINGE}": "23"})
        assert answer.status_code == 422
        page = answer.content.decode()
        assert "Somebody filled or corrected this box" in page
        assert 'value="23"' in page
        assert "Open the last time as it is now" in page
        assert "Save correction" not in page
    assert [fact.payload["lines"][0]["found"] for fact in counting(world, "exchange.box_refilled")] == [18, 50]
    assert sum(inside(world, box).values()) == 57


def test_a_correction_does_not_overwrite_a_correction_of_somebody_else(world, box):
    fill(world, box, **{f"found-{SYRINGE}": "18"})
    client, colleague = signed_in(world, "naima"), signed_in(world, "naima")
    (where, mine), (_where, theirs) = open_form(client, box, "?correct=1"), open_form(colleague, box, "?correct=1")
    assert colleague.post(where, theirs | {f"found-{SYRINGE}": "30"}).status_code == 302
    assert client.post(where, mine | {f"found-{SYRINGE}": "25"}).status_code == 422
    assert sum(inside(world, box).values()) == 30


def test_a_correction_sent_twice_is_saved_once(world, box):
    fill(world, box, **{f"found-{SYRINGE}": "18"})
    client = signed_in(world, "naima")
    where, form = open_form(client, box, "?correct=1")
    assert [client.post(where, form | {f"found-{SYRINGE}": "20"}).status_code for _tap in range(2)] == [302, 302]
    assert len(counting(world, "exchange.box_refilled")) == 1


def test_a_new_refill_at_the_address_of_a_correction_stays_a_new_one(world, box):
    fill(world, box, **{f"found-{SYRINGE}": "18"})
    fresh = {"id": str(ids.new()), "from_site": str(world.van.id), f"found-{SYRINGE}": "10"}
    assert signed_in(world, "naima").post(reverse("exchange:box", args=[box.id]) + "?correct=1", fresh).status_code == 302
    assert len(counting(world, "exchange.box_refilled")) == 2


# -- what is taken out of use ----------------------------------------------------------------------------------------------


def old_syringes(world, box: Site) -> None:
    with scope.enter([world.harbour.key]):
        stock.receive(actor=world.system, site=box, lines=[stock.Delivery(SYRINGE, "S-old", 10, date(2020, 1, 1))])


def test_what_expired_in_a_box_and_was_taken_out_is_waste_and_given_to_nobody(world, box):
    old_syringes(world, box)  # 70 in the book, 10 of them expired
    assert fill(world, box, **{f"found-{SYRINGE}": "30", f"removed-{SYRINGE}": "10", f"added-{SYRINGE}": "5"}).status_code == 302
    assert (at(world, "people"), at(world, "waste"), sum(inside(world, box).values())) == (40, 10, 25)
    assert "S-old" not in inside(world, box)
    filled = counting(world, "exchange.box_refilled")[0].payload
    assert [(line["quantity"], line["reason"]) for line in filled["removed"]] == [(10, "expired")]
    assert [line["quantity"] for fact in counting(world, "exchange.dispensed") for line in fact.payload["lines"]] == [40]


def test_what_broke_is_taken_from_the_rest_and_a_correction_gives_it_back(world, box):
    old_syringes(world, box)
    fill(world, box, **{f"found-{SYRINGE}": "70", f"removed-{SYRINGE}": "13"})
    assert (at(world, "people"), at(world, "waste")) == (0, 13)
    assert [line["reason"] for line in counting(world, "exchange.box_refilled")[0].payload["removed"]] == ["expired", "damaged"]
    client = signed_in(world, "naima")
    where, form = open_form(client, box, "?correct=1")
    assert form[f"removed-{SYRINGE}"] == "13"
    assert client.post(where, form | {f"removed-{SYRINGE}": "4"}).status_code == 302
    assert (at(world, "people"), at(world, "waste"), sum(inside(world, box).values())) == (0, 4, 66)


def test_a_recalled_lot_goes_first_and_stays_recalled_when_it_is_corrected(world, box):
    with scope.enter([world.harbour.key]):
        stock.transfer(actor=world.system, source=world.van, target=box, quantities={}, lots={Lot.objects.get(code="S-late").id: 20})
        recalls.recall(actor=world.system, item=SYRINGE, lot="S-soon", severity="harmful", source_reference="R-1")
    fill(world, box, **{f"found-{SYRINGE}": "80", f"removed-{SYRINGE}": "60"})
    assert inside(world, box) == {"S-late": 20}
    client = signed_in(world, "naima")
    where, form = open_form(client, box, "?correct=1")
    assert client.post(where, form | {f"added-{SYRINGE}": "1"}).status_code == 302
    assert [(line["quantity"], line["reason"]) for line in counting(world, "exchange.box_refilled")[0].payload["removed"]] == [(60, "recalled")]


@pytest.mark.parametrize("typed", [{"found": "5", "removed": "6"}, {"removed": "61"}, {"found": "60", "removed": "-1"}])
def test_nobody_takes_out_more_than_was_in_it(world, box, typed):
    answer = fill(world, box, **{f"{what}-{SYRINGE}": value for what, value in typed.items()})
    assert answer.status_code == 422
    assert f'value="{typed["removed"]}"' in answer.content.decode()
    assert (at(world, "waste"), at(world, "people")) == (0, 0)


def test_what_was_found_beyond_the_book_can_be_taken_out_too(world, box):
    assert fill(world, box, **{f"found-{SYRINGE}": "65", f"removed-{SYRINGE}": "65"}).status_code == 302
    assert (at(world, "waste"), sum(inside(world, box).values()), at(world, "people")) == (65, 0, 0)


def test_a_refill_of_the_first_version_is_read_without_waste():
    old = {"from_site": str(ids.new()), "lines": [{"item": SYRINGE, "in_book": 60, "found": 18, "added": 42}]}
    assert KINDS["exchange.box_refilled"].parse(old, 1).removed == ()


def test_the_rows_of_a_box_say_what_expired_what_was_recalled_and_what_expires_next(world, box):
    old_syringes(world, box)
    client = signed_in(world, "naima")
    page = client.get(reverse("exchange:box", args=[box.id])).content.decode()
    assert "10 expired 1 Jan 2020: take out" in page
    assert "expires from 31 Jan 2029" in page
    with scope.enter([world.harbour.key]):
        recalls.recall(actor=world.system, item=SYRINGE, lot="S-soon", severity="harmful", source_reference="R-1")
    page = client.get(reverse("exchange:box", args=[box.id])).content.decode()
    assert "60 recalled, lot S-soon: take out" in page
    assert "70 to take out" in client.get(reverse("exchange:boxes")).content.decode()


# -- what ran out ---------------------------------------------------------------------------------------------------------


def test_a_box_without_a_single_syringe_is_low_though_other_things_are_in_it(world, box):
    fill(world, box, **{f"found-{SYRINGE}": "60", f"added-{FILTER}": "100"})
    fill(world, box, **{f"found-{SYRINGE}": "0"})
    with scope.enter([world.harbour.key]):
        found = queries.boxes(actor(world, "naima"), refills.BOX_KINDS)[0]
        assert {i.item: (i.quantity, i.is_low) for i in found.inside} == {SYRINGE: (0, True), FILTER: (100, False)}
        assert found.is_low
    client = signed_in(world, "naima")
    assert "0 × Syringe" in client.get(reverse("exchange:boxes")).content.decode()
    page = client.get(reverse("exchange:box", args=[box.id])).content.decode()
    assert page.index(f'name="found-{SYRINGE}"') < page.index("Other items")


def test_a_box_full_of_expired_syringes_is_low(world):
    site = place(world, "Old box", "wall_box", ("naima", "outreach"))
    old_syringes(world, site)
    with scope.enter([world.harbour.key]):
        stock.receive(actor=world.system, site=site, lines=[stock.Delivery(SYRINGE, "S-older", 90, date(2020, 1, 1))])
        assert queries.boxes(actor(world, "naima"), refills.BOX_KINDS)[0].is_low


def test_what_has_not_been_in_a_box_for_its_last_refills_is_not_missed_for_ever(world, box):
    for _week in range(6):
        fill(world, box, **{f"found-{SYRINGE}": "0"})
        with scope.enter([world.harbour.key]):
            last = {i.item for i in queries.boxes(actor(world, "naima"), refills.BOX_KINDS)[0].inside}
    assert last == set()
