"""One number, opened down to where it comes from: definition, source, edge cases, steps, and the visits behind it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from handrail.facts.spec import KINDS
from handrail.insight import targets
from handrail.insight.breakdowns import label_of
from handrail.insight.due import due_on
from handrail.insight.models import SizeEstimate
from handrail.insight.outside import in_force
from handrail.insight.periods import PeriodKind
from handrail.insight.report_spec import REPORTS, Report
from handrail.insight.results import INDICATORS, Pack, Period, Row, read
from handrail.insight.sheet import rank
from handrail.insight.spec import (
    NEEDLES,
    NOBODY_MET,
    Among,
    Contacts,
    Followed,
    Measure,
    Outlets,
    Package,
    People,
    Prevented,
    Records,
    Regular,
    Sum,
)
from handrail.kernel.access import Actor, ActorRequest, may
from handrail.screens.console.quarter import code_of, text_of
from handrail.screens.console.report_shape import number_address

EARLIER = 3


@dataclass(frozen=True)
class Behind:
    """Visits behind a number: what was recorded in them, and where they are listed."""

    title: str
    address: str


@dataclass(frozen=True)
class NumberPage:
    """One number with everything it stands on."""

    period: Period
    row: Row
    code: str
    text: str
    part: str
    earlier: list[tuple[str, str]]
    others: list[tuple[str, str, str]]
    whole: str
    behind: list[Behind]
    is_part_of_visits: bool
    estimates: list[SizeEstimate]
    goals: list[targets.Compared]
    report: Report | None


@may("numbers.read")
def number(request: ActorRequest, quarter: str, indicator: str, site: uuid.UUID | None = None) -> HttpResponse:
    """One number of the whole, of a place, or of a part such as women: `?cell=gender=female`."""
    try:
        period = Period.parse(quarter)
    except ValueError:
        raise Http404 from None
    cell, pack = request.GET.get("cell", ""), read(period)
    row = pack.get(indicator, site, cell)
    if INDICATORS.get(indicator) is None or row is None:
        raise Http404
    report = _report(request.GET.get("report", ""), period)
    behind = _behind(request.actor, row)
    context = NumberPage(
        period=period, row=row, code=code_of(row.indicator), text=text_of(row), part=label_of(cell), earlier=_earlier(period, row), others=_others(pack, row, report),
        whole=number_address(period, indicator, report=report.key if report else "") if cell or site else "", behind=behind, is_part_of_visits=bool(cell),
        estimates=list(in_force(SizeEstimate).order_by("level", "-year")), report=report,
        goals=targets.for_number(row.indicator, row.value, row.window) if site is None and not cell else [],
    )
    return render(request, "console/number.html", {"page": context, "is_quarter": period.kind is PeriodKind.QUARTER})


def _report(key: str, period: Period) -> Report | None:
    """The report that the number was opened from, if there is one of this name and period."""
    found = REPORTS.get(key)
    return found if found is not None and due_on(found, period) is not None else None


def _earlier(period: Period, row: Row) -> list[tuple[str, str]]:
    found = []
    for _step in range(EARLIER):
        period = period.previous()
        before = read(period).get(*row.place)
        found.append((period.label, text_of(before) if before else _("not computed")))
    return found


def _others(pack: Pack, row: Row, report: Report | None) -> list[tuple[str, str, str]]:
    """The parts of the whole and its places, each with its own page."""
    if row.cell or row.site:
        return []
    key, back = row.indicator.key, report.key if report else ""
    cells = [(label_of(one.cell), one) for one in sorted(pack.cells(key), key=lambda one: (one.cell.count("="), one.cell.split("=")[0], rank(one.cell)))]
    places = [(one.site_name, one) for one in pack.by_site(key)]
    return [(name, text_of(one), number_address(pack.period, key, one.site, cell=one.cell, report=back)) for name, one in (*places, *cells)]


def _behind(actor: Actor, row: Row) -> list[Behind]:
    """Lists of the visits behind numerator and denominator, for whoever may read visits; what people are in them is in no list."""
    if not actor.may("visit.read"):
        return []
    found: dict[str, Behind] = {}
    for measure in row.indicator.parts:
        kinds = kinds_of(measure)
        if kinds:
            query = {"from": row.window.starts_on, "before": row.window.ends_before, "with": ",".join(kinds), **({"site": row.site} if row.site else {})}
            address = f"{reverse('visits')}?{urlencode(query)}"
            words = ", ".join(str(KINDS[kind].title) for kind in kinds if KINDS.get(kind))
            found.setdefault(address, Behind(_("Visits with: %(what)s") % {"what": words} if kinds != ("facts.encounter",) else _("All visits"), address))
    return list(found.values())


def kinds_of(measure: Measure) -> tuple[str, ...]:
    """What is recorded in the visits that a measure counts; nothing where no visit stands behind it."""
    match measure:
        case Sum():
            kinds = measure.kinds
        case Records() | Followed():
            kinds = (measure.kind,)
        case Contacts() | People():
            kinds = NEEDLES if measure.picked_up else (getattr(measure, "had", "") or "facts.encounter",)
        case Regular() | Outlets():
            kinds = NEEDLES
        case Package() | Prevented():
            kinds = ("facts.encounter",)
        case Among():
            return kinds_of(measure.of)
        case _:
            kinds = ()
    return tuple(kind for kind in kinds if kind not in NOBODY_MET)


