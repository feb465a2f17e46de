"""From facts to numbers that can be defended: warehouse, indicators, disclosure control."""

from django.utils.translation import gettext_lazy as _

from handrail.kernel.rooms import NavGroup, NavItem, Room

ROOM = Room(
    key="insight",
    title=_("Numbers"),
    package="handrail.insight",
    roles={"coordinator": {"numbers.read", "numbers.share", "numbers.enter"}},
    nav=(
        NavItem(_("Quarter"), "quarter-now", "numbers.read", NavGroup.STOCK, every_day=True),
        NavItem(_("Reports due"), "reports", "numbers.read", NavGroup.STOCK, every_day=True),
        NavItem(_("Releases"), "releases", "numbers.read", NavGroup.STOCK),
        NavItem(_("Estimates and targets"), "estimates", "numbers.read", NavGroup.STOCK),
    ),
)
