"""One meeting with one person or group. Its id is the encounter that the other facts of the visit name."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.facts.codes import Channel
from handrail.facts.spec import Kind, Payload, Privacy, info


class Encounter(Payload):
    """Who was met, counted; nobody is named. Limits: `domain/exchange.md` 11, rule 5."""

    channel: Channel = info(_("How"), privacy=Privacy.OPERATIONAL, default=Channel.OUTREACH)
    people_count: int = info(_("People met"), privacy=Privacy.OPERATIONAL, default=1, ge=1, le=500)
    on_behalf_of: int = info(_("Collecting also for"), privacy=Privacy.OPERATIONAL, default=0, ge=0, le=500)


KIND = Kind(
    title=_("Visit"),
    explain=_("One meeting with one person or group; holds everything that was done in it."),
    payload=Encounter,
    may="visit.record",
    may_correct="visit.correct",
    sample=Encounter(channel=Channel.VEHICLE, people_count=1, on_behalf_of=2),
    needs_encounter=False,
)
