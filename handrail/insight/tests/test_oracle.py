"""The numbers of an invented year, counted a second time in plain Python from what was recorded."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from handrail.facts.record import Draft, Mode, record_many
from handrail.insight.arithmetic import display
from handrail.insight.disclose import share
from handrail.insight.examples import SYRINGE
from handrail.kernel import ids
from handrail.ledgers.stock.commands import add_item

NAIROBI = ZoneInfo("Africa/Nairobi")
SAID = ("last_month", "last_12_months", "never", "not_said")


class Year:
    """Facts of a year, and the same counted by hand. Quarter 3 of 2026; corrections replace a tenth of what was given."""

    def __init__(self, world, seed):
        self.sites = [world.sites[name].id for name in ("Van 1", "Drop-in", "Clinic")]
        self.drafts, self.chance = [], random.Random(seed)
        people = [(ids.random(), self.chance.choices(self.sites, (5, 3, 1))[0]) for _ in range(60)]
        self.injects, self.answers = set(), defaultdict(list)
        for person, site in people:
            for _again in range(self.chance.randrange(3)):
                at = datetime(2025, 6, 1, tzinfo=UTC) + timedelta(minutes=self.chance.randrange(540 * 1440))
                said = self.chance.choice(SAID)
                self.answers[person].append((at, said))
                self.drafts.append(Draft(kind="facts.asked", payload={"injects": said}, site=site, participant=person, occurred_at=at))
        for person, answers in self.answers.items():
            before = [(at, said) for at, said in answers if local(at) < date(2026, 10, 1)]
            if before and local(max(before)[0]) >= date(2025, 10, 1) and max(before)[1] in SAID[:2]:
                self.injects.add(person)
        self.visits = [self._visit(people) for _ in range(400)]

    def _visit(self, people):
        chance, visit = self.chance, ids.new()
        at = datetime(2025, 9, 1, tzinfo=UTC) + timedelta(minutes=chance.randrange(420 * 1440))
        person, site = chance.choice(people)
        person = person if chance.random() < 0.6 else None
        site = site if chance.random() < 0.9 else chance.choice(self.sites)
        common = {"site": site, "participant": person, "occurred_at": at}
        met = 1 if person else chance.randrange(1, 6)
        self.drafts.append(Draft(kind="facts.encounter", payload={"people_count": met}, id=visit, **common))
        given = 0
        if chance.random() < 0.8:
            given = chance.randrange(1, 40)
            first = self._given(visit, given, common)
            if chance.random() < 0.1:
                given += 100
                self._given(visit, given, common, supersedes=(first,))
            elif chance.random() < 0.05:
                given = 0
                self.drafts.append(Draft(kind="facts.taken_back", payload={"why": "did_not_happen"}, supersedes=(first,), **common))
        return {"site": site, "person": person, "met": met, "given": given, "day": local(at), "visit": visit}

    def _given(self, visit, quantity, common, supersedes=()):
        payload = {"lines": [{"item": SYRINGE, "quantity": quantity}, {"item": "filter", "quantity": 7}]}
        self.drafts.append(Draft(kind="exchange.given", payload=payload, encounter=visit, supersedes=supersedes, **common))
        return self.drafts[-1].id

    def within(self, since, site):
        return [v for v in self.visits if since <= v["day"] < date(2026, 10, 1) and site in (None, v["site"])]

    def expected(self, site):
        quarter, year = self.within(date(2026, 7, 1), site), self.within(date(2025, 10, 1), site)
        came, took = ({v["person"] for v in year if v["person"] in self.injects and v["given"] >= least} for least in (0, 1))
        needles = sum(v["given"] for v in year)
        return {
            "people_reached": str(len({v["person"] for v in quarter if v["person"]})), "contacts": str(sum(v["met"] for v in quarter)),
            "contacts_without_code": str(sum(v["met"] for v in quarter if not v["person"])),
            "needles_given": str(sum(v["given"] for v in quarter)),
            "kp_4": display(needles / len(took), 1) if took else "not_computable",
            "prv_10a": display(needles / len(came), 1) if came else "not_computable",
        }

    def behind_needles(self, site):
        took = [v for v in self.within(date(2026, 7, 1), site) if v["given"]]
        return len({v["person"] for v in took if v["person"]}) + sum(v["met"] for v in took if not v["person"])


def local(moment):
    return moment.astimezone(NAIROBI).date()


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2))])
def test_every_number_agrees_with_a_count_by_hand(warehouse, seed):
    add_item(actor=warehouse.system, code=SYRINGE, name="Syringe", item_class="syringe_with_needle")
    year = Year(warehouse, seed)
    record_many(year.drafts, actor=warehouse.system, mode=Mode.CONFIRMED)
    pack = warehouse.numbers("2026Q3")
    for site in (None, *year.sites):
        expected = year.expected(site)
        assert {key: pack.get(key, site).plain for key in expected} == expected
        assert pack.get("needles_given", site).people_behind == year.behind_needles(site)
    shown = Counter(shared.is_hidden for shared in share(pack))
    assert shown[False] > shown[True] / 4
