"""Random histories of deliveries, kits, recalls and their corrections: a replay makes the same state, and nothing is lost."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handrail.facts import organisations
from handrail.facts.models import Aside, Fact
from handrail.facts.record import Draft, Mode, record_many
from handrail.facts.replay import rebuild, verify_chain
from handrail.kernel import ids, scope
from handrail.kernel.database import as_owner
from handrail.ledgers.stock import catalogue, project, recalls
from handrail.ledgers.stock.commands import add_item
from handrail.ledgers.stock.models import Balance, Leg, Lot, LotHold, RecallClosing

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
FEW = settings(max_examples=15, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))

EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["received", "given", "assembled", "written_off", "recalled", "recalled", "closed", "corrected", "taken_back"]),
        st.integers(0, 3), st.integers(1, 30), st.integers(0, 12),
    ),
    min_size=1, max_size=18,
)


@pytest.fixture
def owner(own_database: str) -> Iterator[None]:
    """The owner's connection: only it may rebuild."""
    with as_owner():
        yield


def story() -> SimpleNamespace:
    """An organisation of its own: one van, a part, a kit of two parts, three lots of the part and one of the kit."""
    organisation = organisations.create(name="Story", country="KE")
    actor = organisations.system_actor(organisation)
    with scope.enter([organisation.key]):
        site = organisations.create_site(actor=actor, name="Van", kind="vehicle")
        part = add_item(actor=actor, code="part", name="Part", item_class="barrel")
        kit = catalogue.create(actor=actor, code="kit", name="Kit", item_class="care", pack_size=1, parts={"part": 2})
        lots = [
            Lot.objects.create(organisation=organisation, item=item, code=code, expiry=expiry)
            for item, code, expiry in (
                (part, "a", date(2027, 1, 1)), (part, "b", date(2028, 1, 1)), (part, "c", None), (kit, "k", date(2026, 6, 1)),
            )
        ]
    return SimpleNamespace(key=organisation.key, actor=actor, site=site.id, lots=lots, base=ids.random())


def drafts_of(told: SimpleNamespace, events: Sequence[tuple[str, int, int, int]]) -> list[Draft]:
    """The facts of a history; references may go to later and missing facts."""
    found: list[Draft] = []
    for index, (kind, choice, amount, refers) in enumerate(events):
        lot = told.lots[choice]
        line = {"item": lot.item.code, "lot": str(lot.id)}
        common = {"id": ids.derived(told.base, str(index)), "site": told.site, "occurred_at": START + timedelta(hours=index)}
        payloads = {
            "received": ("stock.received", {"lines": [line | {"quantity": amount}]}),
            "given": ("exchange.given", {"lines": [{"item": lot.item.code, "quantity": amount}]}),
            "assembled": ("stock.assembled", {
                "kit": "kit", "kit_lot": str(told.lots[3].id), "kits": amount, "lines": [{"item": "part", "quantity": 2 * amount}]}),
            "written_off": ("stock.written_off", {"reason": "damaged", "lines": [line | {"quantity": amount}]}),
            "recalled": ("stock.recalled", {"severity": "harmful", "source_reference": f"N{amount}", "lines": [line]}),
            "closed": ("stock.recall_closed", {
                "recall": str(ids.derived(told.base, str(refers))), "outcome": "lifted" if amount % 2 else "settled"}),
        }
        if kind in payloads:
            key, payload = payloads[kind]
            encounter = ids.derived(told.base, f"visit {index}") if kind == "given" else None
            found.append(Draft(kind=key, payload=payload, encounter=encounter, **common))
        elif kind == "taken_back":
            found.append(Draft(kind="facts.taken_back", payload={"why": "entered_twice"}, supersedes=(ids.derived(told.base, str(refers)),), **common))
        else:
            old = next((draft for draft in found if draft.id == ids.derived(told.base, str(refers))), None)
            recalled = {"severity": "dangerous", "source_reference": "again", "lines": [line]}
            draft = replace(old, payload=recalled if old.kind == "stock.recalled" else old.payload) if old else Draft("stock.recalled", recalled)
            found.append(replace(draft, supersedes=(ids.derived(told.base, str(refers)),), **common))
    return found


def live_then_replay(events: Sequence[tuple[str, int, int, int]], size: int) -> None:
    """Send it in batches, check the books, replay, compare; what is on hold is what the counting recalls say."""
    told = story()
    drafts = drafts_of(told, events)
    for start in range(0, len(drafts), size):
        with scope.enter([told.key]):
            record_many(drafts[start : start + size], actor=told.actor, mode=Mode.ARRIVED)
    with scope.enter([told.key]):
        assert sum(Leg.objects.values_list("quantity", flat=True)) == 0
        sums: Counter[tuple[int, int]] = Counter()
        for location, lot, quantity in Leg.objects.values_list("location", "lot", "quantity"):
            sums[location, lot] += quantity
        assert {(b.location_id, b.lot_id): b.quantity for b in Balance.objects.exclude(quantity=0)} == {k: q for k, q in sums.items() if q}
        assert len(LotHold.objects.values_list("fact", "lot").distinct()) == LotHold.objects.count()
        assert {r.id for r in recalls.listed()} == set(LotHold.objects.values_list("recall", flat=True))
        held = set(LotHold.objects.values_list("fact", flat=True)) | set(RecallClosing.objects.values_list("fact", flat=True))
        assert held == counting({"stock.recalled", "stock.recall_closed"})
        assert verify_chain()[2] == []
        assert rebuild() == []


def counting(kinds: set[str]) -> set[uuid.UUID]:
    """Facts of these kinds that count, by the plainest definition: not aside."""
    aside = set(Aside.objects.values_list("fact", flat=True))
    return {fact for fact in Fact.objects.filter(kind__in=kinds).values_list("id", flat=True) if fact not in aside}


HISTORY = given(EVENTS, st.integers(1, 7))


def test_a_replay_of_any_history_of_kits_and_recalls_makes_the_same_state(owner: None) -> None:
    FEW(HISTORY(live_then_replay))()


def test_a_recall_that_is_not_undone_would_be_noticed(owner: None, monkeypatch: pytest.MonkeyPatch) -> None:
    live_then_replay([("recalled", 0, 1, 0), ("corrected", 1, 1, 0)], 1)
    monkeypatch.setattr(project, "undo", lambda fact: None)
    with pytest.raises(AssertionError):
        live_then_replay([("recalled", 0, 1, 0), ("corrected", 1, 1, 0)], 1)
