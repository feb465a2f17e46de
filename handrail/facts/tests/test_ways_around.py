"""Ways around a right that do not work: over somebody joined before, over the review of records, over another place."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from handrail.facts import proposals, visits, wishes
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import Participant
from handrail.facts.record import Draft, Mode, Refusal, record
from handrail.facts.spec import KINDS
from handrail.facts.tests.test_same_person import card_for, merge, steward
from handrail.facts.tests.test_wishes import CLINIC, FULL
from handrail.facts.wishes_reactor import NoBasis
from handrail.kernel import clock, ids, scope
from handrail.ledgers.stock.models import Balance
from tests.people import FITS, say_alike


def people(world, count: int):
    return [card_for(world)[1] for _ in range(count)]


def test_nobody_alive_is_joined_with_somebody_who_died_after_being_joined_with_another(in_harbour):
    died, before, alive = people(in_harbour, 3)
    merge(in_harbour, died, before)
    said = {"reported_by": "peer", "died_on": clock.now().date().isoformat()}
    wishes.report_death(actor=in_harbour.actors["naima"], site=in_harbour.van, participant=died, id=ids.new(), said=said)
    with pytest.raises(Refusal, match="deceased"):
        merge(in_harbour, before, alive)


def test_two_who_are_joined_are_not_called_different_until_that_is_undone(in_harbour):
    one, other = people(in_harbour, 2)
    proposal = proposals.propose(newer=other, older=one, actor=steward(in_harbour))
    fact = merge(in_harbour, one, other)
    said = {"actor": steward(in_harbour), "proposal": proposal, "outcome": "different", "corroborating": [], "agreed": "not_asked"}
    with pytest.raises(Refusal, match="Undo that first"):
        proposals.decide(decision=ids.new(), **said)
    proposals.undo(actor=steward(in_harbour), merge=fact)
    assert proposals.decide(decision=ids.new(), **said).state == "different"


def release(world, fact) -> int:
    client = Client()
    client.force_login(world.staff["coordinator"])
    return client.post(reverse("waiting-decide", args=[fact]), {"id": str(ids.new()), "decision": "counts"}).status_code


def test_who_may_not_join_records_cannot_let_a_join_count_that_was_kept_aside(world):
    with scope.enter([world.harbour.key]):
        one, other = people(world, 2)
        say_alike(world, one, other)
        payload = {"survivor": str(one), "other": str(other), "corroborating": FITS, "person_agreed": "yes"}
        kept = record(Draft(kind="facts.merged", participant=one, payload=payload), actor=world.actors["naima"], mode=Mode.ARRIVED)
    assert (kept.reason, release(world, kept.id)) == ("not_permitted", 422)
    with scope.enter([world.harbour.key]):
        assert Participant.objects.get(id=other).merged_into is None


def test_who_may_not_join_records_cannot_let_the_undoing_of_a_join_count(world):
    with scope.enter([world.harbour.key]):
        one, other = people(world, 2)
        draft = Draft(kind="facts.taken_back", site=world.van.id, payload={"why": "did_not_happen"}, supersedes=(merge(world, one, other),))
        kept = record(draft, actor=world.actors["naima"], mode=Mode.ARRIVED)
    assert (kept.reason, release(world, kept.id)) == ("not_permitted", 422)
    with scope.enter([world.harbour.key]):
        assert Participant.objects.get(id=other).merged_into == one


def test_what_belongs_to_a_visit_is_released_by_whoever_reviews_records(world):
    with scope.enter([world.harbour.key]):
        kept = record(Draft(kind="exchange.clean_up", site=world.van.id, payload=KINDS["exchange.clean_up"].sample), actor=world.actors["elsewhere"], mode=Mode.ARRIVED)
    assert (kept.reason, release(world, kept.id)) == ("not_permitted", 302)


def test_a_consent_for_this_place_only_does_not_speak_for_another_place(in_harbour):
    person, now = people(in_harbour, 1)[0], clock.now()
    said = FULL | {"from_whom": "this_place", "given_on": now.date().isoformat()}
    wishes.give_consent(actor=in_harbour.system, site=in_harbour.van, participant=person, id=ids.new(), said=said, at=now)

    def tell(site):
        return wishes.disclose(
            actor=in_harbour.system, site=site, participant=person, id=ids.new(), what=["treatment"], to_whom=CLINIC, basis="consent",
            purpose="guest_dosing", notice_sent=True,
        )

    with pytest.raises(NoBasis):
        tell(in_harbour.sites["Drop-in"])
    tell(in_harbour.van)


def test_a_visit_from_before_the_book_never_moves_stock_however_often_it_is_corrected(in_harbour):
    def on_shelf() -> int:
        return sum(balance.quantity for balance in Balance.objects.filter(location__site=in_harbour.van))

    def correct(*parts) -> None:
        visits.correct(actor=in_harbour.system, visit=visit, correction=ids.new(), encounter=Encounter(), parts=list(parts), participant=None)

    given = visits.Part("exchange.given", KINDS["exchange.given"].parse({"lines": [{"item": "syringe-1ml-29g", "quantity": 10}]}))
    visit, before = ids.new(), on_shelf()
    visits.save(
        actor=in_harbour.system, visit=visit, site=in_harbour.van.id, occurred_at=clock.now(), encounter=Encounter(), parts=[given], mode=Mode.EARLIER
    )
    correct()
    correct(given)
    assert on_shelf() == before
