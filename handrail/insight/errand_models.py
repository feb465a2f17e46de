"""Tables between the pages and the worker: what somebody asked it to do, and what it worked out for them to look at."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from handrail.kernel import ids
from handrail.kernel.scope import ScopedModel


class Errand(ScopedModel):
    """What somebody asked the worker to do with a report, and what came of it."""

    class What(models.TextChoices):
        """What was asked."""

        REFRESH = "refresh", _("bring the numbers up to date")
        RELEASE = "release", _("release the report")

    class State(models.TextChoices):
        """How far it is."""

        WAITING = "waiting", _("being made")
        DONE = "done", _("done")
        REFUSED = "refused", _("not done")

    id = models.UUIDField(default=ids.new, editable=False)
    what = models.CharField(max_length=10, choices=What)
    report = models.CharField(max_length=60)
    period = models.CharField(max_length=12)
    note = models.CharField(max_length=300, blank=True)
    confirmed = models.CharField(max_length=64, blank=True, help_text="Digest of what was looked at before saying yes")
    language = models.CharField(max_length=12)
    asked_by = models.UUIDField()
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    sentence = models.CharField(max_length=300, blank=True, help_text="Why it was not done")
    release_number = models.IntegerField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "id"], name="errand_id")]
        indexes = [models.Index(fields=["organisation", "report", "period", "-asked_at"], name="errand_of_report")]


class Preview(ScopedModel):
    """What of a report would stay hidden if it were released now. Worked out again when its numbers or the releases change."""

    report = models.CharField(max_length=60)
    period = models.CharField(max_length=12)
    stand = models.CharField(max_length=64, help_text="Digest of the exact numbers, the releases and the threshold it was worked out for")
    hidden = models.JSONField(default=list, help_text="Indicator, site and cell of each hidden number")
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "report", "period"], name="preview_once")]
