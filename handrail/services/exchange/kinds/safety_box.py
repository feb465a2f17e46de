"""What became of a safety box for used equipment that we own (`domain/exchange.md` 5). Its place is that of its site."""

from __future__ import annotations

from typing import Self

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from pydantic import model_validator

from handrail.facts.spec import Codes, Kind, Payload, Privacy, info


class BoxState(Codes):
    """How it stands."""

    INSTALLED = "installed", _("Installed")
    FULL = "full", _("Full")
    EMPTIED = "emptied", _("Emptied")
    DAMAGED = "damaged", _("Damaged")
    REMOVED = "removed", _("Removed")


FOLLOWS: dict[str, frozenset[str]] = {
    "": frozenset({"installed"}),
    "installed": frozenset({"full", "emptied", "damaged", "removed"}),
    "full": frozenset({"emptied", "damaged", "removed"}),
    "emptied": frozenset({"full", "emptied", "damaged", "removed"}),
    "damaged": frozenset({"emptied", "removed", "installed"}),
    "removed": frozenset({"installed"}),
}
"""What may follow what; the empty state is a box nobody recorded yet. Emptied and repaired boxes go on in use."""


class SafetyBoxState(Payload):
    """One change. How many were in it is an estimate, kept when it is emptied."""

    asset: str = info(_("Code on the box"), privacy=Privacy.OPERATIONAL, pattern=r"^[A-Za-z0-9-]{1,20}$")
    state: BoxState = info(_("State"), privacy=Privacy.OPERATIONAL)
    estimated_count: int | None = info(_("Syringes in it, estimated"), privacy=Privacy.OPERATIONAL, default=None, ge=0, le=1_000_000)

    @model_validator(mode="after")
    def _count_when_emptied(self) -> Self:
        if self.estimated_count is not None and self.state != BoxState.EMPTIED:
            raise ValueError(_t("How many were in it is written when the box is emptied."))
        return self


KIND = Kind(
    title=_("Safety box"),
    explain=_("A safety box was installed, is full, was emptied, is damaged or was removed."),
    payload=SafetyBoxState,
    may="exchange.record",
    sample=SafetyBoxState(asset="BOX-07", state=BoxState.EMPTIED, estimated_count=320),
    needs_encounter=False,
)
