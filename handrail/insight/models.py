"""Tables of insight: estimates from outside, and results computed from the warehouse."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from handrail.facts.models import Site
from handrail.kernel.scope import ScopedModel


class Level(models.TextChoices):
    """Whose denominator (`domain/indicators.md` 1, rule 1)."""

    SERVICE = "service", _("This programme")
    TARGETED_AREA = "targeted_area", _("Targeted area")
    COUNTRY = "country", _("Country")
    NONE = "none", _("No denominator")


class SizeEstimate(ScopedModel):
    """How many people of a population live in an area, from a survey or a model, with its source."""

    population = models.CharField(max_length=24)
    level = models.CharField(max_length=16, choices=Level)
    area = models.CharField(max_length=40)
    value = models.IntegerField()
    low = models.IntegerField(null=True)
    high = models.IntegerField(null=True)
    method = models.CharField(max_length=80)
    year = models.SmallIntegerField()
    source = models.CharField(max_length=200)


class Result(ScopedModel):
    """One computed value of one indicator variant, for a period, for the whole organisation or one site."""

    indicator = models.CharField(max_length=60)
    version = models.SmallIntegerField()
    quarter = models.CharField(max_length=8, help_text="The quarter it is shown for, such as 2026Q3")
    starts_on = models.DateField()
    ends_before = models.DateField()
    site = models.ForeignKey(Site, null=True, on_delete=models.CASCADE, related_name="+")
    status = models.CharField(max_length=16)
    value = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    numerator = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    denominator = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    people_behind = models.BigIntegerField(null=True, help_text="Distinct people behind the numerator")
    denominator_people = models.BigIntegerField(null=True, help_text="Distinct people behind the denominator")
    steps = models.JSONField(default=list)
    is_hidden = models.BooleanField(default=True, help_text="Stays in the house: with it somebody in a small group could be found")
    data_through = models.BigIntegerField()
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "indicator", "quarter", "site"], name="result_once", nulls_distinct=False)
        ]
