"""The tables of the warehouse as Ibis expressions: what counts, who stands for whom, who was met. Only `compile.py` and `measures.py` use it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import ibis
import pyarrow as pa
from ibis import _

from handrail.facts.codes import Channel, Gender
from handrail.facts.codes_of_people import AgeBand, YesNo
from handrail.facts.spec import KINDS
from handrail.insight.arrows import schema_of
from handrail.insight.breakdowns import OLDEST, UNKNOWN
from handrail.insight.dimensions import DIMENSIONS
from handrail.insight.periods import Window, months_before
from handrail.insight.sketches import STAND_IN, How, Sketch
from handrail.insight.spec import Sold

NOWHERE = "?"
"""Site of facts whose site nobody knows: they count for the organisation and for no site."""
ENCOUNTER, ASKED, PROFILE, ENROLLED, GIVEN = "facts.encounter", "facts.asked", "facts.profile", "facts.enrolled", "exchange.given"
_QUESTIONS = {"gender": "string", "trans": "string", "birth_year": "int64", "age_band": "string"}
AGES_OF_BAND: dict[str, tuple[int, int]] = {
    AgeBand.UNDER_15: (0, 14), AgeBand.FROM_15: (15, 19), AgeBand.FROM_20: (20, 24), AgeBand.FROM_25: (25, 29), AgeBand.FROM_30: (30, 39),
    AgeBand.FROM_40: (40, 49), AgeBand.FROM_50: (50, 59), AgeBand.FROM_60: (60, OLDEST - 1),
}
"""First and last age of what people say who give no year of birth."""


@dataclass(frozen=True)
class Traits:
    """What of a warehouse decides how queries are written: which kinds have facts, whether anybody was merged, the values that are set."""

    with_facts: frozenset[str]
    anybody_merged: bool
    ns_convention: str
    pwid_window: int


class Tables:
    """The warehouse of one organisation as expressions, and the steps in which their tables are to be made. Nothing is computed here."""

    def __init__(self, traits: Traits) -> None:
        self.traits = traits
        self.steps: list[Sketch] = []
        self._named: dict[str, Any] = {}

    def view(self, name: str, make: Callable[[], Any]) -> Any:
        """An expression under a name: Ibis then translates it once and not in every query that uses it."""
        return self._under(name, How.VIEW, make)

    def kept(self, name: str, make: Callable[[], Any]) -> Any:
        """A small result that several measures share, computed once."""
        return self._under(name, How.KEPT, make)

    def together(self, parts: Sequence[Any]) -> Any:
        """The rows of all parts of one shape in one table, each translated for itself: over one large query Ibis takes far longer."""
        return self._step(How.TOGETHER, "", tuple(parts), parts[0].schema())

    def once(self, expression: Any) -> Any:
        """A result that is kept, without a name: nobody else asks for it."""
        return self._step(How.KEPT, "", (expression,), expression.schema())

    def _under(self, name: str, how: How, make: Callable[[], Any]) -> Any:
        if name not in self._named:
            expression = make()
            self._named[name] = self._step(how, name, (expression,), expression.schema())
        return self._named[name]

    def _given(self, name: str, how: How, schema: pa.Schema) -> Any:
        if name not in self._named:
            self._named[name] = self._step(how, name, (), ibis.Schema.from_pyarrow(schema))
        return self._named[name]

    def _step(self, how: How, name: str, expressions: tuple[Any, ...], schema: Any) -> Any:
        self.steps.append(Sketch(how, name, expressions))
        return ibis.table(schema, name=f"{STAND_IN}{len(self.steps) - 1}")

    # -- what counts --------------------------------------------------------------------------------------------

    def dimension(self, name: str) -> Any:
        return self._given(name, How.DIMENSION, DIMENSIONS[name])

    def everything(self, kind: str) -> Any:
        """All facts of a kind, also those that do not count; a kind without facts gives an empty table with its columns."""
        return self._given(kind, How.FACTS, schema_of(KINDS[kind]))

    def counting(self, kind: str) -> Any:
        """The facts of a kind that count now. Counters are joined: numbers in their order read quicker than ids."""
        table, asides = self.everything(kind), self.dimension("asides")
        return self.view(f"counting {kind}", lambda: self.merged(table.anti_join(asides, table["counter"] == asides["counter"])))

    def merged(self, rows: Any) -> Any:
        """The rows with the survivor in the place of everybody who was merged, for earlier periods too."""
        if not self.traits.anybody_merged:
            return rows
        survivors = self.dimension("survivors").select(merged="participant", survivor="survivor")
        found = rows.left_join(survivors, rows["participant"] == survivors["merged"])
        return found.mutate(participant=ibis.coalesce(found["survivor"], found["participant"])).drop("merged", "survivor")

    def needles(self) -> Any:
        """Items that count as needles-syringes: `whole`, and `barrels` and `needles` as far as the convention counts them."""

        def make() -> Any:
            items, convention = self.dimension("items"), self.traits.ns_convention
            if convention == "barrels":  # as the catalogue counts; a kit of the time before parts were known is whole
                items = items.select(code="code", whole="counts_as_ns", barrels=ibis.literal(0), needles=ibis.literal(0))
            else:
                barrels = _["barrels"] if convention == "max_of_both" else ibis.literal(0)
                items = items.select("code", "whole", barrels=barrels, needles="needles")
            return items.filter(_["whole"] + _["barrels"] + _["needles"] > 0)

        return self.kept("needles", make)

    def within(self, kind: str, window: Window) -> Any:
        days = (_["local_date"] >= window.starts_on, _["local_date"] < window.ends_before)
        return self.view(f"{kind} {window.written}", lambda: self.counting(kind).filter(*days))

    # -- people ---------------------------------------------------------------------------------------------------

    def of_sale(self, kind: str, rows: Any, sold: Sold) -> Any:
        """The rows without pharmacy sales, or only those: a box says its channel itself, all else the visit it belongs to."""
        if sold == "any":
            return rows
        if kind != GIVEN:
            is_sale = rows["channel"].fill_null("") == Channel.PHARMACY.value
            return rows.filter(is_sale if sold == "only" else ~is_sale)
        sales = self.view("sales", lambda: self.counting(ENCOUNTER).filter(_["channel"] == Channel.PHARMACY.value).select(sale="root"))
        fits = rows["encounter"] == sales["sale"]
        return rows.semi_join(sales, fits) if sold == "only" else rows.anti_join(sales, fits)

    def received(self, window: Window, groups: tuple[str, ...]) -> Any:
        """Who was handed at least one of any of these groups of items, at which visit."""

        def make() -> Any:
            items, rows = self.dimension("items"), self.within(GIVEN, window)
            items = items.filter(sum(items[group] for group in groups) > 0)
            found = rows.filter(_["quantity"] >= 1).semi_join(items, rows["item"] == items["code"])
            return found.select("site", "participant", "encounter", "local_date").distinct()

        return self.kept(f"received {groups} {window.written}", make)

    def closed(self, rows: Any) -> Any:
        """The rows of places where people are held."""
        held = self.view("held", lambda: self.dimension("sites").filter(_["closed_setting"] != "").select(held="id"))
        return rows.semi_join(held, rows["site"] == held["held"])

    def picked_up(self, window: Window, sold: Sold = "any") -> Any:
        def make() -> Any:
            items, rows = self.needles(), self.of_sale(GIVEN, self.within(GIVEN, window), sold)
            found = rows.filter(_["quantity"] >= 1).semi_join(items, rows["item"] == items["code"])
            return found.select("site", "participant", "encounter", "local_date").distinct()

        return self.kept(f"picked up {window.written} {sold}", make)

    def served(self, window: Window) -> Any:
        def make() -> Any:
            kinds = [kind.key for kind in KINDS if kind.key == ENCOUNTER or (kind.needs_encounter and kind.key in self.traits.with_facts)]
            rows = [self.within(kind, window).filter(_["participant"].notnull()).select("site", "participant", "local_date") for kind in kinds]
            return ibis.union(*rows, distinct=True) if len(rows) > 1 else rows[0].distinct()

        return self.kept(f"served {window.written}", make)

    def last_answers(self, window: Window) -> Any:
        """The last answer of each person before the window's end, unless it is too old (the value `pwid_window`)."""

        def make() -> Any:
            asked, columns = self.counting(ASKED), ("participant", "injects", "occurred_at", "counter", "local_date")
            said = self.counting(PROFILE)
            taken_back = said.filter(said["withdrawn"].contains("injects")).mutate(injects=ibis.literal("not_said"))
            asked = ibis.union(asked.select(*columns), taken_back.select(*columns))
            asked = asked.filter(_["participant"].notnull(), _["local_date"] < window.ends_before)
            newest_first = ibis.window(group_by="participant", order_by=[ibis.desc("occurred_at"), ibis.desc("counter")])
            last = asked.mutate(place=ibis.row_number().over(newest_first)).filter(_["place"] == 0)
            since = months_before(window.ends_before, self.traits.pwid_window)
            return last.filter(_["local_date"] >= since).select("participant", "injects")

        return self.kept(f"answers {window.ends_before}", make)

    def said(self, before: date) -> Any:
        """Gender, year of birth, and first and last age of a band, of each person as last said before a day.

        Whoever says trans or another, or several genders, is in `other`. What was taken back is as if never asked.
        """

        def make() -> Any:
            profile, enrolled = self.counting(PROFILE), self.counting(ENROLLED)
            genders = _answers(
                (enrolled, enrolled["gender"].notnull(), {"gender": "gender"}),
                (profile, profile["gender"].notnull() | _takes_back(profile, "gender"), {"gender": profile["gender"].join(",")}),
                before=before,
            )
            trans = _answers((profile, profile["trans"].notnull() | _takes_back(profile, "trans"), {"trans": "trans"}), before=before)
            age_said = profile["birth_year"].notnull() | profile["age_band"].notnull()
            ages = _answers(
                (enrolled, enrolled["birth_year"].notnull(), {"birth_year": "birth_year"}),
                (profile, age_said | _takes_back(profile, "birth_year") | _takes_back(profile, "age_band"), {"birth_year": "birth_year", "age_band": "age_band"}),
                before=before,
            )
            each = ibis.union(genders, trans, ages).group_by("participant").agg(**{name: _[name].max() for name in _QUESTIONS})
            first, last = (ibis.cases(*((each["age_band"] == code, ibis.literal(band[end])) for code, band in AGES_OF_BAND.items()), else_=None) for end in (0, 1))
            return each.select("participant", "birth_year", gender=_gender(each), age_from=first, age_to=last)

        return self.kept(f"said {before}", make)


def _takes_back(profile: Any, question: str) -> Any:
    return profile["withdrawn"].contains(question).fill_null(False)


def _answers(*sources: tuple[Any, Any, dict[str, Any]], before: date) -> Any:
    """The last answer of each person before a day; other questions are null."""
    parts = []
    for rows, says_something, answers in sources:
        columns = {name: ibis.null(kind) for name, kind in _QUESTIONS.items()}
        columns |= {name: rows[value] if isinstance(value, str) else value for name, value in answers.items()}
        said = rows.filter(says_something, rows["participant"].notnull(), rows["local_date"] < before)
        parts.append(said.select("participant", "occurred_at", "counter", **columns))
    rows = ibis.union(*parts) if len(parts) > 1 else parts[0]
    newest_first = ibis.window(group_by="participant", order_by=[ibis.desc("occurred_at"), ibis.desc("counter")])
    return rows.mutate(place=ibis.row_number().over(newest_first)).filter(_["place"] == 0).select("participant", *_QUESTIONS)


def _gender(rows: Any) -> Any:
    said = rows["gender"].fill_null("")
    one = ibis.cases((said == Gender.FEMALE.value, "female"), (said == Gender.MALE.value, "male"), (said.isin(["", Gender.NOT_SAID.value]), UNKNOWN), else_="other")
    return ibis.ifelse(rows["trans"].fill_null("") == YesNo.YES.value, "other", one)
