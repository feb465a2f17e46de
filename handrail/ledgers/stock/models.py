"""Tables of the stock ledger."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.utils.formats import number_format
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from handrail.facts.models import Organisation, Site, SourceStatus
from handrail.kernel import ids
from handrail.kernel.scope import ScopedModel


class ItemClass(models.TextChoices):
    """Classes of the catalogue (`domain/exchange.md` 2)."""

    SYRINGE_WITH_NEEDLE = "syringe_with_needle", _("Syringe with needle")
    BARREL = "barrel", _("Syringe barrel")
    NEEDLE = "needle", _("Needle")
    PREPARATION = "preparation", _("Preparation")
    DISPOSAL = "disposal", _("Disposal")
    SMOKING = "smoking", _("Smoking")
    SNORTING = "snorting", _("Snorting")
    SAFER_SEX = "safer_sex", _("Safer sex")
    TESTS = "tests", _("Tests")
    CARE = "care", _("Care")
    NALOXONE = "naloxone", _("Naloxone")


NEEDLE_SYRINGE_CLASSES = frozenset({ItemClass.SYRINGE_WITH_NEEDLE, ItemClass.BARREL})
"""Classes that count as one needle-syringe a unit under the default convention `barrels` (`domain/exchange.md` 2)."""


def languages() -> tuple[str, str]:
    """The language of the moment, and the same without its region: where names in a language are looked for, in this order."""
    now = get_language() or ""
    return now, now.split("-")[0]


def in_language(name: str, names: Mapping[str, str]) -> str:
    """The name in the language of the moment; the base name where there is none (`domain/exchange.md` 2)."""
    return next((names[language] for language in languages() if names.get(language)), name)


class Item(ScopedModel):
    """Something that is handed out. Facts name it by its code.

    `name` is the base name, which reports and other programs read; screens show `label`.
    `counts_as_ns` is for one unit: 0 or 1 from the class; for a kit the sum over its parts (`catalogue.needles_in`).
    """

    code = models.CharField(max_length=60)
    name = models.CharField(max_length=80)
    names: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(
        default=dict, blank=True, help_text="Names in other languages, by language code"
    )
    item_class = models.CharField(max_length=24, choices=ItemClass)
    counts_as_ns = models.SmallIntegerField(default=0)
    pack_size = models.IntegerField(default=1)
    position = models.SmallIntegerField(default=100, help_text="Order on a worker's screen")
    sterile = models.BooleanField(default=False, help_text="Comes sterile, so its lots have a date")
    expiry_tracked = models.BooleanField(default=False, help_text="A new lot of it needs a date")
    unit_cost = models.DecimalField(max_digits=12, decimal_places=4, null=True, help_text="What one piece costs as far as we know")
    currency = models.CharField(max_length=3, blank=True, help_text="Of the unit cost, as ISO 4217 writes it")
    is_active = models.BooleanField(default=True)
    active_from = models.DateField(null=True, help_text="Day it was added or brought back; none: before this was kept")
    active_to = models.DateField(null=True, help_text="First day it was handed out no more; none: it is, or was retired before this was kept")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "code"], name="item_code"),
            models.CheckConstraint(condition=models.Q(counts_as_ns__gte=0), name="item_counts_as_ns"),
            models.CheckConstraint(condition=models.Q(pack_size__gte=1), name="item_pack_size"),
            models.CheckConstraint(condition=models.Q(sterile=False) | models.Q(expiry_tracked=True), name="item_sterile_has_a_date"),
            models.CheckConstraint(condition=models.Q(unit_cost=None) | models.Q(unit_cost__gte=0), name="item_unit_cost"),
            models.CheckConstraint(
                condition=models.Q(unit_cost=None, currency="") | (models.Q(unit_cost__isnull=False) & ~models.Q(currency="")), name="item_cost_has_a_currency"
            ),
            models.CheckConstraint(condition=models.Q(active_to=None) | models.Q(is_active=False), name="item_active_has_no_end"),
        ]
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The name in the language of the moment."""
        return in_language(self.name, self.names)

    @property
    def price(self) -> str:
        """What one piece costs with its currency, without zeros at the end; empty where it is not known."""
        return "" if self.unit_cost is None else f"{number_format(Decimal(f'{self.unit_cost.normalize():f}'))} {self.currency}"


class KitComponent(ScopedModel):
    """One sort of part of a kit, and how many of it are in one kit."""

    kit = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="components")
    component = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+")
    quantity = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "kit", "component"], name="kit_component_once"),
            models.CheckConstraint(condition=models.Q(quantity__gte=1), name="kit_component_quantity"),
            models.CheckConstraint(condition=~models.Q(kit=models.F("component")), name="kit_holds_not_itself"),
        ]


class Fund(ScopedModel):
    """Money with a name: a grant, a contract. What it may not buy stands in its restrictions (`domain/funding.md` 4)."""

    id = models.UUIDField(default=ids.new, editable=False)
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, help_text="First day it holds no more")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="fund_id"),
            models.UniqueConstraint(fields=["organisation", "code"], name="fund_code"),
        ]
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class Effect(models.TextChoices):
    """What a restriction does (`domain/funding.md` 4)."""

    FORBID_PURCHASE = "forbid_purchase", _("May not buy")
    FORBID_STOCK_TAG = "forbid_stock_tag", _("No lot may stand on it")
    REQUIRES_APPROVAL = "requires_approval", _("Only with an approval")


class FundRestriction(ScopedModel):
    """What a fund may not pay for, from a day on, and the clause that says so. A later one flags lots and rewrites nothing."""

    id = models.UUIDField(default=ids.new, editable=False)
    fund = models.ForeignKey(Fund, on_delete=models.PROTECT, related_name="restrictions")
    item_class = models.CharField(max_length=24, choices=ItemClass, blank=True)
    item_code = models.CharField(max_length=60, blank=True)
    effect = models.CharField(max_length=20, choices=Effect)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, help_text="First day it holds no more")
    source_document = models.CharField(max_length=200)
    clause = models.CharField(max_length=200)
    status = models.CharField(max_length=16, choices=SourceStatus, default=SourceStatus.UNVERIFIED)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="fund_restriction_id"),
            models.CheckConstraint(
                condition=models.Q(item_class="") ^ models.Q(item_code=""), name="fund_restriction_names_class_or_item"
            ),
        ]


class Lot(ScopedModel):
    """A batch of an item, bought with one fund (none: unrestricted money). One printed number bought with two funds is two lots.

    The unknown lot of each item takes what was handed out without being in the book.
    """

    id = models.UUIDField(default=ids.new, editable=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="lots")
    code = models.CharField(max_length=40)
    expiry = models.DateField(null=True)
    is_unknown = models.BooleanField(default=False)
    fund = models.ForeignKey(Fund, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="lot_id"),
            models.UniqueConstraint(fields=["organisation", "item", "code", "fund"], name="lot_code", nulls_distinct=False),
        ]


class LocationKind(models.TextChoices):
    """Where stock can be. Only sites can be counted; the rest are the other side of each move."""

    SITE = "site", _("Site")
    PEOPLE = "people", _("With people")
    SUPPLIER = "supplier", _("Supplier")
    WASTE = "waste", _("Waste")
    COUNTED = "counted", _("Count differences")
    ASSEMBLY = "assembly", _("Made into kits")


class Location(ScopedModel):
    """A place in the ledger."""

    kind = models.CharField(max_length=12, choices=LocationKind)
    site = models.ForeignKey(Site, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "kind", "site"], name="location_once", nulls_distinct=False)
        ]


class Leg(ScopedModel):
    """One side of a move: so many units of a lot into (positive) or out of (negative) a place."""

    is_state: ClassVar[bool] = True
    append_only: ClassVar[bool] = True

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    """No index of its own: PostgreSQL would sometimes take it and read all moves of a programme."""
    fact = models.UUIDField(help_text="The fact that moved it")
    cause = models.UUIDField(help_text="The fact that made the move, or undid it")
    at = models.DateTimeField(help_text="When it moved: as its fact says")
    site = models.ForeignKey(Site, null=True, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    """Where the fact happened, which for what went to people is where it was handed out."""
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+", db_index=False)
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="+")
    quantity = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~models.Q(quantity=0), name="leg_moves_something")]
        indexes = [
            models.Index(fields=["organisation", "fact"], name="leg_fact"),
            models.Index(fields=["organisation", "location", "lot"], name="leg_location_lot"),
            models.Index(fields=["organisation", "location", "at"], include=["site", "lot", "quantity"], name="leg_place_time"),
        ]


class Balance(ScopedModel):
    """How much of a lot is in a place: the sum of its legs, kept for speed and checked by every rebuild."""

    is_state: ClassVar[bool] = True

    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="+")
    quantity = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "location", "lot"], name="balance_once")]


class LotHold(ScopedModel):
    """A lot that a recall stopped. A closed recall keeps its lots stopped, unless it was lifted (`RecallClosing`)."""

    is_state: ClassVar[bool] = True

    fact = models.UUIDField(help_text="The fact that holds it")
    recall = models.UUIDField(help_text="The recall: the first fact of its chain of corrections")
    lot = models.UUIDField()
    via = models.UUIDField(null=True, help_text="The recalled lot inside this kit lot")
    severity = models.CharField(max_length=16)
    source_reference = models.CharField(max_length=80)
    since = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "fact", "lot"], name="lot_hold_once")]
        indexes = [
            models.Index(fields=["organisation", "lot"], name="lot_hold_lot"),
            models.Index(fields=["organisation", "recall"], name="lot_hold_recall"),
        ]


class RecallClosing(ScopedModel):
    """How a recall ended."""

    is_state: ClassVar[bool] = True

    fact = models.UUIDField()
    recall = models.UUIDField()
    outcome = models.CharField(max_length=12)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "fact"], name="recall_closing_fact")]
        indexes = [models.Index(fields=["organisation", "recall"], name="recall_closing_recall")]
