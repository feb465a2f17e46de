"""Stock: items, lots with expiry, and moves from one place to another that always sum to zero."""

from django.utils.translation import gettext_lazy as _

from handrail.kernel.rooms import NavItem, Room

ROOM = Room(
    key="stock",
    title=_("Stock"),
    package="handrail.ledgers.stock",
    roles={
        "outreach": {"stock.read"},
        "nurse": {"stock.read"},
        "storekeeper": {"stock.read", "stock.receive", "stock.transfer", "stock.count"},
        "coordinator": {"stock.read", "stock.count"},
    },
    nav=(NavItem(_("Stock"), "stock", "stock.read"),),
)
