"""Hands facts to the rooms that keep state: `project.py` of a room names its kinds and has `apply` and `undo`."""

from __future__ import annotations

import importlib
import importlib.util
import uuid
from collections.abc import Sequence
from functools import cache
from types import ModuleType

from handrail.facts.fold import Batch, Recorded, Step
from handrail.kernel.rooms import rooms


class RoomReactor:
    """Runs each room's projection, undone facts first. A room may refuse what cannot count beside what is here: `CHECKS` and `check`,
    which is told whether somebody is typing (`typed`) or it happened already."""

    name = "rooms"

    def __init__(self) -> None:
        self._here: list[Recorded] = []
        self._gone: set[uuid.UUID] = set()

    def prepare(self, steps: Sequence[Step], batch: Batch) -> None:
        """Nothing to read before deciding."""

    def settle(self, step: Step, batch: Batch) -> object | None:
        """Nothing to freeze; a room refuses here, with what this batch changes before it in mind."""
        if not batch.live:
            return None
        by_kind = checked()
        gone = self._gone | {fact.id for fact in step.undo}
        here = [fact for fact in self._here if fact.id not in gone]
        for fact in step.do:
            if fact.kind in by_kind:
                by_kind[fact.kind].check(fact, here=here, gone=gone, typed=not batch.may_go_short)
        self._gone = gone - {fact.id for fact in step.do}
        self._here = here + [fact for fact in step.do if fact.kind in by_kind]
        return None

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
    return {kind: module for module in _projects() for kind in module.KINDS}


@cache
def checked() -> dict[str, ModuleType]:
    """The projection of each kind that a room may refuse."""
    return {kind: module for module in _projects() for kind in getattr(module, "CHECKS", ())}


def _projects() -> list[ModuleType]:
    names = [f"{room.package}.project" for room in rooms()]
    return [importlib.import_module(name) for name in names if importlib.util.find_spec(name) is not None]
