"""DHIS2 dataValueSets, CSV with its documented headings (`domain/interop.md` 2)."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handrail.gates import dhis2
from handrail.gates.lines import places_by_spot, signed
from handrail.gates.receivers import Mapping
from handrail.gates.release_formats import Format, Where

if TYPE_CHECKING:
    from handrail.insight.releases import Frozen

HEAD = ("dataelement", "period", "orgunit", "catoptcombo", "attroptcombo", "value", "strby", "lstupd", "cmt")


def build(frozen: Frozen, mapping: Mapping | None) -> bytes:
    """One line for each number. It cannot say that a data set is complete."""
    body, written = dhis2.body_of(frozen, mapping), io.StringIO()
    lines = csv.writer(written, lineterminator="\n")
    lines.writerow(HEAD)
    for (element, period, unit, combo, attribute), one in zip(body.keys(), body.dataValues, strict=True):
        lines.writerow((element, period, unit, combo, attribute, one.value, "", "", ""))
    return written.getvalue().encode()


def _body(content: bytes) -> bytes:
    """The same numbers as JSON, to be checked by the same rules."""
    rows = csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True)
    values = [
        dhis2.DataValue.model_construct(
            dataElement=row["dataelement"], period=row["period"], orgUnit=row["orgunit"], categoryOptionCombo=row["catoptcombo"],
            attributeOptionCombo=row["attroptcombo"] or None, value=row["value"],
        )
        for row in rows
    ]
    return dhis2.DataValueSet.model_construct(dataValues=values).content


def validate(content: bytes, mapping: Mapping | None) -> list[str]:
    """The headings, then the same rules as for JSON."""
    try:
        if content.decode().splitlines()[:1] != [",".join(HEAD)]:
            return [_("The headings are not those of this format.")]
        return dhis2.problems_of(_body(content), mapping)
    except (UnicodeDecodeError, csv.Error) as error:
        return [_("This is not a CSV file: %s") % error]


def read_back(content: bytes, mapping: Mapping | None) -> dict[Where, str]:
    """The numbers that are sent, at their places with us."""
    body, places = dhis2.parsed(_body(content)), places_by_spot(mapping, "combo") if mapping else {}
    found = {}
    for (element, _period, unit, combo, attribute), one in zip(body.keys(), body.dataValues, strict=True):
        where, sign = places[unit, element, combo, attribute]
        found[where] = signed(one.value or "", sign)
    return found


FORMAT = Format(gettext_lazy("DHIS2 dataValueSets (CSV)"), "application/csv", "dhis2.csv", build, validate, read_back, is_compared=True, needs_mapping=True)
