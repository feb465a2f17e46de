"""How a person wants to be reached, if they want to be."""

from django.utils.translation import gettext_lazy as _

from handrail.vault.spec import SealedField, SealedStore
from handrail.vault.values import CONTACT_DAYS

STORE = SealedStore(
    title=_("How to reach them"),
    explain=_("Only a way they chose themselves. Nothing we send names a drug, a service or us, unless they want it to."),
    fields={
        "phone": SealedField(_("Telephone"), longest=40),
        "messenger": SealedField(_("Messenger, e-mail or another way"), longest=120),
        "through": SealedField(_("Through whom or where"), _("Such as a friend, a shelter, a place they come by"), longest=200),
        "how": SealedField(_("How to speak"), _("When, under which name, what never to say"), longest=500, lines=3),
    },
    writers=frozenset({"outreach", "nurse"}),
    readers=frozenset({"outreach", "nurse"}),
    purposes={
        "asked_to": _("They asked us to get in touch"), "result": _("A result they are waiting for"), "recall": _("Something we gave them is recalled"),
        "danger": _("A danger they must hear of today"), "correct": _("To check or correct it with them"),
    },
    keep_days=CONTACT_DAYS, use_extends=True, most_days=366,
)
