"""Questions to the warehouse: each sort is translated once for each engine and process, and filled in with the days it is about.

`Asking` is the connection to one organisation's warehouse: it makes the tables that a plan needs, each once, and asks.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Self

import pyarrow.parquet as pq

from handrail.facts.spec import KINDS
from handrail.insight.arrows import schema_of
from handrail.insight.dimensions import DIMENSIONS
from handrail.insight.engines import Engine, open_engine
from handrail.insight.periods import Window
from handrail.insight.sketches import How, Made, Plan, Shape, Sketched, Template, days_of, shapes_of, stand_ins
from handrail.insight.tables import Tables, Traits
from handrail.insight.warehouse import read_manifest

MOST = 128
"""So many plans are remembered; whichever was not asked for longest goes first."""
Make = Callable[[Tables, Sequence[Window]], Any]
"""Writes a question: gets the tables and sketched windows, gives the expression that answers it."""
_plans: OrderedDict[Hashable, Plan] = OrderedDict()


class Asking:
    """The warehouse of one organisation, as its manifest was when opened, asked by an engine. Use with `with`."""

    def __init__(self, organisation: str, engine: str = "") -> None:
        self.manifest = read_manifest(organisation)
        self.engine = open_engine(engine)
        self._made: dict[str, str] = {}
        self.anybody_merged = pq.read_metadata(self.manifest.folder / self.manifest.dimensions["survivors"]).num_rows > 0
        with_facts = frozenset(kind for kind in self.manifest.kinds if self.manifest.files(kind))
        self.traits = Traits(with_facts, self.anybody_merged, self.manifest.values["ns_convention"], self.manifest.values["pwid_window"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_args: object) -> None:
        self.engine.close()

    def ask(self, question: Hashable, make: Make, windows: Sequence[Window] = ()) -> list[dict[str, Any]]:
        """The answer to a question over windows. `question` says all that `make` depends on beside tables and windows."""
        plan = plan_of(self.engine, self.traits, question, make, shapes_of(windows))
        days, names = days_of(windows), list[str]()
        for step in plan.steps:
            names.append(self._table(step, step.name.fill(days, names), [text.fill(days, names) for text in step.texts]))
        return self.engine.fetch(plan.answer.fill(days, names), plan.schema)

    def _table(self, step: Made, name: str, texts: Sequence[str]) -> str:
        """The table of a step, made the first time."""
        if name and name in self._made:
            return self._made[name]
        table = self._make(step.how, name, texts)
        if name:
            self._made[name] = table
        return table

    def _make(self, how: How, name: str, texts: Sequence[str]) -> str:
        match how:
            case How.FACTS:
                files, schema = self.manifest.files(name), schema_of(KINDS[name])
                return self.engine.parquet(files, schema) if files else self.engine.empty(schema)
            case How.DIMENSION:
                return self.engine.parquet([self.manifest.folder / self.manifest.dimensions[name]], DIMENSIONS[name])
            case How.VIEW:
                return self.engine.view(texts[0])
            case How.KEPT:
                return self.engine.kept(texts[0])
            case How.TOGETHER:
                return self.engine.together(texts)


def plan_of(engine: Engine, traits: Traits, question: Hashable, make: Make, shapes: tuple[Shape, ...]) -> Plan:
    """The plan of a question for windows of these shapes, translated the first time."""
    kinds = tuple((kind.key, kind.version) for kind in KINDS)
    key = (engine.language, traits, kinds, question, shapes)
    if key not in _plans:
        _plans[key] = _translated(engine, traits, make, shapes)
        while len(_plans) > MOST:
            _plans.popitem(last=False)
    _plans.move_to_end(key)
    return _plans[key]


def _translated(engine: Engine, traits: Traits, make: Make, shapes: tuple[Shape, ...]) -> Plan:
    tables = Tables(traits)
    answer = make(tables, [Sketched.of(shape) for shape in shapes])
    steps = tuple(Made(step.how, Template.of(step.name), tuple(_template(engine, one) for one in step.expressions)) for step in tables.steps)
    return Plan(steps, _template(engine, answer), answer.schema())


def _template(engine: Engine, expression: Any) -> Template:
    return Template.of(engine.translate(expression), stand_ins(expression))
