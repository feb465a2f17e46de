"""What tests of orders by mail share: kits at a place, somebody of the mail team, an order with an address."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import connection
from django.test import Client

from handrail.kernel import ids
from handrail.ledgers.stock import commands as stock
from handrail.services.naloxone import mail_orders
from handrail.services.naloxone.mail_codes import MailStepTo
from handrail.services.naloxone.mail_models import MailOrder
from handrail.services.naloxone.tests.helpers import NASAL, actor, fill_store
from tests.signing_in import browser, sign_in

ADDRESS = {"name": "Quillon Marsh", "address": "Thistlewood Lane 47\n00100 Brambleton", "note": "Behind the kiosk", "contact": "0799 471147", "quiet": "Not before noon"}
WORDS = ("Quillon", "Thistlewood", "Brambleton", "Behind the kiosk", "471147", "Not before noon")
SAID = {"handle": "moth-7", "item": NASAL, "quantity": 2, "area": "harbour-area", "language": "en"}
STEPS = (MailStepTo.APPROVED, MailStepTo.PACKED, MailStepTo.SHIPPED, MailStepTo.DELIVERED)


def stocked(world: Any, kits: int = 60) -> Any:
    """Kits of one lot at the van, where the mail team packs. Needs the scope."""
    fill_store(world)
    stock.transfer(actor=world.system, source=world.store, target=world.van, quantities={NASAL: kits})
    return world


def ordered(world: Any, *steps: MailStepTo, **said: Any) -> uuid.UUID:
    """An order of two kits, so many steps on. Needs the scope."""
    id = ids.random()
    mail_orders.take(actor=actor(world, "mailer"), site=world.van, id=id, said=SAID | said, address=ADDRESS)
    for step in steps:
        go(world, id, step)
    return id


def go(world: Any, order: uuid.UUID, step: MailStepTo, **more: Any) -> None:
    """One step. Needs the scope."""
    mail_orders.go_on(actor=actor(world, "mailer"), order=order, to=step, id=more.pop("id", ids.random()), **more)


def row(order: uuid.UUID) -> MailOrder:
    """How far an order is. Needs the scope."""
    return MailOrder.objects.get(order=order)


def at_work(who: str = "mailer") -> Client:
    """A browser in which somebody has just signed in."""
    client = browser()
    sign_in(client, who)
    return client


def everything_in_the_database() -> str:
    """Every row of every table, as text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'")
        tables = [name for (name,) in cursor.fetchall()]
        found = []
        for table in tables:
            cursor.execute("SELECT has_table_privilege(%s, 'SELECT')", [f'"{table}"'])
            if cursor.fetchone()[0]:
                cursor.execute(f'SELECT t::text FROM "{table}" t')
                found += [line for (line,) in cursor.fetchall()]
    return "\n".join(found)
