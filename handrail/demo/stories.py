"""Smaller programmes beside the first two, one for each story that needs a house of its own. Everything is invented.

Kenya's peer with a bag and a wall box join the first programme; Brazil's drop-in gives no needle at all; a prison unit
in Kyrgyzstan is read by its own nurse alone; in the United States federal money buys everything but the needles.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from handrail.demo import locked_away, mailed, naloxone, told, watched
from handrail.facts import organisations, participants, setting_changes, visits, wishes
from handrail.facts.derived_codes import Elements
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import Organisation, Site, Staff
from handrail.facts.record import Draft, Mode, record
from handrail.facts.spec import KINDS
from handrail.facts.values import TOLERANT_REVIEW
from handrail.kernel import clock, crypto, scope
from handrail.kernel.access import Actor
from handrail.ledgers.stock import commands as stock
from handrail.ledgers.stock import kits, orders, recalls, usual
from handrail.ledgers.stock.models import Item
from handrail.services.exchange import commands as exchange
from handrail.services.exchange import refills
from handrail.services.exchange.kinds.safety_box import SafetyBoxState


class House:
    """One organisation of the demonstration while it is filled: its places, people and a seeded generator."""

    def __init__(self, organisation: Organisation, time_zone: str, password: str, people: list[tuple[str, str, str]], seed: int) -> None:
        self.organisation = organisation
        self.system = organisations.system_actor(organisation)
        self.random = random.Random(seed)
        self.today = clock.local_date(clock.now(), time_zone)
        self._zone = ZoneInfo(time_zone)
        self._password = password
        self._people = people
        self._time_zone = time_zone

    def site(self, name: str, kind: str, **more: object) -> Site:
        """A place."""
        return organisations.create_site(actor=self.system, name=name, kind=kind, time_zone=self._time_zone, **more)

    def staff(self, username: str, name: str, does: str, *grants: tuple[str, Site | None], language: str = "") -> Actor:
        """Somebody to sign in as, listed with the others."""
        made: Staff = organisations.create_staff(
            actor=self.system, username=username, name=name, password=self._password, grants=grants, language=language
        )
        self._people.append((username, does, self.organisation.name))
        return organisations.actor_for(made)

    def receive(self, site: Site, quantities: Mapping[str, int], fund: str = "") -> None:
        """A delivery with one lot of each item."""
        lines = [
            stock.Delivery(code, f"{self.today:%y%m}-{self.random.randint(100, 999)}", quantity, self.today + timedelta(days=self.random.randint(400, 900)), fund)
            for code, quantity in quantities.items()
        ]
        stock.receive(actor=self.system, site=site, lines=lines, occurred_at=self.moment(-100))

    def moment(self, days: int, hour: float | None = None) -> datetime:
        """A moment so many days from today, in the open hours; never in the future."""
        at = self.random.triangular(9, 18) if hour is None else hour
        local = datetime.combine(self.today + timedelta(days=days), time(int(at), int(at % 1 * 60)), self._zone)
        return min(local.astimezone(UTC), clock.now())

    def visit(
        self, actor: Actor, site: Site, at: datetime, parts: Sequence[tuple[str, Mapping[str, Any]]], *, who: uuid.UUID | None = None,
        **encounter: Any,
    ) -> uuid.UUID:
        """One visit with its parts; returns its id."""
        visit = self.id()
        visits.save(
            actor=actor, visit=visit, site=site.id, occurred_at=at, encounter=Encounter.model_validate(encounter), participant=who,
            parts=[visits.Part(kind, KINDS[kind].payload.model_validate(payload)) for kind, payload in parts], mode=Mode.CONFIRMED,
        )
        return visit

    def person(self, actor: Actor, site: Site, birth_year: int, gender: str) -> uuid.UUID:
        """Somebody with a card of their own; the card's code is not kept."""
        made = self.id()
        participants.enrol(
            actor=actor, site=site.id, code=crypto.new_code(), participant=made, birth_year=birth_year, gender=gender, injects="never"
        )
        return made

    def id(self) -> uuid.UUID:
        """A seeded random id."""
        return uuid.UUID(int=self.random.getrandbits(128), version=4)


def given(**quantities: int) -> tuple[str, dict[str, Any]]:
    """A part: what was handed out. Underscores stand for hyphens in item codes."""
    lines = [{"item": item.replace("_", "-"), "quantity": quantity} for item, quantity in quantities.items()]
    return "exchange.given", {"lines": lines}


def load(first: str, password: str, people: list[tuple[str, str, str]]) -> None:
    """Everything of this page. `first` names the organisation that gets the peer; `people` is the list of sign-ins."""
    riverside = Organisation.objects.get(name=first)
    with scope.enter([riverside.key]):
        _kenya(House(riverside, "Africa/Nairobi", password, people, 1))
    for name, country, zone, fill in (
        ("Casa da Esquina", "BR", "America/Sao_Paulo", _brazil), ("Ala-Too Support", "KG", "Asia/Bishkek", _kyrgyzstan),
        ("Lakeside Exchange", "US", "America/Chicago", _united_states),
    ):
        organisation = organisations.create(name=name, country=country, community_led=True)
        with scope.enter([organisation.key]):
            fill(House(organisation, zone, password, people, len(name)))


# -- Kenya: a peer with a bag, a box on a wall, an event, a park -----------------------------------------------------------


def _kenya(house: House) -> None:
    van = Site.objects.get(name="Van 2")
    bag, box = house.site("Baraka’s bag", "peer_bag", area="riverside"), house.site("Market wall box", "wall_box", area="riverside")
    baraka = house.staff("baraka", "Baraka", "peer worker with a bag of his own", ("peer", bag), ("outreach", box), ("outreach", van))
    house.receive(bag, {"syringe-1ml-29g": 1500, "filter": 1500, "condom": 480})
    for day in range(-42, 0):
        for _meeting in range(house.random.choice((0, 1, 1, 2, 3))):
            others = house.random.choice((0, 0, 1, 2))
            per_day, days = Decimal(house.random.choice((1, 2, 3, 4))), house.random.choice((3, 7, 7))
            quantity = int(per_day * days * (others + 1))
            house.visit(
                baraka, bag, house.moment(day),
                [
                    given(syringe_1ml_29g=quantity, filter=quantity),
                    ("exchange.need", {
                        "per_day": per_day, "days": days, "others": [per_day] * others, "horizon": "next_visit", "days_used": days,
                        "reserve": "0", "reserve_version": "start", "pack": 1, "needed": quantity, "given": quantity, "unmet": 0,
                    }),
                    ("exchange.education", {"topics": house.random.sample(["overdose", "vein_care", "legal_rights", "disposal"], 2)}),
                ],
                channel="peer", on_behalf_of=others,
            )
    stock.receive(
        actor=house.system, site=box, lines=[stock.Delivery("syringe-1ml-29g", "BOX-1", 200, house.today + timedelta(days=500))],
        occurred_at=house.moment(-9),
    )
    refills.refill_box(actor=baraka, box=box, van=van, lines=[refills.Refill("syringe-1ml-29g", 64, 0)], id=house.id(), mode=Mode.CONFIRMED)
    exchange.change_safety_box(
        actor=baraka, site=van, state=SafetyBoxState(asset="RS-014", state="installed"), id=house.id(), occurred_at=house.moment(-30)
    )
    exchange.change_safety_box(
        actor=baraka, site=van, state=SafetyBoxState(asset="RS-014", state="full"), id=house.id(), occurred_at=house.moment(-2)
    )
    for weekday, place in ((0, "Bus park"), (2, "Old market"), (4, "River bridge")):
        exchange.plan_stop(
            actor=house.system, site=van, weekday=weekday, starts=time(17, 0), ends=time(19, 30), place=place,
            valid_from=house.today - timedelta(days=60),
        )
    _a_day_outdoors(house, baraka, van)
    _people_of_kenya(house, baraka, van)
    _stock_of_kenya(house)
    _naloxone_of_kenya(house, baraka, bag, box, van)
    house.staff("zawadi", "Zawadi", "administrator: accounts, places, settings", ("administrator", None))
    house.staff("neema", "Neema", "data steward: joins two records of one person", ("data_steward", None))
    house.staff("wambui", "Wambui", "approves clinical and legal settings", ("clinical_approver", None))


def _a_day_outdoors(house: House, worker: Actor, van: Site) -> None:
    """An event that is one record, a bag of returns on the scales, and a park that was cleaned up."""
    exchange.whole_stop(
        actor=worker, site=van, id=house.id(), occurred_at=house.moment(-6, 13), mode=Mode.CONFIRMED, quantities={"syringe-1ml-29g": 250, "condom": 300},
        encounter=Encounter.model_validate(
            {"channel": "event", "people_count": 100, "bands": [{"gender": "female", "people": 31}, {"gender": "male", "people": 52}]}
        ),
    )
    weight = {"container": "tub", "gross": Decimal("3.4"), "tare": Decimal("0.9"), "unit": "lb"}
    exchange.weigh(actor=worker, site=van, weight=weight, from_somebody=False, id=house.id())
    record(
        Draft(kind="exchange.clean_up", payload=KINDS["exchange.clean_up"].sample, site=van.id, id=house.id(), occurred_at=house.moment(-5, 8)),
        actor=worker,
    )


def _people_of_kenya(house: House, worker: Actor, site: Site) -> None:
    """Somebody whose self-made code differs by one answer from another's, a consent, and a wish not to be contacted."""
    setting_changes.set_value(
        actor=house.system, value=TOLERANT_REVIEW, typed="yes", site=None, valid_from=house.today, source="demonstration"
    )
    for day in (7, 8):
        made = participants.find_or_propose(
            actor=worker, site=site, elements=Elements("Anna", "Ivan", "Sergei", day, 3, 1985), participant=house.id()
        )
        house.visit(worker, site, house.moment(-12 + day), [given(syringe_1ml_29g=20)], who=made.participant, channel="vehicle")
    known = house.person(worker, site, 1988, "female")
    said = KINDS["facts.consent"].sample.model_dump(mode="json") | {"given_on": house.today.isoformat()}
    wishes.give_consent(actor=worker, site=site, participant=known, id=house.id(), said=said)
    wishes.set_status(actor=worker, site=site, participant=house.person(worker, site, 1979, "male"), id=house.id(), status="do_not_contact")
    mwangi = house.staff("mwangi", "Mwangi", "outreach worker who used emergency access today", ("outreach", site))
    watched.load(mwangi, site, house.id())


def _naloxone_of_kenya(house: House, worker: Actor, bag: Site, box: Site, van: Site) -> None:
    """Kits from the store to those who carry them; four people with a card, two of whom can be reached."""
    store = Site.objects.get(name="Store", kind="store")
    people = [house.person(worker, van, year, gender) for year, gender in ((1983, "male"), (1991, "female"), (1996, "male"), (2001, "female"))]
    for who in people[:2]:
        locked_away.load(house.system, van, who)
    naloxone.load(
        naloxone.Around(house.system, worker, store, van, bag, box, house.today, lambda days: house.moment(days), house.random), people,
    )
    told.load(house.organisation, house.system, Site.objects.get(name="Drop-in"))
    post = house.site("Post room", "mail_centre", area="riverside")
    halima = house.staff("halima", "Halima", "packs naloxone that is ordered by mail", ("mail_team", post))
    mailed.load(house.system, halima, store, post, lambda days: house.moment(days, 11))


def _stock_of_kenya(house: House) -> None:
    """A recalled lot that lies on shelves, and an order on its way."""
    store = Site.objects.get(name="Store", kind="store")
    shelf = stock.Delivery("swab", "SW-77", 400, house.today + timedelta(days=300))
    stock.receive(actor=house.system, site=store, lines=[shelf], occurred_at=house.moment(-20))
    recalls.recall(actor=house.system, item="swab", lot="SW-77", source_reference="Maker’s letter 14 (invented)", severity="harmful", id=house.id())
    line = {"item": "syringe-1ml-29g", "quantity": 5000}
    orders.place(actor=house.system, site=store, supplier="Regional medical store", lines=[line], id=house.id())


# -- Brazil: no needles at all ------------------------------------------------------------------------------------------------


def _brazil(house: House) -> None:
    usual.fill(actor=house.system)
    casa = house.site(
        "Casa", "community_centre", area="centro", item_classes=["smoking", "care", "safer_sex"],
        kinds=["exchange.care", "exchange.wound_care", "exchange.given", "facts.referral", "exchange.education"],
    )
    luciana = house.staff("luciana", "Luciana", "works at the drop-in in Brazil, no needles there", ("outreach", casa), ("storekeeper", casa), language="es")
    house.staff("marcos", "Marcos", "coordinator in Brazil", ("coordinator", None))
    house.receive(casa, {"pipe-kit": 2600, "lip-balm": 1200, "meal": 6000, "hygiene-pack": 900, "condom": 2400, "dressing": 600, "drinking-water": 4000})
    regulars = [house.person(luciana, casa, year, gender) for year, gender in zip(range(1968, 2004, 3), ["male", "female", "male"] * 4, strict=True)]
    for day in range(-90, 0):
        for _person in range(house.random.randint(4, 10)):
            had = house.random.sample(["meal", "shower", "rest", "phone_charge", "laundry", "documents"], house.random.choice((1, 2, 2, 3)))
            parts: list[tuple[str, Mapping[str, Any]]] = [("exchange.care", {"services": had})]
            if "meal" in had or house.random.random() < 0.5:
                quantities = {"meal": 1} if "meal" in had else {}
                parts.append(given(**quantities, drinking_water=1, **({"pipe_kit": 1, "lip_balm": 1} if house.random.random() < 0.6 else {})))
            if house.random.random() < 0.08:
                parts.append(("exchange.wound_care", {"wound": "burn", "done": "dressed"}))
            if house.random.random() < 0.05:
                parts.append(("facts.referral", {"service": "housing", "status": "accepted"}))
            who = house.random.choice(regulars) if house.random.random() < 0.55 else None
            house.visit(luciana, casa, house.moment(day), parts, who=who, channel="fixed")


# -- Kyrgyzstan: a unit in a prison -------------------------------------------------------------------------------------------


def _kyrgyzstan(house: House) -> None:
    usual.fill(actor=house.system)
    unit = house.site("Unit 2", "prison_unit", area="chuy", closed_setting="prison", setting="facility", offers=["OAT"])
    gate = house.site("Gate office", "drop_in", area="chuy")
    aigul = house.staff("aigul", "Aigul", "nurse of the prison unit; the only one who reads there", ("nurse", unit))
    house.staff("bektur", "Bektur", "coordinator in Kyrgyzstan", ("coordinator", None), ("outreach", gate))
    house.receive(unit, {"syringe-2ml-23g": 1200, "swab": 1500, "condom": 600})
    known = [house.id() for _person in range(9)]
    for place, who in enumerate(known):
        participants.enrol(actor=aigul, site=unit.id, code=crypto.new_code(), participant=who, birth_year=1975 + 3 * place, gender="male", injects="last_month")
    for day in range(-60, 0):
        for _meeting in range(house.random.choice((0, 1, 2))):
            house.visit(aigul, unit, house.moment(day, 11), [given(syringe_2ml_23g=house.random.choice((5, 10)), swab=10)], who=house.random.choice(known), channel="prison")
    leaving = house.visit(aigul, unit, house.moment(-1, 10), [given(condom=12)], who=known[0], channel="prison")
    exchange.plan_release(actor=aigul, visit=leaving, id=house.id(), answers=dict.fromkeys(exchange.ON_RELEASE, True))


# -- United States: everything but the needles ---------------------------------------------------------------------------------


def _united_states(house: House) -> None:
    usual.fill(actor=house.system)
    usual.add_example_fund(actor=house.system)
    store, van = house.site("Warehouse", "store"), house.site("Blue van", "vehicle", area="lakeside")
    dana = house.staff("dana", "Dana", "storekeeper with federal money in the United States", ("storekeeper", None), ("finance", None))
    rosa = house.staff("rosa", "Rosa", "outreach worker in the United States", ("outreach", van))
    house.receive(store, {"filter": 8000, "water-5ml": 8000, "sharps-bin-1l": 400, "fentanyl-strip": 2000}, fund="HHS")
    house.receive(store, {"syringe-1ml-29g": 9000, "filter": 4000, "water-5ml": 4000, "sharps-bin-1l": 300})
    catalogue_item = Item.objects.get(code="injecting-kit")
    kits.assemble(actor=dana, site=store, kit=catalogue_item, kits=200, id=house.id())
    stock.transfer(actor=dana, source=store, target=van, quantities={"injecting-kit": 120, "fentanyl-strip": 600, "syringe-1ml-29g": 2000})
    for day in range(-21, 0):
        for _person in range(house.random.choice((1, 2, 3))):
            house.visit(rosa, van, house.moment(day), [given(injecting_kit=house.random.choice((1, 2)), fentanyl_strip=5)], channel="vehicle")
