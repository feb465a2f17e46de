"""FHIR R4B: a bundle of summary MeasureReports, one for each measure and organisation unit (`domain/interop.md` 4).

Parts of a percent stay in the house: a measure's score is sent, not its populations. A hidden number is left out. The
library's models do not look into required code lists, so we do.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, timedelta
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from fhir.resources.R4B.bundle import Bundle
from pydantic import ValidationError

from handrail.gates.lines import Line, lines_to_send, places_by_spot, signed
from handrail.gates.receivers import Mapping
from handrail.gates.release_formats import CannotExport, Format, Where
from handrail.insight.arithmetic import display
from handrail.insight.spec import INDICATORS
from handrail.kernel import ids

if TYPE_CHECKING:
    from handrail.insight.releases import Frozen

UCUM = "http://unitsofmeasure.org"
STATUSES = {"complete", "pending", "error"}
TYPES = {"individual", "subject-list", "summary", "data-collection"}
"""Required bindings of MeasureReport; ours are `complete` and `summary`."""
RELEASE = "urn:handrail:release:sha256"


def build(frozen: Frozen, mapping: Mapping | None) -> bytes:
    """The bundle. Ids follow from the release and the receiver: nobody else's are the same, and nothing of ours is in them."""
    laid = lines_to_send(frozen, mapping, "attributes")
    assert mapping is not None  # noqa: S101  lines_to_send refuses
    if not laid.sent:
        raise CannotExport(_("There is nothing to send: every number is hidden, missing or not wanted."))
    problems = dict.fromkeys(_problems(laid.lines, mapping))
    if problems:
        raise CannotExport(*problems)
    moment = frozen.release.released_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    entries = []
    ordered = sorted(laid.sent, key=lambda line: _group(line, mapping))
    for (unit, measure, starts_on), lines in groupby(ordered, key=lambda line: _group(line, mapping)):
        made = ids.derived(frozen.release.id, f"fhir/{mapping.name}/{measure}/{unit}/{starts_on}")
        entries.append({"fullUrl": f"urn:uuid:{made}", "resource": _report(made, unit, measure, list(lines), mapping, moment)})
    bundle = {
        "resourceType": "Bundle", "id": str(ids.derived(frozen.release.id, f"fhir/{mapping.name}")), "type": "collection", "timestamp": moment,
        "identifier": {"system": RELEASE, "value": frozen.release.digest}, "entry": entries,
    }
    return (json.dumps(bundle, ensure_ascii=False, indent=1) + "\n").encode()


def _group(line: Line, mapping: Mapping) -> tuple[str, str, str]:
    return line.org_unit, mapping.measure(line.row), line.value.window.starts_on.isoformat()


def _problems(lines: Iterable[Line], mapping: Mapping) -> Iterator[str]:
    seen: set[tuple[str, ...]] = set()
    for line in lines:
        if not mapping.measure(line.row):
            yield _("The mapping has no measure for “%s”. Add “measure”, or fhir.measures for all.") % line.row.indicator
        spot = (*_group(line, mapping), *map(str, line.attributes))
        if spot in seen:
            yield _("The measure “%s” would be there twice.") % mapping.measure(line.row)
        seen.add(spot)


def _report(made: uuid.UUID, unit: str, measure: str, lines: list[Line], mapping: Mapping, moment: str) -> dict[str, Any]:
    window = lines[0].value.window
    group: dict[str, Any] = {}
    for line in lines:
        if not line.attributes:
            group["measureScore"] = _score(line)
    parts = sorted((line for line in lines if line.attributes), key=lambda line: (_names(line), line.attributes))
    stratifiers = [_stratifier(names, list(found), mapping.fhir.attributes) for names, found in groupby(parts, key=_names)]
    if stratifiers:
        group["stratifier"] = stratifiers
    return {
        "resourceType": "MeasureReport", "id": str(made), "status": "complete", "type": "summary", "measure": measure, "date": moment,
        "reporter": {"identifier": {"system": mapping.fhir.org_units, "value": unit}},
        "period": {"start": window.starts_on.isoformat(), "end": (window.ends_before - timedelta(days=1)).isoformat()}, "group": [group],
    }


def _names(line: Line) -> tuple[str, ...]:
    return tuple(name for name, _code in line.attributes)


def _concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def _stratifier(names: tuple[str, ...], lines: list[Line], system: str) -> dict[str, Any]:
    """One way of telling apart: a code for each attribute, a stratum for each number."""
    strata = []
    for line in lines:
        told: dict[str, Any] = {"component": [{"code": _concept(system, name), "value": _concept(f"{system}:{name}", code)} for name, code in line.attributes]}
        if len(names) == 1:
            told = {"value": told["component"][0]["value"]}
        strata.append({**told, "measureScore": _score(line)})
    return {"code": [_concept(system, name) for name in names], "stratum": strata}


def _score(line: Line) -> dict[str, Any]:
    """The number with its unit. FHIR keeps decimals as they are written: 80.0 stays 80.0."""
    number, indicator = line.number or "", line.value.indicator
    value = float(number) if "." in number else int(number)
    if indicator.kind == "percent":
        return {"value": value, "unit": "%", "system": UCUM, "code": "%"}
    return {"value": value, "unit": str(indicator.unit), "system": UCUM, "code": "1"}


# -- checking --------------------------------------------------------------------------------------------------------------


def validate(content: bytes, mapping: Mapping | None) -> list[str]:
    """By the library's models; then codes and ids, which they do not look at."""
    try:
        Bundle.model_validate_json(content)
    except ValidationError as error:
        return [_("%(where)s: not valid in FHIR R4B (%(why)s).") % {"where": ".".join(map(str, e["loc"])) or "file", "why": e["msg"]} for e in error.errors()][:20]
    problems = []
    for report in _reports(content):
        problems += code_problems(report)
        if mapping is not None:
            problems += _unknown(report, mapping)
    spots = Counter(spot for spot, _score in _scores(content))
    return problems + [_("The same number is there twice: %s.") % " · ".join(filter(None, spot)) for spot, count in spots.items() if count > 1]


def code_problems(report: dict[str, Any]) -> list[str]:
    """Codes of a MeasureReport that the standard does not allow, or that we never send."""
    problems = []
    if report.get("resourceType") != "MeasureReport":
        return [_("There is something else than a MeasureReport.")]
    for name, allowed, ours in (("status", STATUSES, "complete"), ("type", TYPES, "summary")):
        if report.get(name) not in allowed:
            problems.append(_("%(name)s: “%(code)s” is not one of %(codes)s.") % {"name": name, "code": report.get(name), "codes": ", ".join(sorted(allowed))})
        elif report[name] != ours:
            problems.append(_("%(name)s: “%(code)s” is not what we send.") % {"name": name, "code": report[name]})
    if not str(report.get("measure", "")).startswith(("http://", "https://", "urn:")):
        problems.append(_("measure: needs a canonical address."))
    if "start" not in report.get("period", {}) or "end" not in report.get("period", {}):
        problems.append(_("period: needs its first and its last day."))
    for score in (score for _told, score in _scores_of(report)):
        if score.get("system") != UCUM or score.get("code") not in {"%", "1"} or not isinstance(score.get("value"), Decimal | int | float):
            problems.append(_("measureScore: needs a number with a unit."))
    return problems


def _unknown(report: dict[str, Any], mapping: Mapping) -> list[str]:
    unit = report.get("reporter", {}).get("identifier", {}).get("value")
    measures = {mapping.measure(row) for row in mapping.value}
    found = [unit] if unit not in {mapping.organisation, *mapping.sites.values()} else []
    found += [report["measure"]] if report.get("measure") not in measures else []
    return [_("“%s” is not in the mapping.") % one for one in found]


def _reports(content: bytes) -> list[dict[str, Any]]:
    """The resources, with numbers as they are written."""
    return [entry["resource"] for entry in json.loads(content, parse_float=Decimal, parse_int=Decimal).get("entry", [])]


def _scores_of(report: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each score of a report, with the attributes it is told apart by."""
    for group in report.get("group", []):
        if "measureScore" in group:
            yield "", group["measureScore"]
        for stratifier in group.get("stratifier", []):
            for stratum in stratifier.get("stratum", []):
                pairs = stratum.get("component") or [{"code": stratifier["code"][0], "value": stratum["value"]}]
                told = sorted((one["code"]["coding"][0]["code"], one["value"]["coding"][0]["code"]) for one in pairs)
                yield ";".join(f"{name}={code}" for name, code in told), stratum["measureScore"]


def _scores(content: bytes) -> Iterator[tuple[tuple[str, str, str], dict[str, Any]]]:
    for report in _reports(content):
        for told, score in _scores_of(report):
            yield (report["reporter"]["identifier"]["value"], report["measure"], told), score


def read_back(content: bytes, mapping: Mapping | None) -> dict[Where, str]:
    """The numbers that are sent, at their places with us."""
    places = {spot[:3]: found for spot, found in places_by_spot(mapping, "attributes", mapping.measure).items()} if mapping else {}
    found = {}
    for spot, score in _scores(content):
        where, sign = places[spot]
        found[where] = signed(display(score["value"], INDICATORS[where[0]].decimals), sign)
    return found


FORMAT = Format(
    gettext_lazy("FHIR R4B MeasureReport (JSON)"), "application/fhir+json; fhirVersion=4.3", "fhir.json", build, validate, read_back, is_compared=True, needs_mapping=True, apart="attributes",
)
