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
        "coordinator": {"naloxone.report", "naloxone.overview", "naloxone.kits"},
        "storekeeper": {"naloxone.overview", "naloxone.kits"},
    },
    nav=(
        NavItem(_("Naloxone"), "naloxone:more", "naloxone.report"),
        NavItem(_("Naloxone in numbers"), "naloxone:overview", "naloxone.overview", NavGroup.STOCK),
    ),
    shielded=frozenset({"naloxone.give", "naloxone.report", "naloxone.overview"}),
)
