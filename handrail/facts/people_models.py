"""Tables about people without names: cards, hints, proposals, handles, receipts; and, as state, participants and consents.

`facts.models` imports them, and everybody imports them from there.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from handrail.kernel import ids
from handrail.kernel.scope import ScopedModel

# -- ordinary rows ---------------------------------------------------------------------------------------------------


class CardToken(ScopedModel):
    """A card somebody carries. Only a keyed digest is stored: card and database do not meet without the key."""

    class Sort(models.TextChoices):
        """Where the code comes from."""

        ISSUED = "issued", _("Issued card")
        DERIVED = "derived", _("Self-made code")

    token = models.BinaryField()
    participant = models.UUIDField()
    sort = models.CharField(max_length=8, choices=Sort, default=Sort.ISSUED)
    recipe = models.CharField(max_length=8, blank=True, help_text="Version of the recipe of a self-made code, such as hr1")
    issued_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "token"], name="card_token")]
        indexes = [models.Index(fields=["organisation", "participant"], name="card_participant")]


class CodeHint(ScopedModel):
    """A leave-one-out token of a self-made code: kept only where tolerant review is switched on (`domain/people.md` 3.2)."""

    token = models.BinaryField()
    participant = models.UUIDField()
    position = models.SmallIntegerField(help_text="Which of the six elements was left out, 0 to 5")

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "token"], name="hint_token"),
            models.Index(fields=["organisation", "participant"], name="hint_participant"),
        ]


class Proposal(ScopedModel):
    """Two participants who may be one person. A person decides; nothing follows by itself (`domain/people.md` 3.3)."""

    class State(models.TextChoices):
        """What the reviewer found."""

        OPEN = "open", _("To look at")
        SAME = "same", _("The same person")
        DIFFERENT = "different", _("Two people")
        UNSURE = "unsure", _("Not sure")

    id = models.UUIDField(default=ids.random, editable=False)
    newer = models.UUIDField(help_text="Participant whose code led here")
    older = models.UUIDField(help_text="Participant it may be")
    position = models.SmallIntegerField(null=True, help_text="Element that differs, when a self-made code led here")
    proposed_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=State, default=State.OPEN)
    corroborating = models.JSONField(default=list)
    person_agreed = models.BooleanField(null=True)
    decided_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="proposal_id"),
            models.UniqueConstraint(fields=["organisation", "newer", "older"], name="proposal_once"),
        ]


class Handle(ScopedModel):
    """Any word the person likes to be called by here. Not in a fact, so that it can be forgotten."""

    participant = models.UUIDField()
    locked = models.BinaryField(help_text="The word, locked with a key of the ring for codes (`handle_words`)")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "participant"], name="handle_once")]


class Receipt(ScopedModel):
    """A slip with a code for a visit without a code: “that was me”, once, within 30 days (`domain/people.md` 4)."""

    token = models.BinaryField()
    visit = models.UUIDField()
    issued_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "token"], name="receipt_token")]


# -- state: folds over facts -----------------------------------------------------------------------------------------


class Participant(ScopedModel):
    """The person served: a random id and what they chose to say. No name exists anywhere in this row."""

    is_state: ClassVar[bool] = True
    no_contact_counter: int = 0
    """While it is folded: the latest record that said not to contact the person. Not stored."""

    id = models.UUIDField(editable=False)
    birth_year = models.SmallIntegerField(null=True)
    age_band = models.CharField(max_length=12, blank=True)
    age_band_asked_on = models.DateField(null=True)
    gender = models.CharField(max_length=24, blank=True)
    trans = models.CharField(max_length=12, blank=True)
    pronouns = models.CharField(max_length=24, blank=True)
    languages = models.JSONField(default=list)
    needs = models.JSONField(default=list, help_text="Reading support, interpreter, step-free …: codes of a list, no free text")
    injects = models.CharField(max_length=24, blank=True)
    injects_asked_on = models.DateField(null=True)
    injects_source = models.CharField(max_length=12, blank=True)
    flags = models.JSONField(default=dict, help_text="Population flag to its answer, the day it was asked and who said so")
    status = models.CharField(max_length=16, default="active")
    status_at = models.DateTimeField(null=True)
    died_on = models.DateField(null=True, help_text="First day of what is known: a day, a month or a year")
    merged_into = models.UUIDField(null=True, help_text="The participant who stands for this one after a merge")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "id"], name="participant_id")]
        indexes = [
            models.Index(fields=["organisation", "merged_into"], name="participant_merged", condition=models.Q(merged_into__isnull=False))
        ]


class Consent(ScopedModel):
    """A consent as it stands: what for, who may tell what to whom, until when (`domain/people.md` 6)."""

    is_state: ClassVar[bool] = True

    fact = models.UUIDField(help_text="The fact that gave it; its root if it was corrected")
    participant = models.UUIDField()
    purpose = models.CharField(max_length=32)
    scope = models.JSONField(default=list, help_text="Classes of records it covers")
    from_whom = models.CharField(max_length=120)
    site = models.ForeignKey("facts.Site", null=True, on_delete=models.PROTECT, related_name="+", help_text="Where it was given, as it reads now")
    to_whom = models.CharField(max_length=120)
    given_at = models.DateTimeField()
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, help_text="Last day it holds")
    until = models.CharField(max_length=24, blank=True, help_text="Event that ends it")
    revoked_at = models.DateTimeField(null=True)
    superseded_by = models.UUIDField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "fact"], name="consent_fact")]
        indexes = [models.Index(fields=["organisation", "participant", "purpose"], name="consent_of")]
