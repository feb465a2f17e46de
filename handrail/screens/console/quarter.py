"""The coordinator's quarter: every number with its definition, its source, and the steps that computed it.

Two views of the same results. “Ours” is exact and for the programme's own eyes. “To share” passes disclosure control:
small groups are hidden, also against subtraction, and only this view should leave the house.
"""

from __future__ import annotations

import csv
import hashlib
import io
import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from handrail.facts.models import Head
from handrail.facts.queries import today
from handrail.gates.spreadsheet.badlist import safe
from handrail.insight import targets
from handrail.insight.results import INDICATORS, Pack, Period, Row, available_periods, read
from handrail.insight.sheet import code_of as code_of
from handrail.insight.spec import Indicator
from handrail.kernel import audit, charts, scope
from handrail.kernel.access import ActorRequest, may

HEADLINES = ("people_reached", "needles_given", "referral_bridge", "contacts_without_code")
SITE_COLUMNS = ("people_reached", "contacts", "needles_given", "returned")


@dataclass(frozen=True)
class Shown:
    """One number as a view shows it. `text` is the value, or why there is none, or that it is hidden."""

    indicator: Indicator
    text: str
    hidden: bool
    change: str = ""
    site: uuid.UUID | None = None
    window: str = ""

    @property
    def code(self) -> str:
        """The code as the source writes it, with its variant."""
        return code_of(self.indicator)


@dataclass(frozen=True)
class SiteRow:
    """A site's line of the table."""

    name: str
    cells: list[Shown]


@dataclass(frozen=True)
class GoalLine:
    """A number of the whole programme held against one target."""

    shown: Shown
    compared: targets.Compared


@dataclass(frozen=True)
class QuarterPage:
    """Everything on the quarter's page."""

    quarter: Period
    quarters: list[Period]
    sharing: bool
    headlines: list[Shown]
    per_person: list[Shown]
    chart: str
    goals: list[GoalLine]
    columns: list[Indicator]
    sites: list[SiteRow]
    everything: list[Shown]
    computed_at: datetime | None
    behind: int
    any_hidden: bool


def text_of(row: Row) -> str:
    """The value as people read it, a percentage with its sign."""
    return f"{row.text} %" if row.indicator.kind == "percent" and row.value is not None else row.text


class _View:
    """Results as one of the two views shows them."""

    def __init__(self, pack: Pack, *, sharing: bool) -> None:
        self._pack, self.sharing = pack, sharing
        self.any_hidden = False

    def row(self, key: str, site: uuid.UUID | None = None) -> Row | None:
        """The result if this view may show it."""
        row = self._pack.get(key, site)
        return row.outside if row is not None and self.sharing else row

    def shown(self, key: str, site: uuid.UUID | None = None) -> Shown:
        """The number as text."""
        indicator, there, row = INDICATORS[key], self._pack.get(key, site), self.row(key, site)
        hidden = there is not None and row is None
        self.any_hidden = self.any_hidden or hidden
        text = _("hidden") if hidden else text_of(row) if row else _("not computed yet")
        change = self._pack.change(key, site) if not self.sharing else None
        said = ""
        if change is not None:
            whole = round(change)
            said = _("%(change)+d %% on the last quarter") % {"change": whole} if whole else _("as in the last quarter")
        return Shown(indicator, text, hidden, said, site, there.window.label if there else "")


def _quarter_or_404(written: str) -> Period:
    try:
        return Period.parse(written)
    except ValueError:
        raise Http404 from None


@may("numbers.read")
def now(request: ActorRequest) -> HttpResponse:
    """The last full quarter."""
    return redirect("quarter", str(Period.of("quarter", today()).previous()))


@may("numbers.read")
def page(request: ActorRequest, quarter: str) -> HttpResponse:
    """The quarter at a glance."""
    chosen = _quarter_or_404(quarter)
    pack = read(chosen)
    view = _View(pack, sharing=request.GET.get("view") == "share")
    per_person = [row.indicator.key for row in pack.group("syringes_per_person")]
    shown = {key: view.shown(key) for key in per_person}
    goals = _goals(pack, view)
    bars = [_bar(row, goals) for key in per_person if (row := view.row(key)) and row.value is not None]
    columns = [INDICATORS[key] for key in SITE_COLUMNS if key in INDICATORS.all()]
    sites = {row.site: row.site_name for row in pack.by_site(SITE_COLUMNS[0]) + pack.by_site(SITE_COLUMNS[1])}
    counted = Head.objects.filter(organisation=scope.organisation()).values_list("counter", flat=True).first() or 0
    context = QuarterPage(
        quarter=chosen, quarters=available_periods()[:8], sharing=view.sharing,
        headlines=[view.shown(key) for key in HEADLINES if key in INDICATORS.all()], per_person=list(shown.values()),
        chart=charts.bar_chart(_("Needles and syringes per person who injects"), bars) if bars else "", goals=goals, columns=columns,
        sites=[SiteRow(name, [view.shown(c.key, site) for c in columns]) for site, name in sorted(sites.items(), key=lambda s: s[1])],
        everything=[view.shown(key) for key in INDICATORS.all()], computed_at=pack.computed_at,
        behind=counted - (pack.data_through or 0) if pack else 0, any_hidden=view.any_hidden,
    )
    return render(request, "console/quarter.html", {"page": context, "threshold": settings.CONFIG.public_threshold})


def _goals(pack: Pack, view: _View) -> list[GoalLine]:
    """Every target that holds on the last day of a number's days. What this view hides is held against none."""
    found = []
    days: dict[date, list[targets.Goal]] = {}
    for indicator in INDICATORS:
        there = pack.get(indicator.key)
        if there is None:
            continue
        last, row = there.window.ends_before - timedelta(days=1), view.row(indicator.key)
        goals = days[last] if last in days else days.setdefault(last, targets.on_day(last))
        compared = targets.for_number(indicator, row.value if row else None, there.window, goals)
        found += [GoalLine(view.shown(indicator.key), one) for one in compared]
    return found


def _bar(row: Row, goals: list[GoalLine]) -> charts.Bar:
    """A bar, marked where its own target is: a target says nothing about the other bars."""
    own = (line.compared for line in goals if line.shown.indicator.key == row.indicator.key)
    held = next((one for one in own if one.outcome in {targets.Outcome.MET, targets.Outcome.NOT_MET}), None)
    mark = charts.Target(held.goal.first.value, f"{held.goal.text} · {held.goal.title}") if held else None
    return charts.Bar(code_of(row.indicator), row.value, row.text, mark)


@may("numbers.read", step_up=True)
def download(request: ActorRequest, quarter: str) -> HttpResponse:
    """The exact numbers as CSV, for our own eyes: small groups stand in it, so whoever takes it along proves who they are."""
    return _file(request, quarter, sharing=False)


@may("numbers.read")
def download_to_share(request: ActorRequest, quarter: str) -> HttpResponse:
    """The numbers as they may leave the house, as CSV."""
    return _file(request, quarter, sharing=True)


def _file(request: ActorRequest, quarter: str, *, sharing: bool) -> HttpResponse:
    """The file, and a line in the audit with its digest: which file it was can be told later."""
    chosen = _quarter_or_404(quarter)
    content = ("\ufeff" + _csv(chosen, sharing=sharing)).encode()
    view = "to-share" if sharing else "own"
    audit.write(
        "numbers.exported", actor=request.actor, object_kind="quarter", object_id=chosen,
        detail={"view": view, "sha256": hashlib.sha256(content).hexdigest()},
    )
    answer = HttpResponse(content, content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="handrail-{chosen}-{view}.csv"'
    return answer


def _csv(chosen: Period, *, sharing: bool) -> str:
    """Every number of the quarter. Cells that a spreadsheet would run as a formula are defused."""
    pack = read(chosen)
    view = _View(pack, sharing=sharing)
    written = io.StringIO()
    lines = csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    lines.writerow([
        _("Quarter"), _("Code"), _("Name"), _("Place"), _("From"), _("To before"), _("Value"), _("Numerator"), _("Denominator"), _("Level"), _("Source"),
    ])
    for row in (one for one in pack if not one.cell):
        visible = view.row(row.indicator.key, row.site)
        cells: list[object] = [chosen, code_of(row.indicator), row.indicator.name, row.site_name, row.window.starts_on, row.window.ends_before]
        if visible is None:
            cells += [_("hidden"), "", ""]
        elif sharing:
            cells += [visible.plain, "", ""]
        else:
            cells += [visible.plain, visible.numerator, visible.denominator if visible.denominator is not None else ""]
        lines.writerow([safe(str(cell)) for cell in [*cells, row.indicator.level, row.indicator.source]])
    return written.getvalue()
