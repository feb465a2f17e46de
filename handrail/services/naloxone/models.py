"""Tables of the naloxone room: what a kit is, and what is true now of kits and reports, folded from facts."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from handrail.facts.models import Site
from handrail.kernel.scope import ScopedModel
from handrail.ledgers.stock.models import Item
from handrail.services.naloxone.codes import Product
from handrail.services.naloxone.mail_models import MailOrder as MailOrder
from handrail.services.naloxone.mail_models import MailStep as MailStep


class KitVersion(ScopedModel):
    """What is in an item of the catalogue: which product, how many doses. Another number of doses is another item.

    The parts of the kit are those of the catalogue (`stock.KitComponent`); an item of naloxone without a row here counts by
    the doses among its parts, or as one single dose.
    """

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+")
    product = models.CharField(max_length=24, choices=Product)
    doses_per_kit = models.SmallIntegerField()
    is_loose = models.BooleanField(default=False, help_text="A single dose, counted apart from kits")
    leaflet_languages = ArrayField(models.CharField(max_length=12), default=list)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, help_text="First day it is handed out no more")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "item"], name="kit_version_item"),
            models.CheckConstraint(condition=models.Q(doses_per_kit__gte=1), name="kit_version_doses"),
        ]


# -- state: folds over facts -----------------------------------------------------------------------------------------


class KitStep(ScopedModel):
    """A step in the life of a kit with a code. Where it is now is its latest step; a step that counts no more is not here."""

    is_state: ClassVar[bool] = True

    fact = models.UUIDField()
    code = models.CharField(max_length=24)
    item = models.CharField(max_length=60, blank=True)
    lot = models.UUIDField(null=True)
    state = models.CharField(max_length=20)
    site = models.ForeignKey(Site, null=True, on_delete=models.PROTECT, related_name="+")
    participant = models.UUIDField(null=True, help_text="Who has it, where they have a code and said so")
    occurred_at = models.DateTimeField()
    counter = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "fact", "code"], name="kit_step_once")]
        indexes = [
            models.Index(fields=["organisation", "code", "occurred_at", "counter"], name="kit_step_code"),
            models.Index(fields=["organisation", "lot"], name="kit_step_lot"),
        ]


class KitEnd(ScopedModel):
    """So many kits of a lot of which somebody told what became of them, with a code or without."""

    is_state: ClassVar[bool] = True

    fact = models.UUIDField()
    event = models.CharField(max_length=20)
    lot = models.UUIDField(null=True, help_text="Nobody knows: empty")
    code = models.CharField(max_length=24, blank=True)
    quantity = models.IntegerField()
    origin = models.CharField(max_length=8)
    participant = models.UUIDField(null=True)
    ours = models.BooleanField(default=False)
    report = models.UUIDField(null=True, help_text="The report that tells of it")
    supply = models.UUIDField(null=True, help_text="The hand-over it was part of, where somebody said so: a parcel has no person")
    occurred_at = models.DateTimeField()
    counter = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "fact", "lot", "code"], name="kit_end_once", nulls_distinct=False)]
        indexes = [models.Index(fields=["organisation", "lot"], name="kit_end_lot"), models.Index(fields=["organisation", "report"], name="kit_end_report")]


class Report(ScopedModel):
    """A report of an overdose that counts, with the lots that its codes led to."""

    is_state: ClassVar[bool] = True

    fact = models.UUIDField()
    root = models.UUIDField(help_text="First fact of its chain of corrections: what a replacement names")
    site = models.ForeignKey(Site, null=True, on_delete=models.PROTECT, related_name="+")
    participant = models.UUIDField(null=True)
    outcome = models.CharField(max_length=20)
    doses = models.SmallIntegerField(null=True)
    available = models.CharField(max_length=20)
    emergency_called = models.CharField(max_length=8)
    why_not_called = ArrayField(models.CharField(max_length=24), default=list)
    witnessed = models.CharField(max_length=8)
    replacement_wanted = models.BooleanField()
    received_on = models.DateField(null=True)
    occurred_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "fact"], name="naloxone_report_fact")]
        indexes = [models.Index(fields=["organisation", "occurred_at"], name="naloxone_report_at")]


class Double(ScopedModel):
    """What somebody said of a report: which other tells of the same overdose, or that none does. What was said last holds."""

    is_state: ClassVar[bool] = True

    fact = models.UUIDField()
    report = models.UUIDField(help_text="First fact of its chain of corrections")
    same_as = models.UUIDField(null=True)
    counter = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "fact"], name="naloxone_double_fact")]
        indexes = [models.Index(fields=["organisation", "report", "counter"], name="naloxone_double_report")]


class Given(ScopedModel):
    """A line of a hand-over that counts: how many of which item, to whom, first or repeat and why."""

    is_state: ClassVar[bool] = True

    fact = models.UUIDField()
    line = models.SmallIntegerField()
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    item = models.CharField(max_length=60)
    quantity = models.IntegerField()
    source_class = models.CharField(max_length=24)
    channel = models.CharField(max_length=20)
    recipient_kind = models.CharField(max_length=20)
    supply_type = models.CharField(max_length=8)
    repeat_reason = models.CharField(max_length=20, blank=True)
    is_flagged = models.BooleanField(default=False, help_text="An expired lot was handed out, which the rules do not allow")
    occurred_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "fact", "line"], name="naloxone_given_line")]
        indexes = [models.Index(fields=["organisation", "occurred_at"], name="naloxone_given_at")]


# -- what came without a sign-in: no moment, no address, no browser ---------------------------------------------------------


class PublicReport(ScopedModel):
    """A report that somebody sent without signing in. It waits for the night, and then is a fact among others of that night.

    Until then the day is all that is kept of when it came, and the hour of when it happened.
    """

    id = models.UUIDField(editable=False)
    received_on = models.DateField()
    happened_at = models.DateTimeField(help_text="Cut down to the hour")
    said = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "id"], name="public_report_id")]


class KitRequest(ScopedModel):
    """Somebody wants a new kit and comes for it with a receipt. Nothing leads from here to a report, nor back."""

    class State(models.TextChoices):
        """How far it is."""

        RECEIVED = "received", _("We have your request")
        READY = "ready", _("Your kit is ready")
        HANDED_OVER = "handed_over", _("It was handed over")
        CANCELLED = "cancelled", _("It was cancelled")

    id = models.UUIDField(editable=False)
    receipt = models.BinaryField(help_text="Keyed digest of the code on the receipt")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+", help_text="Where they come for it")
    state = models.CharField(max_length=12, choices=State, default=State.RECEIVED)
    received_on = models.DateField()
    changed_on = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="kit_request_id"),
            models.UniqueConstraint(fields=["organisation", "receipt"], name="kit_request_receipt"),
        ]
