"""How a number came about, said in the language of the reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _

from handrail.insight.arithmetic import Status, display
from handrail.insight.models import Level
from handrail.insight.nesting import contains
from handrail.insight.periods import Window
from handrail.insight.spec import Indicator


@dataclass(frozen=True)
class Step:
    """A line of the explanation. `role` is numerator, denominator, unknown, annualised, result, joined, estimate or beside."""

    role: str
    label: str
    value: str


def number(value: Decimal | int, decimals: int = 0) -> str:
    """A number as it is written in the reader's language, with groups: 96,450."""
    return formats.number_format(display(value, decimals), decimals, use_l10n=True, force_grouping=True)


def steps(
    indicator: Indicator, window: Window, status: Status, value: Decimal | None, numerator: int | None, denominator: int | None,
    noted: Sequence[Mapping[str, Any]],
) -> list[Step]:
    """Numerator, denominator, result; then the estimates that were used, and what is shown beside."""
    found = [Step("numerator", f"{indicator.numerator.title}, {window.label}", _amount(numerator))]
    if indicator.denominator is not None:
        found.append(Step("denominator", _over(indicator), _amount(denominator)))
    for note in noted:
        if "unknown" in note and indicator.unknown is not None:
            found.append(Step("unknown", f"+ {indicator.unknown.title}", _amount(note["unknown"])))
    if indicator.annualised:
        found.append(Step("annualised", _("× 365 ÷ days of the period: a year of it, if it went on like this"), f"365 ÷ {window.days}"))
    if indicator.kind != "count":
        found.append(Step("result", "=", str(status.label) if value is None else _result(indicator, value)))
    for note in noted:
        if "joined" in note:
            said = _("Records of people met then that were joined with another record of the same person, also since the period ended")
            found.append(Step("joined", said, _amount(note["joined"])))
        elif "estimate" in note:
            found.append(_estimate(indicator, note["estimate"]))
        elif "beside" in note and note["beside"] < len(indicator.beside):
            measure, value_beside = indicator.beside[note["beside"]], note["value"]
            amount = _amount(value_beside)
            if contains(indicator.numerator, measure) and numerator and value_beside is not None:
                share = number(Decimal(100 * value_beside) / numerator, 1)
                amount = _("%(amount)s (%(share)s %%)") % {"amount": amount, "share": share}
            found.append(Step("beside", _("Beside: %(what)s") % {"what": measure.title}, amount))
    return found


def _over(indicator: Indicator) -> str:
    """How the denominator is said."""
    title = indicator.denominator.title if indicator.denominator else ""
    return _("how often they came: %(what)s") % {"what": title} if indicator.kind == "estimate" else f"÷ {title}"


def _amount(value: int | None) -> str:
    return str(Status.NO_DATA.label) if value is None else number(value)


def _result(indicator: Indicator, value: Decimal) -> str:
    shown = number(value, indicator.decimals)
    return _("%(number)s %%") % {"number": shown} if indicator.kind == "percent" else shown


def _estimate(indicator: Indicator, note: Mapping[str, Any]) -> Step:
    area = note["area"] or (_("the country") if indicator.level == Level.COUNTRY else _("the area"))
    if note.get("deaths"):
        value = str(Status.NO_DATA.label) if note.get("missing") else number(note["value"])
        return Step("estimate", _("Deaths by opioid overdose in %(area)s, counted by others, in exactly these days") % {"area": area}, value)
    if note.get("missing"):
        return Step("estimate", _("No estimate of how many people there are in %(area)s") % {"area": area}, str(Status.NO_DATA.label))
    label = _("Estimate for %(area)s, %(year)s, %(method)s. Source: %(source)s") % {
        "area": area, "year": note["year"], "method": note["method"], "source": note["source"],
    }
    value = number(note["value"])
    if note["low"] is not None and note["high"] is not None:
        value = f"{value} ({number(note['low'])}–{number(note['high'])})"
    return Step("estimate", label, value)
