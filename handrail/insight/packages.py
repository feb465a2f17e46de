"""The defined package: which activities it is made of on a day, and with it whom a number speaks of."""

from __future__ import annotations

from datetime import timedelta

from handrail.insight.periods import Window
from handrail.insight.spec import Measure, Package, People
from handrail.insight.values import KP_PACKAGE


def resolved(measure: Measure, window: Window) -> Measure:
    """The measure with the package that held on the window's last day; any other as it is. Run inside a scope."""
    if not isinstance(measure, Package):
        return measure
    activities = KP_PACKAGE.read(on=window.ends_before - timedelta(days=1)).value
    return People(measure.title, injects=measure.injects, all_of=tuple(sorted(activities)), closed=measure.closed)
