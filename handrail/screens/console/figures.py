"""A few numbers of the last full quarter beside a room's own figures, each a link to its page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from handrail.facts.queries import today
from handrail.insight.periods import Period
from handrail.insight.results import whole
from handrail.kernel.access import Actor
from handrail.screens.console.quarter import text_of
from handrail.screens.console.report_shape import number_address


@dataclass(frozen=True)
class Figure:
    """A number as it is read, of which days it is, and where it is explained."""

    name: str
    text: str
    days: str
    address: str


def of(actor: Actor, keys: Sequence[str]) -> list[Figure]:
    """The numbers with these keys, as far as they were computed; none for whoever may not read numbers."""
    if not actor.may("numbers.read"):
        return []
    last = Period.of("quarter", today()).previous()
    found = []
    for row in whole(last, keys):
        has_unit = row.value is not None and row.indicator.kind != "percent"
        text = f"{text_of(row)} {row.indicator.unit}" if has_unit else text_of(row)
        found.append(Figure(str(row.indicator.name), text, row.window.label, number_address(last, row.indicator.key)))
    return found
