"""Table of orders by mail: how far each is, folded from facts. Who ordered and where it goes is in no column here."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from handrail.facts.models import Site
from handrail.kernel.scope import ScopedModel


class MailOrder(ScopedModel):
    """An order that counts, and the state that its steps lead to."""

    is_state: ClassVar[bool] = True

    fact = models.UUIDField()
    order = models.UUIDField(help_text="First fact of its chain of corrections: what its steps and its address name")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    handle = models.CharField(max_length=24)
    item = models.CharField(max_length=60)
    quantity = models.SmallIntegerField()
    state = models.CharField(max_length=12)
    since = models.DateTimeField(help_text="Of the step that led here")
    ended_on = models.DateField(null=True, help_text="Day on which it arrived, came back or was cancelled: from then on the address has days to live")
    supply = models.UUIDField(null=True, help_text="The hand-over that packing was")
    occurred_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "fact"], name="mail_order_fact"),
            models.UniqueConstraint(fields=["organisation", "order"], name="mail_order_once"),
        ]
        indexes = [models.Index(fields=["organisation", "state", "since"], name="mail_order_state")]


class MailStep(ScopedModel):
    """A step that counts. Which of them an order took, and in which order they make sense, `rules.mail_state` says."""

    is_state: ClassVar[bool] = True

    fact = models.UUIDField()
    order = models.UUIDField()
    step = models.CharField(max_length=12)
    supply = models.UUIDField(null=True)
    day = models.DateField()
    occurred_at = models.DateTimeField()
    counter = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "fact"], name="mail_step_fact")]
        indexes = [models.Index(fields=["organisation", "order", "counter"], name="mail_step_order")]
