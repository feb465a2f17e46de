"""Loads the demonstration programme through the one door, as if it had been recorded day by day."""

from __future__ import annotations

import json
import random
import secrets
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from handrail.demo import locked_away, outside, stories
from handrail.demo.plan import (
    BASKETS,
    ITEMS,
    MOST_AT_ONCE,
    ORGANISATIONS,
    PER_VISIT,
    DemoOrganisation,
    DemoSite,
    DemoStaff,
)
from handrail.facts import organisations, participants, visits
from handrail.facts.kinds.referral_outcome import Source
from handrail.facts.labels import FIRST, SECOND
from handrail.facts.models import Organisation, Site, Staff
from handrail.facts.record import Draft, Mode, record_many
from handrail.kernel import clock, crypto, ids, scope
from handrail.kernel.access import Actor
from handrail.ledgers.stock import commands as stock
from handrail.ledgers.stock import usual
from handrail.services.exchange.kinds.test import Result, State

DAYS = 548
SEED = 20260701


@dataclass
class SignIns:
    """What is printed at the end: who to sign in as, and a card to try."""

    password: str
    people: list[tuple[str, str, str]] = field(default_factory=list)
    card: str = ""


@dataclass
class _Person:
    id: uuid.UUID
    site: str
    weight: float
    first_day: int
    birth_year: int | None
    gender: str | None
    injects: str


def is_loaded() -> bool:
    """Whether a demonstration is in this database already."""
    return Organisation.objects.filter(name=ORGANISATIONS[0].name).exists()


def load(sign_ins_file: Path, *, today: date | None = None, days: int = DAYS) -> SignIns:
    """Create both organisations with their past; remembers the sign-ins in a file only this user can read."""
    generator = random.Random(SEED)
    sign_ins = SignIns(" ".join(secrets.choice(words) for words in (FIRST, SECOND, FIRST, SECOND)))
    until = today or clock.local_date(clock.now(), ORGANISATIONS[0].time_zone)
    for plan in ORGANISATIONS:
        _Loader(plan, generator, sign_ins, until, days).run()
    stories.load(ORGANISATIONS[0].name, sign_ins.password, sign_ins.people)
    sign_ins_file.touch(mode=0o600)
    sign_ins_file.write_text(json.dumps(sign_ins.__dict__))
    return sign_ins


def sign_ins(path: Path) -> SignIns:
    """The sign-ins of a demonstration loaded earlier."""
    return SignIns(**json.loads(path.read_text()))


_Also = Callable[..., None]


class _Loader:
    def __init__(self, plan: DemoOrganisation, generator: random.Random, sign_ins: SignIns, until: date, days: int) -> None:
        self._plan, self._random, self._sign_ins = plan, generator, sign_ins
        self._until, self._days = until, days
        self._start = until - timedelta(days=days)
        self._zone = ZoneInfo(plan.time_zone)
        self._sites: dict[str, Site] = {}
        self._actors: dict[str, Actor] = {}
        self._people: list[_Person] = []
        self._used: Counter[tuple[str, str]] = Counter()
        self._store: Counter[str] = Counter()
        self._outcomes: list[tuple[datetime, str, uuid.UUID, uuid.UUID, uuid.UUID | None, str]] = []

    def run(self) -> None:
        organisation = organisations.create(name=self._plan.name, country=self._plan.country, community_led=True)
        self._system = organisations.system_actor(organisation)
        with scope.enter([organisation.key]):
            self._rows()
            self._invent_people()
        for week in range(0, self._days, 7):
            with scope.enter([organisation.key]):
                self._week(week)
        with scope.enter([organisation.key]):
            self._loose_ends()

    # -- ordinary rows ----------------------------------------------------------------------------------------------

    def _rows(self) -> None:
        plan = self._plan
        for site in plan.sites:
            self._sites[site.name] = organisations.create_site(
                actor=self._system, name=site.name, kind=site.kind, time_zone=plan.time_zone, area=plan.area,
                offers=list(site.offers), setting="facility" if site.kind == "oat_clinic" else "community",
            )
        for position, (code, name, item_class, pack) in enumerate(ITEMS):
            base, names = usual.names_of(code, name)
            stock.add_item(
                actor=self._system, code=code, name=base, names=names, item_class=item_class, pack_size=pack, position=position,
                traits=usual.traits_of(code),
            )
        for person in plan.staff:
            staff = self._create_staff(person)
            self._actors[person.username] = organisations.actor_for(staff)
            self._sign_ins.people.append((person.username, person.does, plan.name))
        outside.enter(self._system, plan)

    def _create_staff(self, person: DemoStaff) -> Staff:
        return organisations.create_staff(
            actor=self._system, username=person.username, name=person.name, password=self._sign_ins.password,
            grants=[(role, self._sites[site] if site else None) for role, site in person.grants],
        )

    def _invent_people(self) -> None:
        pick = self._random
        busy = [site for site in self._plan.sites if site.visits]
        for _number in range(self._plan.people):
            self._people.append(
                _Person(
                    id=uuid.UUID(int=pick.getrandbits(128), version=4),
                    site=pick.choices(busy, [s.visits for s in busy])[0].name,
                    weight=pick.paretovariate(1.3),
                    first_day=int(self._days * pick.random() ** 1.6) if pick.random() < 0.7 else 0,
                    birth_year=pick.choice([None, *range(1962, 2007)]),
                    gender=pick.choices(["male", "female", "trans", None], [66, 24, 2, 8])[0],
                    injects=pick.choices(["last_month", "last_12_months", "ever", "never", "not_said"], [74, 9, 4, 9, 4])[0],
                )
            )

    # -- a week ---------------------------------------------------------------------------------------------------------

    def _week(self, week: int) -> None:
        drafts: dict[str, list[Draft]] = {}
        self._enrol(week, drafts)
        if week % 28 == 0:
            self._deliver(week)
        for site in self._plan.sites:
            if site.visits:
                self._load_shelf(week, site)
                for day in range(week, min(week + 7, self._days)):
                    self._day(day, site, drafts)
        for username, made in drafts.items():
            record_many(made, actor=self._actors[username], mode=Mode.CONFIRMED)

    def _worker(self, site: str) -> str:
        return next((s.username for s in self._plan.staff if s.records_at == site), self._plan.staff[0].username)

    def _moment(self, day: int, hour_from: float = 9, hour_to: float = 20) -> datetime:
        hour = self._random.triangular(hour_from, hour_to)
        local = datetime.combine(self._start + timedelta(days=day), time(int(hour), int(hour % 1 * 60)), self._zone)
        return local.astimezone(UTC)

    def _enrol(self, week: int, drafts: dict[str, list[Draft]]) -> None:
        for person in self._people:
            asked_again = week > person.first_day and (week // 7 - person.first_day // 7) % 44 == 0
            if not (week <= person.first_day < week + 7 or asked_again):
                continue
            day, site, made = max(person.first_day, week), self._sites[person.site].id, drafts.setdefault(self._worker(person.site), [])
            at = self._moment(day, 8, 9)
            if not asked_again:
                made.append(
                    Draft(
                        kind="facts.enrolled", site=site, participant=person.id, occurred_at=at, id=self._id(),
                        payload={"birth_year": person.birth_year, "gender": person.gender},
                    )
                )
            made.append(
                Draft(kind="facts.asked", site=site, participant=person.id, occurred_at=at, payload={"injects": person.injects}, id=self._id())
            )

    def _id(self) -> uuid.UUID:
        return uuid.UUID(int=self._random.getrandbits(128), version=4)

    def _deliver(self, week: int) -> None:
        store = next(site for name, site in self._sites.items() if site.kind == "store")
        arrived = self._start + timedelta(days=week)
        a_week = sum(site.visits for site in self._plan.sites) * 7 * self._growth(week)
        lines = []
        for code, _name, _class, pack in ITEMS:
            weeks = 14 if week == 0 else 4.2
            quantity = max(4 * pack, round(a_week * PER_VISIT[code] * weeks / pack) * pack)
            expiry = arrived + timedelta(days=self._random.randint(700, 1300))
            lines.append(stock.Delivery(code, f"{arrived:%y%m}-{self._random.randint(100, 999)}", quantity, expiry))
            self._store[code] += quantity
        stock.receive(actor=self._system, site=store, lines=lines, occurred_at=self._moment(week, 7, 8))

    def _load_shelf(self, week: int, site: DemoSite) -> None:
        store = next(s for s in self._sites.values() if s.kind == "store")
        per_week = site.visits * 7 * self._growth(week)
        quantities = {}
        for code, each in PER_VISIT.items():
            held = self._used[site.name, code]
            need = min(round(per_week * each * 2) + 3 * MOST_AT_ONCE[code] - held, self._store[code])
            if need > 0:
                quantities[code] = need
                self._used[site.name, code] += need
                self._store[code] -= need
        if quantities:
            stock.transfer(
                actor=self._system, source=store, target=self._sites[site.name], quantities=quantities,
                occurred_at=self._moment(week, 8, 9),
            )

    def _growth(self, day: int) -> float:
        return 0.75 + 0.45 * day / self._days

    # -- a day ------------------------------------------------------------------------------------------------------------

    def _day(self, day: int, site: DemoSite, drafts: dict[str, list[Draft]]) -> None:
        weekday = (self._start + timedelta(days=day)).weekday()
        expected = site.visits * self._growth(day) * (0.35 if weekday >= 5 else 1.15)
        for _visit in range(self._poisson(expected)):
            self._visit(day, site, drafts.setdefault(self._worker(site.name), []))

    def _poisson(self, expected: float) -> int:
        count, left = 0, self._random.expovariate(1.0)
        while left < expected:
            count += 1
            left += self._random.expovariate(1.0)
        return count

    def _visit(self, day: int, site: DemoSite, made: list[Draft]) -> None:
        pick = self._random
        known = [p for p in self._people if p.site == site.name and p.first_day <= day]
        person = pick.choices(known, [p.weight for p in known])[0] if known and pick.random() < 0.58 else None
        quantities, others, _weight = pick.choices(BASKETS, [b[2] for b in BASKETS])[0]
        visit, at, place = self._id(), self._moment(day), self._sites[site.name].id
        participant = person.id if person else None
        channel = "vehicle" if site.kind == "vehicle" else "fixed"
        made.append(
            Draft(
                kind="facts.encounter", id=visit, site=place, occurred_at=at, participant=participant,
                payload={"channel": channel, "people_count": 1, "on_behalf_of": others},
            )
        )

        def also(kind: str, payload: dict[str, object], name: str = "") -> None:
            made.append(
                Draft(
                    kind=kind, id=ids.derived(visit, name or kind), site=place, occurred_at=at, encounter=visit,
                    participant=participant, payload=payload,
                )
            )

        also("exchange.given", {"lines": [{"item": code, "quantity": quantity} for code, quantity in quantities]})
        for code, quantity in quantities:
            self._used[site.name, code] -= quantity
        syringes = sum(quantity for code, quantity in quantities if code.startswith("syringe"))
        if syringes and pick.random() < 0.62:
            also("exchange.returned", {"quantity": max(1, round(syringes * pick.betavariate(5, 2))), "method": "count"})
        if pick.random() < 0.09:
            also("exchange.test", self._test(), "exchange.test:HCV_Ab")
        if pick.random() < 0.055:
            self._refer(also, visit, at, participant)

    def _test(self) -> dict[str, object]:
        chance = self._random.random()
        state, result = State.RESULTED, None
        if chance < 0.12:
            state = State.OFFERED_DECLINED
        elif chance < 0.15:
            state = State.INVALID
        else:
            result = Result.POSITIVE if self._random.random() < 0.31 else Result.NEGATIVE
        return {
            "disease": "HCV_Ab", "method": "rapid", "state": state.value, "result": result.value if result else None, "told": result is not None,
        }

    def _refer(self, also: _Also, visit: uuid.UUID, at: datetime, participant: uuid.UUID | None) -> None:
        pick = self._random
        service = pick.choices(["OAT", "HCV_treatment", "HIV_test", "wound_care", "housing"], [50, 18, 14, 10, 8])[0]
        clinic = next((s for s in self._sites.values() if service in s.offers), None)
        accepted = pick.random() < 0.78
        name = f"facts.referral:{service}"
        may_tell = visit.int % 4 != 0
        said = {"status": "accepted", "consent_to_share": may_tell} if accepted else {"status": "declined"}
        also("facts.referral", {"service": service, "to_site": str(clinic.id) if clinic else None, **said}, name)
        arrives = at + timedelta(days=pick.randint(1, 21), hours=pick.randint(-2, 3))
        if accepted and clinic and pick.random() < 0.6 and arrives.date() <= self._until:
            nurse = self._worker(clinic.name)
            source = Source.RECEIVING_SERVICE if may_tell else Source.PARTICIPANT
            self._outcomes.append((arrives, nurse, ids.derived(visit, name), clinic.id, participant, source.value))

    # -- what makes it alive ------------------------------------------------------------------------------------------------

    def _loose_ends(self) -> None:
        """Arrivals at the clinic, a few corrections, a person with a card to try, and records that were kept aside."""
        by_nurse: dict[str, list[Draft]] = {}
        for arrived, nurse, referral, clinic, participant, source in sorted(self._outcomes, key=lambda o: (o[0], o[2])):
            by_nurse.setdefault(nurse, []).append(
                Draft(
                    kind="facts.referral_outcome", id=self._id(), site=clinic, occurred_at=arrived, participant=participant,
                    payload={"referral": str(referral), "status": "attended", "source": source},
                )
            )
        for nurse, drafts in by_nurse.items():
            record_many(drafts, actor=self._actors[nurse])
        self._correct_some()
        if not self._sign_ins.card:
            person = max(self._people, key=lambda p: p.weight)
            self._sign_ins.card = crypto.new_code()
            participants.issue_card(actor=self._system, participant=person.id, code=self._sign_ins.card)
            locked_away.load(self._system, self._sites[self._plan.staff[0].records_at], person.id)
        self._keep_two_aside()

    def _correct_some(self) -> None:
        worker = self._plan.staff[0]
        site = self._sites[worker.records_at]
        slips = [
            v for v in visits.latest(site=site.key, most=60) if any(f.kind == "exchange.given" for f in visits.read(v))
        ][:12]
        for visit in slips:
            facts = visits.read(visit)
            parts = [visits.Part(f.kind, f.parsed) for f in facts[1:]]
            given = next(p for p in parts if p.kind == "exchange.given")
            lines = given.payload.model_dump()["lines"]  # the first number was a slip of the finger
            lines[0]["quantity"] += 10
            fixed = [visits.Part(p.kind, type(p.payload).model_validate({"lines": lines}) if p is given else p.payload) for p in parts]
            visits.correct(
                actor=self._actors[worker.username], visit=visit, correction=self._id(), encounter=facts[0].parsed, parts=fixed,
                participant=facts[0].participant, mode=Mode.CONFIRMED,
            )

    def _keep_two_aside(self) -> None:
        elsewhere = next(site for name, site in self._sites.items() if site.kind == "store")
        worker = self._actors[self._plan.staff[0].username]
        drafts = [
            Draft(
                kind="exchange.returned", site=elsewhere.id, id=self._id(), encounter=self._id(), payload={"quantity": 40},
                occurred_at=self._moment(self._days - 1),
            ),
            Draft(
                kind="exchange.given", site=self._sites[self._plan.staff[0].records_at].id, id=self._id(), encounter=self._id(),
                payload={"lines": [{"item": "filter", "quantity": -5}]}, occurred_at=self._moment(self._days - 1),
            ),
        ]
        record_many(drafts, actor=worker, mode=Mode.ARRIVED)
