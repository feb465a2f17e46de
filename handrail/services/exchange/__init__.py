"""Needle and syringe programme: what was given, what came back, tests offered, boxes, stops, and care."""

from django.utils.translation import gettext_lazy as _

from handrail.kernel.rooms import NavItem, Room

ROOM = Room(
    key="exchange",
    title=_("Exchange"),
    package="handrail.services.exchange",
    roles={
        "outreach": {"exchange.record", "exchange.test"},
        "nurse": {"exchange.record", "exchange.test", "exchange.test.follow", "exchange.report"},
        "peer": {"exchange.record"},
        "coordinator": {"exchange.report"},
    },
    nav=(
        NavItem(_("Exchange"), "exchange:more", "exchange.record", every_day=True),
        NavItem(_("Tests to finish"), "exchange:open-tests", "exchange.test.follow"),
    ),
    shielded=frozenset({"exchange.record", "exchange.test", "exchange.test.follow", "exchange.report"}),
)
