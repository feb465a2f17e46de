"""What a person answered about injecting, with the day it was asked: it decides who counts as injecting."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.facts.codes import Injects
from handrail.facts.spec import Kind, Payload, Privacy, info


class Asked(Payload):
    """The person's own answer (`domain/indicators.md` 1, rule 6)."""

    injects: Injects = info(_("Last injected"), privacy=Privacy.PERSONAL)


KIND = Kind(
    title=_("Asked about injecting"),
    explain=_("The person's own answer; it decides who counts as injecting, not the site they use."),
    payload=Asked,
    may="visit.record",
    sample=Asked(injects=Injects.LAST_MONTH),
    needs_encounter=False,
)
