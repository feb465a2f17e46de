"""What to hide so that the reader of `attacker.py` learns nothing about a small group.

Small groups first, then at least two in each line, then whatever the attacker still narrows, the cheapest cell first;
at last everything hidden in vain is shown again. Greedy and audited: a few cells more than the least, and explicable
(security.md 5, `domain/indicators.md` 7, rules 1, 3, 4, 5 and 7).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from handrail.insight.attacker import How, Key, System, connected, weak


@dataclass(frozen=True)
class Suppression:
    """Cells to hide; `unsafe` is what no hiding protects, because it was published before."""

    hidden: frozenset[Any]
    unsafe: frozenset[Any] = field(default_factory=frozenset)


def suppress(system: System, threshold: int, worth: Mapping[Key, int] | None = None, kept_back: Collection[Key] = ()) -> Suppression:
    """The cells to hide. `worth` says how much a cell is needed (0 unless said): the least needed goes first. `kept_back` are hidden whatever else is."""
    keys, order = list(system.people), system.order
    found = _Search(system.numbered(), threshold, {order[key]: value for key, value in (worth or {}).items()}, {order[key] for key in kept_back}).run()
    return Suppression(frozenset(keys[n] for n in found.hidden), frozenset(keys[n] for n in found.unsafe))


class _Search:
    def __init__(self, system: System, threshold: int, worth: Mapping[Key, int], kept_back: set[Key]) -> None:
        self._system, self._threshold, self._worth = system, threshold, worth
        self._order = {key: number for number, key in enumerate(system.people)}
        self._ties = system.neighbours()
        fixed = system.shown_before | system.open_cells
        self._may_hide = {key for key in system.people if key not in fixed}
        self._small = set(system.small(threshold))
        self._asked = self._small | kept_back
        self._hidden = self._asked & self._may_hide
        self._open = system.open_cells - system.shown_before
        self._todo = set(self._small)
        self._weak: set[Key] = set()

    def run(self) -> Suppression:
        self._two_in_each_line()
        unsafe: set[Key] = set()
        while (key := self._weakest(unsafe)) is not None:
            more = self._cheapest_near(key)
            if more is None:
                unsafe.add(key)
            else:
                self._hide(more)
        if not unsafe:
            self._show_again()
        return Suppression(frozenset(self._hidden), frozenset(unsafe))

    def _weakest(self, unsafe: set[Key]) -> Key | None:
        """The next small group that is not safe and could still be helped. What is safe stays so, however much more is hidden."""
        self._weak -= unsafe
        self._weak |= {key for key, _attack in weak(self._system, self._hidden, self._threshold, self._todo - unsafe)}
        self._todo = set()
        return min(self._weak, key=self._order.__getitem__, default=None)

    def _hide(self, key: Key) -> None:
        """Hide it, and look again at every weak group that this may help."""
        self._hidden.add(key)
        self._todo = self._weak & connected(self._system, self._hidden | self._open, key)
        self._weak -= self._todo

    def _cost(self, key: Key) -> tuple[bool, int, int, int]:
        """Somebody rather than nobody, then the least needed, then the fewest people, then the order of cells."""
        people = self._system.people[key]
        return people == 0, self._worth.get(key, 0), people, self._order[key]

    def _unknown(self, key: Key) -> bool:
        return key in self._hidden or key in self._system.open_cells

    def _two_in_each_line(self) -> None:
        for tie in self._system.ties:
            unknown = [key for key in tie.members if self._unknown(key)]
            if tie.how is How.SUM and len(unknown) == 1 and unknown[0] in self._small:
                others = [key for key in tie.members if key in self._may_hide and key not in self._hidden]
                if others:
                    self._hidden.add(min(others, key=self._cost))

    def _cheapest_near(self, key: Key) -> Key | None:
        """The cheapest visible cell in any line that reaches the one which is not safe."""
        unknown = self._hidden | self._open
        reach = connected(self._system, unknown, key) if key in unknown else {key}
        near = {other for one in reach for tie in self._ties.get(one, ()) for other in tie.members}
        found = [other for other in near if other in self._may_hide and other not in self._hidden]
        return min(found, key=self._cost) if found else None

    def _show_again(self) -> None:
        """Hiding one more often makes another needless."""
        for key in sorted(self._hidden - self._asked, key=self._cost, reverse=True):
            touched = connected(self._system, self._hidden | self._open, key) & set(self._small)
            if next(weak(self._system, self._hidden - {key}, self._threshold, sorted(touched, key=self._order.__getitem__)), None) is None:
                self._hidden.remove(key)
