"""Two people tell of one overdose: somebody who reads both says so, and it counts once. Reports are proposed by day alone; nothing is joined by itself."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from handrail.facts.models import Site
from handrail.facts.record import Refusal
from handrail.facts.spec import Codes, Text
from handrail.kernel import clock, ids
from handrail.kernel.access import Actor, ActorRequest, may
from handrail.kernel.web import posted_id
from handrail.services.naloxone import commands, queries
from handrail.services.naloxone.models import Report
from handrail.services.naloxone.report_codes import Outcome, PlaceKind, Reporter, StateFound

MAY = "naloxone.review"
NEAR, MOST = timedelta(days=7), 20
"""How far apart two accounts of one overdose may say it was: many know the week only."""


@dataclass(frozen=True)
class Account:
    """What helps to tell whether two reports speak of one overdose."""

    root: uuid.UUID
    at: datetime
    site: Site | None
    outcome: Text
    doses: int | None
    more: tuple[Text, ...]
    """Where it was, how they were found, who tells: as far as it was said."""


def near(actor: Actor, report: Report) -> list[Report]:
    """Reports of about the same days that count themselves, the nearest first."""
    told = queries.doubles()
    found = queries.reports(actor).filter(occurred_at__gte=report.occurred_at - NEAR, occurred_at__lte=report.occurred_at + NEAR).exclude(root=report.root)
    rows = [row for row in found if row.root not in told]
    return sorted(rows, key=lambda row: abs(row.occurred_at - report.occurred_at))[:MOST]


def account(row: Report) -> Account:
    """A report in words."""
    fact = queries.fact(row.fact, "naloxone.reversal")
    said = fact.parsed if fact is not None else None
    return Account(
        row.root, clock.local(row.occurred_at, row.site.time_zone if row.site else "UTC"), row.site, Outcome(row.outcome).label, row.doses,
        tuple(words for words in (_known(PlaceKind, said.place_kind), said.area, _known(StateFound, said.state_found), _known(Reporter, said.reporter_kind)) if words)
        if said else (),
    )


def _known(codes: type[Codes], value: str) -> Text:
    """An answer in words; nothing where it is not known."""
    return "" if value == "unknown" else codes(value).label


@may(MAY, methods=("GET", "POST"))
def same(request: ActorRequest, told: uuid.UUID) -> HttpResponse:
    """Read a report beside others of its days; say which tells of the same overdose, or that none does."""
    report = Report.objects.filter(request.actor.filter(MAY), root=told).select_related("site").first()
    if report is None:
        raise Http404
    others, error, chosen = near(request.actor, report), "", request.POST.get("same_as", "")
    known, now = {str(row.root): row for row in others}, queries.doubles().get(report.root)
    if request.method == "POST":
        if chosen != "none" and chosen not in known:
            error = _("Choose one of the reports, or that none of them tells of it.")
        else:
            try:
                commands.same_event(actor=request.actor, report=report, same_as=known.get(chosen), id=posted_id(request))
                return redirect(reverse("naloxone:reports") + "?saved=same")
            except Refusal as refusal:
                error = " ".join(sentence for _name, sentence in refusal.problems)
    page = {
        "report": account(report), "others": [account(row) for row in others], "chosen": chosen or (str(now) if now else ""), "error": error,
        "id": request.POST.get("id") or str(ids.new()), "is_double": now is not None,
    }
    return render(request, "naloxone/same.html", page, status=422 if error else 200)
