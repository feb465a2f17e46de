"""Two people tell of one overdose: joined by somebody who read both, never by a guess, and it can be undone."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from handrail.facts.models import Fact
from handrail.facts.record import Refusal
from handrail.insight import dimensions
from handrail.kernel import clock, ids, scope
from handrail.services.naloxone import commands, numbers, queries
from handrail.services.naloxone.codes import KitState
from handrail.services.naloxone.kinds.reversal import Reversal
from handrail.services.naloxone.models import Report
from handrail.services.naloxone.queries import doubles
from handrail.services.naloxone.tests.helpers import signed_in


def tells(world: Any, **said: Any) -> Report:
    """A report of today. Needs the scope."""
    payload = Reversal.model_validate({"outcome": "recovered", "doses_total": 2, **said})
    made = commands.report(actor=world.system, site=world.van, said=payload, id=ids.new(), occurred_at=clock.now()).id
    return Report.objects.get(fact=made)


def join(world: Any, report: Report, same_as: Report | None) -> None:
    commands.same_event(actor=world.actors["coordinator"], report=report, same_as=same_as, id=ids.new())


def counted() -> int:
    return numbers.of_reports(list(Report.objects.all())).reports


def test_two_reports_of_one_overdose_count_once_until_it_is_undone(in_harbour: Any) -> None:
    first, second = tells(in_harbour), tells(in_harbour, outcome="alive_handed_over", doses_total=3)
    assert counted() == 2
    join(in_harbour, second, first)
    found = numbers.of_reports(list(Report.objects.all()))
    assert (found.reports, found.doses, found.survival.of) == (1, 2, 1)
    join(in_harbour, second, None)
    assert counted() == 2


def test_what_leaves_the_house_leaves_it_out_as_something_set_aside(in_harbour: Any) -> None:
    first, second = tells(in_harbour), tells(in_harbour)
    join(in_harbour, second, first)
    counter = Fact.objects.values_list("counter", flat=True).get(id=second.fact)
    assert dimensions.rows([], [])["asides"] == [(str(second.fact), "same_event", False, counter)]
    join(in_harbour, second, None)
    assert dimensions.rows([], [])["asides"] == []


def test_a_kit_that_the_second_report_names_stays_used(in_harbour: Any) -> None:
    first = tells(in_harbour)
    second = tells(in_harbour, doses_total=1, doses=[{"route": "nasal", "kit_code": "NX-77"}])
    join(in_harbour, second, first)
    step = queries.kit("NX-77")
    assert step is not None
    assert step.state == KitState.USED


def test_a_chain_is_refused_with_what_to_do(in_harbour: Any) -> None:
    first, second, third = tells(in_harbour), tells(in_harbour), tells(in_harbour)
    join(in_harbour, second, first)
    with pytest.raises(Refusal, match="Choose the third"):
        join(in_harbour, third, second)
    with pytest.raises(Refusal, match="this one counts"):
        join(in_harbour, first, third)
    join(in_harbour, third, first)
    assert doubles() == {second.root: first.root, third.root: first.root}


def test_a_revision_of_a_report_stays_joined(in_harbour: Any) -> None:
    first, second = tells(in_harbour), tells(in_harbour)
    join(in_harbour, second, first)
    said = Reversal.model_validate({"outcome": "died", "doses_total": 0})
    commands.report(actor=in_harbour.system, site=in_harbour.van, said=said, id=ids.new(), occurred_at=clock.now(), supersedes=(second.fact,))
    assert counted() == 1


def test_the_page_proposes_reports_of_these_days_and_joins_the_chosen_one(world: Any) -> None:
    with scope.enter([world.harbour.key]):
        first, second = tells(world), tells(world, area="harbour-east")
        far = tells(world)
        Report.objects.filter(root=far.root).update(occurred_at=clock.now() - timedelta(days=40))
    client = signed_in(world, "coordinator")
    page = client.get(reverse("naloxone:same", args=[second.root])).content.decode()
    assert str(first.root) in page
    assert str(far.root) not in page
    assert "harbour-east" in page
    answer = client.post(reverse("naloxone:same", args=[second.root]), {"id": str(ids.new()), "same_as": "what"})
    assert answer.status_code == 422
    assert "Choose one of the reports" in answer.content.decode()
    assert client.post(reverse("naloxone:same", args=[second.root]), {"id": str(ids.new()), "same_as": str(first.root)}).status_code == 302
    assert "told by another report" in client.get(reverse("naloxone:reports")).content.decode()
    assert client.post(reverse("naloxone:same", args=[second.root]), {"id": str(ids.new()), "same_as": "none"}).status_code == 302
    with scope.enter([world.harbour.key]):
        assert doubles() == {}


def test_only_who_may_review_sees_it(world: Any) -> None:
    with scope.enter([world.harbour.key]):
        report = tells(world)
    assert signed_in(world, "naima").get(reverse("naloxone:same", args=[report.root])).status_code == 404
    assert signed_in(world, "coordinator").get(reverse("naloxone:same", args=[uuid.uuid4()])).status_code == 404
