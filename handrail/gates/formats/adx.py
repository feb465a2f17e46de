"""ADX, the aggregate data exchange of IHE: XML with attributes that tell cells apart (`domain/interop.md` 3)."""

from __future__ import annotations

from collections import Counter
from datetime import UTC
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from lxml import etree

from handrail.gates import periods
from handrail.gates.lines import Line, lines_to_send, places_by_spot, signed
from handrail.gates.receivers import Mapping
from handrail.gates.release_formats import CannotExport, Format, Where

if TYPE_CHECKING:
    from handrail.insight.releases import Frozen

NAMESPACE = "urn:ihe:qrph:adx:2015"
SCHEMA = Path(__file__).parents[1] / "schemas" / "adx.xsd"
ATTRIBUTE_COMBO = "attributeOptionCombo"
_OWN = {"dataElement", "value"}
_OF_GROUPS = {"orgUnit", "period", "dataSet", "comment", ATTRIBUTE_COMBO}


def build(frozen: Frozen, mapping: Mapping | None) -> bytes:
    """The message. `exported` is the moment of the release, so that the same release gives the same bytes."""
    laid = lines_to_send(frozen, mapping, "attributes")
    assert mapping is not None  # noqa: S101  lines_to_send refuses
    if not laid.sent:
        raise CannotExport(_("There is nothing to send: every number is hidden, missing or not wanted."))
    exported = frozen.release.released_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    root = etree.Element(f"{{{NAMESPACE}}}adx", {"exported": exported}, nsmap={None: NAMESPACE})  # type: ignore[dict-item]  # the stubs do not know the default namespace
    ordered = sorted(laid.sent, key=lambda line: (line.org_unit, line.attribute_combo, line.spot("attributes")))
    for (unit, combo), lines in groupby(ordered, key=lambda line: (line.org_unit, line.attribute_combo)):
        said = {"orgUnit": unit, "period": periods.adx(frozen.period), "dataSet": mapping.data_set, ATTRIBUTE_COMBO: combo}
        group = etree.SubElement(root, f"{{{NAMESPACE}}}group", {name: text for name, text in said.items() if text})
        for line in lines:
            etree.SubElement(group, f"{{{NAMESPACE}}}dataValue", _attributes(line))
    etree.indent(root, " ")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"


def _attributes(line: Line) -> dict[str, str]:
    return {"dataElement": line.row.data_element, "value": line.number or "", **dict(line.attributes)}


@cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(SCHEMA))


def _parse(content: bytes) -> etree._Element:
    return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))


def validate(content: bytes, mapping: Mapping | None) -> list[str]:
    """By the schema; then what a schema cannot know: attributes and codes are the mapping's, and nothing is there twice."""
    try:
        root = _parse(content)
    except etree.XMLSyntaxError as error:
        return [_("This is not XML: %s") % error]
    if not _schema().validate(root):
        return [_("Line %(line)d: %(why)s") % {"line": error.line, "why": error.message} for error in _schema().error_log][:20]  # type: ignore[attr-defined]
    problems = [] if mapping is None else list(dict.fromkeys(_unknown(root, mapping)))
    spots = Counter(spot for spot, _number in _values(root))
    return problems + [_("The same number is there twice: %s.") % " · ".join(filter(None, spot)) for spot, count in spots.items() if count > 1]


def _unknown(root: etree._Element, mapping: Mapping) -> list[str]:
    """Names that are not the mapping's; the loose schema lets any attribute through."""
    codes = {dimension.attribute: set(dimension.codes.values()) for dimension in mapping.dimensions.values()}
    elements, units = {row.data_element for row in mapping.value}, {mapping.organisation, *mapping.sites.values()}
    found = []
    for group in root:
        found += [_("“%s” is not in the mapping.") % name for name in group.attrib if name not in _OF_GROUPS]
        if group.get("orgUnit") not in units:
            found.append(_("“%s” is not in the mapping.") % group.get("orgUnit"))
        for one in group:
            if one.get("dataElement") not in elements:
                found.append(_("“%s” is not in the mapping.") % one.get("dataElement"))
            told = {str(name): str(code) for name, code in one.attrib.items() if name not in _OWN}
            found += [_("“%(name)s=%(code)s” is not in the mapping.") % {"name": name, "code": code} for name, code in told.items() if code not in codes.get(name, set())]
    return found


def _values(root: etree._Element) -> list[tuple[tuple[str, str, str, str], str]]:
    """Where each number stands, and the number."""
    found = []
    for group in root:
        for one in group:
            told = ";".join(f"{name}={one.get(name)}" for name in sorted(map(str, one.attrib)) if name not in _OWN)
            spot = (group.get("orgUnit", ""), one.get("dataElement", ""), told, group.get(ATTRIBUTE_COMBO, ""))
            found.append((spot, one.get("value", "")))
    return found


def read_back(content: bytes, mapping: Mapping | None) -> dict[Where, str]:
    """The numbers that are sent, at their places with us."""
    places = places_by_spot(mapping, "attributes") if mapping else {}
    found = {}
    for spot, number in _values(_parse(content)):
        where, sign = places[spot]
        found[where] = signed(number, sign)
    return found


FORMAT = Format(gettext_lazy("ADX (XML)"), "application/adx+xml", "adx.xml", build, validate, read_back, is_compared=True, needs_mapping=True, apart="attributes")
