"""Hands facts to the rooms that keep state: `project.py` of a room names its kinds and has `apply` and `undo`."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from functools import cache
from types import ModuleType

from handrail.facts.fold import Batch, Step
from handrail.kernel.rooms import rooms


class RoomReactor:
    """Runs each room's projection, undone facts first."""

    name = "rooms"

    def prepare(self, steps: Sequence[Step], batch: Batch) -> None:
        """Nothing to read before deciding."""

    def settle(self, step: Step, batch: Batch) -> object | None:
        """Nothing to decide."""

    def apply(self, steps: Sequence[Step], batch: Batch) -> None:
        """Undo, then apply, in the order of the facts."""
        by_kind = projections()
        for step in steps:
            for fact in step.undo:
                if fact.kind in by_kind:
                    by_kind[fact.kind].undo(fact)
            for fact in step.do:
                if fact.kind in by_kind:
                    by_kind[fact.kind].apply(fact)


@cache
def projections() -> dict[str, ModuleType]:
    """The projection of each kind that a room keeps state for."""
    found: dict[str, ModuleType] = {}
    for room in rooms():
        name = f"{room.package}.project"
        if importlib.util.find_spec(name) is not None:
            module = importlib.import_module(name)
            found.update(dict.fromkeys(module.KINDS, module))
    return found
