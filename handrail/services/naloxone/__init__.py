"""Community management of overdose: kits from the lot to the person, what happened when one was used, and the way back."""

from django.utils.translation import gettext_lazy as _

from handrail.kernel.rooms import NavGroup, NavItem, Room

ROOM = Room(
    key="naloxone",
    title=_("Naloxone"),
    package="handrail.services.naloxone",
    roles={
        "outreach": {"naloxone.give", "naloxone.report"},
        "nurse": {"naloxone.give", "naloxone.report"},
        "peer": {"naloxone.give", "naloxone.report"},
        "coordinator": {"naloxone.report", "naloxone.review", "naloxone.overview", "naloxone.kits"},
        "mail_team": {"naloxone.mail"},
        "storekeeper": {"naloxone.overview", "naloxone.kits"},
    },
    nav=(
        NavItem(_("Naloxone"), "naloxone:more", "naloxone.report"),
        NavItem(_("Orders by mail"), "mail:orders", "naloxone.mail", every_day=True),
        NavItem(_("Naloxone in numbers"), "naloxone:overview", "naloxone.overview", NavGroup.STOCK),
    ),
    shielded=frozenset({"naloxone.give", "naloxone.report", "naloxone.review", "naloxone.overview", "naloxone.mail"}),
)
