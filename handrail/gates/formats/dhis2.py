"""DHIS2 dataValueSets, JSON (`domain/interop.md` 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy

from handrail.gates import dhis2
from handrail.gates.lines import places_by_spot, signed
from handrail.gates.receivers import Mapping
from handrail.gates.release_formats import Format, Where

if TYPE_CHECKING:
    from handrail.insight.releases import Frozen


def build(frozen: Frozen, mapping: Mapping | None) -> bytes:
    """The body of a request."""
    return dhis2.body_of(frozen, mapping).content


def read_back(content: bytes, mapping: Mapping | None) -> dict[Where, str]:
    """The numbers that are sent, at their places with us."""
    body, places = dhis2.parsed(content), places_by_spot(mapping, "combo") if mapping else {}
    found = {}
    for (element, _period, unit, combo, attribute), one in zip(body.keys(), body.dataValues, strict=True):
        where, sign = places[unit, element, combo, attribute]
        found[where] = signed(one.value or "", sign)
    return found


FORMAT = Format(
    gettext_lazy("DHIS2 dataValueSets (JSON)"), "application/json", "dhis2.json", build, dhis2.problems_of, read_back, is_compared=True, needs_mapping=True,
)
