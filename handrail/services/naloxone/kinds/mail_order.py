"""Somebody asked for kits by mail (`domain/naloxone.md` 9). Where the parcel goes stands in a sealed store, never here."""

from __future__ import annotations

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from pydantic import field_validator

from handrail.facts.spec import Kind, Payload, Privacy, info
from handrail.services.naloxone.codes import YesNoUnknown
from handrail.services.naloxone.mail_codes import CameBy, MailTraining, Packaging, Shipping

MOST_DIGITS = 4
"""A word with more digits than this may be a telephone number."""


class MailOrder(Payload):
    """What was asked for. Facts are for ever, so nothing here says who it is or where they live."""

    handle: str = info(
        _("A word for this order"), privacy=Privacy.OPERATIONAL, max_length=24,
        help_text=_("Such as moth-7. One word with a digit, chosen by the person. Never a name, never a number one can call."),
    )
    item: str = info(_("What"), privacy=Privacy.OPERATIONAL)
    quantity: int = info(_("How many"), privacy=Privacy.OPERATIONAL, default=1, ge=1, le=200)
    came_by: CameBy = info(_("How the order came"), privacy=Privacy.OPERATIONAL, default=CameBy.PHONE)
    language: str | None = info(
        _("Language"), privacy=Privacy.OPERATIONAL, default=None, pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", help_text=_("Its code, such as en, es, sw")
    )
    packaging: Packaging = info(_("Packaging"), privacy=Privacy.OPERATIONAL, default=Packaging.PLAIN)
    shipping: Shipping = info(_("How it is sent"), privacy=Privacy.OPERATIONAL, default=Shipping.UNTRACKED)
    training: MailTraining = info(_("How they learn it"), privacy=Privacy.OPERATIONAL, default=MailTraining.LEAFLET, help_text=_("Offered, never a condition"))
    have_naloxone_now: YesNoUnknown = info(_("Do they have naloxone now?"), privacy=Privacy.PERSONAL, default=YesNoUnknown.UNKNOWN)
    overdosed_or_witnessed_past_year: YesNoUnknown = info(
        _("Did they overdose, or see an overdose, within a year?"), privacy=Privacy.PERSONAL, default=YesNoUnknown.UNKNOWN
    )
    area: str | None = info(
        _("Area"), privacy=Privacy.PERSONAL, default=None, max_length=40, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", help_text=_("Its code, never an address")
    )

    @field_validator("handle")
    @classmethod
    def _is_no_name(cls, handle: str) -> str:
        digits = sum(sign.isdigit() for sign in handle)
        if not digits or not all(sign.isalnum() or sign == "-" for sign in handle):
            raise ValueError(_t("Use one word with a digit in it, such as moth-7, and no name."))
        if digits > MOST_DIGITS:
            raise ValueError(_t("That could be a number to call. Use a word with one or two digits, such as moth-7."))
        return handle


KIND = Kind(
    title=_("Order by mail"),
    explain=_("Somebody asked for naloxone by mail. The address is locked away and stands in no record."),
    payload=MailOrder,
    may="naloxone.mail",
    sample=MailOrder(handle="moth-7", item="naloxone-nasal-4mg", quantity=2, language="en", area="riverside"),
    needs_encounter=False,
    fades=True,
)
