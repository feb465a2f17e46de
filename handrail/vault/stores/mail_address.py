"""Where a parcel goes. For the team that packs it, and gone soon after."""

from django.utils.translation import gettext_lazy as _

from handrail.vault.spec import SealedField, SealedStore
from handrail.vault.values import MAIL_DAYS

STORE = SealedStore(
    title=_("Postal address"),
    explain=_("For the team that packs the parcel, and for nobody else. It goes by itself; next time they give it again."),
    fields={
        "name": SealedField(_("Name on the parcel"), _("Any name that the post will deliver to"), longest=120, is_required=True),
        "address": SealedField(_("Address"), longest=400, lines=4, is_required=True),
        "note": SealedField(_("For whoever delivers"), longest=200),
    },
    writers=frozenset({"outreach", "nurse", "mail_team"}),
    readers=frozenset({"mail_team"}),
    purposes={"pack": _("To pack a parcel"), "returned": _("A parcel came back"), "correct": _("To check or correct it with them")},
    keep_days=MAIL_DAYS, most_days=60,
)
