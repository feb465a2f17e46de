"""A lot was recalled: from this moment nobody takes it from a shelf by itself."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext_lazy as _

from handrail.facts.spec import Codes, Kind, Line, Payload, Privacy, info


class Severity(Codes):
    """How dangerous it is, as the source of the recall says."""

    DANGEROUS = "dangerous", _("Could seriously harm or kill")
    HARMFUL = "harmful", _("Could do harm that passes")
    UNLIKELY = "unlikely", _("Unlikely to do harm")


class RecalledLine(Line):
    """One lot. A kit lot names the recalled lot inside it."""

    item: str = info(_("Item"), privacy=Privacy.OPERATIONAL)
    lot: uuid.UUID = info(_("Lot"), privacy=Privacy.OPERATIONAL)
    via: uuid.UUID | None = info(_("Because of the lot inside"), privacy=Privacy.OPERATIONAL, default=None)


class Recalled(Payload):
    """Which lots, who says so, how dangerous."""

    severity: Severity = info(_("How dangerous"), privacy=Privacy.OPERATIONAL)
    source_reference: str = info(
        _("Number of the notice"), privacy=Privacy.OPERATIONAL, min_length=1, max_length=80,
        help_text=_("As the maker or the authority wrote it, such as FSN-2026-118."),
    )
    lines: tuple[RecalledLine, ...] = info(_("Lots"), privacy=Privacy.OPERATIONAL, min_length=1)


KIND = Kind(
    title=_("Lot recalled"),
    explain=_("The maker or an authority called a lot back; it stays on hold until the recall is lifted."),
    payload=Recalled,
    may="stock.recall",
    sample=Recalled(
        severity=Severity.HARMFUL, source_reference="FSN-2026-118", lines=(RecalledLine(item="syringe-1ml-29g", lot=uuid.UUID(int=3)),)
    ),
    needs_encounter=False,
)
