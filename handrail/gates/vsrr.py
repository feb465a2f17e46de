"""The file in which CDC publishes deaths by drug overdose (VSRR, data.cdc.gov xkb8-kh2a): which of its rows are wanted, in our words.

Its causes contain one another, so one is chosen and none are added. Each row counts the twelve months that end with its
month. An empty number is what its footnote says: fewer than ten, or not shown at all; it is never 0. Predicted numbers stand
in a column of their own and are taken only where somebody asked for them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from handrail.facts.spec import Text
from handrail.gates.spreadsheet.reading import NotReadable, SheetRow, heading
from handrail.insight.deaths import NOT_SHOWN
from handrail.insight.models import Level
from handrail.insight.outside import Problems, areas_served, country

COLUMNS = (
    "state", "year", "month", "period", "indicator", "data value", "percent complete", "percent pending investigation", "state name", "footnote",
    "footnote symbol", "predicted value",
)
NEEDED = ("state", "year", "month", "period", "indicator", "data value", "footnote")
ALL_OPIOIDS = "T40.0-T40.4,T40.6"
CAUSES: dict[str, Text] = {
    ALL_OPIOIDS: _l("All opioids (T40.0-T40.4, T40.6)"), "T40.2-T40.4": _l("Opioids without heroin and opium (T40.2-T40.4)"),
    "T40.4": _l("Synthetic opioids without methadone, such as fentanyl (T40.4)"),
}
"""Causes by their codes of ICD-10, as they stand in brackets in the column “Indicator”. Other drugs are no deaths by opioids."""
COUNTS: dict[str, Text] = {"reported": _l("As reported"), "predicted": _l("As predicted: reported and what is still to come")}
SAID = ("cause", "counts", "areas")
"""What is said about such a file beside it."""
SOURCE = "CDC NCHS, VSRR Provisional Drug Overdose Death Counts"
LINK = "https://data.cdc.gov/d/xkb8-kh2a"
HEADINGS = {"deaths": "data value", "ends": "month", "area": "state", "months": "period"}
"""Where in the file stands what a field of ours is made of."""
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")
_YEAR_LONG = re.compile(r"12[ -]months?[ -]+ending", re.IGNORECASE)
_SUPPRESSED = re.compile(r"suppressed\s*\(\s*<\s*(\d{1,4})\s*\)", re.IGNORECASE)
_WITHHELD = re.compile(r"not shown|low data quality", re.IGNORECASE)
_GROUPED = re.compile(r"\d{1,3}(,\d{3})+(\.0+)?")


@dataclass(frozen=True)
class Given:
    """A row of a file in our own fields: what is wrong with it already, and what is to be kept beside it."""

    row: SheetRow
    cells: Mapping[str, str]
    typed: Mapping[str, str]
    problems: Problems = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True)
class Choice:
    """Which cause, reported or predicted, and which state is which of our areas (`""`: the whole country)."""

    cause: str
    counts: str
    areas: Mapping[str, str]


def choice_of(said: Mapping[str, str]) -> Choice:
    """What somebody said about the file. `NotReadable` when it cannot be meant."""
    cause, counts = said.get("cause", "") or ALL_OPIOIDS, said.get("counts", "") or "reported"
    if cause not in CAUSES or counts not in COUNTS:
        raise NotReadable(_("Choose the cause, and reported or predicted, from the lists."))
    return Choice(cause, counts, _areas(said.get("areas", "")))


def example() -> str:
    """An area of ours, to show how a line is written."""
    return (areas_served() or ["north-east"])[0]


def _areas(typed: str) -> dict[str, str]:
    """Lines like “KY = Northside”. Nothing typed: areas that are called like a state; those are found row by row."""
    found: dict[str, str] = {}
    for line in filter(None, map(str.strip, typed.splitlines())):
        state, _equals, area = (" ".join(part.split()) for part in line.partition("="))
        if heading(state) in {"us", "united states"}:
            if country() != "US":
                raise NotReadable(_("Your programme is in %(country)s, so deaths of the United States are used by nothing. Leave out that line.") % {"country": country()})
            area = ""
        elif not state or not area or len(area) > 40:
            raise NotReadable(_("Write each state and your area on a line of its own, like this: KY = %s") % example())
        if heading(state) in found:
            raise NotReadable(_("“%s” stands there twice. A state is one of your areas; its deaths would count twice.") % state)
        if area and area in found.values():
            raise NotReadable(_("Two states are called “%s”. Their counts are never added up: give each an area of its own.") % area)
        found[heading(state)] = area
    return found


def _as_called(rows: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """States of the file that are called like an area of ours, by code or name; the country, if ours is the United States."""
    ours = {heading(area): area for area in areas_served()}
    found: dict[str, str] = {}
    for cells in rows:
        state, name = heading(cells["state"]), heading(cells.get("state name", ""))
        if state == "us":
            found |= {state: ""} if country() == "US" else {}
        elif state in ours or name in ours:
            found[state] = ours.get(state) or ours[name]
    return found


@dataclass
class Taken:
    """Rows that are wanted, how many are not, and what to say of the whole."""

    given: list[Given] = field(default_factory=list)
    left: int = 0
    warnings: list[str] = field(default_factory=list)


def take(rows: Iterable[tuple[SheetRow, dict[str, str]]], said: Mapping[str, str]) -> Taken:
    """The rows of the cause and the states that were chosen, each as a count of twelve months."""
    choice, listed, taken = choice_of(said), list(rows), Taken()
    if choice.counts == "predicted" and not all("predicted value" in cells for _row, cells in listed):
        raise NotReadable(_("The first row must name the columns. Missing: %s.") % "predicted value")
    areas = choice.areas or _as_called(cells for _row, cells in listed)
    if not areas:
        raise NotReadable(_("No state of this file is called like an area of yours. Say which state is which area, like this: KY = %s") % example())
    met: Counter[str] = Counter()
    for row, cells in listed:
        state = next((code for code in (heading(cells["state"]), heading(cells.get("state name", ""))) if code in areas), None)
        if state is None or _code(cells["indicator"]) != choice.cause:
            taken.left += 1
            continue
        met[state] += 1
        taken.given.append(_given(row, cells, areas[state], choice))
    taken.warnings = _warnings(taken, choice, areas, met)
    return taken


def _code(indicator: str) -> str:
    """The codes in brackets at the end of an indicator: names of one cause differ between editions, its codes do not."""
    found = re.search(r"\(([^()]*)\)\s*$", indicator)
    return re.sub(r"\s+", "", found[1]).upper() if found else ""


def _given(row: SheetRow, cells: Mapping[str, str], area: str, choice: Choice) -> Given:
    problems: Problems = []
    if not _YEAR_LONG.fullmatch(cells["period"]):
        problems.append(("months", _("This is not a count of twelve months that end with a month.")))
    written = heading(cells["month"])
    month = _MONTHS.index(written) + 1 if written in _MONTHS else int(written) if re.fullmatch(r"0?[1-9]|1[0-2]", written) else 0
    if not month:
        problems.append(("ends", _("Write the month in English, such as December.")))
    year = cells["year"] if re.fullmatch(r"[0-9]{4}", cells["year"]) else ""
    if not year:
        problems.append(("year", _("Write the year with four digits.")))
    typed = {
        "level": (Level.TARGETED_AREA if area else Level.COUNTRY).value, "area": area, "months": "12", "ends": f"{year or 2000}-{month or 1:02}",
        "deaths": _deaths(cells, choice, problems), "method": f"{choice.counts}, provisional: {choice.cause}", "source": SOURCE, "source_link": LINK,
    }
    return Given(row, cells, typed, problems, _note(row, cells))


def _deaths(cells: Mapping[str, str], choice: Choice, problems: Problems) -> str:
    """The number, or why there is none: “<10” and “?” as a count of ours writes it. It is never 0."""
    typed = cells.get(f"{'predicted' if choice.counts == 'predicted' else 'data'} value", "")
    if typed:
        plain = typed.replace(",", "") if _GROUPED.fullmatch(typed) else typed
        return re.sub(r"(?<=\d)\.0+$", "", "<10" if re.fullmatch(r"1\s*[-–]\s*9", typed) else plain)
    suppressed = _SUPPRESSED.search(cells["footnote"])
    if suppressed is not None:
        return f"<{suppressed[1]}"
    if not _WITHHELD.search(cells["footnote"]):
        problems.append(("deaths", _("There is no number, and the footnote does not say why.")))
    return NOT_SHOWN


def _note(row: SheetRow, cells: Mapping[str, str]) -> str:
    """Where a count came from and how complete CDC calls it."""
    said = [_("From an imported file, row %d") % row.number]
    if cells.get("percent complete"):
        said.append(_("Complete: %s %%") % cells["percent complete"][:12])
    if cells.get("percent pending investigation"):
        said.append(_("Pending investigation: %s %%") % cells["percent pending investigation"][:12])
    return "; ".join([*said, cells["footnote"]] if cells["footnote"] else said)[:300]


def _warnings(taken: Taken, choice: Choice, areas: Mapping[str, str], met: Mapping[str, int]) -> list[str]:
    found = [_("There is no row of “%s” with this cause in the file.") % state.upper() for state in areas if not met.get(state)]
    found += [_("No place of yours is in “%s”, so no number uses its deaths.") % area for area in areas.values() if area and area not in areas_served()]
    if taken.left:
        found.append(_("Rows of other states or causes, which are not taken: %d.") % taken.left)
    hidden = sum(given.typed["deaths"].startswith(("<", NOT_SHOWN)) for given in taken.given if not given.problems)
    if hidden:
        found.append(_("Counts that CDC hides or does not show: %d. They stay hidden, and are never taken as 0.") % hidden)
    incomplete = sum("underreported" in given.cells["footnote"].casefold() for given in taken.given)
    if incomplete:
        found.append(_("Counts that CDC calls underreported, because causes of death are still pending: %d.") % incomplete)
    if choice.cause != ALL_OPIOIDS:
        found.append(_("This cause is a part of all deaths by opioids. Numbers for each death come out higher with it."))
    return found
