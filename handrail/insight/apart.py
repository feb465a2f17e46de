"""How a number of things handed out is told apart: by what they are, by the sort of outlet, by for whom, first or again.

With `tables.py` and `measures.py` it says so in Ibis. What a record does not say is “not known”; the sort of outlet follows
from the place where nobody said it, as in the room (`rules.source_of`).
"""

from __future__ import annotations

from typing import Any

import ibis

from handrail.facts.models import SiteKind
from handrail.insight.breakdowns import UNKNOWN
from handrail.insight.spec import Sum
from handrail.insight.tables import Tables
from handrail.services.naloxone.codes import HandedOut
from handrail.services.naloxone.rules import channel_of, source_of

CODE, OF_A_WAY = "apart_", "="
"""Before the name of a column made here; between the breakdown and the code of a part."""
SAID = ("recipient_kind", "supply_type")
"""What only a hand-over of naloxone says, as it stands there."""


def with_codes(rows: Any, measure: Sum, tables: Tables) -> Any:
    """The rows, of units of items, with a column for each of the ways."""
    named = {f"{CODE}{key}": _code(key, rows, measure) for key in measure.apart if key != "source_class"}
    return _with_source(rows.mutate(**named), measure, tables)


def _code(key: str, rows: Any, measure: Sum) -> Any:
    if key == "naloxone":
        return ibis.cases(*((rows[group] > 0, group) for group in measure.items), else_=UNKNOWN)
    if key in SAID and key not in rows.columns:
        return ibis.literal(UNKNOWN)
    return rows[key].nullif("").fill_null(UNKNOWN)


def _with_source(rows: Any, measure: Sum, tables: Tables) -> Any:
    """The sort of outlet: as said; else as the channel that was said; else as the place is."""
    if "source_class" not in measure.apart:
        return rows
    sites = tables.dimension("sites").select(outlet="id", outlet_kind="kind", outlet_closed="closed_setting")
    found = rows.left_join(sites, rows["site"] == sites["outlet"])
    at_place = ibis.cases(
        (found["outlet_closed"].fill_null("") != "", source_of(HandedOut.PRISON_RELEASE).value),
        *((found["outlet_kind"] == kind.value, source_of(channel_of(kind.value)).value) for kind in SiteKind), else_=UNKNOWN,
    )
    if "source_class" not in rows.columns:
        return found.mutate(**{f"{CODE}source_class": at_place})
    by_channel = ibis.cases(*((found["channel"] == channel.value, source_of(channel).value) for channel in HandedOut), else_=None)
    return found.mutate(**{f"{CODE}source_class": ibis.coalesce(found["source_class"].nullif(""), by_channel, at_place)})
