"""The demonstration shows kits in every state of their life, a recall under way and overdoses that were told; and it can be folded again."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from handrail.demo import mailed, naloxone, told
from handrail.facts import organisations
from handrail.facts.replay import rebuild, verify_chain
from handrail.kernel import clock, ids, scope
from handrail.kernel.database import as_owner
from handrail.ledgers.stock import recalls
from handrail.services.naloxone import mail_orders, numbers, public_reports, queries, reach
from handrail.services.naloxone.codes import KitState
from handrail.services.naloxone.models import Given, KitEnd, KitStep, Report
from handrail.services.naloxone.tests.helpers import actor, can_be_reached, place
from tests import world as small_world

pytestmark = pytest.mark.slow


def load(world: Any) -> None:
    """As the demonstration does it, in the small world."""
    zone = {"time_zone": "Africa/Nairobi"}
    bag, box = (organisations.create_site(actor=world.system, name=kind, kind=kind, **zone) for kind in ("peer_bag", "wall_box"))
    people = [ids.random() for _person in range(4)]
    for who in people[:2]:
        can_be_reached(world, who)
    around = naloxone.Around(
        world.system, world.system, world.store, world.van, bag, box, world.van.today, lambda days: clock.now() + timedelta(days=days), random.Random(1),
    )
    naloxone.load(around, people)


def test_a_kit_is_in_every_state_and_the_recall_leaves_some_in_every_group(in_harbour):
    load(in_harbour)
    assert set(queries.states()) == set(KitState.values)
    recall = next(found for found in recalls.listed() if found.is_open)
    full = recalls.find(recall.id)
    assert full is not None
    out = reach.of_recall(full)
    assert out is not None
    assert {group for group, n in out.groups.items() if n} >= {"reachable", "anonymous", "passed_on", "taken_from_box", "in_bag", "in_box", "in_vehicle"}
    assert out.total == out.sent - out.accounted > 0
    told = numbers.of_reports(list(Report.objects.select_related("site")))
    assert (told.reports, told.survival.known, told.survival.unknown) == (7, 6, 1)


def mail(world: Any) -> None:
    """Orders by mail, as the demonstration has them."""
    post = place(world, "Post room", "mail_centre", ("mailer", "mail_team"))
    mailed.load(world.system, actor(world, "mailer"), world.store, post, lambda days: clock.now() + timedelta(days=days))


def test_one_order_waits_too_long_one_is_to_be_packed_and_one_is_in_the_post(in_harbour):
    load(in_harbour)
    mail(in_harbour)
    found = mail_orders.under_way(in_harbour.system)
    assert {state.value: [one.is_late for one in orders] for state, orders in found.items()} == {"received": [True], "approved": [False], "packed": [], "shipped": [False]}
    assert Given.objects.filter(channel="mail", recipient_kind="mail_order").count() == 1


def test_one_kit_is_asked_for_and_one_is_ready_at_the_drop_in_alone(in_harbour):
    told.load(in_harbour.harbour, in_harbour.system, in_harbour.sites["Drop-in"])
    waiting = public_reports.open_requests(in_harbour.actors["elsewhere"])
    assert sorted(one.state for one in waiting) == ["ready", "received"]
    assert public_reports.open_requests(in_harbour.actors["naima"]) == []
    assert public_reports.waiting() == 1


def test_folding_everything_again_gives_the_same_kits_ends_reports_and_hand_overs(own_database):
    with as_owner():
        world = small_world.find()
        with scope.enter([world.harbour.key]):
            load(world)
            mail(world)
            counted = [model.objects.count() for model in (Given, KitStep, KitEnd, Report)]
            assert min(counted) > 5
            assert rebuild() == []
            assert verify_chain()[2] == []
