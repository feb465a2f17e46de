"""Where the parcel of an order goes, and how its person is reached. For the mail team alone, and gone soon after the parcel arrived."""

from __future__ import annotations

import uuid
from datetime import date

from django.utils.translation import gettext_lazy as _

from handrail.services.naloxone.mail_models import MailOrder
from handrail.services.naloxone.values import MAIL_ADDRESS_DAYS
from handrail.vault.spec import SealedField, SealedStore, Subject


def _is_known(order: uuid.UUID) -> bool:
    return MailOrder.objects.filter(order=order).exists()


def _ended_on(order: uuid.UUID) -> date | None:
    """The day the order ended; long ago where there is no such order any more, None while it is under way."""
    return MailOrder.objects.filter(order=order).values_list("ended_on", flat=True).first() if _is_known(order) else date.min


STORE = SealedStore(
    title=_("Address of an order"),
    explain=_("For the mail team and for nobody else. It is locked away, and goes by itself some days after the parcel arrived."),
    fields={
        "name": SealedField(_("Name on the parcel"), _("Any name that the post will deliver to"), longest=120, is_required=True),
        "address": SealedField(_("Address"), longest=400, lines=4, is_required=True),
        "note": SealedField(_("For whoever delivers"), longest=200),
        "contact": SealedField(_("How to reach them"), _("Only a way they chose. What we send names no drug."), longest=120),
        "quiet": SealedField(_("When not to"), _("Hours in which no call or message should come"), longest=120),
    },
    writers=frozenset({"mail_team"}),
    readers=frozenset({"mail_team"}),
    purposes={
        "pack": _("To pack the parcel"), "reach": _("To answer them"), "returned": _("The parcel came back"), "correct": _("To check or correct it with them"),
    },
    keep_days=MAIL_ADDRESS_DAYS, most_days=120, subject=Subject(_is_known, _ended_on),
)
