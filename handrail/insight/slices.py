"""The rows of all measures counted for each slice: everywhere, a site, or a cell such as `gender=female`.

What all measures are made of are rows of a person (or of a meeting without a code) at a site. With `tables.py`,
`measures.py`, `activities.py`, `compile.py`, `sketches.py` and `engines/` the only files that know Ibis.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any, NamedTuple

import ibis
from ibis import _

from handrail.insight.apart import OF_A_WAY
from handrail.insight.breakdowns import BREAKDOWNS, UNKNOWN, Breakdown, keys_of
from handrail.insight.measures import SHAPE, rows_of
from handrail.insight.periods import Window
from handrail.insight.spec import Measure, Regular
from handrail.insight.tables import ENCOUNTER, Tables

EVERYWHERE = "*"


class Asked(NamedTuple):
    """A measure over one of the windows, with how it is told apart."""

    measure: Measure
    window: int
    breakdowns: tuple[str, ...]


def exact(measure: Any) -> Hashable:
    """All that its query depends on: everything but its title, also what does not make two measures differ."""
    written = [(one.name, getattr(measure, one.name)) for one in fields(measure) if one.name != "title"]
    return (type(measure).__name__, *((name, exact(value) if is_dataclass(value) else value) for name, value in written))


def cells_of(asked: Sequence[Asked], tables: Tables, windows: Sequence[Window]) -> Any:
    """Rows of measure, slice, amount, coded people and heads.

    What is counted is computed once and kept: a row of each measure for each person with a code, and one for all
    meetings without a code, at a site. The slices are taken from these rows, which are few.
    """
    rows = tables.once(_people_at_sites(asked, tables, windows))
    whole = rows.filter(~rows["part"].contains(OF_A_WAY))
    slices = [whole.mutate(slice=ibis.literal(EVERYWHERE)), whole.mutate(slice=whole["site"]), *_broken(rows, asked, tables, windows)]
    grouped = ibis.union(*(part.select("measure", "slice", "person", "amount", "heads") for part in slices))
    return grouped.group_by("measure", "slice").agg(amount=_["amount"].sum(), coded=_["person"].nunique(), heads=_["heads"].sum())


def _people_at_sites(asked: Sequence[Asked], tables: Tables, windows: Sequence[Window]) -> Any:
    """Rows of all measures: measure, site, person (null: all meetings without a code), year, part, amount, heads."""
    numbered = [rows_of(one.measure, tables, windows[one.window]).mutate(measure=ibis.literal(i)) for i, one in enumerate(asked)]
    atoms = tables.together([rows.select(*SHAPE).cast(SHAPE) for rows in numbered])
    heads = tables.counting(ENCOUNTER).filter(_["participant"].isnull()).select(visit="root", people_count="people_count")
    rows = atoms.left_join(heads, (atoms["person"] == heads["visit"]) & ~atoms["coded"])
    return rows.group_by("measure", "site", "year", "part", person=ibis.ifelse(rows["coded"], rows["person"], None)).agg(
        amount=rows["amount"].sum(), heads=ibis.ifelse(rows["coded"], 0, rows["people_count"].fill_null(rows["alone"])).sum()
    )


def _broken(rows: Any, asked: Sequence[Asked], tables: Tables, windows: Sequence[Window]) -> Iterable[Any]:
    """The rows once more for each breakdown, with their cell as slice."""
    wanted: dict[tuple[str, date], list[int]] = {}
    for index, one in enumerate(asked):
        for written in one.breakdowns:
            if not (isinstance(one.measure, Regular) and BREAKDOWNS[keys_of(written)[0]].of == "place"):
                wanted.setdefault((written, windows[one.window].ends_before), []).append(index)
    for (written, ends_before), indexes in sorted(wanted.items()):
        breakdowns = [BREAKDOWNS[key] for key in keys_of(written)]
        found = _of_the_way(rows, breakdowns, asked, indexes)
        for looked_at in sorted({"place" if breakdown.of == "place" else "people" for breakdown in breakdowns if breakdown.of != "part"}):
            found = _with_places(found, tables) if looked_at == "place" else _with_people(found, tables, ends_before)
        parts: list[Any] = []
        for breakdown in breakdowns:
            parts += [ibis.literal(f"{';' if parts else ''}{breakdown.key}="), _code(found, breakdown)]
        yield found.mutate(slice=ibis.literal("").concat(*parts))


def _of_the_way(rows: Any, breakdowns: Sequence[Breakdown], asked: Sequence[Asked], indexes: Sequence[int]) -> Any:
    """The rows of these measures that a breakdown looks at: of one that is told apart in ways, those of this way with their code, or the whole."""
    ways = [i for i in indexes if getattr(asked[i].measure, "apart", ())]
    parts = [breakdown.key for breakdown in breakdowns if breakdown.of == "part"]
    plain = rows.filter(rows["measure"].isin([i for i in indexes if i not in ways]))
    if not ways:
        return plain
    of_ways = rows.filter(rows["measure"].isin(ways))
    if not parts:
        found = of_ways.filter(~of_ways["part"].contains(OF_A_WAY))
    else:
        begins = f"{parts[0]}{OF_A_WAY}"
        found = of_ways.filter(of_ways["part"].startswith(begins)).mutate(part=_["part"].substr(len(begins)))
    return found if len(ways) == len(indexes) else ibis.union(plain, found)


def _with_people(rows: Any, tables: Tables, before: date) -> Any:
    said = tables.said(before)
    found = rows.left_join(said, rows["person"] == said["participant"])
    age = found["year"] - found["birth_year"]
    return found.mutate(age_from=ibis.coalesce(age, found["age_from"]), age_to=ibis.coalesce(age, found["age_to"]))


def _with_places(rows: Any, tables: Tables) -> Any:
    columns = [breakdown.column for breakdown in BREAKDOWNS.values() if breakdown.column]
    places = tables.dimension("sites").select(*columns, place="id")
    return rows.left_join(places, rows["site"] == places["place"])


def _code(rows: Any, breakdown: Breakdown) -> Any:
    """The code of each row's cell."""
    match breakdown.of:
        case "gender":
            return rows["gender"].fill_null(UNKNOWN)
        case "place":
            return rows[breakdown.column].nullif("").fill_null(UNKNOWN)
        case "part":
            return rows["part"].nullif("").fill_null(UNKNOWN)
        case "age":
            inside = [((rows["age_from"] >= low) & (rows["age_to"] < after), ibis.literal(code)) for code, low, after in breakdown.bands]
            return ibis.cases(*inside, else_=UNKNOWN)
