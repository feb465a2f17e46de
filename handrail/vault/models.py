"""Tables of the vault: sealed records, the list of what was erased, and the inbox of what waits to be opened.

A record's own key does not lie here but in the keystore, a database with backups of its own that live a month at most.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from handrail.kernel import ids
from handrail.kernel.scope import ScopedModel


class SealedRecord(ScopedModel):
    """One sealed record of a person: which store, until when, and bytes that nobody can read without its key."""

    id = models.UUIDField(default=ids.random, editable=False)
    store = models.CharField(max_length=60, help_text="Key of the sealed store, such as vault.contact")
    participant = models.UUIDField()
    site = models.ForeignKey("facts.Site", null=True, on_delete=models.PROTECT, related_name="+", help_text="Where it was written down")
    data_key = models.UUIDField(help_text="Which key of the keystore opens it")
    version = models.IntegerField(default=1, help_text="Counts up each time it is written again")
    sealed = models.BinaryField()
    written_on = models.DateField()
    used_on = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="sealed_record_id"),
            models.UniqueConstraint(fields=["organisation", "store", "participant"], name="sealed_record_once"),
        ]


class Erasure(ScopedModel):
    """A key that was destroyed. After every restore it is destroyed again, whatever the backup brought back. Ids only."""

    append_only: ClassVar[bool] = True

    class Why(models.TextChoices):
        """What made it go."""

        PERSON = "person", _("They asked for it")
        TIME = "time", _("Its time was over")
        MISTAKE = "mistake", _("It should not have been written down")
        LOST = "lost", _("Its keys were lost")

    data_key = models.UUIDField()
    store = models.CharField(max_length=60)
    on = models.DateField()
    why = models.CharField(max_length=12, choices=Why)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "data_key"], name="erasure_once")]


class InboxItem(ScopedModel):
    """Something sealed to the programme: taken and kept while the vault is locked, read when it opens."""

    class Sort(models.TextChoices):
        """What is inside."""

        RECORD = "record", _("A sealed record")
        FACTS = "facts", _("Visits and what was done")

    id = models.UUIDField(editable=False)
    sort = models.CharField(max_length=8, choices=Sort)
    ingest_key = models.UUIDField()
    sealed = models.BinaryField()
    received_on = models.DateField()
    staff = models.UUIDField(null=True, help_text="Account that brought it")
    device = models.UUIDField(null=True, help_text="Device that brought it")
    about = models.JSONField(default=dict, help_text="What must be known before it is opened: store, participant, place")
    problem = models.CharField(max_length=200, blank=True, help_text="Why it could not be taken in; a person has to look")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "id"], name="inbox_id")]


class Taken(ScopedModel):
    """An item of the inbox that was taken in: sent again, it is here already."""

    append_only: ClassVar[bool] = True

    id = models.UUIDField(editable=False)
    on = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "id"], name="inbox_taken")]
