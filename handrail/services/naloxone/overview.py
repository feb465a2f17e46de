"""The coordinator's page: kits, reports, stock and recalls of the last months; and where a kit with a code is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from handrail.facts import forms
from handrail.facts.models import Site
from handrail.facts.queries import today
from handrail.facts.record import Refusal
from handrail.facts.spec import Text
from handrail.kernel import clock
from handrail.kernel.access import Actor, ActorRequest, may
from handrail.ledgers.stock import recalls
from handrail.ledgers.stock.models import Item
from handrail.services.naloxone import commands, numbers, queries, reach, refill, rules
from handrail.services.naloxone.bags import codes_typed
from handrail.services.naloxone.codes import KitState, Product
from handrail.services.naloxone.models import KitStep, KitVersion, Report

SPANS: dict[str, int] = {"30": 30, "90": 90, "365": 365}
FIGURES = ("hr_nal_02", "hr_nal_02_percent", "hr_nal_04", "hr_nal_05")
"""Numbers of the quarter that stand beside ours (`domain/naloxone.md` 10)."""
MOST_TO_REFILL = 30
"""Places that are listed; a country has hundreds of bags."""


def shown(number: Fraction | None, places: int = 1) -> str:
    """A number as it is read, rounded half up once; empty where nobody knows it."""
    if number is None:
        return ""
    exact = Decimal(number.numerator) / Decimal(number.denominator)
    return str(number_format(exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP), decimal_pos=places))


@dataclass(frozen=True)
class ShareLine:
    """A share in words: the percent, its parts, and how many are not known."""

    title: str
    percent: str
    of: int
    known: int
    unknown: int


def _line(title: str, found: rules.Share) -> ShareLine:
    return ShareLine(title, shown(found.percent), found.of, found.known, found.unknown)


@dataclass(frozen=True)
class StockLine:
    """A product with its months of stock, and every input as it is read."""

    found: numbers.Stock
    months: str
    per_day: str


@dataclass(frozen=True)
class StepLine:
    """One step of a kit's life in words."""

    step: KitStep
    words: Text
    at: object


def titles() -> dict[str, str]:
    """How what is still out can be reached, in words."""
    return {
        "reachable": _("With people who can be reached"), "by_mail": _("Sent by mail; the mail team can reach them"), "anonymous": _("With people nobody can reach"), "passed_on": _("Passed on from a peer’s bag"),
        "taken_from_box": _("Taken from a box"), "in_bag": _("In a peer’s bag"), "in_box": _("In a box"), "in_vehicle": _("In a van"),
        "unknown": _("Used or back, nobody knows whose"),
    }


def out_lines(found: rules.StillOut) -> list[tuple[str, int]]:
    """The groups of what is still out, in their order; empty ones are left out."""
    words = titles()
    return [(words[group], found.groups[group]) for group in rules.GROUPS if found.groups[group]]


@may("naloxone.overview")
def overview(request: ActorRequest) -> HttpResponse:
    """Kits by source and reason, reports, months of stock, lots at risk, recalls; and the life of one kit."""
    days = SPANS.get(request.GET.get("days", ""), 90)
    since = clock.now() - timedelta(days=days)
    actor = request.actor
    rows = list(Report.objects.filter(actor.filter("naloxone.overview"), occurred_at__gte=since).select_related("site"))
    found = numbers.of_reports(rows)
    sites = list(Site.objects.filter(actor.filter("naloxone.overview", "key")))
    stock, risks = numbers.stock([site.key for site in sites], today())
    low = refill.to_refill(sites)
    states = queries.states(actor)
    page = {
        "days": days, "spans": list(SPANS.items()), "kits": numbers.handed_out(actor, since), "reports": found, "trained": numbers.trained(actor, since),
        "mean": shown(found.mean), "median": shown(found.median), "ninety": shown(found.ninety), "told_after": shown(found.days, 0),
        "shares": [
            _line(_("Survived"), found.survival), _line(_("An ambulance was called"), found.called), _line(_("Naloxone was there, where somebody saw it begin"), found.available),
        ],
        "stock": [StockLine(one, shown(one.months, 2), shown(one.found.outlook.use_per_day, 2)) for one in stock], "risks": risks, "refill": low[:MOST_TO_REFILL], "more_to_refill": max(0, len(low) - MOST_TO_REFILL),
        "figures": import_string(settings.FIGURES)(actor, FIGURES),
        "states": [(state.label, states[state.value]) for state in KitState if state.value in states],
        "recalls": _recalls() if actor.sites("stock.read") is None else [], "code": request.GET.get("code", ""), "life": _life(actor, request.GET.get("code", "")),
    }
    page["used"] = _line(_("Another kit because one was used"), page["kits"].because_used)
    return render(request, "naloxone/overview.html", page)


def _recalls() -> list[tuple[recalls.Recall, rules.StillOut]]:
    open_ones = [recall for recall in recalls.listed() if recall.is_open]
    whole = [full for recall in open_ones if (full := recalls.find(recall.id)) is not None]
    return [(recall, out) for recall in whole if (out := reach.of_recall(recall)) is not None]


def _life(actor: Actor, typed: str) -> Sequence[StepLine]:
    codes = codes_typed(typed)
    steps = queries.life(codes[0], actor) if codes else []
    return [StepLine(step, KitState(step.state).label, clock.local(step.occurred_at, step.site.time_zone if step.site else "UTC")) for step in steps]


# -- what a kit is -----------------------------------------------------------------------------------------------------


@may("naloxone.kits", methods=("GET", "POST"))
def kits(request: ActorRequest) -> HttpResponse:
    """What each item of naloxone is: product and doses. Said once; another number of doses is another item."""
    errors: dict[str, str] = {}
    items = queries.items()
    if request.method == "POST":
        errors = _set_kit(request, items)
        if not errors:
            return redirect(reverse("naloxone:kits") + "?saved=1")
    versions = {version.item_id: version for version in KitVersion.objects.all()}
    what = queries.kits()
    page = {
        "rows": [(item, what[item.code], Product(versions[item.key].product).label if item.key in versions else "") for item in items], "items": items,
        "products": Product.choices, "typed": {name: request.POST.get(name, "") for name in ("item", "product", "doses", "is_loose")}, "errors": errors,
        "error": _("Nothing is saved yet. Look at the marked lines.") if errors else "", "saved": "saved" in request.GET,
    }
    return render(request, "naloxone/kits.html", page, status=422 if errors else 200)


def _set_kit(request: ActorRequest, items: Sequence[Item]) -> dict[str, str]:
    item = next((one for one in items if one.code == request.POST.get("item")), None)
    doses, wrong = forms.count(request.POST, "doses")
    errors = {"item": _("Choose what it was.")} if item is None else {}
    if request.POST.get("product") not in Product.values:
        errors["product"] = _("Choose one of the answers.")
    if wrong or not doses or doses > 100:
        errors["doses"] = wrong or _("Write how many doses are in one, from 1 to 100.")
    if errors or item is None:
        return errors
    try:
        commands.set_kit(
            actor=request.actor, item=item, product=Product(request.POST["product"]), doses=int(doses or 1), since=today(),
            is_loose=request.POST.get("is_loose") == "yes",
        )
    except Refusal as refusal:
        return dict(refusal.problems)
    return {}
