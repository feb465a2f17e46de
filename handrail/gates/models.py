"""What left the house: every file that was made of a release, kept for ever."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from handrail.insight.models import Release
from handrail.kernel import ids
from handrail.kernel.scope import ScopedModel


class What(models.TextChoices):
    """What a file does at the receiver."""

    NUMBERS = "numbers", _("Numbers")
    WITHDRAWAL = "withdrawal", _("Withdrawal of numbers that were sent before")


class Export(ScopedModel):
    """A file that was made of a release. With the release and the mapping it can be made again, to the same bytes."""

    append_only: ClassVar[bool] = True

    id = models.UUIDField(default=ids.random, editable=False)
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="exports")
    what = models.CharField(max_length=12, choices=What)
    format = models.CharField(max_length=24, help_text="Key of the format")
    format_version = models.SmallIntegerField()
    mapping = models.TextField(blank=True, help_text="The mapping file, as it was; empty: the format needs none")
    mapping_digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the mapping file")
    recipient = models.CharField(max_length=120, blank=True)
    language = models.CharField(max_length=12)
    sha256 = models.CharField(max_length=64, help_text="SHA-256 of the file")
    exported_at = models.DateTimeField()
    exported_by = models.UUIDField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "id"], name="export_id")]
        ordering = ["-key"]
