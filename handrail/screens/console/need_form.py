"""The need beside the first needle-syringe of the composer: what was said, the number that follows, one tap to fill it in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from pydantic import ValidationError

from handrail.facts.models import Site
from handrail.ledgers.stock.models import ItemClass
from handrail.ledgers.stock.queries import ShelfItem
from handrail.screens.console import fields
from handrail.screens.console.fields import Choice, Row
from handrail.screens.console.offers import Basket
from handrail.services.exchange import needs
from handrail.services.exchange.kinds.given import ShortReason
from handrail.services.exchange.kinds.need import Need, NeedInputs

KIND, GIVEN = "exchange.need", "exchange.given"
_PREFIX = f"{KIND}:"
_ASKED, _ALSO = ("per_day", "days", "on_hand", "others"), ("sex_acts", "anal_acts")
REASON = "short_reason"
"""Name of the row that asks why fewer were given. It is kept with what was given, and with the need."""
SEEN = "need_seen"
"""Posted when the number stood on the page that was saved: then nothing more is asked."""
HERE = "need_here"
"""Posted when the block was on the page: a correction without it leaves a recorded need alone."""


@dataclass(frozen=True)
class NeedBlock:
    """The block as the page shows it."""

    rows: tuple[Row, ...]
    more: tuple[Row, ...]
    is_open: bool
    sentence: str
    also: str
    as_last: str
    reason: Row | None
    error: str


def inputs_of(values: Mapping[str, str], errors: dict[str, str]) -> NeedInputs | None:
    """What was said about the need; None when nothing was. Problems stand beside their rows."""
    said: dict[str, Any] = {}
    bad = False
    for name in NeedInputs.model_fields:
        try:
            found = fields.read(_PREFIX, fields.shape(NeedInputs, name), values)
        except ValueError as error:
            errors[f"{_PREFIX}{name}"], bad = str(error), True
            continue
        if found is not None:
            said[name] = found
    if bad or not set(said) - {"horizon"}:
        return None
    try:
        return NeedInputs.model_validate(said)
    except ValidationError as error:
        errors.update({f"{_PREFIX}{e['loc'][0]}": fields.sentence(dict(e)) for e in error.errors() if e["loc"]})
        return None


def values_of(need: NeedInputs) -> dict[str, str]:
    """The form values that would say this again."""
    found: dict[str, str] = {}
    for name in (*_ASKED, *_ALSO, "horizon"):
        found |= fields.write(_PREFIX, fields.shape(NeedInputs, name), getattr(need, name))
    return found


def reason_of(values: Mapping[str, str]) -> str | None:
    """Why fewer were given, if it was said."""
    said = values.get(REASON, "")
    return said if said in ShortReason.values else None


def first_needle(items: Sequence[ShelfItem], site: Site) -> ShelfItem | None:
    """The first single needle-syringe that this place hands out, as `needs.pack_at` has it; where there are only kits, the first kit."""
    offered = [item for item in items if item.counts_as_ns and (not site.item_classes or item.item_class in site.item_classes)]
    return min(offered, key=lambda item: item.counts_as_ns != 1, default=None)


def block(
    values: Mapping[str, str], errors: Mapping[str, str], *, site: Site, items: Sequence[ShelfItem], need: Need | None, last: Need | None,
) -> NeedBlock | None:
    """The block, or None where no needle is handed out: there nothing of it is on the page."""
    if first_needle(items, site) is None:
        return None
    others = values.get("on_behalf_of", "").strip()
    boxes = max(2, min(4, int(others))) if others.isdecimal() and len(others) < 5 else 2
    rows = tuple(row for name in _ASKED if (row := fields.row(NeedInputs, _PREFIX, name, values, errors, boxes=boxes)) is not None)
    more: tuple[Row, ...] = ()
    if any(item.item_class == ItemClass.SAFER_SEX for item in items) or any(values.get(f"{_PREFIX}{name}") for name in _ALSO):
        more = tuple(row for name in _ALSO if (row := fields.row(NeedInputs, _PREFIX, name, values, errors)) is not None)
    error = next((sentence for name, sentence in errors.items() if name.startswith(_PREFIX)), "")
    wants_reason = (need is not None and bool(need.needed)) or bool(values.get(REASON))
    return NeedBlock(
        rows=rows, more=more, is_open=need is not None or bool(error) or any(row.value for row in rows),
        sentence=sentence(need) if need else "", also=_also(need) if need else "",
        as_last=_said_last(last) if last is not None and need is None else "",
        reason=_reason(values) if wants_reason else None, error=error,
    )


def offer(need: Need | None, items: Sequence[ShelfItem], site: Site) -> dict[str, Basket]:
    """The number as one tap beside the first needle-syringe's row; of kits as many as hold so many."""
    first = first_needle(items, site)
    if need is None or not need.needed or first is None:
        return {}
    name = f"{GIVEN}:{first.code}"
    return {name: Basket("need", sentence(need), json.dumps({name: str(-(-need.needed // first.counts_as_ns))}))}


def sentence(need: Need) -> str:
    """“need about 140: 14 days × 3 a day, and for 2 others”. Empty when nobody said how many a day."""
    if need.needed is None or need.days_used is None:
        return ""
    days = ngettext("%(n)d day", "%(n)d days", need.days_used) % {"n": need.days_used}
    parts = []
    if need.per_day is not None:
        parts.append(_("%(days)s × %(rate)s a day") % {"days": days, "rate": _plain(need.per_day)})
    else:
        parts.append(_("for %(days)s") % {"days": days})
    if need.others:
        parts.append(ngettext("and for %(n)d other", "and for %(n)d others", len(need.others)) % {"n": len(need.others)})
    if need.reserve:
        parts.append(_("with %(share)s %% in reserve") % {"share": _plain(need.reserve * 100)})
    if need.on_hand:
        parts.append(_("less %(n)s still there") % {"n": number_format(need.on_hand)})
    return _("need about %(needed)s: %(how)s") % {"needed": number_format(need.needed), "how": ", ".join(parts)}


SAID = frozenset({"per_day", "days", "on_hand", "others", "horizon", "days_used", "reserve", "pack", "needed", "short_reason"})
"""Fields of a need that `sentence` says, or that stand with what was given."""


def _also(need: Need) -> str:
    parts = []
    if need.condoms is not None:
        parts.append(_("condoms about %(n)s a month") % {"n": number_format(need.condoms)})
    if need.lubricant is not None:
        parts.append(_("lubricant about %(n)s a month") % {"n": number_format(need.lubricant)})
    return " · ".join(parts)


def _said_last(last: Need) -> str:
    """“as last time: 3 a day, 14 days”; empty when nobody said how many a day."""
    rates = needs.people_of(last)
    if not rates:
        return ""
    said = _("%(rate)s a day") % {"rate": " + ".join(_plain(rate) for rate in rates)}
    if last.days:
        said += ", " + ngettext("%(n)d day", "%(n)d days", last.days) % {"n": last.days}
    return _("as last time: %(said)s") % {"said": said}


def again(last: Need) -> dict[str, str]:
    """What was said last time, for one tap; what the person still has is asked afresh."""
    return {name: value for name, value in values_of(last).items() if name not in {f"{_PREFIX}on_hand", f"{_PREFIX}horizon"}}


def _reason(values: Mapping[str, str]) -> Row:
    said = values.get(REASON, "")
    choices = tuple(Choice(str(reason.value), reason.label, reason.value == said) for reason in ShortReason)
    return Row(REASON, _("Fewer than that? Why (you can leave it)"), "picks", value=said, choices=choices)


def _plain(number: Decimal) -> str:
    """A decimal without needless noughts, in the language's own form."""
    number = number.normalize()
    places = max(0, -int(number.as_tuple().exponent))
    return number_format(number, decimal_pos=places)
