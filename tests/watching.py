"""An alarm, an emergency access and its notice, for tests that open every page."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from handrail.facts import alarms, glass
from handrail.facts.models import Alarm, Notice
from handrail.kernel import ids


def enter(world: SimpleNamespace) -> dict[str, list[Any]]:
    """One of each, in the first organisation, whose scope is entered; ids by the name they have in addresses."""
    alarm = alarms.raise_alarm(actor=world.system, reason=Alarm.Reason.CHAIN_BROKEN, subject="chains", detail={"first": "Line 3 is missing."})
    made = glass.break_glass(actor=world.actors["nurse"], site=world.sites["Clinic"], participant=ids.random(), why="overdose", id=ids.random())
    notice = Notice.objects.get(about=made.id, staff=world.staff["coordinator"].id)
    return {"alarm": [alarm.id], "access": [made.id], "notice": [notice.id]}
