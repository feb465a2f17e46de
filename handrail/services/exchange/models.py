"""Tables of the exchange room: the calendar of stops, and what is true now, folded from facts."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from handrail.facts.models import Site
from handrail.kernel import ids
from handrail.kernel.scope import ScopedModel


class Weekday(models.IntegerChoices):
    """Days as Python and ISO count them, from Monday as 0."""

    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class Stop(ScopedModel):
    """A stop of a route in the weekly calendar. Ending before it begins means after midnight; it belongs to its start date.

    It holds from a day to a day, so that weeks that are past keep their stops, and the reasons why one was cancelled.
    """

    id = models.UUIDField(default=ids.new, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    weekday = models.SmallIntegerField(choices=Weekday)
    starts = models.TimeField()
    ends = models.TimeField()
    place = models.CharField(max_length=60, help_text="What the team calls the stop; shown to staff only")
    valid_from = models.DateField(null=True, help_text="First day it holds; empty for stops from before this was asked")
    valid_to = models.DateField(null=True, help_text="First day it holds no more")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="stop_id"),
            models.CheckConstraint(condition=models.Q(weekday__gte=0, weekday__lte=6), name="stop_weekday"),
        ]
        ordering = ["weekday", "starts", "place"]

    def holds_on(self, day: date) -> bool:
        """Whether it begins on this day."""
        is_in_time = (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day < self.valid_to)
        return day.weekday() == self.weekday and is_in_time


# -- state: folds over facts -----------------------------------------------------------------------------------------


class OpenTest(ScopedModel):
    """A test that still owes an answer: a sample on its way, one that did not work, or a self-test somebody took home."""

    is_state: ClassVar[bool] = True

    fact = models.UUIDField()
    encounter = models.UUIDField(null=True)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    disease = models.CharField(max_length=12)
    state = models.CharField(max_length=16)
    participant = models.UUIDField(null=True)
    occurred_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "fact"], name="open_test_fact")]
        indexes = [models.Index(fields=["organisation", "site", "occurred_at"], name="open_test_site")]


class SafetyBoxEvent(ScopedModel):
    """A change of a safety box that counts. How a box stands is its latest one."""

    is_state: ClassVar[bool] = True

    fact = models.UUIDField()
    asset = models.CharField(max_length=20)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12)
    estimated_count = models.IntegerField(null=True)
    occurred_at = models.DateTimeField()
    counter = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "fact"], name="safety_box_fact"),
            models.CheckConstraint(condition=models.Q(estimated_count=None) | models.Q(estimated_count__gte=0), name="safety_box_count"),
        ]
        indexes = [models.Index(fields=["organisation", "asset", "occurred_at"], name="safety_box_asset")]


class StopChange(ScopedModel):
    """A change of a stop on one date that counts; the latest of a date stands."""

    is_state: ClassVar[bool] = True

    fact = models.UUIDField()
    stop = models.UUIDField()
    on = models.DateField()
    change = models.CharField(max_length=12)
    reason = models.CharField(max_length=12)
    minutes_late = models.SmallIntegerField(null=True)
    area = models.CharField(max_length=24, blank=True)
    counter = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "fact"], name="stop_change_fact")]
        indexes = [models.Index(fields=["organisation", "on"], name="stop_change_on")]


class BoxRefill(ScopedModel):
    """A refill of a wall box or machine that counts: when anybody last looked."""

    is_state: ClassVar[bool] = True

    fact = models.UUIDField()
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    occurred_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "fact"], name="box_refill_fact")]
        indexes = [models.Index(fields=["organisation", "site", "occurred_at"], name="box_refill_site")]
