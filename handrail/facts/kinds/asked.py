"""What a person answered about injecting, with the day it was asked: it decides who counts as injecting."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from handrail.facts.codes import Injects
from handrail.facts.codes_of_people import Said
from handrail.facts.spec import Kind, Payload, Privacy, info


class Asked(Payload):
    """The person's own answer (`domain/indicators.md` 1, rule 6)."""

    injects: Injects = info(_("Last injected"), privacy=Privacy.PERSONAL)
    source: Said | None = info(_("Who said so"), privacy=Privacy.PERSONAL, default=None)


def _as_it_was(old: dict[str, Any]) -> dict[str, Any]:
    """Version 1 did not ask who said so: it stays not known."""
    return old


KIND = Kind(
    title=_("Asked about injecting"),
    explain=_("The person's own answer; it decides who counts as injecting, not the site they use."),
    payload=Asked,
    may="visit.record",
    sample=Asked(injects=Injects.LAST_MONTH),
    version=2,
    upcasters={1: _as_it_was},
    needs_encounter=False,
)
