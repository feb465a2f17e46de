"""Somebody's name, where a law or a letter needs it. Off unless the programme switches it on."""

from django.utils.translation import gettext_lazy as _

from handrail.vault.spec import SealedField, SealedStore
from handrail.vault.values import IDENTITY_DAYS, KEEP_NAMES

STORE = SealedStore(
    title=_("Name"),
    explain=_("Only where a law or a letter needs it. Ask yourself first what it is for."),
    fields={
        "name": SealedField(_("Name as it stands on papers"), longest=120, is_required=True),
        "born_on": SealedField(_("Day of birth"), longest=20),
        "document": SealedField(_("Document"), _("Kind and number, if the letter needs it"), longest=80),
        "notes": SealedField(_("Notes"), longest=1500, lines=5),
    },
    writers=frozenset({"nurse", "identity_custodian"}),
    readers=frozenset({"nurse", "identity_custodian"}),
    purposes={
        "letter": _("To write a letter they asked for"), "law": _("The law asks for it here"), "label": _("To print a label"),
        "correct": _("To check or correct it with them"),
    },
    keep_days=IDENTITY_DAYS, use_extends=True, most_days=3660, is_optional=KEEP_NAMES,
)
