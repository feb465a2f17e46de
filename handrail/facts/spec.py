"""What a fact kind is: one declarative file from which forms, API schema, warehouse columns and reference pages come."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import field as dataclass_field
from enum import StrEnum
from typing import Any, Generic, TypeVar, cast

from django.db import models
from django.utils.functional import Promise
from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from handrail.kernel.registry import Registry
from handrail.kernel.rooms import rooms

Text = str | Promise


class Privacy(StrEnum):
    """What a field could reveal. Identity never stands in a payload: it belongs in the vault or a sealed store."""

    OPERATIONAL = "operational"
    """Says nothing about a person: counts, items, sites."""
    PERSONAL = "personal"
    """Coarse facts about a nameless person: an age band, an answer about injecting."""
    CLINICAL = "clinical"
    """A result or a treatment; read only by roles that need it."""


class Payload(BaseModel):
    """Base of every payload: unknown fields are refused, values are not guessed."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, use_enum_values=True)


Codes = models.TextChoices
"""Base of every code list: stable codes in the data, translated labels on the screen."""


def info(
    title: Text, *, privacy: Privacy, default: Any = ..., help_text: Text = "", names: str = "", **constraints: Any
) -> Any:
    """A payload field: its label, its privacy class, its help, and pydantic's constraints.

    `names` says what an id stands for where a form can offer it: “site” is a place of the organisation.
    """
    extra = {"privacy": privacy.value, "label": title, "help": help_text, "names": names}
    return Field(default, json_schema_extra=lambda schema: schema.update(_plain(extra)), title=None, **constraints)


def _plain(extra: Mapping[str, Any]) -> dict[str, str]:
    said = {"title": str(extra["label"]), "description": str(extra["help"]), "x-privacy": extra["privacy"]}
    return said | ({"x-names": extra["names"]} if extra["names"] else {})


def field_info(model: type[BaseModel], name: str) -> dict[str, str]:
    """Label, help, privacy class and what it names of a payload field, in the language of the moment."""
    found: FieldInfo = model.model_fields[name]
    schema: dict[str, Any] = {}
    if found.json_schema_extra is not None:
        cast(Callable[[dict[str, Any]], None], found.json_schema_extra)(schema)
    return {
        "label": schema.get("title", name), "help": schema.get("description", ""), "privacy": schema.get("x-privacy", ""),
        "names": schema.get("x-names", ""),
    }


class Line(Payload):
    """A part of a payload that repeats. In the warehouse each line is a row."""


# -- what a kind does to the stock ----------------------------------------------------------------------------------


class Place(StrEnum):
    """The places stock can be, besides the site of the fact: every unit comes from somewhere and goes somewhere."""

    SITE = "site"
    OTHER_SITE = "other_site"
    PEOPLE = "people"
    SUPPLIER = "supplier"
    WASTE = "waste"
    COUNTED = "counted"
    ASSEMBLY = "assembly"
    """Between parts and kits: parts go in and kits come out, or the other way round."""


@dataclass(frozen=True)
class Move:
    """So many units of an item from one place to another. Without a lot the ledger takes the first to expire."""

    item: str
    quantity: int
    source: Place
    target: Place
    lot: uuid.UUID | None = None
    other_site: uuid.UUID | None = None


# -- how a kind shows itself in the visit composer -------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """One tap: a label and the payload values it stands for; `usual` are values that a detail may say otherwise."""

    key: str
    label: Text
    values: Mapping[str, Any]
    usual: Mapping[str, Any] = dataclass_field(default_factory=dict)


@dataclass(frozen=True)
class Detail:
    """A further field of the payload, folded under a row. `only` names the answers it belongs to; empty means every one.

    With `offering`, a field that names a place has those that offer the row's option to choose from.
    """

    field: str
    only: tuple[str, ...] = ()
    offering: bool = False


@dataclass(frozen=True)
class ItemLines:
    """Composer part: a stepper for each catalogue item, filling the list field `field`.

    `classes` are those it is for (empty: all), `besides` those that another kind hands out. `below` names further fields of
    the payload, behind the same tap as the other items: they say something of what was handed out and nothing alone.
    """

    field: str = "lines"
    classes: tuple[str, ...] = ()
    quick: tuple[int, ...] = (10, 20, 30, 50, 100)
    besides: tuple[str, ...] = ()
    below: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stepper:
    """Composer part: one number."""

    field: str
    hint: Text = ""
    fixed: Mapping[str, Any] = dataclass_field(default_factory=dict)


@dataclass(frozen=True)
class Matrix:
    """Composer part: a row for each option of `row`, one tap for each answer; every answered row is a fact of its own.

    `seldom` are answers behind one more tap, `details` fields behind the same one: nothing of them is in the way of a plain visit.
    """

    row: str
    shown: tuple[str, ...]
    answers: tuple[Answer, ...]
    seldom: tuple[Answer, ...] = ()
    details: tuple[Detail, ...] = ()
    fold: Text = ""
    """What the fold is called."""

    @property
    def every(self) -> tuple[Answer, ...]:
        """All answers, the seldom ones last."""
        return (*self.answers, *self.seldom)


@dataclass(frozen=True)
class Picks:
    """Composer part: several answers of a code list may be ticked; fills the tuple field `field`.

    `alone` names codes that exclude all others, such as “none” (`domain/exchange.md` 11, rule 8).
    """

    field: str
    shown: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fields:
    """Composer part: every field of the payload as an ordinary input. What a kind gets that says nothing."""


Part = ItemLines | Stepper | Matrix | Picks | Fields


@dataclass(frozen=True)
class Compose:
    """The kind's place in the composer: lower order is higher on the page.

    `folded` keeps it behind one tap. `where` names the kinds of site that offer it; empty means every kind. A site can
    choose its own list (`Site.kinds`), which then decides alone.
    """

    order: int
    title: Text
    part: Part = field(default_factory=Fields)
    folded: bool = False
    where: tuple[str, ...] = ()

    def is_offered(self, kind: str, site_kind: str, chosen: Sequence[str]) -> bool:
        """Whether a visit at a site of this kind, with this list of its own, offers to record it."""
        return kind in chosen if chosen else (not self.where or site_kind in self.where)


# -- the kind --------------------------------------------------------------------------------------------------------

P = TypeVar("P", bound=Payload)


@dataclass
class Kind(Generic[P]):
    """A fact kind. `KIND` in `kinds/<name>.py` of a room is the kind `<room>.<name>`."""

    title: Text
    payload: type[P]
    may: str
    sample: P
    explain: Text
    version: int = 1
    compose: Compose | None = None
    moves: Callable[[P], Sequence[Move]] | None = None
    upcasters: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = field(default_factory=dict)
    needs_encounter: bool = True
    fades: bool = False
    """Whether one outside a visit, of nobody with a code, loses worker and minute when contacts without a code do: it tells what somebody did or went through."""
    step_up: bool = False
    """Whether a person proves again who they are before recording one, replacing one, or taking one back."""
    may_correct: str = ""
    """A permission that is enough to correct one, besides `may`."""
    may_also: Callable[[P], str] | None = None
    """A permission that is enough for this payload, besides `may`; empty where there is none."""
    may_instead: str = ""
    """The permission that `may_also` may ask for: whoever holds it reaches the kind's address, and the door decides by the payload."""
    may_read: str = ""
    """A permission needed to read what somebody else recorded; empty where reading the visit is enough."""
    about: str = ""
    """Payload field that names the record this one speaks of; kept in an indexed column."""
    asks_about: bool = False
    """Whether the right is asked at the place of that record as well: ending something is no matter of another place."""
    sealed_fields: tuple[str, ...] = ()
    """Vault fields whose key is forgotten when a person is erased; the payload itself holds no identity."""
    key: str = field(default="", init=False)

    def bind_key(self, key: str) -> None:
        """Called by the registry with the key made from the file's name."""
        self.key = key

    def upcast(self, payload: Mapping[str, Any], version: int) -> dict[str, Any]:
        """A stored payload of an older version in today's shape; the stored row is never changed."""
        current = dict(payload)
        for step in range(version, self.version):
            current = self.upcasters[step](current)
        return current

    def parse(self, payload: Mapping[str, Any], version: int | None = None) -> P:
        """Validated payload; raises pydantic's ValidationError."""
        return self.payload.model_validate(self.upcast(payload, self.version if version is None else version))

    @property
    def needs_site(self) -> bool:
        """Whether it happened at a place: a visit, what is in it, and what moves stock. Without one nobody's rights would cover it."""
        return self.needs_encounter or self.moves is not None or self.key == "facts.encounter"

    @property
    def line_field(self) -> str | None:
        """Name of the list field whose entries become rows in the warehouse, if the kind has one."""
        for name, found in self.payload.model_fields.items():
            if line_model(found) is not None:
                return name
        return None


def line_model(found: FieldInfo) -> type[Line] | None:
    """The Line class of a list field, or None."""
    for argument in getattr(found.annotation, "__args__", ()):
        if isinstance(argument, type) and issubclass(argument, Line):
            return argument
    return None


def _kind_packages() -> list[tuple[str, str]]:
    return [(room.key, f"{room.package}.kinds") for room in rooms() if room.has_kinds]


KINDS: Registry[Kind[Any]] = Registry("KIND", Kind, _kind_packages)
"""Every kind of every room."""
