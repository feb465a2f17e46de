"""Reads the forms of a page as a browser does: fields, what stands in them, what a tap on the button would send."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import quote_plus, urlsplit

from django.test import Client
from django.urls import resolve

TYPED = {"text", "search", "number", "date", "time", "tel", "email", "url", "password", "datetime-local", "month", "week", "textarea"}
"""Sorts of fields that somebody types into; every other is chosen or hidden."""
_ITEM = re.compile(r"^((?:q|part|found|added)-|exchange.given:)[a-z0-9]+(?:-[a-z0-9]+)*$")
_TICK = re.compile(r"^(exchange\.[a-z_]+:[a-z_]+):.*$")
_BAND = re.compile(r"^band-.*")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<![a-z0-9])\d+(?![a-z0-9])")


@dataclass
class Field:
    """One field; several boxes or buttons of one name are one field."""

    name: str
    sort: str
    value: str = ""
    options: list[str] = field(default_factory=list)
    chosen: list[str] = field(default_factory=list)

    @property
    def family(self) -> str:
        """The name without the lot, line, item or band it is for."""
        return _TICK.sub(r"\1:*", _BAND.sub("band-*", _ITEM.sub(r"\1*", _ID.sub("#", self.name))))

    @property
    def is_typed(self) -> bool:
        """Whether somebody types into it."""
        return self.sort in TYPED

    def sends(self) -> list[str]:
        """What it sends untouched; a choice that must be made is the first one that is not empty."""
        if self.sort in {"select", "radio"}:
            return self.chosen[:1] or [value for value in self.options if value][:1] or self.options[:1]
        return self.chosen if self.sort == "checkbox" else [] if self.sort == "file" else [self.value]


@dataclass
class Form:
    """One form that is posted."""

    action: str
    fields: dict[str, Field] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    @property
    def route(self) -> str:
        """Name of the address it is sent to."""
        return resolve(urlsplit(self.action).path).view_name

    @property
    def key(self) -> str:
        """The same for the same form of another page or line: where it goes and what it asks."""
        names = sorted({found.family for found in self.fields.values()})
        said = [f"{name}={self.fields[name].value}" for name in ("how", "what", "do") if name in self.fields and self.fields[name].sort == "hidden"]
        return f"{self.route}({' '.join(said + names)})"

    def sends(self, filled: dict[str, object]) -> dict[str, list[str]]:
        """Every field as a browser would send it, with what was filled in."""
        sent: dict[str, list[str]] = {}
        families: set[str] = set()
        for name, found in self.fields.items():
            sent[name] = found.options[:1] if found.sort == "select" and found.family in families else found.sends()
            families.add(found.family)
        if self.buttons and all(name for name, _value in self.buttons):
            name, value = self.buttons[0]
            sent[name] = [value]
        buttons = {button for button, _value in self.buttons}
        for name, value in filled.items():
            first = next((known for known, found in self.fields.items() if name in {known, found.family}), name if name in buttons else "")
            if first:
                sent[first] = [str(one) for one in value] if isinstance(value, list) else [str(value)]
        return {name: values for name, values in sent.items() if values}


class _Reader(HTMLParser):
    def __init__(self, address: str) -> None:
        super().__init__()
        self.address, self.forms, self.words = address, [], []
        self._form: Form | None = None
        self._open: Field | None = None
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attributes}
        self.words += said.values()
        self.tags.append(tag)
        if tag == "form":
            self._form = Form(said.get("action") or self.address) if said.get("method") == "post" else None
            if self._form is not None:
                self.forms.append(self._form)
        if self._form is None:
            return
        name = said.get("name", "")
        if tag == "button" and said.get("type", "submit") == "submit":
            self._form.buttons.append((name, said.get("value", "")))
        elif tag == "option" and self._open is not None:
            self._open.options.append(said.get("value", ""))
            self._open.chosen += [said["value"]] if "selected" in said else []
        elif tag in {"input", "select", "textarea"} and name not in {"", "csrfmiddlewaretoken"}:
            sort = said.get("type", "text") if tag == "input" else tag
            found = self._form.fields.setdefault(name, Field(name, sort, said.get("value", "")))
            self._open = found if tag != "input" else None
            if sort in {"radio", "checkbox"}:
                found.options.append(said.get("value", "on"))
                found.chosen += [said.get("value", "on")] if "checked" in said else []

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        if tag in {"select", "textarea"}:
            self._open = None

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._open is not None and self._open.sort == "textarea":
            self._open.value += data


def read(page: str, address: str = "/") -> _Reader:
    """The forms, words and tags of a page."""
    reader = _Reader(address)
    reader.feed(page)
    reader.close()
    return reader


def plain(text: str) -> str:
    """A text without spaces around it; what else is changed on the way is a fault. Lines end as a browser reads them."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def post(client: Client, address: str, sent: dict[str, list[str]]):
    """Send a form byte for byte, half a surrogate pair too, which no ordinary client could."""
    def packed(text: str) -> str:
        return quote_plus(text.encode("utf-8", "surrogatepass"))

    body = "&".join(f"{packed(name)}={packed(value)}" for name, values in sent.items() for value in values)
    return client.post(address, body, content_type="application/x-www-form-urlencoded")
