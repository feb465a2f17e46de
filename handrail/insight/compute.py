"""Computes indicators from the warehouse and stores them as results. Only jobs and the command line import this."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handrail.facts.models import Organisation, Site
from handrail.insight.arithmetic import Cell, Computed, value_of
from handrail.insight.compile import Measured, Reader
from handrail.insight.disclose import share
from handrail.insight.models import Result
from handrail.insight.periods import Quarter, Window
from handrail.insight.results import read
from handrail.insight.spec import INDICATORS, Indicator, People, Regular
from handrail.insight.warehouse import BuildReport, build
from handrail.kernel import clock, scope


@dataclass(frozen=True)
class ComputeReport:
    """What was computed: results stored, for which quarters, from facts up to which counter."""

    quarters: tuple[str, ...]
    results: int
    data_through: int
    seconds: float


def refresh(organisation_key: int, quarters: Sequence[str]) -> tuple[BuildReport, ComputeReport]:
    """Bring the warehouse up to date, then compute these quarters."""
    return build(organisation_key), compute(organisation_key, quarters)


def compute(organisation_key: int, quarters: Sequence[str]) -> ComputeReport:
    """Compute every indicator for these quarters, for the organisation and each site, replacing what was stored.

    Reads the warehouse as it is; a warehouse that was never built raises `NotBuilt`, a wrong quarter ValueError.
    """
    started = time.monotonic()
    wanted = [Quarter.parse(written) for written in quarters]
    stored = 0
    with scope.enter([organisation_key]):
        organisation = Organisation.objects.get(key=organisation_key)
        sites = {str(site.id): site for site in Site.objects.all()}
        with Reader(str(organisation.id)) as reader:
            for quarter in wanted:
                rows = list(_results(reader, quarter, sites, organisation))
                Result.objects.filter(quarter=str(quarter)).delete()
                Result.objects.bulk_create(rows, batch_size=1000)
                _hide(quarter)
                stored += len(rows)
            return ComputeReport(tuple(map(str, wanted)), stored, reader.watermark, time.monotonic() - started)


def _hide(quarter: Quarter) -> None:
    """Decide which of the results stay in the house: once here, not at every look, and away from the web process."""
    shown = [shared.row for shared in share(read(quarter)) if shared.row is not None]
    total = [row.indicator.key for row in shown if row.site is None]
    Result.objects.filter(quarter=str(quarter), site=None, indicator__in=total).update(is_hidden=False)
    for site in {row.site for row in shown if row.site is not None}:
        keys = [row.indicator.key for row in shown if row.site == site]
        Result.objects.filter(quarter=str(quarter), site__id=site, indicator__in=keys).update(is_hidden=False)


def _results(reader: Reader, quarter: Quarter, sites: Mapping[str, Site], organisation: Organisation) -> Iterable[Result]:
    now = clock.now()
    reader.measure_all(
        (part, quarter.window(indicator.window)) for indicator in INDICATORS for part in (*indicator.inputs, *indicator.beside)
    )
    windows = {quarter.window(indicator.window) for indicator in INDICATORS}
    joined = {(window, True): [{"joined": count}] for window in windows if (count := reader.joined(window))}
    for indicator in INDICATORS:
        window = quarter.window(indicator.window)
        parts = [reader.measure(part, window) for part in indicator.inputs]
        beside = [reader.measure(part, window) for part in indicator.beside]
        for site in [None, *(_shown(sites, parts) if indicator.by_site else ())]:
            computed = computed_from(indicator, [part.at(site) for part in parts], window)
            yield Result(
                organisation=organisation, indicator=indicator.key, version=indicator.version, quarter=str(quarter),
                starts_on=window.starts_on, ends_before=window.ends_before, site=sites[site] if site else None,
                status=computed.status, value=computed.value, numerator=_value(computed.numerator),
                denominator=_value(computed.denominator), people_behind=_people(computed.numerator),
                denominator_people=_people(computed.denominator), data_through=reader.watermark, computed_at=now,
                steps=_steps(indicator, parts, beside, site) + joined.get((window, counts_people(indicator)), []),
            )


def counts_people(indicator: Indicator) -> bool:
    """Whether joining two records of one person can change it."""
    return any(isinstance(part, (People, Regular)) for part in indicator.inputs)


def _shown(sites: Mapping[str, Site], parts: Sequence[Measured]) -> list[str]:
    """Sites of a table: every one that is open and meets people, and any other where something was counted."""
    counted = {site for part in parts for site, cell in part.by_site.items() if cell.value}
    return [key for key, site in sites.items() if key in counted or (site.is_active and site.kind != "store")]


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
