"""The table of legal holds: what must stay although its period is over. `facts.models` imports it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from handrail.kernel import ids
from handrail.kernel.scope import ScopedModel


class LegalHold(ScopedModel):
    """A person in charge stops the purge, for one participant or for everything, until a day. Never deleted; ended by a date."""

    class Reason(models.TextChoices):
        """Why it must stay. Codes, because a sentence could name somebody."""

        COURT = "court", _("A court ordered it")
        LAWYER = "lawyer", _("A lawyer advised it")
        COMPLAINT = "complaint", _("A complaint or an inquiry is open")
        ASKED = "asked", _("The person asked for it")

    id = models.UUIDField(default=ids.random, editable=False)
    participant = models.UUIDField(null=True, help_text="Whose records stay; empty: everybody's")
    reason = models.CharField(max_length=12, choices=Reason)
    set_at = models.DateTimeField()
    set_by = models.UUIDField(null=True)
    ends_on = models.DateField(help_text="First day it holds no more")
    ended_at = models.DateTimeField(null=True, help_text="When somebody ended it before that day")
    ended_by = models.UUIDField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "id"], name="hold_id")]
