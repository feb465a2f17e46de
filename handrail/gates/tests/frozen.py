"""Releases made up for tests: any report, any numbers, any of them hidden, without a database."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal

from handrail.gates.receivers import Mapping, parse
from handrail.gates.release_formats import place_names
from handrail.insight.arithmetic import Status
from handrail.insight.breakdowns import BREAKDOWNS, CROSS, cells_of, pairs_of
from handrail.insight.models import Profile, Release
from handrail.insight.periods import Period, PeriodKind
from handrail.insight.releases import Frozen, Value, digest_of
from handrail.insight.report_spec import REPORTS, Report
from handrail.insight.spec import INDICATORS, Indicator

PLACES = {uuid.UUID(int=2**100 + number): name for number, name in enumerate(("Van 1", "Drop-in", "Clinic «Север»", "=HYPERLINK(\"x\")"))}
CODES = {"area": ("north", "unknown"), "provider_type": ("community_led", "public"), "setting": ("facility", "community")}
PERIODS = {
    PeriodKind.MONTH: "2026-03", PeriodKind.QUARTER: "2026Q1", PeriodKind.HALF_YEAR: "2026H1", PeriodKind.YEAR: "2026", PeriodKind.FISCAL_YEAR: "2026FY07",
}

Fill = Callable[[str, "uuid.UUID | None", str], "tuple[Decimal | int | None, bool]"]
"""Value and whether it is hidden, of an indicator's key, a place and a cell; a value of None is no data."""


def cells_asked(report: Report, indicator: Indicator, *, everything: bool = False) -> Iterator[str]:
    """The cells in which a report would show an indicator; with `everything` those of every breakdown it has."""
    yield ""
    for written in indicator.breakdowns:
        yield from (cell for cell in cells_of(written, CODES) if everything or report.tells_apart(cell))


def made_up(report: str | Report, fill: Fill, *, places: dict[uuid.UUID, str] = PLACES, number: int = 7, revision: int = 1, everything: bool = False) -> Frozen:
    """A release of a report with what `fill` says."""
    found = REPORTS[report] if isinstance(report, str) else report
    period, values = Period.parse(PERIODS[found.period]), []
    for key in found.indicators:
        indicator = INDICATORS[key]
        for site in (None, *places) if found.by_site and indicator.by_site else (None,):
            for cell in cells_asked(found, indicator, everything=everything and site is None):
                worth, is_hidden = fill(key, site, cell)
                values.append(one_value(indicator, period, worth, is_hidden, site=site, place=places.get(site, "") if site else "", cell=cell))
    return frozen_of(found, period, values, number=number, revision=revision)


def one_value(
    indicator: Indicator, period: Period, worth: Decimal | int | None, is_hidden: bool = False, *, site: uuid.UUID | None = None, place: str = "", cell: str = ""
) -> Value:
    """A value of a release. No value is no data, unless it is hidden."""
    status = Status.NO_DATA if worth is None and not is_hidden else Status.OK
    value = None if worth is None or is_hidden else Decimal(worth)
    return Value(indicator, indicator.version, period.window(indicator.window), site, place, status, value, is_hidden, cell)


def frozen_of(report: Report, period: Period, values: list[Value], *, number: int = 7, revision: int = 1) -> Frozen:
    """A release of these values, whole."""
    release = Release(
        id=uuid.UUID("7d9c1c0e-52b4-4b0a-9f0e-3c1a5a1f0c11"), number=number, report=report.key, period=str(period), profile=Profile.PARTNER, audience="The ministry",
        revision=revision, threshold=11, released_at=datetime(2026, 4, 5, 9, 0, tzinfo=UTC), data_through=1000, computed_at=datetime(2026, 4, 5, 8, 0, tzinfo=UTC),
        sites_reporting=3, sites_expected=4, digest=digest_of(report.key, str(period), values),
    )
    return Frozen(release, report, period, tuple(values))


def at_random(seed: int, *, hidden: float = 0.25, without: float = 0.1) -> Fill:
    """Numbers of every size, some hidden, some without a value; zeros and large ones are often among them."""
    draw = random.Random(seed)

    def fill(key: str, _site: uuid.UUID | None, _cell: str) -> tuple[Decimal | int | None, bool]:
        if draw.random() < without:
            return None, False
        most = draw.choice((0, 12, 1000, 5_000_000))
        worth = Decimal(draw.randint(0, most * 10**6)) / 10**6 if INDICATORS[key].decimals else draw.randint(0, most)
        return worth, draw.random() < hidden

    return fill


def mapping_text(frozen: Frozen, **more: object) -> str:
    """A mapping that knows everything of a release, as a TOML file."""
    names, used, cells = place_names(frozen), {value.indicator.key: value.indicator for value in frozen}, sorted({value.cell for value in frozen if value.cell})
    lines = ['name = "made-up"', 'data_set = "HR_SET"', 'organisation = "HR_ALL"', *(f"{name} = {json.dumps(value)}" for name, value in more.items())]
    lines += ["[fhir]", 'measures = "urn:example:measure:"', "[sites]"]
    lines += [f"{json.dumps(name, ensure_ascii=False)} = \"SITE-{number:02}\"" for number, (site, name) in enumerate(names.items()) if site]
    lines += ["[combos]", *(f'"{cell}" = "COMBO-{number:02}"' for number, cell in enumerate(cells))]
    for breakdown in BREAKDOWNS.values():
        codes = {code for cell in cells for key, code in pairs_of(cell).items() if key == breakdown.key}
        lines += [f"[dimensions.{breakdown.key}]", f'attribute = "{breakdown.key}"', "codes = {" + ", ".join(f'"{code}" = "{code.upper()}"' for code in sorted(codes)) + "}"]
    for indicator in used.values():
        for by in ("", *sorted({CROSS.join(pairs_of(cell)) for cell in cells})):
            lines += ["[[value]]", f'indicator = "{indicator.key}"', f'variant = "{indicator.variant}"', f'level = "{indicator.level.value}"', f'by = "{by}"']
            lines += [f'data_element = "{indicator.key.upper()}{"_BY" if by else ""}"']
    return "\n".join(lines)


def mapping_for(frozen: Frozen) -> Mapping:
    """The same, read."""
    return parse(mapping_text(frozen))
