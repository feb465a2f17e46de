"""Tables of the stock ledger."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from handrail.facts.models import Site
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


class Item(ScopedModel):
    """Something that is handed out. Facts name it by its code."""

    code = models.CharField(max_length=60)
    name = models.CharField(max_length=80)
    item_class = models.CharField(max_length=24, choices=ItemClass)
    counts_as_ns = models.SmallIntegerField(default=0)
    pack_size = models.IntegerField(default=1)
    position = models.SmallIntegerField(default=100, help_text="Order on a worker's screen")
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "code"], name="item_code"),
            models.CheckConstraint(condition=models.Q(counts_as_ns__in=[0, 1]), name="item_counts_as_ns"),
        ]
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class Lot(ScopedModel):
    """A batch of an item. The unknown lot of each item takes what was handed out without being in the book."""

    id = models.UUIDField(default=ids.new, editable=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="lots")
    code = models.CharField(max_length=40)
    expiry = models.DateField(null=True)
    is_unknown = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="lot_id"),
            models.UniqueConstraint(fields=["organisation", "item", "code"], name="lot_code"),
        ]


class LocationKind(models.TextChoices):
    """Where stock can be. Only sites can be counted; the rest are the other side of each move."""

    SITE = "site", _("Site")
    PEOPLE = "people", _("With people")
    SUPPLIER = "supplier", _("Supplier")
    WASTE = "waste", _("Waste")
    COUNTED = "counted", _("Count differences")


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

    fact = models.UUIDField(help_text="The fact that moved it")
    cause = models.UUIDField(help_text="The fact that made the move, or undid it")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="+")
    quantity = models.IntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~models.Q(quantity=0), name="leg_moves_something")]
        indexes = [
            models.Index(fields=["organisation", "fact"], name="leg_fact"),
            models.Index(fields=["organisation", "location", "lot"], name="leg_location_lot"),
        ]


class Balance(ScopedModel):
    """How much of a lot is in a place: the sum of its legs, kept for speed and checked by every rebuild."""

    is_state: ClassVar[bool] = True

    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="+")
    quantity = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "location", "lot"], name="balance_once")]
