"""What is recorded, and why: every kind and indicator of this installation, from their own files."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render

from handrail.facts.spec import KINDS, Privacy, Text, field_info, line_model
from handrail.insight.spec import INDICATORS
from handrail.kernel.access import SIGNED_IN, ActorRequest, may


@dataclass(frozen=True)
class FieldEntry:
    """A payload field in words."""

    name: str
    label: str
    privacy: str
    needed: bool


@dataclass(frozen=True)
class KindEntry:
    """A kind in words."""

    key: str
    title: Text
    explain: Text
    version: int
    fields: list[FieldEntry]


def kind_entries() -> list[KindEntry]:
    """Every kind of every room, in the order of keys."""
    return [KindEntry(k.key, k.title, k.explain, k.version, _fields(k.payload)) for k in KINDS]


def _fields(model: type, prefix: str = "") -> list[FieldEntry]:
    found: list[FieldEntry] = []
    for name, info in model.model_fields.items():  # type: ignore[attr-defined]
        said = field_info(model, name)
        found.append(FieldEntry(prefix + name, said["label"], Privacy(said["privacy"]).value, info.is_required()))
        line = line_model(info)
        if line is not None:
            found.extend(_fields(line, f"{prefix}{name}."))
    return found


@may(SIGNED_IN)
def reference(request: ActorRequest) -> HttpResponse:
    """The page of all kinds and indicators."""
    return render(request, "console/reference.html", {"kinds": kind_entries(), "indicators": list(INDICATORS)})
