"""Stock: items, lots with expiry, and moves from one place to another that always sum to zero."""

from django.utils.translation import gettext_lazy as _

from handrail.kernel.rooms import NavGroup, NavItem, Room

ROOM = Room(
    key="stock",
    title=_("Stock"),
    package="handrail.ledgers.stock",
    roles={
        "outreach": {"stock.read"},
        "nurse": {"stock.read"},
        "storekeeper": {
            "stock.read", "stock.receive", "stock.transfer", "stock.count", "stock.write_off", "stock.recall", "stock.assemble", "stock.order",
            "stock.catalogue",
        },
        "coordinator": {"stock.read", "stock.count", "stock.write_off", "stock.recall", "stock.order", "stock.funds"},
        "finance": {"stock.read", "stock.funds"},
        "administrator": {"stock.read", "stock.catalogue"},
    },
    nav=(NavItem(_("Stock"), "stock", "stock.read", NavGroup.STOCK, every_day=True),),
)
