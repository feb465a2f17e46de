"""Codes were put on kits of a lot, so that each can be followed by itself. Programmes that follow lots alone never need it."""

from __future__ import annotations

import uuid
from typing import Self

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from pydantic import model_validator

from handrail.facts.spec import Kind, Payload, Privacy, info
from handrail.services.naloxone.codes import KitCode


class Labelled(Payload):
    """Which codes, on kits of which lot."""

    item: str = info(_("Item"), privacy=Privacy.OPERATIONAL)
    lot: uuid.UUID = info(_("Lot"), privacy=Privacy.OPERATIONAL)
    kit_codes: tuple[KitCode, ...] = info(_("Codes on the kits"), privacy=Privacy.OPERATIONAL, min_length=1, max_length=1000)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.kit_codes)) != len(self.kit_codes):
            raise ValueError(_t("A code is there twice."))
        return self


KIND = Kind(
    title=_("Codes put on kits"),
    explain=_("Codes were put on kits of a lot that are in the store."),
    payload=Labelled,
    may="naloxone.give",
    sample=Labelled(item="naloxone-nasal-4mg", lot=uuid.UUID(int=3), kit_codes=("NX-0417", "NX-0418")),
    needs_encounter=False,
)
