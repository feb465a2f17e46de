"""One estimate, one count of deaths and two targets in the first organisation, for tests that open every page."""

from __future__ import annotations

import uuid
from types import SimpleNamespace

from handrail.insight import deaths, estimates, own_targets, target_sets
from handrail.insight.models import Target


def enter(world: SimpleNamespace) -> dict[str, list[uuid.UUID]]:
    """Enter them, in the scope of the first organisation; their ids by the name that addresses use."""
    system = world.system
    estimate = estimates.enter(
        actor=system, typed={
            "population": "pwid", "level": "country", "area": "", "value": "18300", "low": "15000", "high": "21000", "method": "capture-recapture", "year": "2024",
            "source": "Ministry of health, size estimation, p. 12", "source_link": "https://example.org/size",
        },
    )
    count = deaths.enter(actor=system, typed={"level": "country", "area": "", "months": "12", "ends": "2025-12", "deaths": "640", "source": "Civil registration"})
    target_sets.load(actor=system)
    own = own_targets.enter(
        actor=system, typed={"indicator": "kp_4", "op": "≥", "value": "150", "valid_from": "2026-01-01", "award": "KEN-H-2026", "source": "Annex 3", "status": "ours"}
    )
    shipped = Target.objects.get(target_set="unaids_2025", set_key="syringes")
    return {"estimate": [estimate.id], "count": [count.id], "target": [own.id, shipped.id]}
