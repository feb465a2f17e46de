"""Somebody of the staff looked at two reports: both tell of one overdose, or not after all (`domain/naloxone.md` 11.8). Never merged by a guess."""

from __future__ import annotations

import uuid
from typing import Self

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from pydantic import model_validator

from handrail.facts.spec import Kind, Payload, Privacy, info


class SameEvent(Payload):
    """Which report tells again what another tells. Both stay readable; the other counts. What was said last of a report holds."""

    report: uuid.UUID = info(_("Report"), privacy=Privacy.OPERATIONAL)
    same_as: uuid.UUID | None = info(
        _("Tells of the same overdose as"), privacy=Privacy.OPERATIONAL, default=None, help_text=_("Empty: it tells of an overdose of its own")
    )

    @model_validator(mode="after")
    def _are_two(self) -> Self:
        if self.report == self.same_as:
            raise ValueError(_t("A report cannot be told a second time by itself."))
        return self


KIND = Kind(
    title=_("Two reports of one overdose"),
    explain=_("Two reports tell of one overdose, so it counts once. Decided by somebody who read both, and it can be undone."),
    payload=SameEvent,
    may="naloxone.review",
    sample=SameEvent(report=uuid.UUID(int=7), same_as=uuid.UUID(int=8)),
    needs_encounter=False,
    fades=True,
    about="report",
)
