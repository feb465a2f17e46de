"""What is a part of what. A relation that is missing here is a leak: the rest of a group could be subtracted (`disclose.py`)."""

from __future__ import annotations

from dataclasses import replace

from handrail.insight.spec import (
    Among,
    Contacts,
    Due,
    Followed,
    Measure,
    Package,
    People,
    Prevented,
    PrisonCount,
    Recalled,
    Records,
    Regular,
    Sum,
    Where,
)


def contains(large: Measure, small: Measure) -> bool:
    """Whether everything counted by `small` is counted by `large` too, over the same window; they differ."""
    if isinstance(small, Among):
        if isinstance(large, Among):
            return set(small.gender) <= set(large.gender) and (large.of == small.of or contains(large.of, small.of)) and large != small
        return large == small.of or contains(large, small.of)
    if isinstance(large, Sum | Contacts | People) and isinstance(small, Sum | Contacts | People):
        looked = not isinstance(large, People | Contacts) or large.picked_up  # else what was picked up is not asked
        if looked and large.sold not in {"any", small.sold}:
            return False
    match large, small:
        case People(), People():
            return _is_wider(large, small) and large != small
        case People(), Package():
            return _is_wider(large, People("", injects=small.injects, closed=small.closed))
        case Package(), Package():
            return large.injects in {"any", small.injects} and large.closed <= small.closed and large != small
        case People(), Regular():
            return _is_wider(large, People("", picked_up=True, injects="yes"))
        case People(), Prevented():
            return _is_wider(large, People("", injects="yes"))
        case PrisonCount(), PrisonCount():
            return (large.column, small.column) == ("living_with_hiv", "on_art")
        case Regular(), Regular():
            return (large.way, small.way) == ("monthly", "each_window")
        case Contacts(), Contacts():
            coded = large.without_code <= small.without_code and large.with_code <= small.with_code
            return coded and large.picked_up <= small.picked_up and large != small
        case Sum(), Sum():
            same = replace(large, where=(), sold="any", items=()) == replace(small, where=(), sold="any", items=())
            same = same and bool(large.items) == bool(small.items) and set(small.items) <= set(large.items)
            return same and set(large.where) <= set(small.where) and large != small
        case Records(), Records():
            same = large.kind == small.kind and large.who in {"", "once", small.who}
            return same and _narrows(large.where, small.where) and large.said in {"", small.said} and large != small
        case Due(), Due():
            same = (large.kind, large.since, large.days) == (small.kind, small.since, small.days) and _narrows(large.where, small.where)
            return same and large.outcome in {"", small.outcome} and large.named_by in {"", small.named_by} and large != small
        case Recalled(), Recalled():
            return (large.column, small.column) == ("sent", "accounted")
        case Followed(), Followed():
            return (large.kind, large.outcome) == (small.kind, small.outcome) and set(small.ever) < set(large.ever)
        case _:
            return False


def _is_wider(large: People, small: People) -> bool:
    """Whether whoever fits the small one fits the large one."""
    had = large.had in {"", small.had} and _narrows(large.where, small.where)
    left_out = set(large.not_before) <= set(small.not_before) and _narrows(large.always, small.always)
    did = set(large.all_of) <= small.activities and (not large.picked_up or "needles" in small.activities)
    sold = not large.picked_up or large.sold in {"any", small.sold}
    return had and left_out and did and sold and large.injects in {"any", small.injects} and large.closed <= small.closed


def _narrows(large: Where, small: Where) -> bool:
    """Whether every row that fits the small condition fits the large one."""
    fits = dict(small)
    return all(name in fits and set(fits[name]) <= set(codes) for name, codes in large)
