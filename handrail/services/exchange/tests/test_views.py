"""Screens of the exchange room, for whoever meets them."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse

from handrail.facts import visits
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import Fact, Referral
from handrail.facts.spec import KINDS
from handrail.kernel import clock, ids, scope
from handrail.services.exchange.models import OpenTest


def take_sample(world) -> OpenTest:
    payload = KINDS["exchange.test"].payload(disease="HCV_RNA", method="laboratory", state="sample_taken")
    with scope.enter([world.harbour.key]):
        visits.save(
            actor=world.actors["nurse"], visit=ids.new(), site=world.sites["Clinic"].id, occurred_at=clock.now(), encounter=Encounter(),
            parts=[visits.Part("exchange.test", payload)],
        )
        return OpenTest.objects.get()


def signed_in(world, who: str) -> Client:
    client = Client()
    client.force_login(world.staff[who])
    return client


def test_a_result_that_arrives_later_finishes_the_test_and_is_counted_once(world):
    sample = take_sample(world)
    client = signed_in(world, "nurse")
    assert "Hepatitis C virus" in client.get(reverse("exchange:open-tests")).content.decode()
    answer = client.post(reverse("exchange:finish-test", args=[sample.fact]), {"id": str(ids.new()), "result": "negative", "told": "yes"})
    assert answer.status_code == 302
    with scope.enter([world.harbour.key]):
        assert not OpenTest.objects.exists()
        counting = [f for f in visits.read(sample.encounter) if f.kind == "exchange.test"]
        assert [(f.parsed.state, f.parsed.result) for f in counting] == [("resulted", "negative")]
        assert Fact.objects.filter(kind="exchange.test").count() == 2


def test_nobody_else_finishes_it(world):
    sample = take_sample(world)
    for who in ("naima", "stranger", "auditor", "elsewhere"):
        answer = signed_in(world, who).post(reverse("exchange:finish-test", args=[sample.fact]), {"id": str(ids.new()), "result": "negative"})
        assert answer.status_code == 404


def test_more_than_a_thousand_is_asked_about_and_kept(world):
    client = signed_in(world, "naima")
    form = {"visit": str(ids.new()), "at": clock.now().isoformat(), "who": "none", "exchange.given:filter": "1001"}
    asked = client.post(reverse("visit-new", args=[world.van.id]), form)
    assert asked.status_code == 422
    assert 'value="1001"' in asked.content.decode()
    saved = client.post(reverse("visit-new", args=[world.van.id]), form | {"confirm": "large"})
    assert saved.status_code == 422  # the book has 1,000: that is asked too
    assert "The book has 1000 here" in saved.content.decode() or "The book has 1,000 here" in saved.content.decode()


def test_a_correction_by_somebody_who_may_not_record_a_part_leaves_that_part(world):
    given = KINDS["exchange.given"].payload.model_validate({"lines": [{"item": "filter", "quantity": 5}]})
    visit = ids.new()
    with scope.enter([world.harbour.key]):
        visits.save(
            actor=world.actors["naima"], visit=visit, site=world.van.id, occurred_at=clock.now(), encounter=Encounter(),
            parts=[visits.Part("exchange.given", given)],
        )
    client = signed_in(world, "coordinator")
    form = {"visit": str(ids.new()), "at": clock.now().isoformat(), "people_count": "1", "on_behalf_of": "3"}
    assert client.post(reverse("visit-correct", args=[visit]), form).status_code == 302
    with scope.enter([world.harbour.key]):
        now = visits.read(visit)
    assert [f.kind for f in now] == ["facts.encounter", "exchange.given"]
    assert now[0].parsed.on_behalf_of == 3


def test_a_second_tap_on_a_result_goes_on_and_records_it_once(world):
    sample, client, answer = take_sample(world), signed_in(world, "nurse"), str(ids.new())
    for _tap in range(2):
        tapped = client.post(reverse("exchange:finish-test", args=[sample.fact]), {"id": answer, "result": "negative"})
        assert tapped.status_code == 302
    with scope.enter([world.harbour.key]):
        assert Fact.objects.filter(kind="exchange.test").count() == 2


def test_a_form_with_a_damaged_id_is_answered_and_not_an_error(world):
    sample = take_sample(world)
    damaged = signed_in(world, "nurse").post(reverse("exchange:finish-test", args=[sample.fact]), {"id": "x", "result": "negative"})
    assert damaged.status_code == 404


def test_two_answers_about_one_arrival_keep_the_first_and_say_so(world):
    referral = KINDS["facts.referral"].payload(service="OAT", status="accepted", consent_to_share=True)
    visit = ids.new()
    with scope.enter([world.harbour.key]):
        visits.save(
            actor=world.actors["naima"], visit=visit, site=world.van.id, occurred_at=clock.now(), encounter=Encounter(),
            parts=[visits.Part("facts.referral", referral)],
        )
        made = Referral.objects.get()
    client, answer = signed_in(world, "nurse"), str(ids.new())
    where = reverse("referral-outcome", args=[made.fact])
    assert client.post(where, {"id": answer, "status": "attended"}).status_code == 302
    second = client.post(where, {"id": answer, "status": "not_attended"})
    assert second.status_code == 422
    assert "already saved" in second.content.decode()
    with scope.enter([world.harbour.key]):
        assert Referral.objects.get().status == "attended"
