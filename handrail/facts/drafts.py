"""What goes to the door and what comes back: drafts, outcomes, refusals."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _
from pydantic import BaseModel

from handrail.kernel import clock, ids
from handrail.kernel.access import Refused


class Mode(StrEnum):
    """What happens to a fact that breaks a rule."""

    TYPED = "typed"
    """Somebody is typing it: refuse, say why, keep what was typed."""
    CONFIRMED = "confirmed"
    """It happened, the person typing says so: bad values are refused, rules about stock are not."""
    EARLIER = "earlier"
    """It happened before the book of stock began, as in an import: bad values are refused, no stock moves. Noted on the fact, so
    that what corrects it or is added to its visit later moves none either."""
    ARRIVED = "arrived"
    """It happened elsewhere and arrives now: never refused, kept aside if it breaks a rule."""


class Status(StrEnum):
    """What the door did."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"


class Refusal(Refused):
    """Nothing was recorded. `problems` are (field, sentence) pairs to show beside what was typed."""

    def __init__(self, problems: Sequence[tuple[str, str]], *, index: int = 0) -> None:
        super().__init__("; ".join(f"{name}: {sentence}" if name else sentence for name, sentence in problems))
        self.problems = tuple(problems)
        self.index = index


class AlreadySaved(Refusal):
    """The same form was saved before with other content: the saved record has to be corrected instead."""


@dataclass(frozen=True)
class Draft:
    """A fact before the door. The id is the client's; sending it again is harmless."""

    kind: str
    payload: BaseModel | Mapping[str, Any]
    site: uuid.UUID | None = None
    id: uuid.UUID = field(default_factory=ids.new)
    occurred_at: datetime = field(default_factory=clock.now)
    encounter: uuid.UUID | None = None
    participant: uuid.UUID | None = None
    supersedes: tuple[uuid.UUID, ...] = ()
    kind_version: int | None = None
    is_timed: bool = False
    """Whether `occurred_at` is the sender's own word, and so part of what a retry must repeat; a form's is that of the saving."""
    device: uuid.UUID | None = None
    device_sequence: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of a draft. `id` differs from the draft's only where its id was already taken by another body."""

    id: uuid.UUID
    status: Status
    reason: str = ""


def sentence_of(error: dict[str, Any]) -> str:
    """One of pydantic's errors, said plainly in the language of the moment."""
    context = error.get("ctx", {})
    match error["type"]:
        case "greater_than_equal":
            return _("Cannot be less than %(limit)s.") % {"limit": context["ge"]}
        case "greater_than":
            return _("Must be more than %(limit)s.") % {"limit": context["gt"]}
        case "less_than_equal":
            return _("Cannot be more than %(limit)s.") % {"limit": context["le"]}
        case "int_parsing" | "int_type" | "int_from_float":
            return _("Write a whole number.")
        case "missing" | "too_short" | "string_too_short":
            return _("This is needed.")
        case "string_too_long":
            return _("At most %(length)d characters.") % {"length": context["max_length"]}
        case "date_parsing" | "date_from_datetime_parsing" | "date_type":
            return _("Write the day as year-month-day, such as 2026-03-31.")
        case "bool_parsing" | "bool_type":
            return _("Choose one of the answers.")
        case "enum" | "literal_error":
            return _("Choose one of the answers.")
        case "extra_forbidden":
            return _("This field does not exist.")
        case "value_error":
            return str(context.get("error", error["msg"]))
        case _:
            return str(error["msg"])
