"""Estimates, counts of deaths and one target for the demonstration: invented, believable, and said to be invented."""

from __future__ import annotations

from datetime import timedelta

from handrail.demo.plan import DemoOrganisation
from handrail.facts.queries import today
from handrail.insight import deaths, estimates, own_targets, target_sets
from handrail.insight.models import SizeEstimate
from handrail.insight.outside import in_force
from handrail.insight.periods import Period
from handrail.kernel.access import Actor

INVENTED = "Demonstration data, not a real source"
ESTIMATES = (
    # population, level, how many for each person who comes: least, estimate, most; method; years ago
    ("pwid", "targeted_area", (2.6, 3.4, 4.4), "capture-recapture", 1), ("pwid", "targeted_area", (2.1, 3.1, 4.6), "multiplier", 4),
    ("pwid", "country", (30, 41, 55), "national multiplier", 1), ("opioid_dependent", "country", (38, 52, 71), "multiplier from treatment records", 2),
    ("everybody", "targeted_area", (840, 840, 840), "projection of the last census", 1),
    ("at_risk_of_overdose", "targeted_area", (1.1, 1.5, 2.0), "multiplier from treatment records", 2),
)
DEATHS = (3, 2, 4, 2, 3, 3, 1, 4, 2, 3)
"""Of the area, quarter by quarter, the last one that is over first: they fill the twelve months that end with each of six quarters."""


def enter(actor: Actor, plan: DemoOrganisation) -> None:
    """Enter them for an organisation, one estimate with a slip that is corrected, and load the shipped target sets."""
    year = today().year
    for population, level, each, method, ago in ESTIMATES:
        low, value, high = (str(round(plan.people * one)) for one in each)
        estimates.enter(actor=actor, typed={
            "population": population, "level": level, "area": plan.area if level == "targeted_area" else "", "value": value, "low": low, "high": high,
            "method": method, "year": str(year - ago), "source": INVENTED,
        })
    wrong = in_force(SizeEstimate).get(population="everybody")
    estimates.correct(
        actor=actor, estimate=wrong, note="The area without its eastern part",
        typed={
            "population": "everybody", "level": "targeted_area", "area": plan.area, "value": str(round(plan.people * 790)), "low": "", "high": "",
            "method": wrong.method, "year": str(wrong.year), "source": INVENTED,
        },
    )
    for ends, count in ((f"{year - 1}-11", "212"), (f"{year - 1}-12", "219"), (f"{year - 2}-12", "187")):
        deaths.enter(actor=actor, typed={"level": "country", "area": "", "months": "12", "ends": ends, "deaths": count, "method": "provisional", "source": INVENTED})
    quarter = Period.of("quarter", today()).previous()
    for died in DEATHS:
        ends = f"{quarter.ends_before - timedelta(days=1):%Y-%m}"
        deaths.enter(actor=actor, typed={
            "level": "targeted_area", "area": plan.area, "months": "3", "ends": ends, "deaths": str(died), "method": "provisional", "source": INVENTED,
        })
        quarter = quarter.previous()
    target_sets.load(actor=actor)
    own_targets.enter(actor=actor, typed={
        "indicator": "kp_4", "op": "≥", "value": "150", "valid_from": f"{year - 1}-01-01", "valid_to": f"{year + 2}-01-01", "award": "Harm reduction grant 1 (invented)",
        "source": INVENTED, "status": "ours",
    })
