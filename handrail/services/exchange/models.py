"""State of the exchange room: only what is true now and folded from facts."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from handrail.facts.models import Site
from handrail.kernel.scope import ScopedModel


class OpenTest(ScopedModel):
    """A test that still owes an answer: a sample on its way, or one that did not work."""

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
