"""Reports and what became of kits lose worker and minute when contacts without a code do; every number stays."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine

from handrail.facts import purge
from handrail.facts.models import Fact
from handrail.facts.recorded import FORGOTTEN_DEVICE
from handrail.facts.replay import verify_chain
from handrail.kernel import audit, clock, ids, scope
from handrail.kernel.database import as_purge
from handrail.services.naloxone import commands, reach
from handrail.services.naloxone.kinds.kit import Event
from handrail.services.naloxone.kinds.reversal import Reversal
from handrail.services.naloxone.models import KitEnd, Report
from handrail.services.naloxone.tests.helpers import NASAL, B, fill_store, lot
from tests import world as small_world

LATER = timedelta(days=30 * 27)


@pytest.fixture
def world(own_database: str) -> SimpleNamespace:
    """The small world in a database of its own, which the purge’s role may enter: one report, one kit that was used, one of somebody with a code."""
    found = small_world.find()
    with scope.enter([found.harbour.key]):
        fill_store(found)
        said = Reversal.model_validate({"outcome": "recovered", "doses_total": 2})
        found.report = commands.report(actor=found.system, site=found.van, said=said, id=ids.new(), occurred_at=clock.now()).id
        commands.tell(actor=found.system, site=found.van, event=Event.USED, item=NASAL, lot=lot(B), report=found.report, id=ids.new())
        commands.tell(actor=found.system, site=found.van, event=Event.LOST, item=NASAL, lot=lot(B), participant=ids.random(), id=ids.new())
    return found


def test_a_report_loses_worker_and_minute_and_nothing_else(world):
    with scope.enter([world.harbour.key]):
        out = reach.still_out([lot(B)])
        before = Report.objects.values_list("outcome", "doses", "site", "available").get()
    with time_machine.travel(clock.now() + LATER, tick=False), as_purge():
        assert purge.run(world.harbour).failed == ()
    with scope.enter([world.harbour.key]):
        for fact in Fact.objects.filter(kind__startswith="naloxone.", participant=None):
            assert (fact.staff, fact.device, fact.id.version) == (None, FORGOTTEN_DEVICE, 4), fact.kind
            assert clock.local(fact.occurred_at, "Africa/Nairobi").time().isoformat() == "12:00:00"
        assert not Fact.objects.filter(id=world.report).exists()
        assert Report.objects.values_list("outcome", "doses", "site", "available").get() == before
        assert KitEnd.objects.get(event="used").report == Report.objects.get().root, "they still belong together"
        assert reach.still_out([lot(B)]) == out
        assert [*verify_chain()[2], *audit.verify().problems] == []


def test_what_became_of_the_kit_of_somebody_with_a_code_stays_as_it_is(world):
    with time_machine.travel(clock.now() + LATER, tick=False), as_purge():
        purge.run(world.harbour)
    with scope.enter([world.harbour.key]):
        assert Fact.objects.get(kind="naloxone.kit", participant__isnull=False).device != FORGOTTEN_DEVICE
