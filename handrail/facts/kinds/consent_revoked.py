"""A consent ends: the person said so, or what it was to last for has happened. At once, for everything told from now on."""

from __future__ import annotations

import uuid
from typing import Any

from django.utils.translation import gettext_lazy as _

from handrail.facts.spec import Codes, Kind, Payload, Privacy, info


class Why(Codes):
    """Why it ends."""

    PERSON_SAID = "person_said", _("The person took it back")
    EVENT = "event", _("What it was to last for has happened")
    PROGRAMME = "programme", _("We no longer need it")


class ConsentRevoked(Payload):
    """Which consent, or all that the person gave before. Nothing else is asked: one sentence to any worker is enough."""

    consent: uuid.UUID | None = info(_("Consent"), privacy=Privacy.OPERATIONAL, default=None, help_text=_("Empty: every one given before"))
    why: Why = info(_("Why it ends"), privacy=Privacy.OPERATIONAL, default=Why.PERSON_SAID)


def _as_it_was(old: dict[str, Any]) -> dict[str, Any]:
    """Version 1 always named one consent."""
    return old


KIND = Kind(
    title=_("Consent taken back"),
    explain=_("Ends a consent, or every one given before, at once. What was told before stays told and is listed to the person. No service changes."),
    payload=ConsentRevoked,
    may="person.find",
    sample=ConsentRevoked(consent=uuid.UUID(int=3)),
    version=2,
    upcasters={1: _as_it_was},
    needs_encounter=False,
    about="consent",
)
