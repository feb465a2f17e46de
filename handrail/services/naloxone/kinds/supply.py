"""Kits were handed to one recipient (`domain/naloxone.md` 4). No name, code or training is ever a condition."""

from __future__ import annotations

import uuid
from typing import Self

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from pydantic import model_validator

from handrail.facts.spec import Codes, Compose, ItemLines, Kind, Line, Move, Payload, Place, Privacy, info
from handrail.services.naloxone.codes import (
    HandedOut,
    KitCode,
    PreviousFrom,
    Recipient,
    RepeatReason,
    RiskConsent,
    SourceClass,
    SupplyType,
    Trained,
)


class LotReason(Codes):
    """Why another lot than the first to expire was taken."""

    CODE_ON_KIT = "code_on_kit", _("The code on the kit says so")
    LEAFLET_LANGUAGE = "leaflet_language", _("Leaflet in their language")
    PERSON_CHOSE = "person_chose", _("The person chose it")
    ONLY_EXPIRED = "only_expired", _("There was nothing else, and they were told that it expired")
    AT_HAND = "at_hand", _("It was the one at hand")
    OTHER = "other", _("Another reason")


class SupplyLine(Line):
    """So many units of an item: kits, or single doses where the item is one. Without a lot the first to expire go."""

    item: str = info(_("Item"), privacy=Privacy.OPERATIONAL)
    quantity: int = info(_("Quantity"), privacy=Privacy.OPERATIONAL, ge=1, le=10_000)
    lot: uuid.UUID | None = info(_("Lot"), privacy=Privacy.OPERATIONAL, default=None)
    lot_reason: LotReason | None = info(_("Why this lot"), privacy=Privacy.OPERATIONAL, default=None)
    kit_codes: tuple[KitCode, ...] = info(_("Codes on the kits"), privacy=Privacy.OPERATIONAL, default=(), max_length=200)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.lot is not None and self.lot_reason is None:
            raise ValueError(_t("Say why you take this lot and not the first to expire."))
        if len(set(self.kit_codes)) != len(self.kit_codes):
            raise ValueError(_t("A code is there twice."))
        if len(self.kit_codes) > self.quantity:
            raise ValueError(_t("There are more codes than kits."))
        return self


class Supply(Payload):
    """One hand-over to one recipient."""

    lines: tuple[SupplyLine, ...] = info(_("Naloxone"), privacy=Privacy.OPERATIONAL, min_length=1)
    supply_type: SupplyType = info(_("First kit?"), privacy=Privacy.PERSONAL, default=SupplyType.UNKNOWN)
    repeat_reason: RepeatReason | None = info(_("What became of the one before"), privacy=Privacy.PERSONAL, default=None)
    recipient_kind: Recipient = info(_("For whom"), privacy=Privacy.PERSONAL, default=Recipient.PERSON_AT_RISK)
    risk_person_consent: RiskConsent = info(
        _("The person at risk agreed"), privacy=Privacy.PERSONAL, default=RiskConsent.NOT_RECORDED, help_text=_("Only where somebody else carries it for them")
    )
    trained: Trained | None = info(_("Training"), privacy=Privacy.OPERATIONAL, default=None, help_text=_("Offered, never a condition"))
    previous_kit_from: PreviousFrom | None = info(_("Where the one before came from"), privacy=Privacy.OPERATIONAL, default=None)
    channel: HandedOut | None = info(_("How it was handed out"), privacy=Privacy.OPERATIONAL, default=None, help_text=_("Empty: as this place does"))
    source_class: SourceClass | None = info(_("Sort of outlet"), privacy=Privacy.OPERATIONAL, default=None, help_text=_("Empty: as this place is"))
    qr_given: bool = info(_("Kits carry a code to report by"), privacy=Privacy.OPERATIONAL, default=False)
    expired_notice: bool = info(_("Expired, and they were told"), privacy=Privacy.OPERATIONAL, default=False)
    replaces_report: uuid.UUID | None = info(_("Replaces the kit of this report"), privacy=Privacy.PERSONAL, default=None)

    @model_validator(mode="after")
    def _reason_belongs_to_a_repeat(self) -> Self:
        if self.repeat_reason is not None and self.supply_type == SupplyType.FIRST:
            raise ValueError(_t("A first kit has none before it."))
        return self


KIND = Kind(
    title=_("Naloxone given"),
    explain=_("Kits or doses of naloxone that were handed to one recipient. Expired or recalled ones are not handed out."),
    payload=Supply,
    may="naloxone.give",
    sample=Supply(
        lines=(SupplyLine(item="naloxone-nasal-4mg", quantity=2),), supply_type=SupplyType.REPEAT,
        repeat_reason=RepeatReason.USED_ON_OTHER, trained=Trained.ALREADY_TRAINED, channel=HandedOut.OUTREACH, qr_given=True,
    ),
    compose=Compose(
        order=45, title=_("Naloxone"),
        part=ItemLines(
            classes=("naloxone",), quick=(1, 2, 3),
            below=("supply_type", "repeat_reason", "recipient_kind", "risk_person_consent", "trained", "previous_kit_from", "channel", "source_class", "qr_given"),
        ),
    ),
    moves=lambda p: [Move(line.item, line.quantity, Place.SITE, Place.PEOPLE, lot=line.lot) for line in p.lines],
    about="replaces_report",
)
