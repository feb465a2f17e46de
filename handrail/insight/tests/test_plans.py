"""What is translated once and filled in says to the letter what a translation of its own would say, for windows of every sort."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date

import ibis
import pytest

from handrail.insight import measures, plans, slices
from handrail.insight.compile import Reader
from handrail.insight.examples import gets, says
from handrail.insight.periods import Period, PeriodKind, Window, months_before
from handrail.insight.plans import plan_of
from handrail.insight.sketches import CannotSketch, Sketched, Template, days_of, shapes_of
from handrail.insight.slices import Asked, cells_of
from handrail.insight.spec import FROM_OUTSIDE, INDICATORS, Among, Contacts, Package, People
from handrail.insight.tables import Tables, Traits
from handrail.insight.tests.test_breakdowns import played as played

DIALECTS = ("duckdb", "postgres", "pyspark")
KINDS_OF_WINDOWS = ("period", "rolling_12_months", "calendar_year", "mer_half_year", "ever")


class Dialect:
    """An engine that only translates."""

    def __init__(self, language):
        self.language = f"only {language}"
        self._dialect = language

    def translate(self, expression):
        return str(ibis.to_sql(expression, dialect=self._dialect, pretty=False))


def traits(chance):
    kinds = ("facts.encounter", "exchange.given", "exchange.test", "facts.referral", "exchange.education")
    return Traits(frozenset(chance.sample(kinds, 3)), chance.random() < 0.5, chance.choice(["barrels", "needles", "max_of_both"]), chance.choice([12, 6, 1]))


def asked_of(chance, windows):
    """Measures of some indicators with what tells them apart; the package that the country defines is named."""
    found = []
    for indicator in chance.sample(list(INDICATORS), 3):
        for part in indicator.inputs:
            if not isinstance(part, FROM_OUTSIDE):
                measure = People("", all_of=("information", "needles")) if isinstance(part, Package) else part
                found.append(Asked(measure, chance.randrange(len(windows)), tuple(sorted(indicator.breakdowns))))
    return found


def filled(engine, which, asked, windows):
    """Every text of a plan, filled in; tables keep the names of the sketch."""
    plan = plan_of(engine, which, tuple((slices.exact(one.measure), one.window, one.breakdowns) for one in asked), lambda t, w: cells_of(asked, t, w), shapes_of(windows))
    days, names = days_of(windows), [f"stand_in_{number}" for number in range(len(plan.steps))]
    return [(step.how, step.name.fill(days, names), [text.fill(days, names) for text in step.texts]) for step in plan.steps], plan.answer.fill(days, names)


def translated(engine, which, asked, windows):
    """The same written for these very windows."""
    tables = Tables(which)
    answer = cells_of(asked, tables, windows)
    return [(step.how, step.name, [engine.translate(one) for one in step.expressions]) for step in tables.steps], engine.translate(answer)


def some_period(chance):
    kind = chance.choice(list(PeriodKind))
    day = chance.choice([date(chance.randrange(1990, 2101), chance.randrange(1, 13), 15), date(2024, 2, 29), date(2000, 2, 29), date(1904, 2, 28), date(2023, 12, 31)])
    return Period.of(kind, day, first_month=chance.choice([1, 4, 7, 10]))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_query_that_is_filled_in_is_the_query_written_for_the_window(dialect, seed):
    chance, engine = random.Random(seed), Dialect(dialect)
    which = traits(chance)
    first = [some_period(chance).window(kind) for kind in chance.sample(KINDS_OF_WINDOWS, 2)]
    asked = asked_of(chance, first)
    for _again in range(3):
        windows = [Window(*sorted((months_before(w.starts_on, -shift), months_before(w.ends_before, -shift)))) for w in first for shift in [chance.choice([12, 36, 48, 3, 1200])]]
        assert filled(engine, which, asked, windows) == translated(engine, which, asked, windows), (windows, asked)


@pytest.mark.slow
@pytest.mark.parametrize("key", list(INDICATORS.all()))
def test_every_indicator_is_filled_in_to_the_letter_in_a_year_of_months_and_quarters(key):
    engine, which = Dialect("duckdb"), Traits(frozenset({"facts.encounter", "exchange.test"}), True, "max_of_both", 12)
    written = ["2024-02", "2026-04", "2024Q1", "2026Q1", "2026Q4", "2026FY10"]
    asked = [Asked(p, 0, tuple(sorted(INDICATORS[key].breakdowns))) for p in INDICATORS[key].inputs if not isinstance(p, (*FROM_OUTSIDE, Package))]
    for period in map(Period.parse, written if asked else ()):
        windows = [period.window(INDICATORS[key].window)]
        assert filled(engine, which, asked, windows) == translated(engine, which, asked, windows), period


@pytest.mark.slow
def test_answers_are_the_same_whether_translated_anew_or_long_ago(played):
    events = [event for month in range(1, 13) for who in "ABCD"[: 1 + month % 4] for event in (says(who, f"2026-{month:02}-03"), gets(who, f"2026-{month:02}-28", month))]
    reader = played(*events, gets("E", "2028-02-29", 7), gets("F", "2025-12-31", 9))
    organisation, asked = str(reader.manifest.folder.name), [(part, INDICATORS[key].window) for key in ("needles_given", "prv_8a", "prv_9a", "kp_4", "contacts") for part in INDICATORS[key].inputs]
    periods = [Period.parse(written) for written in ("2026Q1", "2026Q2", "2026Q3", "2026Q4", "2026-02", "2028-02", "2026H1", "2025", "2026FY07")]

    def answers(*, anew):
        found = []
        for period in periods:
            if anew:
                plans._plans.clear()
            with Reader(organisation) as one:
                found.append([one.measure(part, period.window(kind), ("gender",)) for part, kind in asked])
        return found

    long_ago = answers(anew=False)
    assert long_ago == answers(anew=True)
    assert {measured.everywhere.value for found in long_ago for measured in found} > {0, 7, 9}


def test_a_quarter_is_filled_in_to_the_letter():
    engine, which, windows = Dialect("duckdb"), Traits(frozenset({"facts.encounter"}), True, "barrels", 12), [Period.parse("2024Q1").window("rolling_12_months")]
    asked = [Asked(INDICATORS["kp_4"].numerator, 0, ("gender",)), Asked(INDICATORS["kp_4"].denominator, 0, ())]
    for window in (*windows, Period.parse("2026Q4").window("rolling_12_months")):
        assert filled(engine, which, asked, [window]) == translated(engine, which, asked, [window])


def test_quarters_of_sixteen_years_need_few_translations():
    engine, asked = Dialect("duckdb"), [Asked(INDICATORS["kp_4"].numerator, 0, ())]
    plans._plans.clear()
    for year in range(2010, 2026):
        for number in (1, 2, 3, 4):
            filled(engine, Traits(frozenset(), False, "barrels", 12), asked, [Period.parse(f"{year}Q{number}").window("rolling_12_months")])
    assert len(plans._plans) == 3


@dataclass(frozen=True)
class Odd:
    """A measure that asks something of its window that no shape knows."""

    what: str
    title: str = field(compare=False, default="")


@measures.rows_of.register
def _odd(measure: Odd, tables: Tables, window: Window):
    value = {"days": lambda: window.days, "year": lambda: window.starts_on.year, "date": lambda: date(window.starts_on.year, 1, 15)}[measure.what]()
    rows = tables.within("facts.encounter", window)
    rows = rows.filter(rows["local_date"] >= value) if measure.what == "date" else rows.filter(rows["people_count"] > value)
    return measures.by_person(rows, rows["people_count"].sum())


@pytest.mark.parametrize("what", ["days", "year", "date"])
def test_what_depends_on_a_window_in_an_undeclared_way_stops_loudly(what):
    windows = [Period.parse("2026Q3").window("period")]
    with pytest.raises(CannotSketch):
        filled(Dialect("duckdb"), Traits(frozenset(), False, "barrels", 12), [Asked(Odd(what), 0, ())], windows)


def test_a_day_that_is_lost_or_added_in_translation_stops_loudly():
    windows = [Period.parse("2026Q3").window("period")]
    sketched = Sketched.of(shapes_of(windows)[0])
    days = {sketched.starts_on, sketched.ends_before}
    text = f"SELECT 1 WHERE d >= MAKE_DATE({sketched.starts_on.year}, 1, 1) AND d < MAKE_DATE({sketched.ends_before.year}, 1, 1)"
    assert Template.of(text, days).fill(days_of(windows), []) == "SELECT 1 WHERE d >= MAKE_DATE(2026, 7, 1) AND d < MAKE_DATE(2026, 10, 1)"
    for wrong in ({sketched.starts_on}, days | {months_before(sketched.starts_on, 6)}):
        with pytest.raises(CannotSketch, match="were written"):
            Template.of(text, wrong)


def test_measures_that_differ_only_in_what_makes_them_no_different_are_translated_apart():
    first, second = People("a", had="exchange.test"), People("b", had="exchange.test", best=("result", ("positive",)))
    assert first == second
    assert slices.exact(first) != slices.exact(second)
    assert slices.exact(Among(Contacts("a"), ("female",), "x")) == slices.exact(Among(Contacts("b"), ("female",), "y"))
