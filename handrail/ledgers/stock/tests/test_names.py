"""Names of items by language: what is shown, what is kept, what other programs read."""

from __future__ import annotations

from datetime import date

import pytest
from django.utils import translation

from handrail.facts.record import Refusal
from handrail.insight import dimensions
from handrail.kernel.models import AuditEntry
from handrail.ledgers.stock import catalogue, counts, kits, orders, queries, recalls, usual
from handrail.ledgers.stock.models import Item

FILTER = {"es": "Filtro", "pt-br": "Filtro de algodão"}


@pytest.fixture
def filter_item(in_harbour) -> Item:
    """The filter with names in Spanish and Brazilian Portuguese."""
    item = Item.objects.get(code="filter")
    return catalogue.update(
        actor=in_harbour.system, item=item, name="Filter", item_class=item.item_class, pack_size=1, is_active=True, names=FILTER
    )


@pytest.mark.parametrize(
    ("language", "shown"),
    [("en", "Filter"), ("es", "Filtro"), ("es-mx", "Filtro"), ("pt-br", "Filtro de algodão"), ("pt", "Filter"), ("sw", "Filter")],
)
def test_a_name_is_that_of_the_language_then_without_its_region_then_the_base_name(in_harbour, filter_item, language, shown):
    with translation.override(language):
        assert str(filter_item) == filter_item.label == queries.item_names()["filter"] == shown
        assert {lot.item_name for lot in queries.lots([in_harbour.van.key]) if lot.item == "filter"} == {shown}
        assert {item.name for item in queries.shelf(in_harbour.van.key, date(2026, 12, 1)) if item.code == "filter"} == {shown}
    with translation.override(None):
        assert filter_item.label == "Filter"


def test_what_is_read_in_sql_has_the_name_too(in_harbour, filter_item):
    actor, van = in_harbour.system, in_harbour.van
    orders.place(
        actor=actor, site=van, supplier="Depot", lines=[{"item": "filter", "quantity": 10}], fund=""
    )
    kit = kits.assemble(actor=actor, site=van, kit=Item.objects.get(code="injecting-kit"), kits=2)
    recall = recalls.recall(actor=actor, item="filter", lot="F-1", source_reference="FSN", severity="harmful")
    lots = queries.lots([van.key])
    counts.count(actor=actor, site=van, found={lot.lot_id: lot.quantity - 1 for lot in lots if lot.lot == "F-1"})
    made = next(lot.lot_id for lot in lots if lot.item == "injecting-kit")
    with translation.override("es"):
        assert [line.item_name for order in orders.listed(None) for line in order.lines] == ["Filtro"]
        assert "Filtro" in {part.item_name for part in kits.inside(made)}
        assert "Filtro" in {row.item_name for row in recalls.find(recall.id).remaining}
        assert [line.item_name for line in queries.differences(None)] == ["Filtro"]
    assert kit.id


def test_reports_read_the_base_name_whoever_looks(filter_item):
    with translation.override("es"):
        assert {row[3] for row in dimensions.items() if row[0] == "filter"} == {"Filter"}


def test_a_changed_name_is_audited_an_empty_one_is_taken_away_and_others_stay(in_harbour, filter_item):
    same = {"name": "Filter", "item_class": filter_item.item_class, "pack_size": 1, "is_active": True}
    catalogue.update(actor=in_harbour.system, item=filter_item, names={"es": "  "}, **same)
    assert Item.objects.get(code="filter").names == {"pt-br": "Filtro de algodão"}
    said = AuditEntry.objects.filter(action="stock.item.changed", object_id=str(filter_item.pk)).order_by("-pk")[0].detail
    assert (said["before"]["names"], said["after"]["names"]) == (FILTER, {"pt-br": "Filtro de algodão"})


def test_a_name_in_any_language_has_80_letters_at_most(in_harbour):
    new = {"actor": in_harbour.system, "code": "spoon", "name": "Spoon", "item_class": "preparation", "pack_size": 1}
    with pytest.raises(Refusal) as refused:
        catalogue.create(**new, names={"es": "c" * 81})
    assert [field for field, _sentence in refused.value.problems] == ["name-es"]
    assert catalogue.create(**new, names={"es": "c" * 80}).names == {"es": "c" * 80}


def test_the_usual_catalogue_is_whole_in_spanish_and_begins_in_the_programmes_first_language(settings):
    known = {code: name for code, name, *_rest in (*usual.ITEMS, *usual.KITS)}
    assert set(usual.SPANISH) == set(known)
    assert all(0 < len(name) <= catalogue.MOST_LETTERS for name in usual.SPANISH.values())
    assert usual.names_of("filter", "Filter") == ("Filter", {"es": "Filtro"})
    settings.LANGUAGE_CODE = "es"
    assert usual.names_of("filter", "Filter") == ("Filtro", {"en": "Filter"})
    settings.LANGUAGE_CODE = "uk"
    assert usual.names_of("filter", "Filter") == ("Filter", {"es": "Filtro"})
