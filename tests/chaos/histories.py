"""Random histories of a small organisation, and an independent account of what must be true of them.

A history is a list of `Event`s; `Story` turns them into drafts with fixed ids, so that the same event is the same fact
however often and in whatever order it is sent. References go to earlier, later and missing events alike.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection
from hypothesis import strategies as st

from handrail.facts import organisations
from handrail.facts.fold import read_facts
from handrail.facts.models import Aside, Fact, Head, Site
from handrail.facts.people_reactor import COUNTS
from handrail.facts.record import Draft, Mode, Outcome, record_many
from handrail.facts.spec import Place
from handrail.kernel import ids, scope
from handrail.kernel.access import Actor
from handrail.kernel.database import retrying
from handrail.ledgers.stock import commands as stock
from handrail.ledgers.stock.models import Balance, Leg, Lot
from handrail.services.exchange.models import OpenTest

ITEMS = ("syringe", "filter")
START = datetime(2026, 3, 1, 9, tzinfo=UTC)
OPEN_STATES = {"sample_taken", "result_pending", "invalid"}


@dataclass(frozen=True)
class Event:
    """One thing that happens. Numbers choose among what the story offers; out of range means something unknown."""

    kind: str
    amount: int = 1
    choice: int = 0
    place: int = 0
    refers: tuple[int, ...] = ()
    allowed: bool = True


_SIMPLE = [
    "given", "given", "given", "returned", "test", "referral", "outcome", "enrolled", "asked", "encounter", "received",
    "transferred", "counted", "broken", "unreadable", "unknown",
]
_REFERRING = ["correction", "correction", "correction", "taken_back", "released", "clash", "other_kind"]


def events(most: int = 22) -> st.SearchStrategy[list[Event]]:
    """Histories with everything in them, honest or not."""
    amount, choice, place = st.integers(0, 60), st.integers(0, 5), st.integers(0, 4)
    simple = st.builds(Event, st.sampled_from(_SIMPLE), amount, choice, place, allowed=st.sampled_from([True] * 7 + [False]))
    refers = st.lists(st.integers(0, most), min_size=1, max_size=2).map(tuple)
    referring = st.builds(
        Event, st.sampled_from(_REFERRING), amount, choice, place, refers, allowed=st.sampled_from([True] * 7 + [False])
    )
    return st.lists(st.one_of(simple, referring), min_size=1, max_size=most)


@dataclass
class Story:
    """An organisation of its own, and the drafts of a history in it."""

    key: int
    system: Actor
    nobody: Actor
    sites: list[Site]
    lots: list[Lot]
    base: uuid.UUID

    @classmethod
    def begin(cls) -> Story:
        """A new organisation with two sites, two items and three lots, committed."""
        organisation = organisations.create(name="Story", country="KE")
        actor = organisations.system_actor(organisation)
        with scope.enter([organisation.key]):
            sites = [
                Site.objects.create(organisation=organisation, name=name, kind=kind) for name, kind in (("Van", "vehicle"), ("Store", "store"))
            ]
            items = [stock.add_item(actor=actor, code=code, name=code, item_class="preparation") for code in ITEMS]
            lots = [
                Lot.objects.create(organisation=organisation, item=items[item], code=code, expiry=expiry)
                for item, code, expiry in (
                    (0, "late", date(2028, 1, 1)), (0, "soon", date(2027, 1, 1)), (0, "expired", date(2026, 1, 1)), (1, "undated", None),
                )
            ]
        return cls(organisation.key, actor, replace(actor, is_system=False), sites, lots, ids.random())

    def id(self, index: int) -> uuid.UUID:
        """The id of the fact of an event."""
        return ids.derived(self.base, str(index))

    def drafts(self, history: Sequence[Event]) -> list[Draft]:
        """The facts of a history, in its order."""
        return [self._draft(history, index) for index in range(len(history))]

    def _draft(self, history: Sequence[Event], index: int) -> Draft:
        event = history[index]
        fact_id, supersedes = self.id(index), tuple(dict.fromkeys(self.id(i) for i in event.refers))
        at = START + timedelta(minutes=(event.amount * 7 + index) % 50)
        site = [s.id for s in self.sites][event.place] if event.place < 2 else ids.derived(self.base, "nowhere") if event.place == 4 else None
        site = self.sites[0].id if event.place == 2 else site
        common: dict[str, Any] = {
            "id": fact_id, "site": site, "occurred_at": at, "encounter": ids.derived(self.base, "visit"),
            "participant": ids.derived(self.base, f"person{event.choice % 3}"),
        }
        if event.kind == "clash":
            return Draft(kind="exchange.returned", payload={"quantity": 777}, **common | {"id": supersedes[0]})
        if event.kind in {"correction", "taken_back", "other_kind"}:
            common["supersedes"] = supersedes
        if event.kind == "taken_back":
            return Draft(kind="facts.taken_back", payload={"why": "entered_twice"}, **common)
        kind = event.kind
        if kind == "correction":
            kind = self._kind_of(history, event.refers[0], set())
        kind = "given" if kind == "other_kind" else kind
        key, payload = self._body(kind, event, supersedes)
        return Draft(kind=key, payload=payload, **common)

    def _kind_of(self, history: Sequence[Event], index: int, seen: set[int]) -> str:
        if index >= len(history) or index in seen:
            return "given"
        event = history[index]
        if event.kind == "correction":
            return self._kind_of(history, event.refers[0], {*seen, index})
        return event.kind if event.kind in _SIMPLE else "given"

    def _body(self, kind: str, event: Event, refers: tuple[uuid.UUID, ...]) -> tuple[str, dict[str, Any]]:
        n, choice = event.amount, event.choice
        item = ITEMS[choice] if choice < 2 else "syringe" if choice < 5 else "nothing"
        lot = str(self.lots[choice].id) if choice < 4 else str(ids.derived(self.base, "no lot"))
        lot_item = "syringe" if choice < 3 else "filter"
        state = ["sample_taken", "resulted", "invalid", "result_pending", "offered_declined", "nonsense"][choice]
        bodies: dict[str, tuple[str, dict[str, Any]]] = {
            "given": ("exchange.given", {"lines": [{"item": item, "quantity": n}, {"item": "filter", "quantity": 1 + choice}]}),
            "returned": ("exchange.returned", {"quantity": n}),
            "test": (
                "exchange.test",
                {"disease": "HIV", "state": state} | ({"result": "negative"} if state == "resulted" and n % 5 else {}),
            ),
            "referral": (
                "facts.referral",
                {"service": "OAT", "status": "accepted", "to_site": str(self.sites[1].id) if choice < 3 else str(ids.derived(self.base, "nowhere"))},
            ),
            "outcome": (
                "facts.referral_outcome",
                {"referral": str(self.id(n % 12)), "status": "attended" if choice % 2 else "booked", "source": "participant"},
            ),
            "enrolled": ("facts.enrolled", {"birth_year": 1950 + n}),
            "asked": ("facts.asked", {"injects": ["never", "ever", "last_month", "not_said", "last_12_months", "maybe"][choice]}),
            "encounter": ("facts.encounter", {"people_count": n}),
            "received": ("stock.received", {"lines": [{"item": lot_item, "lot": lot, "quantity": 1 + 3 * n}]}),
            "transferred": (
                "stock.transferred",
                {"to_site": str(self.sites[1].id if choice < 4 else ids.derived(self.base, "nowhere")), "lines": [{"item": item, "quantity": 1 + n}]},
            ),
            "counted": ("stock.counted", {"lines": [{"item": lot_item, "lot": lot, "in_book": n - 20, "on_shelf": choice * 9}]}),
            "broken": ("exchange.given", {"lines": [], "more": [n, 1.5, None, "é"]}),
            "unreadable": ("exchange.returned", [{"x": "\0"}, {"x": "\ud800"}, {"x": 1e20}, {"x": -0.0}, {"x": float("nan")}, {"x": 10**400}][choice]),
            "unknown": ("nobody.knows" + "x" * (30 * choice), {"n": n}),
            "released": (
                "facts.released", {"target": str(refers[0] if refers else self.id(n)), "decision": "counts" if choice < 4 else "does_not_count"}
            ),
        }
        return bodies[kind]

    # -- sending ------------------------------------------------------------------------------------------------

    def send(self, drafts: Sequence[Draft], *, allowed: bool = True, mode: Mode = Mode.ARRIVED) -> list[Outcome]:
        """One batch in a transaction of its own."""
        def work() -> list[Outcome]:
            with scope.enter([self.key]):
                return record_many(drafts, actor=self.system if allowed else self.nobody, mode=mode)

        return retrying(work)


def batches(sequence: Sequence[Any], sizes: Sequence[int]) -> list[list[Any]]:
    """Cut a sequence into pieces of these sizes, round and round."""
    cut, found, turn = 0, [], 0
    while cut < len(sequence):
        size = sizes[turn % len(sizes)] if sizes else len(sequence)
        found.append(list(sequence[cut : cut + size]))
        cut, turn = cut + size, turn + 1
    return found


# -- what must be true at every moment; in scope ------------------------------------------------------------------------


def counting() -> list[Any]:
    """The facts that count now."""
    with connection.cursor() as cursor:
        return list(read_facts(cursor, scope.organisation(), COUNTS, [], "ORDER BY f.counter"))


def totals() -> dict[tuple[int, str], int]:
    """Units of each item at each site by the book, lots added up; zeros left out."""
    found: Counter[tuple[int, str]] = Counter()
    for site, item, quantity in Balance.objects.filter(location__kind="site").values_list("location__site_id", "lot__item__code", "quantity"):
        found[site, item] += quantity
    return {key: quantity for key, quantity in found.items() if quantity}


def totals_by_facts() -> dict[tuple[int, str], int]:
    """The same, added up straight from the facts that count: no ledger, no lots, no order."""
    sites = dict(Site.objects.values_list("id", "key"))
    found: Counter[tuple[int, str]] = Counter()
    for fact in counting():
        if fact.spec is None or fact.spec.moves is None or fact.parsed is None:
            continue
        for move in fact.spec.moves(fact.parsed):
            for place, sign in ((move.source, -1), (move.target, 1)):
                if place is Place.SITE:
                    found[fact.site, move.item] += sign * move.quantity
                elif place is Place.OTHER_SITE:
                    found[sites[move.other_site], move.item] += sign * move.quantity
    return {key: quantity for key, quantity in found.items() if quantity}


def check_books() -> None:
    """Legs sum to zero, balances are the sum of their legs, and both say what the facts say."""
    by_lot: Counter[int] = Counter()
    by_place: Counter[tuple[int, int]] = Counter()
    for location, lot, quantity in Leg.objects.values_list("location_id", "lot_id", "quantity"):
        by_lot[lot] += quantity
        by_place[location, lot] += quantity
    assert not any(by_lot.values()), "the legs of a lot do not sum to zero"
    held = {(location, lot): q for location, lot, q in Balance.objects.values_list("location_id", "lot_id", "quantity") if q}
    assert held == {place: q for place, q in by_place.items() if q}, "a balance is not the sum of its legs"
    assert totals() == totals_by_facts(), "the book differs from the facts"


def check_state() -> None:
    """Numbers have no gap, open tests are the counting tests that are open, and what counts is read by every room alike."""
    counters = list(Fact.objects.order_by("counter").values_list("counter", flat=True))
    assert counters == list(range(1, Head.objects.get().counter + 1)), "a number is missing or doubled"
    expected = {f.id for f in counting() if f.kind == "exchange.test" and f.site and f.parsed.state in OPEN_STATES}
    assert set(OpenTest.objects.values_list("fact", flat=True)) == expected, "an open test is lost or doubled"


def waiting() -> int:
    """How many facts are kept aside because they wait for another."""
    return Aside.objects.filter(is_open=True, waiting_for__isnull=False).count()


# -- honest histories: originals and corrections of one another, nothing else ------------------------------------------------


@dataclass(frozen=True)
class Chain:
    """An original and what corrected it, one after the other; perhaps taken back in the end."""

    kind: str
    amounts: tuple[int, ...]
    taken_back: bool


def chains() -> st.SearchStrategy[list[Chain]]:
    """A few chains of up to three corrections."""
    return st.lists(
        st.builds(
            Chain, st.sampled_from(["given", "transferred", "referral", "encounter", "test"]),
            st.lists(st.integers(1, 40), min_size=1, max_size=3).map(tuple), st.sampled_from([False, False, True]),
        ),
        min_size=1, max_size=6,
    )


def chain_drafts(story: Story, number: int, chain: Chain) -> list[Draft]:
    """The facts of a chain, oldest first."""
    def fact_id(step: int) -> uuid.UUID:
        return ids.derived(story.base, f"chain {number} {step}")

    payloads: list[tuple[str, dict[str, Any]]] = []
    for n in chain.amounts:
        payloads.append(
            {
                "given": ("exchange.given", {"lines": [{"item": ITEMS[number % 2], "quantity": n}]}),
                "transferred": (
                    "stock.transferred", {"to_site": str(story.sites[1].id), "lines": [{"item": ITEMS[number % 2], "quantity": n}]}
                ),
                "referral": ("facts.referral", {"service": "OAT", "status": ["offered", "accepted", "declined"][n % 3]}),
                "encounter": ("facts.encounter", {"people_count": n}),
                "test": ("exchange.test", {"disease": "HIV", "state": ["sample_taken", "invalid", "offered_declined"][n % 3]}),
            }[chain.kind]
        )
    if chain.taken_back:
        payloads.append(("facts.taken_back", {"why": "entered_twice"}))
    return [
        Draft(
            kind=kind, payload=payload, id=fact_id(step), site=story.sites[0].id, occurred_at=START,
            encounter=None if chain.kind == "encounter" else ids.derived(story.base, "visit"), supersedes=(fact_id(step - 1),) if step else (),
        )
        for step, (kind, payload) in enumerate(payloads)
    ]
