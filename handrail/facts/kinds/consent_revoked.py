"""A consent ends: the person said so, or what it was to last for has happened. At once, for everything told from now on."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext_lazy as _

from handrail.facts.spec import Codes, Kind, Payload, Privacy, info


class Why(Codes):
    """Why it ends."""

    PERSON_SAID = "person_said", _("The person took it back")
    EVENT = "event", _("What it was to last for has happened")
    PROGRAMME = "programme", _("We no longer need it")


class ConsentRevoked(Payload):
    """Which consent. Nothing else is asked: one sentence to any worker is enough."""

    consent: uuid.UUID = info(_("Consent"), privacy=Privacy.OPERATIONAL)
    why: Why = info(_("Why it ends"), privacy=Privacy.OPERATIONAL, default=Why.PERSON_SAID)


KIND = Kind(
    title=_("Consent taken back"),
    explain=_("Ends a consent at once. What was told before stays told and is listed to the person. No service changes."),
    payload=ConsentRevoked,
    may="person.find",
    sample=ConsentRevoked(consent=uuid.UUID(int=3)),
    needs_encounter=False,
    about="consent",
)
