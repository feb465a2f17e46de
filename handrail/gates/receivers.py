"""What a receiver calls our numbers and places: a mapping file, in TOML."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Mapping(BaseModel):
    """A whole mapping file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str = ""
