"""Computes indicators from the warehouse and stores them as results. Only jobs and the command line import this."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings

from handrail import __version__
from handrail.facts.models import Organisation, Site
from handrail.insight.arithmetic import Cell, Computed, value_of
from handrail.insight.breakdowns import cells_of
from handrail.insight.compile import Measured, Reader
from handrail.insight.disclose import share
from handrail.insight.models import Result
from handrail.insight.periods import Period, PeriodKind, Window
from handrail.insight.report_spec import REPORTS
from handrail.insight.results import read
from handrail.insight.spec import INDICATORS, OF_PEOPLE, Indicator, Measure
from handrail.insight.values import KP_PACKAGE, MIN_AREA_POPULATION
from handrail.insight.warehouse import BuildReport, build, read_manifest
from handrail.kernel import clock, crypto, scope


@dataclass(frozen=True)
class ComputeReport:
    """What was computed: results stored, for which periods, from facts up to which counter."""

    periods: tuple[str, ...]
    results: int
    data_through: int
    seconds: float


def refresh(organisation_key: int, periods: Sequence[str]) -> tuple[BuildReport, ComputeReport]:
    """Bring the warehouse up to date, then compute these periods."""
    return build(organisation_key), compute(organisation_key, periods)


def stand_of(organisation: str, periods: Sequence[str]) -> str:
    """Digest of everything that results are made of: facts, dimensions, definitions, settings, places. Run inside a scope."""
    manifest = read_manifest(organisation)
    packages = [KP_PACKAGE.read(on=Period.parse(written).ends_before - timedelta(days=1)).value for written in periods]
    definitions = {indicator.key: indicator.version for indicator in INDICATORS}
    places = sorted((str(site), is_active) for site, is_active in Site.objects.values_list("id", "is_active"))
    made_of = [
        __version__, manifest.watermark, manifest.epoch, manifest.generation, manifest.country, dict(manifest.time_zones), dict(manifest.dimensions),
        dict(manifest.values), definitions, packages, places, settings.CONFIG.public_threshold, MIN_AREA_POPULATION.read().value, list(periods),
    ]
    return crypto.digest(crypto.canonical(made_of)).hex()


def compute(organisation_key: int, periods: Sequence[str]) -> ComputeReport:
    """Compute the indicators of these periods, for the organisation, each site and each cell, replacing what was stored.

    Reads the warehouse as it is; a warehouse that was never built raises `NotBuilt`, a wrong period ValueError.
    """
    started = time.monotonic()
    wanted = [Period.parse(written) for written in periods]
    stored = 0
    with scope.enter([organisation_key]):
        organisation = Organisation.objects.get(key=organisation_key)
        sites = {str(site.id): site for site in Site.objects.all()}
        with Reader(str(organisation.id)) as reader:
            for period in wanted:
                rows = list(_results(reader, period, sites, organisation))
                Result.objects.filter(period=str(period)).delete()
                Result.objects.bulk_create(rows, batch_size=1000)
                _hide(period)
                stored += len(rows)
            return ComputeReport(tuple(map(str, wanted)), stored, reader.watermark, time.monotonic() - started)


def _hide(period: Period) -> None:
    """Decide which of the results stay in the house: once here, not at every look, and away from the web process."""
    stored = Result.objects.filter(period=str(period)).values_list("indicator", "site__id", "cell", "key")
    keys = {(indicator, site, cell): key for indicator, site, cell, key in stored}
    shown = [keys[shared.place] for shared in share(read(period)) if not shared.is_hidden]
    Result.objects.filter(key__in=shown).update(is_hidden=False)


def _results(reader: Reader, period: Period, sites: Mapping[str, Site], organisation: Organisation) -> Iterable[Result]:
    asked: dict[tuple[Measure, Window], set[str]] = {}
    indicators = asked_in(period)
    for indicator in indicators:
        window = period.window(indicator.window)
        for part in (*indicator.inputs, *indicator.beside):
            asked.setdefault((part, window), set()).update(indicator.breakdowns if part in indicator.inputs else ())
    reader.measure_all(asked, asked)
    joined = {window: reader.joined(window) for window in {window for _measure, window in asked}}
    places = reader.places()
    for indicator in indicators:
        window = period.window(indicator.window)
        common: dict[str, Any] = {
            "organisation": organisation, "indicator": indicator.key, "version": indicator.version, "period": str(period),
            "starts_on": window.starts_on, "ends_before": window.ends_before, "data_through": reader.watermark, "computed_at": clock.now(),
        }
        parts = [reader.measure(part, window) for part in indicator.inputs]
        beside = [reader.measure(part, window) for part in indicator.beside]
        also = [{"joined": joined[window]}] if joined[window] and counts_people(indicator) else []
        for site in [None, *(_shown(sites, parts, indicator) if indicator.by_site else ())]:
            computed = computed_from(indicator, [part.at(site) for part in parts], window)
            yield _result(computed, common, site=sites[site] if site else None, steps=_steps(indicator, parts, beside, site) + also)
        for cell in [cell for written in indicator.breakdowns for cell in cells_of(written, places)]:
            yield _result(computed_from(indicator, [part.at(None, cell) for part in parts], window), common, cell=cell)


def asked_in(period: Period) -> list[Indicator]:
    """Every indicator of a quarter; of other periods those that a report of their length asks for, and contacts, which say who reported."""
    if period.kind is PeriodKind.QUARTER:
        return list(INDICATORS)
    keys = {"contacts", *(key for report in REPORTS if report.period is period.kind for key in report.indicators)}
    return [indicator for indicator in INDICATORS if indicator.key in keys]


def _result(computed: Computed, common: Mapping[str, Any], **place: Any) -> Result:
    return Result(
        **common, **place, status=computed.status, value=computed.value, numerator=_value(computed.numerator),
        denominator=_value(computed.denominator), people_behind=_people(computed.numerator), denominator_people=_people(computed.denominator),
    )


def counts_people(indicator: Indicator) -> bool:
    """Whether joining two records of one person can change it."""
    return any(isinstance(part, OF_PEOPLE) or getattr(part, "who", "") == "once" for part in indicator.inputs)


def _shown(sites: Mapping[str, Site], parts: Sequence[Measured], indicator: Indicator) -> list[str]:
    """Sites of a table: every one that is open and meets people (of some, where people are held), and any other where something was counted."""
    counted = {site for part in parts for site, cell in part.by_site.items() if cell.value}
    return [
        key for key, site in sites.items()
        if key in counted or (site.is_active and site.kind != "store" and (site.closed_setting or not indicator.closed))
    ]


def computed_from(indicator: Indicator, cells: Sequence[Cell | None], window: Window) -> Computed:
    """The value from the cells of `indicator.inputs`, in their order."""
    found = dict(zip(indicator.inputs, cells, strict=True))
    denominator = found[indicator.denominator] if indicator.denominator else None
    unknown = found[indicator.unknown] if indicator.unknown else None
    return value_of(indicator, found[indicator.numerator], denominator, unknown, days=window.days)


def _steps(indicator: Indicator, parts: Sequence[Measured], beside: Sequence[Measured], site: str | None) -> list[dict[str, Any]]:
    """What `explain.py` needs to say in words how the number came about, in any language."""
    notes = [dict(note) for part in parts for note in part.notes]
    unknown = [{"unknown": _value(parts[-1].at(site))}] if indicator.unknown else []
    besides = [{"beside": index, "value": _value(cell)} for index, m in enumerate(beside) if (cell := m.at(site))]
    return [*unknown, *({"estimate": note} for note in notes), *besides]


def _value(cell: Cell | None) -> int | None:
    return cell.value if cell else None


def _people(cell: Cell | None) -> int | None:
    return cell.people if cell else None
