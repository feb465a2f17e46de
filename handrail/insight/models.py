"""Tables of insight: estimates from outside, and results computed from the warehouse."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from handrail.facts.models import Site
from handrail.insight.errand_models import Errand as Errand
from handrail.insight.errand_models import Preview as Preview
from handrail.kernel import ids
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
    period = models.CharField(max_length=8, help_text="The period it is shown for, such as 2026Q3")
    starts_on = models.DateField()
    ends_before = models.DateField()
    site = models.ForeignKey(Site, null=True, on_delete=models.CASCADE, related_name="+")
    cell = models.CharField(max_length=80, blank=True, default="", help_text="Part of the whole, such as gender=female; empty: all of it")
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
            models.UniqueConstraint(fields=["organisation", "indicator", "period", "site", "cell"], name="result_once", nulls_distinct=False)
        ]


class Profile(models.TextChoices):
    """For whom numbers leave the house: how small a group may be that they show (`domain/indicators.md` 7)."""

    PUBLIC = "public", _("Everybody")
    PARTNER = "partner", _("A partner under agreement")
    OWN = "own", _("Our own people")


class Release(ScopedModel):
    """A frozen set of numbers that left the house: numbered, and never changed. What came later is a revision of its own."""

    append_only: ClassVar[bool] = True

    id = models.UUIDField(default=ids.random, editable=False)
    number = models.IntegerField(help_text="Counts the organisation's releases from 1")
    report = models.CharField(max_length=60, help_text="Key of the report pack")
    period = models.CharField(max_length=12)
    profile = models.CharField(max_length=10, choices=Profile)
    audience = models.CharField(max_length=120, blank=True, help_text="Which partner")
    revision = models.SmallIntegerField(help_text="1 the first time, 2 the first revision")
    threshold = models.SmallIntegerField(help_text="No group of 1 to one less is shown")
    released_at = models.DateTimeField()
    released_by = models.UUIDField(null=True)
    data_through = models.BigIntegerField(help_text="Counter of the newest fact in it")
    computed_at = models.DateTimeField()
    sites_reporting = models.SmallIntegerField()
    sites_expected = models.SmallIntegerField()
    note = models.CharField(max_length=300, blank=True, help_text="Why there is a revision")
    digest = models.CharField(max_length=64, help_text="SHA-256 of all its values, hidden ones left out")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="release_id"),
            models.UniqueConstraint(fields=["organisation", "number"], name="release_number"),
            models.UniqueConstraint(fields=["organisation", "report", "period", "profile", "audience", "revision"], name="release_revision"),
        ]
        ordering = ["-number"]


class ReleasedValue(ScopedModel):
    """One number of a release. What is hidden is kept for the next audit, and leaves the house nowhere."""

    append_only: ClassVar[bool] = True

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="values")
    indicator = models.CharField(max_length=60)
    version = models.SmallIntegerField()
    starts_on = models.DateField()
    ends_before = models.DateField()
    site = models.ForeignKey(Site, null=True, on_delete=models.PROTECT, related_name="+")
    cell = models.CharField(max_length=80, blank=True, default="", help_text="Part of the whole, such as gender=female; empty: all of it")
    status = models.CharField(max_length=16)
    value = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    numerator = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    denominator = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    people_behind = models.BigIntegerField(null=True)
    denominator_people = models.BigIntegerField(null=True)
    is_hidden = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["release", "indicator", "site", "cell"], name="released_once", nulls_distinct=False)
        ]
