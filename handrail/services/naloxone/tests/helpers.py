"""What the tests of this room share: naloxone in the store, a bag, a box, people who can be reached."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from django.test import Client

from handrail.facts import organisations
from handrail.facts.models import Organisation, RoleAssignment, Site
from handrail.kernel import clock, ids, scope
from handrail.kernel.access import Actor
from handrail.ledgers.stock import commands as stock
from handrail.ledgers.stock.models import Balance, Item, Lot
from handrail.services.naloxone import commands
from handrail.services.naloxone.codes import Product
from handrail.services.naloxone.kinds.reversal import Reversal
from handrail.vault.models import SealedRecord

NASAL, VIAL = "naloxone-nasal-4mg", "naloxone-im"
B, A = "LOT-B", "LOT-A"


def signed_in(world: Any, who: str) -> Client:
    """A browser in which this person is signed in."""
    client = Client()
    client.force_login(world.staff[who])
    return client


def actor(world: Any, who: str) -> Actor:
    """Somebody with the roles of this moment. Needs the scope."""
    return organisations.actor_for(world.staff[who])


def place(world: Any, name: str, kind: str, *roles: tuple[str, str], **attributes: object) -> Site:
    """A new place of the first organisation, with people (user name, role) who work there."""
    with scope.enter([world.harbour.key]):
        site = organisations.create_site(actor=world.system, name=name, kind=kind, time_zone="Africa/Nairobi", **attributes)
        for who, role in roles:
            RoleAssignment.objects.create(staff=world.staff[who], role=role, site=site)
        world.harbour = Organisation.objects.get(key=world.harbour.key)
    return site


def fill_store(world: Any) -> None:
    """A nasal kit of two doses and a single vial in the catalogue, and lots of the kit at the store. Needs the scope."""
    for code, name, product, doses, loose in ((NASAL, "Naloxone spray", Product.NASAL_4MG, 2, False), (VIAL, "Naloxone vial", Product.IM_0_4MG_VIAL, 1, True)):
        item = stock.add_item(actor=world.system, code=code, name=name, item_class="naloxone")
        commands.set_kit(actor=world.system, item=item, product=product, doses=doses, since=date(2026, 1, 1), is_loose=loose)
    stock.receive(
        actor=world.system, site=world.store,
        lines=[stock.Delivery(NASAL, B, 100, date(2029, 3, 31)), stock.Delivery(NASAL, A, 100, date(2030, 3, 31)), stock.Delivery(VIAL, "V-1", 300, date(2030, 1, 31))],
    )


def lot(code: str = B, item: str = NASAL) -> uuid.UUID:
    """The id of a lot. Needs the scope."""
    found: uuid.UUID = Lot.objects.values_list("id", flat=True).get(code=code, item__code=item)
    return found


def unknown_lot(item: str = NASAL) -> uuid.UUID:
    """The unknown lot of an item. Needs the scope."""
    found: uuid.UUID = Lot.objects.values_list("id", flat=True).get(is_unknown=True, item__code=item)
    return found


def item(code: str = NASAL) -> Item:
    """An item. Needs the scope."""
    return Item.objects.get(code=code)


def there(site: Site, code: str = NASAL) -> int:
    """How many the book has at a place. Needs the scope."""
    return sum(b.quantity for b in Balance.objects.filter(location__site=site, lot__item__code=code))


def reported(world: Any) -> uuid.UUID:
    """A report of an overdose at the van, by the id that others name. Needs the scope."""
    said = Reversal.model_validate({"outcome": "recovered", "doses_total": 2})
    return commands.report(actor=world.system, site=world.van, said=said, id=ids.new(), occurred_at=clock.now()).id


def can_be_reached(world: Any, who: uuid.UUID) -> None:
    """Somebody chose a way to be reached: it is locked away, and only that it is there is known. Needs the scope."""
    SealedRecord.objects.create(
        organisation_id=world.harbour.key, store="vault.contact", participant=who, data_key=ids.random(), sealed=b"x",
        written_on=date(2026, 1, 1), used_on=date(2026, 1, 1),
    )
