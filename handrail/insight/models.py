"""Tables of insight: estimates, deaths and targets from outside, results computed from the warehouse, and releases of them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from handrail.facts.models import Site
from handrail.insight.errand_models import Errand as Errand
from handrail.insight.errand_models import Preview as Preview
from handrail.kernel import clock, ids
from handrail.kernel.scope import ScopedModel


class Level(models.TextChoices):
    """Whose denominator (`domain/indicators.md` 1, rule 1)."""

    SERVICE = "service", _("This programme")
    TARGETED_AREA = "targeted_area", _("Targeted area")
    COUNTRY = "country", _("Country")
    SURVEY = "survey", _("People asked in a survey")
    NONE = "none", _("No denominator")


class Population(models.TextChoices):
    """Of whom an estimate says how many there are."""

    EVERYBODY = "everybody", _("Everybody who lives there")
    PWID = "pwid", _("People who inject drugs")
    PWUD = "pwud", _("People who use drugs")
    OPIOID_DEPENDENT = "opioid_dependent", _("People who depend on opioids")
    PWID_OPIOID_DEPENDENT = "pwid_opioid_dependent", _("People who inject and depend on opioids")
    AT_RISK_OF_OVERDOSE = "at_risk_of_overdose", _("People at risk of an opioid overdose")
    SEX_WORKERS = "sex_workers", _("Sex workers")
    MSM = "msm", _("Men who have sex with men")
    TRANS = "trans", _("Transgender people")
    IN_PRISON = "in_prison", _("People in prison")


class FromOutside(ScopedModel):
    """A row that somebody entered from a source outside. Never rewritten: a newer row corrects it or takes it back."""

    append_only: ClassVar[bool] = True

    id = models.UUIDField(default=ids.new, editable=False)
    source = models.CharField(max_length=200)
    source_link = models.CharField(max_length=300, blank=True, default="", help_text="Where to find it, as text")
    replaces = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="corrections")
    is_withdrawn = models.BooleanField(default=False, help_text="Takes back what it replaces and says nothing itself")
    note = models.CharField(max_length=300, blank=True, default="", help_text="Why it was corrected")
    entered_at = models.DateTimeField(default=clock.now)
    entered_by = models.UUIDField(null=True)

    class Meta:
        abstract = True


class SizeEstimate(FromOutside):
    """How many people of a population live in an area, from a survey or a model, with its source."""

    population = models.CharField(max_length=24, choices=Population)
    level = models.CharField(max_length=16, choices=Level)
    area = models.CharField(max_length=40)
    value = models.IntegerField()
    low = models.IntegerField(null=True)
    high = models.IntegerField(null=True)
    method = models.CharField(max_length=80)
    year = models.SmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="estimate_id"),
            models.UniqueConstraint(fields=["replaces"], name="estimate_corrected_once"),
        ]


class DeathCount(FromOutside):
    """Deaths by opioid overdose in an area, counted by somebody else over so many months.

    Counts of twelve months that end with each month overlap, so rows are never added up (`deaths.in_window`). A count
    that its source hides (“<10”) has no value, only a `high`: it is neither 0 nor 9. One that its source does not show
    has neither.
    """

    level = models.CharField(max_length=16, choices=Level)
    area = models.CharField(max_length=40)
    starts_on = models.DateField()
    ends_before = models.DateField()
    value = models.IntegerField(null=True)
    high = models.IntegerField(null=True, help_text="Of a count that its source hides: the most it can be")
    method = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="death_count_id"),
            models.UniqueConstraint(fields=["replaces"], name="death_count_corrected_once"),
        ]


class Op(models.TextChoices):
    """How a value is held against a target."""

    AT_LEAST = "≥", _("at least")
    AT_MOST = "≤", _("at most")
    EXACTLY = "=", _("exactly")
    MORE_THAN = ">", _("more than")
    LESS_THAN = "<", _("less than")
    RANGE = "range", _("from, to under")


class Reading(models.TextChoices):
    """How sure we are of what a source says."""

    VERIFIED = "verified", _("Read in the source")
    SECONDARY = "secondary", _("Read in a page about it")
    UNVERIFIED = "unverified", _("Not verified")
    OURS = "ours", _("Our own")


class Band(models.TextChoices):
    """Which part of a scale a row is: a guide that has no target, only bands."""

    LOW = "low", _("low")
    MID = "mid", _("middle")
    HIGH = "high", _("high")


OWN = "own"
"""The set of a programme's own targets."""


class Target(FromOutside):
    """What to reach. It compares only with the same indicator, variant and level (`domain/indicators.md` 6)."""

    target_set = models.CharField(max_length=40, help_text="Key of a shipped set, or “own”")
    set_key = models.CharField(max_length=40, blank=True, default="", help_text="Which target of its set, so that loading again finds it")
    award = models.CharField(max_length=120, blank=True, default="", help_text="Of one's own: which award asks for it")
    indicator = models.CharField(max_length=40, help_text="Code as its source writes it, such as GAM 1.9")
    variant = models.CharField(max_length=20, blank=True, default="")
    level = models.CharField(max_length=16, choices=Level)
    op = models.CharField(max_length=5, choices=Op)
    value = models.DecimalField(max_digits=16, decimal_places=4)
    high = models.DecimalField(max_digits=16, decimal_places=4, null=True, help_text="Of a range: the value that is not in it any more")
    band = models.CharField(max_length=4, blank=True, default="", choices=Band)
    area = models.CharField(max_length=40, blank=True, default="")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, help_text="First day it holds no more")
    status = models.CharField(max_length=12, choices=Reading)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="target_id"),
            models.UniqueConstraint(fields=["replaces"], name="target_corrected_once"),
        ]


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
    rounding = models.SmallIntegerField(default=0, help_text="Numbers are rounded to the nearest of these; 0: not at all")
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
