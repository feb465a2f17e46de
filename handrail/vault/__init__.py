"""The vault: what could hurt somebody, each record locked with a key of its own, opened one at a time and never in a list."""

from django.utils.translation import gettext_lazy as _

from handrail.kernel.rooms import NavGroup, NavItem, Room

ROOM = Room(
    key="vault",
    title=_("Locked away"),
    package="handrail.vault",
    roles={
        "outreach": {"vault.use", "keys.lock"},
        "nurse": {"vault.use", "keys.lock"},
        "peer": {"keys.lock"},
        "mail_team": {"vault.use", "keys.lock"},
        "identity_custodian": {"vault.use", "keys.lock", "keys.manage"},
        "coordinator": {"vault.use", "keys.lock", "keys.manage"},
        "administrator": {"keys.lock", "keys.manage"},
        "auditor": {"keys.lock"},
    },
    nav=(NavItem(_("Keys"), "keys", "keys.lock", NavGroup.RUNNING),),
    shielded=frozenset({"vault.use"}),
)
