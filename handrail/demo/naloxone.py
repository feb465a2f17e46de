"""Naloxone in the demonstration: kits in every state of their life, a bag, a box, a recall under way, overdoses told of. Invented."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from handrail.facts import visits
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import Site
from handrail.facts.record import Mode
from handrail.kernel.access import Actor
from handrail.ledgers.stock import commands as stock
from handrail.ledgers.stock import recalls, usual
from handrail.ledgers.stock.models import Item, Lot
from handrail.services.exchange import refills
from handrail.services.naloxone import commands
from handrail.services.naloxone.codes import Origin, Product
from handrail.services.naloxone.kinds.kit import Event
from handrail.services.naloxone.kinds.reversal import Reversal
from handrail.services.naloxone.kinds.training import Training

SPRAY, VIAL, RECALLED = "naloxone-nasal-4mg", "naloxone-im", "NX-2603"
CODED = 24
"""Kits with a code of their own; the others are followed by lot and number."""

FIRST_DAY, LAST_DAY_BEFORE = -160, -95


@dataclass(frozen=True)
class Around:
    """Where it happens and who does it; moments and ids come from the house."""

    system: Actor
    worker: Actor
    store: Site
    van: Site
    bag: Site
    box: Site
    today: date
    moment: Callable[[int], datetime]
    random: random.Random

    def id(self) -> uuid.UUID:
        """A seeded random id."""
        return uuid.UUID(int=self.random.getrandbits(128), version=4)


def load(around: Around, people: Sequence[uuid.UUID]) -> None:
    """Everything of this page, in the order of a kit's life. `people` have codes; some of them can be reached."""
    _store(around)
    codes = [f"NX-{number:03}" for number in range(101, 101 + CODED)]
    lot = Lot.objects.get(code=RECALLED)
    commands.label(actor=around.system, site=around.store, lot=lot, codes=codes, id=around.id(), occurred_at=around.moment(-58))
    held = {SPRAY: codes[:16]}
    commands.fill(actor=around.system, source=around.store, target=around.bag, quantities={SPRAY: 40}, codes={SPRAY: codes[16:20]}, id=around.id(), occurred_at=around.moment(-56))
    commands.fill(actor=around.system, source=around.store, target=around.van, quantities={SPRAY: 60, VIAL: 40}, codes=held, id=around.id(), occurred_at=around.moment(-56))
    commands.fill(actor=around.system, source=around.store, target=around.box, quantities={SPRAY: 10}, codes={SPRAY: codes[20:22]}, id=around.id(), occurred_at=around.moment(-55))
    _before(around)
    _hand_out(around, people, codes)
    _what_became(around, codes)
    _overdoses(around, people, codes)
    refills.refill_box(actor=around.worker, box=around.box, van=around.van, lines=[refills.Refill(SPRAY, 7, 0)], id=around.id(), mode=Mode.CONFIRMED)
    recalls.recall(actor=around.system, item=SPRAY, lot=RECALLED, source_reference="Maker’s letter 22 (invented)", severity="unlikely", id=around.id())
    # What may still be given: the bag is not empty because of the recall.
    commands.fill(actor=around.system, source=around.store, target=around.bag, quantities={SPRAY: 24}, id=around.id())


def _store(around: Around) -> None:
    day = around.today
    for code, name, product, doses in ((SPRAY, "Naloxone spray, 4 mg", Product.NASAL_4MG, 2), (VIAL, "Naloxone for injection, 0.4 mg", Product.IM_0_4MG_VIAL, 1)):
        base, names = usual.names_of(code, name)
        item: Item = stock.add_item(actor=around.system, code=code, name=base, names=names, item_class="naloxone", position=40, traits=usual.traits_of(code))
        commands.set_kit(actor=around.system, item=item, product=product, doses=doses, since=day + timedelta(days=FIRST_DAY), is_loose=doses == 1)
    stock.receive(
        actor=around.system, site=around.store, occurred_at=around.moment(-60),
        lines=[
            stock.Delivery(SPRAY, RECALLED, 160, day + timedelta(days=400)), stock.Delivery(SPRAY, "NX-2609", 400, day + timedelta(days=700)),
            stock.Delivery(VIAL, "V-118", 200, day + timedelta(days=70)),
        ],
    )


def _before(around: Around) -> None:
    """The months before: one lot of which all went to people, so that the quarter that is over has numbers whatever day it is."""
    given = range(FIRST_DAY + 5, LAST_DAY_BEFORE, 2)
    delivery = stock.Delivery(SPRAY, "NX-2511", len(given), around.today + timedelta(days=5))
    stock.receive(actor=around.system, site=around.van, occurred_at=around.moment(FIRST_DAY), lines=[delivery])
    for number, day in enumerate(given):
        said = {"supply_type": "first"} if number % 3 else {"supply_type": "repeat", "repeat_reason": "used_on_other"}
        commands.give(
            actor=around.worker, site=around.van, quantities={SPRAY: 1}, said=said, id=around.id(), occurred_at=around.moment(day), mode=Mode.CONFIRMED,
        )


def _hand_out(around: Around, people: Sequence[uuid.UUID], codes: Sequence[str]) -> None:
    """Two months of hand-overs: from the van by an outreach worker, from the bag by the peer."""
    pick, coded = around.random, list(codes[:9])
    for day in range(-54, 0):
        for _meeting in range(pick.choice((0, 1, 1, 2))):
            site, who = pick.choice(((around.van, pick.choice([None, *people])), (around.bag, None)))
            said: dict[str, Any] = pick.choice((
                {"supply_type": "first"}, {"supply_type": "first", "trained": "now"}, {"supply_type": "repeat", "repeat_reason": "used_on_other", "trained": "already_trained"},
                {"supply_type": "repeat", "repeat_reason": "lost"}, {"supply_type": "repeat", "repeat_reason": "confiscated"},
                {"supply_type": "first", "recipient_kind": "family_or_friend", "risk_person_consent": "recorded"}, {"supply_type": "unknown"},
            ))
            with_code = [coded.pop(0)] if coded and site is around.van else []
            commands.give(
                actor=around.worker, site=site, quantities={SPRAY: 1}, said={**said, "qr_given": bool(with_code)}, codes=with_code, participant=who,
                id=around.id(), occurred_at=around.moment(day), mode=Mode.CONFIRMED,
            )
    commands.give(actor=around.worker, site=around.bag, quantities={SPRAY: 1}, codes=[codes[16]], said={"supply_type": "first"}, id=around.id(), occurred_at=around.moment(-9))


def _what_became(around: Around, codes: Sequence[str]) -> None:
    """One kit in each state that somebody can tell of; and some without a code."""
    told = (Event.LOST, Event.CONFISCATED, Event.RETURNED, Event.EXPIRED_REPLACED, Event.PASSED_ON)
    for code, event in zip(codes[:5], told, strict=True):
        commands.tell(actor=around.worker, site=around.van, event=event, codes=[code], origin=Origin.GIVEN, id=around.id(), occurred_at=around.moment(-6))
    commands.tell(actor=around.system, site=around.store, event=Event.DESTROYED, codes=[codes[22]], ours=True, id=around.id(), occurred_at=around.moment(-5))
    lot = Lot.objects.values_list("id", flat=True).get(code=RECALLED)
    used: dict[str, Any] = {"actor": around.worker, "site": around.bag, "event": Event.USED, "item": SPRAY}
    commands.tell(**used, lot=lot, quantity=2, origin=Origin.BAG, id=around.id(), occurred_at=around.moment(-4))
    commands.tell(**used, quantity=1, id=around.id(), occurred_at=around.moment(-3))
    commands.tell(
        actor=around.worker, site=around.van, event=Event.RECALLED_RECOVERED, codes=[codes[7]], origin=Origin.GIVEN, id=around.id(), occurred_at=around.moment(0),
    )


def _overdoses(around: Around, people: Sequence[uuid.UUID], codes: Sequence[str]) -> None:
    """Overdoses that were told of, one of them by somebody who then had a new kit."""
    stories: tuple[tuple[int, dict[str, Any]], ...] = (
        (-47, {"outcome": "recovered", "doses_total": 2, "emergency_called": "no", "why_not_called": ["fear_police", "recovered_fast"], "naloxone_available": "used", "witnessed_onset": "yes"}),
        (-38, {"outcome": "recovered", "doses_total": 1, "emergency_called": "yes", "ambulance_attended": "yes", "naloxone_available": "used", "witnessed_onset": "yes", "place_kind": "using_spot"}),
        (-30, {"outcome": "alive_handed_over", "doses_total": 3, "emergency_called": "yes", "naloxone_available": "used", "witnessed_onset": "no", "afterwards": "hospital"}),
        (-22, {"outcome": "died", "doses_total": 0, "emergency_called": "yes", "naloxone_available": "absent", "witnessed_onset": "yes", "risk_factors": ["alone"]}),
        (-15, {"outcome": "unknown", "emergency_called": "unknown"}),
        (-11, {"outcome": "recovered", "emergency_called": "no", "why_not_called": ["cost"], "naloxone_available": "used", "witnessed_onset": "yes",
               "doses": [{"route": "nasal", "kit_code": codes[5]}, {"route": "nasal", "kit_code": codes[5]}]}),
        (-8, {"outcome": "recovered", "doses_total": 2, "emergency_called": "no", "why_not_called": ["fear_police"], "naloxone_available": "used", "witnessed_onset": "yes", "replacement_wanted": True}),
    )
    for day, said in stories:
        at = around.moment(day)
        payload = Reversal.model_validate({**said, "received_on": (at + timedelta(days=1)).date(), "actions": ["rescue_breaths", "naloxone", "stayed"]})
        who = people[0] if said.get("replacement_wanted") else None
        told = commands.report(actor=around.worker, site=around.van, said=payload, id=around.id(), occurred_at=at, participant=who).id
        if who is not None:
            refill = {"supply_type": "repeat", "repeat_reason": "used_on_other", "replaces_report": str(told)}
            commands.give(actor=around.worker, site=around.van, quantities={SPRAY: 1}, said=refill, participant=who, id=around.id(), occurred_at=around.moment(day + 2))
    group = Training.model_validate({"mode": "group", "people": 9, "device_demonstrated": True, "duration_s": 300, "language": "sw"})
    visits.save(
        actor=around.worker, visit=around.id(), site=around.van.id, occurred_at=around.moment(-20), encounter=Encounter(people_count=9),
        parts=[visits.Part("naloxone.training", group)],
    )
