"""The kernel's own tables."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from handrail.kernel.scope import ScopedModel


class AuditHead(ScopedModel):
    """The last link of an organisation's audit chain; locked while a line is added."""

    number = models.BigIntegerField(default=0)
    digest = models.BinaryField(default=b"")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation"], name="audit_one_head")]


class AuditEntry(ScopedModel):
    """One line of the audit: who did what to what, and why. Ids only, never a name or a value about a person."""

    append_only: ClassVar[bool] = True

    number = models.BigIntegerField()
    at = models.DateTimeField()
    actor = models.UUIDField(null=True)
    action = models.CharField(max_length=80)
    object_kind = models.CharField(max_length=80, blank=True)
    object_id = models.CharField(max_length=80, blank=True)
    detail = models.JSONField(default=dict)
    previous = models.BinaryField()
    digest = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "number"], name="audit_number")]


class AccessEntry(ScopedModel):
    """A look at something sensitive, or a look that was refused. Sealed into the audit chain in batches."""

    append_only: ClassVar[bool] = True

    at = models.DateTimeField()
    actor = models.UUIDField(null=True)
    what = models.CharField(max_length=120)
    object_id = models.CharField(max_length=80, blank=True)
    refused = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "at"], name="access_at"),
            models.Index(fields=["organisation", "object_id"], name="access_object", condition=~models.Q(object_id="")),
        ]


class Session(models.Model):
    """A sign-in. The cookie's value is not stored, only its digest."""

    digest = models.BinaryField(primary_key=True)
    data = models.TextField()
    account = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    expires_at = models.DateTimeField()


class Throttle(models.Model):
    """Failed attempts of a kind within a window, by keyed digest of who tried."""

    digest = models.BinaryField(primary_key=True)
    failures = models.IntegerField(default=0)
    window_ends_at = models.DateTimeField()


class SetUpCode(models.Model):
    """A code handed over once, with which somebody chooses their own password. Only a keyed digest is stored."""

    account = models.OneToOneField(settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="+")
    token = models.BinaryField()
    expires_at = models.DateTimeField()


class Schedule(models.Model):
    """When a recurring job runs next."""

    job = models.CharField(max_length=120, primary_key=True)
    next_at = models.DateTimeField()
