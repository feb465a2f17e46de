"""Who looked at whom: the month on a person's page, and the week's digest of what was not usual."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from handrail.facts import looks, participants
from handrail.facts import unusual as digest
from handrail.facts.models import Digest, Site, Staff
from handrail.kernel import audit, clock
from handrail.kernel.access import Actor, ActorRequest, may
from handrail.kernel.tables import Cell, Column, table

WEEKS_SHOWN = 8


def section(actor: Actor, participant: uuid.UUID, site: Site) -> SafeString | None:
    """The table of this month's looks on a person's page, for those who may see it."""
    people = participants.group(participant)
    if not looks.may_see(actor, people):
        return None
    rows = [
        (
            found.name, Cell(_("emergency access"), is_quiet=True) if found.in_emergency else "", found.times,
            date_format(clock.local(found.last, site.time_zone), "j M H:i"),
        )
        for found in looks.of_person(people)
    ]
    columns = [Column(_("Who")), Column(""), Column(_("Looks"), is_number=True), Column(_("Last"))]
    return table(_("Looks of the last 31 days"), columns, rows, when_empty=_("Nobody before you."))


@may("unusual.read")
def unusual(request: ActorRequest) -> HttpResponse:
    """What was unusual in the last weeks. No person served is named, nor can be: lines hold counts."""
    audit.look("unusual looks", actor=request.actor)
    names = dict(Staff.objects.filter(organisation_id=request.actor.organisation).values_list("id", "name"))
    made = {row.week: row.made_at for row in Digest.objects.order_by("-week")[:WEEKS_SHOWN]}
    weeks = []
    for monday in made:
        found = digest.lines(monday)
        shown = [
            (rule, [(names.get(line.staff, "") if line.staff else _("Several accounts"), line.number, line.usual) for line in found if line.rule == key])
            for key, rule in digest.RULES.items()
        ]
        weeks.append((monday, monday + timedelta(days=6), [(rule, lines) for rule, lines in shown if lines]))
    return render(request, "console/unusual.html", {"weeks": weeks})


def unusual_now() -> int:
    """How many lines the digest of the last week has, for the first page."""
    return len(digest.lines(digest.last_week()))
