"""The door: once, in order, by lot, and correctable."""

from __future__ import annotations

import uuid
from datetime import timedelta
from types import SimpleNamespace

import pytest

from handrail.facts import visits
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import Aside, Fact, Head, Referral, Standing
from handrail.facts.record import AlreadySaved, Draft, Mode, Refusal, Status, record, record_many
from handrail.facts.replay import verify_chain
from handrail.facts.spec import KINDS
from handrail.facts.visits import Part
from handrail.kernel import clock, ids
from handrail.ledgers.stock import queries
from handrail.ledgers.stock.models import Balance, Leg
from handrail.ledgers.stock.reactor import Short
from handrail.services.exchange.kinds.given import Given, GivenLine
from handrail.services.exchange.kinds.returned import Returned
from handrail.services.exchange.kinds.test import Disease, Result, State
from tests.people import join


def give(**quantities: int) -> Part:
    names = {"syringes": "syringe-1ml-29g", "filters": "filter", "water": "water"}
    return Part("exchange.given", Given(lines=tuple(GivenLine(item=names[k], quantity=q) for k, q in quantities.items())))


def save(world: SimpleNamespace, *parts: Part, visit: uuid.UUID | None = None, mode: Mode = Mode.TYPED, who: str = "naima") -> uuid.UUID:
    visit = visit or ids.new()
    visits.save(
        actor=world.actors[who], visit=visit, site=world.van.id, occurred_at=clock.now(),
        encounter=Encounter(on_behalf_of=2), parts=parts, mode=mode,
    )
    return visit


def on_van(world: SimpleNamespace) -> dict[str, int]:
    return {lot.lot: lot.quantity for lot in queries.lots([world.van.key])}


def total_is_zero() -> bool:
    return sum(Leg.objects.values_list("quantity", flat=True)) == 0


def test_a_visit_takes_stock_first_expiry_first(in_harbour):
    save(in_harbour, give(syringes=130, filters=10))
    assert on_van(in_harbour) == {"S-late": 470, "F-1": 990}
    assert total_is_zero()


def test_sending_a_visit_twice_records_it_once(in_harbour):
    visit = save(in_harbour, give(syringes=30))
    outcomes = visits.save(
        actor=in_harbour.actors["naima"], visit=visit, site=in_harbour.van.id, occurred_at=clock.now(),
        encounter=Encounter(on_behalf_of=2), parts=[give(syringes=30)],
    )
    assert {o.status for o in outcomes} == {Status.DUPLICATE}
    assert on_van(in_harbour)["S-soon"] == 70


def test_the_same_form_with_other_values_is_refused_and_changes_nothing(in_harbour):
    visit = save(in_harbour, give(syringes=30))
    with pytest.raises(AlreadySaved):
        save(in_harbour, give(syringes=40), visit=visit)
    assert on_van(in_harbour)["S-soon"] == 70


def test_more_than_the_book_has_is_refused_while_typing(in_harbour):
    with pytest.raises(Short) as refusal:
        save(in_harbour, give(syringes=601))
    assert refusal.value.missing == [("syringe-1ml-29g", 601, 600)]
    assert Fact.objects.filter(kind="exchange.given").count() == 0


def test_what_was_given_anyway_is_kept_and_asks_for_a_count(in_harbour):
    save(in_harbour, give(syringes=601), mode=Mode.CONFIRMED)
    short = queries.to_recount([in_harbour.van.key])
    assert [(lot.lot, lot.quantity) for lot in short] == [("?", -1)]
    assert total_is_zero()


def test_expired_lots_are_never_taken(in_harbour):
    draft_at = clock.now().replace(year=2029, month=3)
    visits.save(
        actor=in_harbour.actors["naima"], visit=ids.new(), site=in_harbour.van.id, occurred_at=draft_at,
        encounter=Encounter(), parts=[give(syringes=10)],
    )
    assert on_van(in_harbour) == {"S-late": 490, "S-soon": 100, "F-1": 1000}


def test_a_correction_stands_beside_what_it_corrects(in_harbour):
    visit = save(in_harbour, give(syringes=300), Part("exchange.returned", Returned(quantity=22)))
    outcomes = visits.correct(
        actor=in_harbour.actors["naima"], visit=visit, correction=ids.new(), encounter=Encounter(on_behalf_of=2),
        parts=[give(syringes=30), Part("exchange.returned", Returned(quantity=22))], participant=None,
    )
    assert [o.status for o in outcomes] == [Status.ACCEPTED]
    assert on_van(in_harbour) == {"S-soon": 70, "S-late": 500, "F-1": 1000}
    assert Fact.objects.filter(kind="exchange.given").count() == 2
    assert [f.parsed.lines[0].quantity for f in visits.read(visit) if f.kind == "exchange.given"] == [30]
    assert total_is_zero()


def test_a_part_left_out_of_a_correction_is_taken_back(in_harbour):
    visit = save(in_harbour, give(syringes=30), Part("exchange.returned", Returned(quantity=22)))
    visits.correct(
        actor=in_harbour.actors["naima"], visit=visit, correction=ids.new(), encounter=Encounter(on_behalf_of=2),
        parts=[give(syringes=30)], participant=None,
    )
    assert [f.kind for f in visits.read(visit)] == ["facts.encounter", "exchange.given"]


def test_a_whole_visit_can_be_taken_back(in_harbour):
    before = on_van(in_harbour)
    visit = save(in_harbour, give(syringes=30))
    visits.take_back(actor=in_harbour.actors["naima"], visit=visit, correction=ids.new(), why="entered_twice")
    assert visits.read(visit) == []
    assert on_van(in_harbour) == before
    assert len(visits.history(visit)) == 4


def test_two_corrections_of_one_fact_keep_both_and_the_later_arrival_counts(in_harbour):
    visit = save(in_harbour, give(syringes=30))
    original = next(f for f in visits.read(visit) if f.kind == "exchange.given")
    for quantity in (31, 32):
        record(
            Draft(
                kind="exchange.given", payload=give(syringes=quantity).payload, site=in_harbour.van.id, encounter=visit,
                supersedes=(original.id,),
            ),
            actor=in_harbour.actors["naima"],
        )
    standing = Standing.objects.get(root=original.id)
    assert len(standing.heads) == 2
    assert [f.parsed.lines[0].quantity for f in visits.read(visit) if f.kind == "exchange.given"] == [32]
    assert on_van(in_harbour)["S-soon"] == 68


def test_a_correction_that_arrives_before_its_original_waits_and_then_counts(in_harbour):
    visit, original, correction = ids.new(), ids.new(), ids.new()
    site, actor = in_harbour.van.id, in_harbour.actors["naima"]
    early = Draft(kind="exchange.given", payload=give(syringes=40).payload, site=site, encounter=visit, id=correction, supersedes=(original,))
    late = Draft(kind="exchange.given", payload=give(syringes=30).payload, site=site, encounter=visit, id=original)
    assert record(early, actor=actor, mode=Mode.ARRIVED).status is Status.QUARANTINED
    assert on_van(in_harbour)["S-soon"] == 100
    assert record(late, actor=actor, mode=Mode.ARRIVED).status is Status.ACCEPTED
    assert on_van(in_harbour)["S-soon"] == 60
    assert not Aside.objects.filter(is_open=True).exists()


def test_what_arrives_is_never_refused(in_harbour):
    actor, site = in_harbour.actors["stranger"], in_harbour.van.id
    actor = type(actor)(**{**actor.__dict__, "organisation": in_harbour.harbour.key, "grants": ()})
    outcomes = record_many(
        [
            Draft(kind="exchange.given", payload={"lines": [{"item": "filter", "quantity": 1}]}, site=site, encounter=ids.new()),
            Draft(kind="exchange.given", payload={"lines": [{"item": "filter", "quantity": -1}]}, site=site, encounter=ids.new()),
            Draft(kind="nobody.knows", payload={"x": 1}, site=site),
            Draft(kind="exchange.given", payload={"lines": [{"item": "filter", "quantity": 1}]}, site=ids.new(), encounter=ids.new()),
        ],
        actor=actor, mode=Mode.ARRIVED,
    )
    assert [o.reason for o in outcomes] == ["not_permitted", "bad_payload", "unknown_kind", "unknown_site"]
    assert Aside.objects.filter(is_open=True).count() == 4
    assert on_van(in_harbour)["F-1"] == 1000


def test_a_released_fact_counts_from_then_on(in_harbour):
    actor, site = in_harbour.actors["auditor"], in_harbour.van.id
    kept = record(
        Draft(kind="exchange.given", payload=give(filters=5).payload, site=site, encounter=ids.new()), actor=actor, mode=Mode.ARRIVED
    )
    assert on_van(in_harbour)["F-1"] == 1000
    record(
        Draft(kind="facts.released", payload={"target": str(kept.id), "decision": "counts"}), actor=in_harbour.actors["coordinator"]
    )
    assert on_van(in_harbour)["F-1"] == 995
    assert total_is_zero()


def test_an_id_that_is_taken_by_another_body_keeps_both(in_harbour):
    fact_id, visit, actor = ids.new(), ids.new(), in_harbour.actors["naima"]
    first, second = (
        Draft(kind="exchange.given", payload=give(filters=n).payload, site=in_harbour.van.id, encounter=visit, id=fact_id) for n in (5, 6)
    )
    record(first, actor=actor, mode=Mode.ARRIVED)
    outcome = record(second, actor=actor, mode=Mode.ARRIVED)
    assert (outcome.status, outcome.reason) == (Status.QUARANTINED, "id_taken")
    assert record(second, actor=actor, mode=Mode.ARRIVED).status is Status.DUPLICATE
    assert on_van(in_harbour)["F-1"] == 995


def test_a_device_number_is_used_once(in_harbour):
    device, actor = ids.random(), in_harbour.actors["naima"]

    def draft() -> Draft:
        return Draft(
            kind="exchange.returned", payload={"quantity": 1}, site=in_harbour.van.id, encounter=ids.new(), device=device, device_sequence=1
        )

    assert record(draft(), actor=actor, mode=Mode.ARRIVED).status is Status.ACCEPTED
    assert record(draft(), actor=actor, mode=Mode.ARRIVED).reason == "sequence_taken"


def test_nobody_records_where_they_do_not_work(in_harbour):
    with pytest.raises(Refusal):
        save(in_harbour, give(filters=1), who="elsewhere")


def test_a_referral_is_followed_until_the_person_arrived(in_harbour):
    visit = save(in_harbour, Part("facts.referral", _referral(in_harbour)))
    referral = Referral.objects.get()
    assert (referral.status, referral.to_site.name) == ("accepted", "Clinic")
    record(
        Draft(
            kind="facts.referral_outcome", site=in_harbour.sites["Clinic"].id,
            payload={"referral": str(referral.fact), "status": "attended", "source": "receiving_service"},
        ),
        actor=in_harbour.actors["nurse"],
    )
    assert Referral.objects.get().status == "attended"
    visits.take_back(actor=in_harbour.actors["naima"], visit=visit, correction=ids.new(), why="did_not_happen")
    assert not Referral.objects.exists()


def _referral(world):
    from handrail.facts.kinds.referral import Referral as Payload  # noqa: PLC0415  name clashes with the table

    return Payload(service="OAT", status="accepted", to_site=world.sites["Clinic"].id, consent_to_share=True)


def test_a_result_without_a_test_is_refused():
    with pytest.raises(ValueError):
        KINDS["exchange.test"].payload(disease=Disease.HIV, state=State.OFFERED_DECLINED, result=Result.NEGATIVE)


def test_replayed_state_equals_live_state_and_the_chain_holds(in_harbour):
    visit = save(in_harbour, give(syringes=30, filters=3), Part("facts.referral", _referral(in_harbour)))
    visits.correct(
        actor=in_harbour.actors["naima"], visit=visit, correction=ids.new(), encounter=Encounter(people_count=2), parts=[give(syringes=20)], participant=None,
    )
    save(in_harbour, give(syringes=700), mode=Mode.CONFIRMED)
    count, _head, problems = verify_chain()
    assert problems == []
    assert count == Head.objects.get().counter == Fact.objects.count()


def test_the_clock_of_a_device_is_marked_not_mended(in_harbour):
    ahead = clock.now() + timedelta(hours=3)
    outcome = record(
        Draft(kind="exchange.returned", payload={"quantity": 1}, site=in_harbour.van.id, encounter=ids.new(), occurred_at=ahead),
        actor=in_harbour.actors["naima"], mode=Mode.ARRIVED,
    )
    fact = Fact.objects.get(id=outcome.id)
    assert fact.occurred_at == ahead
    assert fact.door["clock_ahead_seconds"] > 10_000
    assert Balance.objects.exists()


def test_a_fact_of_an_older_version_is_kept_as_it_came_and_read_in_todays_shape(in_harbour, monkeypatch):
    kind, visit = KINDS["exchange.returned"], ids.new()
    monkeypatch.setattr(kind, "version", 2)
    monkeypatch.setattr(kind, "upcasters", {1: lambda old: {"quantity": old["needles"], "method": "count"}})
    draft = Draft(kind="exchange.returned", payload={"needles": 7}, kind_version=1, site=in_harbour.van.id, encounter=visit)
    assert record(draft, actor=in_harbour.actors["naima"], mode=Mode.ARRIVED).status is Status.ACCEPTED
    stored = Fact.objects.get(id=draft.id)
    assert (stored.kind_version, stored.payload) == (1, {"needles": 7})
    assert [f.parsed.quantity for f in visits.read(visit)] == [7]
    assert verify_chain()[2] == []


# -- whose record it is -----------------------------------------------------------------------------------------------


def taken_back(world: SimpleNamespace, fact: uuid.UUID, *, by: str, at: str, mode: Mode = Mode.TYPED):
    draft = Draft(kind="facts.taken_back", payload={"why": "did_not_happen"}, site=world.sites[at].id, supersedes=(fact,))
    return record(draft, actor=world.actors[by], mode=mode)


def test_nobody_takes_back_a_record_of_a_place_where_they_may_not_correct(in_harbour):
    visit = save(in_harbour, give(syringes=30))
    given = ids.derived(visit, "exchange.given")
    with pytest.raises(Refusal, match="cannot correct or take back"):
        taken_back(in_harbour, given, by="elsewhere", at="Drop-in")  # may correct at the drop-in, and this is the van's
    outcome = taken_back(in_harbour, given, by="elsewhere", at="Drop-in", mode=Mode.ARRIVED)
    assert (outcome.status, outcome.reason) == (Status.QUARANTINED, "not_permitted")
    assert on_van(in_harbour)["S-soon"] == 70
    assert taken_back(in_harbour, given, by="naima", at="Van 1").status is Status.ACCEPTED


def test_a_correction_needs_the_right_where_the_first_record_was_made(in_harbour):
    visit = save(in_harbour, Part("exchange.returned", Returned(quantity=5)))
    draft = Draft(
        kind="exchange.returned", payload=Returned(quantity=500), site=in_harbour.sites["Drop-in"].id, encounter=visit,
        supersedes=(ids.derived(visit, "exchange.returned"),),
    )
    with pytest.raises(Refusal, match="cannot correct or take back"):
        record(draft, actor=in_harbour.actors["elsewhere"])


def test_only_who_may_merge_may_undo_a_merge(in_harbour):
    one, other = ids.random(), ids.random()
    for person in (one, other):
        record(Draft(kind="facts.enrolled", payload={}, site=in_harbour.van.id, participant=person), actor=in_harbour.actors["naima"])
    merge = join(in_harbour, one, other)
    with pytest.raises(Refusal, match="cannot correct or take back"):
        taken_back(in_harbour, merge, by="naima", at="Van 1")
