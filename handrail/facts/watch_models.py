"""Rows about who watches whom: alarms that wait for an answer, notices that wait to be seen, emergency access, what was unusual.

None of them holds a name or a word about a person served.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from handrail.kernel import ids
from handrail.kernel.scope import ScopedModel


class Alarm(ScopedModel):
    """Something that must not pass unnoticed: it stands on every page of those in charge until one of them answers."""

    class Reason(models.TextChoices):
        """What happened."""

        HEAD_BROKEN = "head_broken", _("A device knows another history of these records")
        CHAIN_BROKEN = "chain_broken", _("A chain does not hold: something was changed behind our back")
        REVIEW_OVERDUE = "review_overdue", _("An emergency access was not looked at in time, and its account could not be suspended")

    class Answer(models.TextChoices):
        """What was found out."""

        RESTORED_BY_HAND = "restored_by_hand", _("We put an old copy in place by hand")
        DEVICE_WRONG = "device_wrong", _("The device is at fault: a copy, a test, another programme’s")
        CHANGED = "changed", _("Records were changed. We work from paper and backups, and have asked for help")
        UNKNOWN = "unknown", _("We could not find out, and keep this head")

    id = models.UUIDField(default=ids.random, editable=False)
    reason = models.CharField(max_length=24, choices=Reason)
    subject = models.CharField(max_length=80, blank=True, help_text="The device that noticed, or what it is about")
    detail = models.JSONField(default=dict)
    raised_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    answered_by = models.UUIDField(null=True)
    answer = models.CharField(max_length=24, blank=True, choices=Answer)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "id"], name="alarm_id")]
        indexes = [models.Index(fields=["organisation"], name="alarm_open", condition=models.Q(answered_at__isnull=True))]


class Notice(ScopedModel):
    """A line for one account that stands on its pages until it was seen."""

    class Kind(models.TextChoices):
        """What the line says."""

        GLASS_BROKEN = "glass_broken", _("A colleague used emergency access. It waits to be looked at.")
        GLASS_RIGHT = "glass_right", _("Your emergency access was looked at: it was right.")
        GLASS_NOT_RIGHT = "glass_not_right", _("Your emergency access was looked at: it was not right. Talk with whoever is in charge.")
        RESTORED = "restored", _("A backup was put in place. What was recorded after it has to be sent again.")

    id = models.UUIDField(default=ids.random, editable=False)
    staff = models.UUIDField()
    kind = models.CharField(max_length=24, choices=Kind)
    about = models.UUIDField(null=True)
    made_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "id"], name="notice_id")]
        indexes = [models.Index(fields=["organisation", "staff"], name="notice_unseen", condition=models.Q(seen_at__isnull=True))]


class GlassBreak(ScopedModel):
    """One emergency access: who, for whom, why, until when, and what a second person found afterwards."""

    class Verdict(models.TextChoices):
        """What the second person found."""

        RIGHT = "right", _("It was right")
        NOT_RIGHT = "not_right", _("It was not right")

    id = models.UUIDField(default=ids.random, editable=False)
    staff = models.UUIDField()
    participant = models.UUIDField()
    site = models.ForeignKey("facts.Site", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=24)
    broken_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, help_text="When the worker closed it before its time")
    due_at = models.DateTimeField(help_text="When it must have been looked at")
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.UUIDField(null=True)
    verdict = models.CharField(max_length=12, blank=True, choices=Verdict)
    said = models.TextField(blank=True, help_text="The sentence of the review, locked with a key outside the database")
    suspended_at = models.DateTimeField(null=True)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.UUIDField(null=True)
    lift_reason = models.CharField(max_length=24, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "id"], name="glass_id")]
        indexes = [
            models.Index(fields=["organisation", "staff"], name="glass_staff"),
            models.Index(fields=["organisation"], name="glass_unreviewed", condition=models.Q(reviewed_at__isnull=True)),
        ]


class Unusual(ScopedModel):
    """One line of a week's digest of looks: which rule, which account, how many, and how many are usual."""

    week = models.DateField(help_text="Its Monday")
    rule = models.CharField(max_length=24)
    staff = models.UUIDField(null=True, help_text="Empty where the line is about several accounts")
    number = models.IntegerField()
    usual = models.IntegerField()

    class Meta:
        indexes = [models.Index(fields=["organisation", "week"], name="unusual_week")]


class Digest(ScopedModel):
    """That a week's digest was computed, also when there was nothing in it."""

    week = models.DateField()
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "week"], name="digest_week")]
