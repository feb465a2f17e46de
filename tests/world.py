"""A small world that every test finds in its database: two organisations, sites, people who work there, stock."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

from handrail.facts import organisations, participants, visits
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import Organisation, Site, Staff
from handrail.facts.spec import KINDS
from handrail.kernel import clock, ids, scope
from handrail.ledgers.stock import commands as stock
from tests.words import CARD, PASSWORD

STAFF = {
    # username: (organisation, role, site name or None)
    "naima": ("harbour", "outreach", "Van 1"),
    "elsewhere": ("harbour", "outreach", "Drop-in"),
    "stranger": ("hillside", "outreach", "Hill van"),
    "auditor": ("harbour", "auditor", None),
    "store": ("harbour", "storekeeper", None),
    "nurse": ("harbour", "nurse", "Clinic"),
    "coordinator": ("harbour", "coordinator", None),
}


def build() -> None:
    """Fill an empty, migrated database."""
    for key, country in (("harbour", "KE"), ("hillside", "UA")):
        organisation = organisations.create(name=key.capitalize(), country=country)
        actor = organisations.system_actor(organisation)
        with scope.enter([organisation.key]):
            sites = {}
            names = (
                [("Store", "store"), ("Van 1", "vehicle"), ("Drop-in", "drop_in"), ("Clinic", "oat_clinic")]
                if key == "harbour" else [("Hill van", "vehicle")]
            )
            for name, kind in names:
                sites[name] = organisations.create_site(
                    actor=actor, name=name, kind=kind, time_zone="Africa/Nairobi" if key == "harbour" else "Europe/Kyiv",
                    area="harbour-area", offers=["OAT"] if kind == "oat_clinic" else [],
                )
            for code, name, item_class, position in (
                ("syringe-1ml-29g", "Syringe 1 ml, 29G", "syringe_with_needle", 1),
                ("filter", "Filter", "preparation", 2),
                ("water", "Sterile water", "preparation", 3),
            ):
                stock.add_item(actor=actor, code=code, name=name, item_class=item_class, position=position)
            shelf = sites.get("Van 1") or sites["Hill van"]
            stock.receive(
                actor=actor, site=shelf,
                lines=[
                    stock.Delivery("syringe-1ml-29g", "S-late", 500, date(2030, 6, 30)),
                    stock.Delivery("syringe-1ml-29g", "S-soon", 100, date(2029, 1, 31)),
                    stock.Delivery("filter", "F-1", 1000, date(2031, 1, 31)),
                ],
            )
            for username, (belongs, role, site) in STAFF.items():
                if belongs == key:
                    organisations.create_staff(
                        actor=actor, username=username, name=username.capitalize(), password=PASSWORD,
                        grants=[(role, sites[site] if site else None)],
                    )


def find() -> SimpleNamespace:
    """The world's parts by name, for tests."""
    harbour = Organisation.objects.get(name="Harbour")
    hillside = Organisation.objects.get(name="Hillside")
    found = SimpleNamespace(harbour=harbour, hillside=hillside, sites={}, staff={}, actors={})
    for organisation in (harbour, hillside):
        with scope.enter([organisation.key]):
            for site in Site.objects.all():
                found.sites[site.name] = site
            for staff in Staff.objects.filter(organisation=organisation):
                found.staff[staff.username] = staff
                found.actors[staff.username] = organisations.actor_for(staff)
    found.van, found.store = found.sites["Van 1"], found.sites["Store"]
    found.system = organisations.system_actor(harbour)
    return found


def busy() -> None:
    """Some visits at Van 1, so that the composer has something usual to offer. For browser tests and benchmarks."""
    found = find()
    given = KINDS["exchange.given"].payload
    basket = given.model_validate({"lines": [{"item": "syringe-1ml-29g", "quantity": 30}, {"item": "filter", "quantity": 10}]})
    with scope.enter([found.harbour.key]):
        for days in (1, 2, 3):
            visits.save(
                actor=found.actors["naima"], visit=ids.new(), site=found.van.id, occurred_at=clock.now() - timedelta(days=days),
                encounter=Encounter(on_behalf_of=2), parts=[visits.Part("exchange.given", basket)],
            )
        participants.issue_card(actor=found.system, participant=ids.random(), code=CARD)
