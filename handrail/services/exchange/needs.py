"""What somebody said about their need becomes a number that is kept with the visit.

Nothing is written here: the need is recorded with the rest of the visit, in one go. The reserve, the days and the pack
that were used are frozen into it; a correction that leaves what was said alone keeps the number as it was computed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from handrail.facts.models import Site
from handrail.ledgers.stock.models import Item
from handrail.services.exchange import rules
from handrail.services.exchange.kinds.need import Horizon, Need, NeedInputs
from handrail.services.exchange.values import NEED_DAYS, NEED_HORIZON, NEED_RESERVE


def assess(inputs: NeedInputs, *, site: Site, on: date, before: Need | None = None) -> Need:
    """The need that follows from what was said, at this place on the day of the visit. `before` is the recorded need being corrected."""
    said = {name: getattr(inputs, name) for name in NeedInputs.model_fields}
    if before is not None and all(getattr(before, name) == value for name, value in said.items() if name != "horizon"):
        return before
    horizon = inputs.horizon or NEED_HORIZON.read(site=site, on=on).value
    found: dict[str, Any] = {
        "horizon": horizon,
        "condoms": None if inputs.sex_acts is None else rules.month_of(inputs.sex_acts),
        "lubricant": None if inputs.anal_acts is None else rules.month_of(inputs.anal_acts),
    }
    rates = [rate for rate in (inputs.per_day, *inputs.others) if rate is not None]
    if rates:
        days, version = _days(inputs, horizon, site, on)
        reserve = NEED_RESERVE.read(site=site, on=on)
        pack = pack_at(site)
        found |= {
            "days_used": days, "days_version": version, "reserve": reserve.value, "reserve_version": reserve.version, "pack": pack,
            "needed": rules.need([(rate, days) for rate in rates], reserve.value, inputs.on_hand or 0, pack),
        }
    return Need.model_validate(said | found)


def _days(inputs: NeedInputs, horizon: str, site: Site, on: date) -> tuple[int, str | None]:
    """Days to count, and the version of the value they come from when nobody said."""
    if horizon == Horizon.MONTH:
        return rules.MONTH_DAYS, None
    if inputs.days is not None:
        return inputs.days, None
    usual = NEED_DAYS.read(site=site, on=on)
    return usual.value, usual.version


def compared(need: Need, *, given: int, short_reason: str | None, limit: tuple[str, str] | None = None) -> Need:
    """The need beside what was given in the same visit: unmet is never below nought, and the reason stands only there.

    `limit` is (which, source) of a limit of the law that held at the place.
    """
    if need.needed is None:
        return Need.model_validate(need.model_dump() | {"given": given})
    short = rules.unmet(need.needed, given)
    return Need.model_validate(
        need.model_dump()
        | {
            "given": given, "unmet": short, "short_reason": (short_reason or None) if short else None,
            "legal_limit": limit[0] if limit else None, "limit_source": limit[1][:200] if limit else None,
        }
    )


def pack_at(site: Site) -> int:
    """Pack size of the first single needle-syringe in the catalogue that this place hands out; 1 when there is none."""
    offered = Item.objects.filter(is_active=True, counts_as_ns=1)
    if site.item_classes:
        offered = offered.filter(item_class__in=site.item_classes)
    return offered.values_list("pack_size", flat=True).first() or 1


def needles_in(lines: Iterable[Any]) -> int:
    """Needles and syringes in lines of (item, quantity), by the catalogue's own counting (`domain/exchange.md` 2)."""
    wanted: Sequence[Any] = tuple(lines)
    counting = dict(Item.objects.filter(code__in={line.item for line in wanted}, counts_as_ns__gt=0).values_list("code", "counts_as_ns"))
    return sum(line.quantity * counting.get(line.item, 0) for line in wanted)


def people_of(need: NeedInputs) -> list[Decimal]:
    """Injections a day of everybody who was asked about."""
    return [rate for rate in (need.per_day, *need.others) if rate is not None]
