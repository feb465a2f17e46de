"""The auditor's page: the chains, verified on the spot, and who changed which settings. No person appears on it."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from handrail.facts.models import Staff
from handrail.facts.replay import verify_chain
from handrail.kernel import audit
from handrail.kernel.access import ActorRequest, may
from handrail.kernel.models import AccessEntry, AuditEntry
from handrail.kernel.tables import Cell, Column, table


@dataclass(frozen=True)
class ChainState:
    """One verified chain."""

    name: str
    count: int
    head: str
    problems: list[str]


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
    changes = [
        (date_format(e.at, "j M H:i"), names.get(e.actor, "Handrail"), e.action, Cell(f"{e.object_kind} {e.object_id[:8]}", is_quiet=True))
        for e in AuditEntry.objects.order_by("-number")[:50]
    ]
    looks = [
        (date_format(e.at, "j M H:i"), names.get(e.actor, "Handrail"), _without_ids(e.what), _("refused") if e.refused else _("shown"))
        for e in AccessEntry.objects.order_by("-key")[:30]
    ]
    when, who, what = Column(_("When (UTC)")), Column(_("Who")), Column(_("What"))
    page = {
        "chains": chains,
        "changes": table(_("Latest changes"), [when, who, what, Column(_("Record"))], changes),
        "looks": table(_("Looks, and looks that were refused"), [when, who, what, Column(_("Answer"))], looks, when_empty=_("None yet.")),
    }
    return render(request, "console/audit.html", page)


def _without_ids(path: str) -> str:
    """A path without the ids in it: the auditor sees that somebody looked, not at whom."""
    return "/".join("…" if len(part) == 36 and part.count("-") == 4 else part for part in path.split("/"))
