"""The auditor's page: the chains, verified on the spot, and who changed which settings. No person appears on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import render

from handrail.facts.models import Staff
from handrail.facts.replay import verify_chain
from handrail.kernel import audit
from handrail.kernel.access import ActorRequest, may
from handrail.kernel.models import AccessEntry, AuditEntry


@dataclass(frozen=True)
class ChainState:
    """One verified chain."""

    name: str
    count: int
    head: str
    problems: list[str]


@dataclass(frozen=True)
class Line:
    """One line of the audit or the access log."""

    at: datetime
    who: str
    what: str
    about: str
    refused: bool = False


@may("audit.read", methods=("GET", "POST"))
def audit_page(request: ActorRequest) -> HttpResponse:
    """The latest lines; on request both chains are recomputed from the first line."""
    chains: list[ChainState] = []
    if request.method == "POST":
        verdict = audit.verify()
        count, head, problems = verify_chain()
        chains = [
            ChainState("audit", verdict.lines, verdict.head, list(verdict.problems)),
            ChainState("facts", count, head, problems),
        ]
    names = {s.id: s.name for s in Staff.objects.filter(organisation_id=request.actor.organisation)}
    lines = [
        Line(e.at, names.get(e.actor, "Handrail"), e.action, f"{e.object_kind} {e.object_id[:8]}") for e in AuditEntry.objects.order_by("-number")[:50]
    ]
    looks = [
        Line(e.at, names.get(e.actor, "Handrail"), _without_ids(e.what), "", e.refused) for e in AccessEntry.objects.order_by("-key")[:30]
    ]
    return render(request, "console/audit.html", {"chains": chains, "lines": lines, "looks": looks})


def _without_ids(path: str) -> str:
    """A path without the ids in it: the auditor sees that somebody looked, not at whom."""
    return "/".join("…" if len(part) == 36 and part.count("-") == 4 else part for part in path.split("/"))
