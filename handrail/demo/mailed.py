"""Orders by mail in the demonstration, one just come and not answered, one to pack, one in the post. Everybody is invented."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from datetime import datetime

from handrail.demo.naloxone import SPRAY
from handrail.facts import setting_changes
from handrail.facts.models import Site
from handrail.kernel.access import Actor
from handrail.ledgers.stock import commands as stock
from handrail.services.naloxone import mail_orders
from handrail.services.naloxone.mail_codes import MailStepTo
from handrail.services.naloxone.values import MAIL_RETURN_ADDRESS

ORDERS = (
    # word, kits, how it came, what they said, address, days ago, steps
    ("heron-4", 1, "letter", {"have_naloxone_now": "no", "training": "leaflet"}, ("R. Heron (invented)", "P.O. Box 12 (invented)\nRiverside"), 4, ()),
    ("moth-7", 2, "phone", {"overdosed_or_witnessed_past_year": "yes", "training": "video", "language": "sw"}, ("Mo (invented)", "House 3, Mill Lane (invented)\nRiverside"), 2, (MailStepTo.APPROVED,)),
    (
        "reed-2", 1, "message", {"shipping": "tracked", "training": "call", "area": "riverside"}, ("To the one upstairs (invented)", "House 9, Ferry Road (invented)\nRiverside"), 6,
        (MailStepTo.APPROVED, MailStepTo.PACKED, MailStepTo.SHIPPED),
    ),
)


def load(system: Actor, team: Actor, store: Site, post: Site, moment: Callable[[int], datetime]) -> None:
    """A shelf for the mail team, a return address, and three orders."""
    made = random.Random("orders by mail")
    stock.transfer(actor=system, source=store, target=post, quantities={SPRAY: 24}, occurred_at=moment(-7))
    setting_changes.set_value(
        actor=system, value=MAIL_RETURN_ADDRESS, typed="P.O. Box 40 (invented) / Riverside", site=post, valid_from=post.today, source="The demonstration",
    )

    def id() -> uuid.UUID:
        return uuid.UUID(int=made.getrandbits(128), version=4)

    for word, kits, came_by, said, (name, address), days, steps in ORDERS:
        order = id()
        mail_orders.take(
            actor=team, site=post, id=order, said={"handle": word, "item": SPRAY, "quantity": kits, "came_by": came_by, **said},
            address={"name": name, "address": address}, occurred_at=moment(-days),
        )
        for after, step in enumerate(steps, 1):
            mail_orders.go_on(actor=team, order=order, to=step, id=id(), occurred_at=moment(after - days))
