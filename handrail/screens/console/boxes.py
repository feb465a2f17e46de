"""Plain form fields described in Python: one template shows them all, with hint, what was typed, and the sentence beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from handrail.facts.spec import Text
from handrail.kernel.access import ActorRequest
from handrail.screens.console.stock_common import text

Choices = Sequence[tuple[str, Text]]


@dataclass(frozen=True)
class Box:
    """One field. `widget` is text, digits, date or select; `suggested` are values a text field offers."""

    name: str
    label: Text
    hint: Text = ""
    widget: str = "text"
    choices: Choices = ()
    suggested: Sequence[str] = ()
    most: int = 200
    value: str = ""
    bad: str = ""

    @property
    def describers(self) -> str:
        """Ids of what describes it, for screen readers."""
        return " ".join(f"{self.name}-{what}" for what, there in (("rule", self.hint), ("bad", self.bad)) if there)


def filled(boxes: Iterable[Box], typed: Mapping[str, str], problems: Iterable[tuple[str, str]]) -> list[Box]:
    """The fields with what was typed and what is wrong; of several sentences the first."""
    bad = dict(reversed(list(problems)))
    return [
        Box(b.name, b.label, b.hint, b.widget, b.choices, b.suggested, b.most, typed.get(b.name, ""), bad.get(b.name, "")) for b in boxes
    ]


def beside_none(boxes: Iterable[Box], problems: Iterable[tuple[str, str]]) -> list[str]:
    """Sentences that belong to no field of the form."""
    names = {box.name for box in boxes}
    return [sentence for name, sentence in problems if name not in names]


def typed_in(request: ActorRequest, names: Iterable[str]) -> dict[str, str]:
    """What was typed into these fields."""
    return {name: text(request, name) for name in names}
