"""A small world that every test finds in its database: two organisations, sites, people who work there, stock."""

from __future__ import annotations

from datetime import date, time, timedelta
from types import SimpleNamespace

from handrail.facts import organisations, participants, visits
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import Organisation, RoleAssignment, Site, Staff
from handrail.facts.spec import KINDS
from handrail.kernel import clock, ids, scope
from handrail.ledgers.stock import catalogue, funds
from handrail.ledgers.stock import commands as stock
from handrail.services.exchange import commands as exchange
from handrail.services.naloxone import commands as naloxone
from handrail.services.naloxone.codes import Product
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
    "admin": ("harbour", "administrator", None),
    "keeper": ("harbour", "administrator", "Drop-in"),
    "mailer": ("harbour", "mail_team", "Van 1"),
}


def today() -> date:
    """The day it is in Nairobi, where most places of the small world are."""
    return clock.local_date(clock.now(), "Africa/Nairobi")


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
            parts = {"syringe-1ml-29g": 10, "filter": 10}
            catalogue.create(
                actor=actor, code="injecting-kit", name="Injecting kit", item_class="preparation", pack_size=1, parts=parts, position=9
            )
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
        for username, role in (("approver", "clinical_approver"), ("steward", "data_steward")):
            organisations.create_staff(actor=found.system, username=username, name=username.capitalize(), password=PASSWORD, grants=[(role, None)])
        _everything_in_store(found)
        _places_outside(found)


def _everything_in_store(found: SimpleNamespace) -> None:
    """More items, a fund that may not buy needles, lots with dates near and far, and one lot that expired."""
    actor, day = found.system, today()
    for code, name, item_class, position in (
        ("pipe", "Pipe", "smoking", 11), ("mouthpiece", "Mouthpiece", "smoking", 12), ("dressing", "Wound dressing", "care", 13),
        ("condom", "Condom", "safer_sex", 14), ("safety-box-1l", "Safety box 1 l", "disposal", 15),
    ):
        stock.add_item(actor=actor, code=code, name=name, item_class=item_class, position=position)
    spray = stock.add_item(actor=actor, code="naloxone-nasal-4mg", name="Naloxone spray", item_class="naloxone", position=16)
    naloxone.set_kit(actor=actor, item=spray, product=Product.NASAL_4MG, doses=2, since=date(2026, 1, 1))
    catalogue.create(
        actor=actor, code="smoking-kit", name="Smoking kit", item_class="smoking", pack_size=1, parts={"pipe": 1, "mouthpiece": 2}, position=10
    )
    fund = funds.add_fund(actor=actor, code="STATE", name="State health money (invented)", valid_from=date(2026, 1, 1))
    funds.restrict(
        actor=actor, fund=fund, effect="forbid_purchase", valid_from=date(2026, 1, 1), item_class="syringe_with_needle",
        source_document="Grant letter (invented)", clause="section 4",
    )
    stock.receive(
        actor=actor, site=found.store,
        lines=[
            stock.Delivery("syringe-1ml-29g", "S-store", 6000, date(2030, 5, 31)), stock.Delivery("filter", "F-store", 3000, date(2031, 3, 31)),
            stock.Delivery("water", "W-old", 40, day - timedelta(days=20)), stock.Delivery("water", "W-new", 800, day + timedelta(days=60)),
            stock.Delivery("pipe", "P-1", 300, None, "STATE"), stock.Delivery("mouthpiece", "M-1", 600, None, "STATE"),
            stock.Delivery("naloxone-nasal-4mg", "NX-1", 100, date(2030, 3, 31)),
        ],
    )


def _places_outside(found: SimpleNamespace) -> None:
    """A wall box and stops of the van, a peer with a bag, a unit in a prison, and a drop-in that hands out no needle."""
    actor, zone = found.system, {"time_zone": "Africa/Nairobi"}
    box = organisations.create_site(actor=actor, name="Box at the station", kind="wall_box", **zone)
    RoleAssignment.objects.create(staff=found.staff["naima"], role="outreach", site=box)
    bag = organisations.create_site(actor=actor, name="Otieno’s bag", kind="peer_bag", **zone)
    unit = organisations.create_site(actor=actor, name="Health unit 3", kind="prison_unit", closed_setting="prison", offers=[], **zone)
    casa = organisations.create_site(
        actor=actor, name="Casa", kind="community_centre", item_classes=["smoking", "care", "safer_sex"],
        kinds=["exchange.care", "exchange.wound_care", "exchange.given", "facts.referral", "exchange.education"], **zone,
    )
    for username, role, site in (("otieno", "peer", bag), ("inside", "nurse", unit), ("casa", "outreach", casa)):
        organisations.create_staff(actor=actor, username=username, name=username.capitalize(), password=PASSWORD, grants=[(role, site)])
    stock.receive(
        actor=actor, site=found.van,
        lines=[stock.Delivery("syringe-1ml-29g", "S-van", 2000, date(2031, 6, 30)), stock.Delivery("safety-box-1l", "B-1", 20, None), stock.Delivery("naloxone-nasal-4mg", "NX-2", 60, date(2030, 6, 30))],
    )
    stock.transfer(actor=actor, source=found.store, target=box, quantities={"syringe-1ml-29g": 60})
    stock.transfer(actor=actor, source=found.store, target=bag, quantities={"syringe-1ml-29g": 200, "filter": 200, "naloxone-nasal-4mg": 40})
    stock.transfer(actor=actor, source=found.store, target=unit, quantities={"syringe-1ml-29g": 100})
    stock.receive(
        actor=actor, site=casa,
        lines=[
            stock.Delivery("smoking-kit", "K-1", 80, None), stock.Delivery("dressing", "D-1", 100, date(2030, 1, 31)),
            stock.Delivery("condom", "C-1", 400, date(2030, 1, 31)), stock.Delivery("syringe-1ml-29g", "S-casa", 10, date(2030, 1, 31)),
        ],
    )
    for weekday, place in ((0, "Bus park"), (3, "Old market")):
        exchange.plan_stop(actor=actor, site=found.van, weekday=weekday, starts=time(17, 0), ends=time(19, 30), place=place, valid_from=found.van.today - timedelta(days=30))
