"""Code lists of orders by mail (`domain/naloxone.md` 9). Codes are stable, labels translated."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.facts.spec import Codes


class MailState(Codes):
    """How far an order is. The first one is the order itself; every other is a step of its own."""

    RECEIVED = "received", _("New")
    APPROVED = "approved", _("Agreed")
    PACKED = "packed", _("Packed")
    SHIPPED = "shipped", _("In the post")
    DELIVERED = "delivered", _("Arrived")
    RETURNED = "returned", _("Came back")
    CANCELLED = "cancelled", _("Cancelled")


class MailStepTo(Codes):
    """What a step says."""

    APPROVED = "approved", _("Agreed with the person")
    PACKED = "packed", _("Packed")
    SHIPPED = "shipped", _("Brought to the post")
    DELIVERED = "delivered", _("It arrived")
    RETURNED = "returned", _("It came back")
    CANCELLED = "cancelled", _("Cancelled")


class Packaging(Codes):
    """Nothing outside says what is inside."""

    PLAIN = "plain", _("Plain")


class Shipping(Codes):
    """Whether the post says where the parcel is. Tracking often asks for a name or a telephone number."""

    UNTRACKED = "untracked", _("Without tracking")
    TRACKED = "tracked", _("With tracking")


class MailTraining(Codes):
    """How they want to learn it. Offered, never a condition."""

    LEAFLET = "leaflet", _("The leaflet in the parcel")
    VIDEO = "video", _("On their own phone")
    CALL = "call", _("A call")


class CameBy(Codes):
    """How the order reached us."""

    PHONE = "phone", _("Telephone")
    LETTER = "letter", _("Letter")
    MESSAGE = "message", _("Message")
    IN_PERSON = "in_person", _("In person")
