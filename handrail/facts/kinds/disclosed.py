"""Something about a person was told outside the team: what, to whom, and what allowed it (`domain/people.md` 6)."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext_lazy as _

from handrail.facts.kinds.consent import Purpose, RecordClass
from handrail.facts.spec import Codes, Kind, Payload, Privacy, info


class Basis(Codes):
    """What allows it."""

    CONSENT = "consent", _("The person's consent")
    LAW = "law", _("A law that orders it")
    EMERGENCY = "emergency", _("A medical emergency")


class Law(Codes):
    """Which sort of law."""

    COURT_ORDER = "court_order", _("A demand of police or court, decided by two people")
    CHILD_PROTECTION = "child_protection", _("Protection of a child")
    PUBLIC_HEALTH = "public_health", _("Public health reporting")
    AUDIT = "audit", _("An audit the law allows")


class Emergency(Codes):
    """Which sort of emergency."""

    OVERDOSE = "overdose", _("Overdose")
    OTHER_THREAT_TO_LIFE = "other_threat_to_life", _("Another threat to life")


class Disclosed(Payload):
    """What was told. The words themselves are not kept here."""

    what: tuple[RecordClass, ...] = info(_("What was told"), privacy=Privacy.PERSONAL, min_length=1)
    to_whom: str = info(
        _("To whom"), privacy=Privacy.OPERATIONAL, min_length=1, max_length=120, help_text=_("Name of a service or office, never of a person")
    )
    purpose: Purpose | None = info(_("What for"), privacy=Privacy.PERSONAL, default=None)
    basis: Basis = info(_("What allows it"), privacy=Privacy.OPERATIONAL)
    consent: uuid.UUID | None = info(_("Consent"), privacy=Privacy.OPERATIONAL, default=None)
    law: Law | None = info(_("Which law"), privacy=Privacy.OPERATIONAL, default=None)
    demand: uuid.UUID | None = info(_("Legal demand"), privacy=Privacy.OPERATIONAL, default=None)
    emergency: Emergency | None = info(_("Which emergency"), privacy=Privacy.OPERATIONAL, default=None)
    notice_sent: bool = info(_("The notice went with it"), privacy=Privacy.OPERATIONAL, default=False)


KIND = Kind(
    title=_("Told to somebody else"),
    explain=_("Something about a person was told to another service or office: what, to whom, and what allowed it. Refused without that."),
    payload=Disclosed,
    may="consent.record",
    sample=Disclosed(what=(RecordClass.TREATMENT,), to_whom="Riverside hospital", basis=Basis.EMERGENCY, emergency=Emergency.OVERDOSE),
    needs_encounter=False,
    about="consent",
)
