"""What the storekeeper's pages share: the links between them, places to choose from, forms with what was typed."""

from __future__ import annotations

import re
import uuid
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date
from typing import NoReturn

from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from handrail.facts.models import Site
from handrail.facts.record import Refusal
from handrail.facts.spec import Text
from handrail.kernel.access import Actor, ActorRequest
from handrail.ledgers.stock.models import Fund

_TABS = (
    ("stock", _l("Shelves"), "stock.read"),
    ("stock-runs-out", _l("Runs out"), "stock.read"),
    ("stock-orders", _l("Orders"), "stock.order"),
    ("stock-recalls", _l("Recalls"), "stock.read"),
    ("stock-kits", _l("Kits"), "stock.assemble"),
    ("stock-differences", _l("Count differences"), "stock.count"),
    ("stock-catalogue", _l("Catalogue"), "stock.catalogue"),
    ("stock-funds", _l("Funds"), "stock.funds"),
)
_MONTH = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})|(?P<before>[0-9]{2})/(?P<after>[0-9]{4})")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Tab:
    """A link to another page of the stock."""

    url_name: str
    title: Text
    is_here: bool


def tabs(actor: Actor, here: str) -> list[Tab]:
    """The stock's pages this person may see."""
    return [Tab(name, title, name == here) for name, title, permission in _TABS if actor.may(permission)]


def sites_of(actor: Actor, permission: str) -> list[Site]:
    """Active places where the actor holds a permission, store rooms first."""
    found = Site.objects.filter(actor.filter(permission, "key"), is_active=True)
    return sorted(found, key=lambda site: (site.kind != "store", site.name))


def site_or_404(actor: Actor, site: uuid.UUID, permission: str) -> Site:
    """A place where the actor holds a permission; any other looks like one that is not there."""
    found: Site | None = Site.objects.filter(actor.filter(permission, "key"), id=site).first()
    if found is None:
        raise Http404
    return found


def pick(sites: list[Site], typed: str) -> Site:
    """The place that was chosen."""
    found = next((site for site in sites if str(site.id) == typed), None)
    if found is None:
        raise Refusal([("site", _("Choose a place."))])
    return found


def form_id(typed: str) -> uuid.UUID:
    """The id that a form carries, so that sending it twice is harmless."""
    try:
        return uuid.UUID(typed)
    except ValueError:
        raise Refusal([("", _("This page is damaged. Reload it."))]) from None


def whole(typed: str) -> int:
    """A whole number as typed; an empty one is 0. Raises `Refusal`."""
    if not typed:
        return 0
    if not typed.isascii() or not typed.isdigit() or len(typed) > 9:
        raise Refusal([("", _("Write how many, as whole numbers."))])
    return int(typed)


def day(typed: str, field: str, *, needed: bool = False) -> date | None:
    """A date as typed; empty is None. Raises `Refusal`."""
    try:
        if typed or needed:
            return date.fromisoformat(typed)
    except ValueError:
        raise Refusal([(field, _("Write the date as year-month-day, such as 2028-06-30."))]) from None
    return None


def last_day(typed: str, field: str) -> date | None:
    """The date on a box as typed: a month alone, such as 2028-06 or 06/2028, is its last day (`domain/naloxone.md` 3); empty is None. Raises `Refusal`."""
    month = _MONTH.fullmatch(typed)
    if month is None:
        return day(typed, field) if _DAY.fullmatch(typed) or not typed else _no_date(field)
    year, number = int(month["year"] or month["after"]), int(month["month"] or month["before"])
    if not (MINYEAR <= year <= MAXYEAR and 1 <= number <= 12):
        return _no_date(field)
    return date(year, number, monthrange(year, number)[1])


def _no_date(field: str) -> NoReturn:
    raise Refusal([(field, _("Write the date as year-month-day, such as 2028-06-30; of a month alone, 2028-06."))])


def text(request: ActorRequest, name: str, default: str = "") -> str:
    """A field as typed, without spaces around it."""
    value = request.POST.get(name, default)
    return value.strip() if isinstance(value, str) else default


def lots_typed(request: ActorRequest) -> dict[uuid.UUID, str]:
    """What was typed beside lots: fields named `lot-<id>`."""
    found = {}
    for name, value in request.POST.items():
        if name.startswith("lot-") and isinstance(value, str) and value.strip():
            found[form_id(name.removeprefix("lot-"))] = value.strip()
    return found


def beside(refusal: Refusal, prefix: str, numbers: Sequence[int]) -> tuple[str, dict[int, str]]:
    """A sentence for the page, and those for a line: of a problem named by the place in `numbers`, such as `line-1`."""
    found = {}
    for name, sentence in refusal.problems:
        place = name.removeprefix(prefix)
        if name.startswith(prefix) and place.isdigit() and 0 < int(place) <= len(numbers):
            found[numbers[int(place) - 1]] = sentence
    return (_("Nothing is saved yet. Look at the marked lines.") if found else refusal.problems[0][1]), found


def fund_codes() -> list[str]:
    """Codes of all funds."""
    return list(Fund.objects.values_list("code", flat=True))
