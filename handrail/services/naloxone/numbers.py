"""What a coordinator sees: kits by source and reason, reports, stock and its risk. In the house only; what leaves it are the indicators."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from django.db.models import Count, Exists, IntegerField, OuterRef, Q, QuerySet, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from handrail.facts.models import Aside, Fact, Site
from handrail.facts.spec import Codes, Text
from handrail.kernel import clock
from handrail.kernel.access import Actor
from handrail.ledgers.stock import forecast, queries
from handrail.ledgers.stock import rules as stock_rules
from handrail.ledgers.stock.models import Item, KitComponent, Leg
from handrail.services.naloxone import rules
from handrail.services.naloxone.codes import (
    BOXES,
    USED,
    Product,
    Recipient,
    RepeatReason,
    SourceClass,
    SupplyType,
    YesNoUnknown,
)
from handrail.services.naloxone.kinds.training import Trainee, TrainingMode
from handrail.services.naloxone.models import Given, Report
from handrail.services.naloxone.queries import Kit, doubles, items, kits
from handrail.services.naloxone.report_codes import Available, Outcome, WhyNotCalled
from handrail.services.naloxone.values import AVAILABLE_TARGET

Counted = tuple[Text, int]
NINETY = Fraction(9, 10)


@dataclass(frozen=True)
class Kits:
    """What was handed out, told apart each way by itself; kits and single doses are never added up."""

    kits: int
    loose: int
    doses: int
    from_boxes: int
    nasal: int
    im: int
    by_source: list[Counted]
    by_recipient: list[Counted]
    by_type: list[Counted]
    by_reason: list[Counted]
    because_used: rules.Share
    first_to_people_at_risk: int
    flagged: int


@dataclass(frozen=True)
class _Row:
    """So many of an item that left in the same way; the database has added them up."""

    item: str
    source_class: str
    recipient_kind: str
    supply_type: str
    quantity: int
    flagged: int


def handed_out(actor: Actor, since: datetime) -> Kits:
    """Kits handed out since a moment, at the places this person may see. A first supply is a hand-over, whatever its lines."""
    what = kits()
    visible = Given.objects.filter(actor.filter("naloxone.overview"))
    lately = visible.filter(occurred_at__gte=since)
    rows = [*_added_up(lately), *_beside_other_things(actor, since, what)]
    whole = [row for row in rows if not _is_loose(what, row.item)]
    repeats = _reasons_of(lately.filter(supply_type=SupplyType.REPEAT))
    at_risk = visible.filter(supply_type=SupplyType.FIRST, recipient_kind=Recipient.PERSON_AT_RISK).aggregate(all=Count("fact", distinct=True))["all"]
    return Kits(
        kits=sum(row.quantity for row in whole), loose=sum(row.quantity for row in rows) - sum(row.quantity for row in whole),
        doses=sum(row.quantity * what[row.item].doses for row in rows if row.item in what), from_boxes=_from_boxes(actor, since, what),
        nasal=_by_route(rows, what, "nasal"), im=_by_route(rows, what, "im"), by_source=_counted(SourceClass, whole, "source_class"),
        by_recipient=_counted(Recipient, whole, "recipient_kind"), by_type=_counted(SupplyType, whole, "supply_type"),
        by_reason=_of(RepeatReason, repeats), because_used=rules.share(repeats, USED, set(RepeatReason.values) - set(USED) - {RepeatReason.NOT_SAID.value}),
        first_to_people_at_risk=at_risk, flagged=sum(row.flagged for row in rows),
    )


def _added_up(lines: QuerySet[Given]) -> list[_Row]:
    found = lines.values("item", "source_class", "recipient_kind", "supply_type").order_by().annotate(
        all=Sum("quantity"), flagged=Count("key", filter=Q(is_flagged=True)),
    )
    return [_Row(one["item"], one["source_class"], one["recipient_kind"], one["supply_type"], one["all"], one["flagged"]) for one in found]


def _beside_other_things(actor: Actor, since: datetime, what: dict[str, Kit]) -> list[_Row]:
    """Naloxone that stands among other things in a visit, as old records and other systems send it. To whom, and first or again, it does not say."""
    facts = Fact.objects.filter(actor.filter("naloxone.overview"), kind="exchange.given", occurred_at__gte=since)
    legs = Leg.objects.filter(fact__in=facts.values("id"), at__gte=since, location__kind="people", lot__item__code__in=list(what)).exclude(site__kind__in=BOXES)
    found = legs.values("lot__item__code", "site__kind", "site__closed_setting").order_by().annotate(all=Sum("quantity"))
    return [
        _Row(one["lot__item__code"], rules.source_of(rules.channel_of(one["site__kind"], is_closed=bool(one["site__closed_setting"]))).value,
             Recipient.UNKNOWN.value, SupplyType.UNKNOWN.value, one["all"], 0)
        for one in found
    ]


def _reasons_of(lines: QuerySet[Given]) -> list[str]:
    """Why each hand-over was a repeat: its lines say the same, so it counts once."""
    counted = lines.values("repeat_reason").order_by().annotate(all=Count("fact", distinct=True)).values_list("repeat_reason", "all")
    return list(Counter(dict(counted)).elements())


def _is_loose(what: dict[str, Kit], item: str) -> bool:
    return item in what and what[item].is_loose


def _by_route(rows: Iterable[_Row], what: dict[str, Kit], route: str) -> int:
    return sum(row.quantity for row in rows if row.item in what and what[row.item].route == route and not what[row.item].is_loose)


def _counted(codes: type[Codes], rows: Iterable[_Row], column: str) -> list[Counted]:
    found: dict[str, int] = {}
    for row in rows:
        found[getattr(row, column)] = found.get(getattr(row, column), 0) + row.quantity
    return [(code.label, found[code.value]) for code in codes if code.value in found]


def _of(codes: type[Codes], said: Sequence[str]) -> list[Counted]:
    return [(code.label, said.count(code.value)) for code in codes if code.value in said]


def _from_boxes(actor: Actor, since: datetime, what: dict[str, Kit]) -> int:
    """Kits that people took from boxes: counted at the refill, held by nobody knows whom."""
    boxes = Site.objects.filter(actor.filter("naloxone.overview", "key"), kind__in=BOXES)
    legs = Leg.objects.filter(location__kind="people", site__in=boxes, at__gte=since, lot__item__code__in=[code for code, kit in what.items() if not kit.is_loose])
    return int(legs.aggregate(all=Sum("quantity"))["all"] or 0)


# -- reports -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reports:
    """What was reported. Each share is of known answers, with those that are not known beside it."""

    reports: int
    doses: int
    doses_unknown: int
    mean: Fraction | None
    median: Fraction | None
    ninety: Fraction | None
    outcomes: list[Counted]
    survival: rules.Share
    called: rules.Share
    why_not: list[Counted]
    available: rules.Share
    target: int
    more_needed: int
    days: Fraction | None


def of_reports(rows: Sequence[Report]) -> Reports:
    """The numbers of these reports. What was no overdose is counted among the outcomes and nowhere else; what another report tells of, once."""
    told = doubles()
    rows = [row for row in rows if row.root not in told]
    real = [row for row in rows if row.outcome != Outcome.NOT_AN_OVERDOSE]
    doses = [row.doses for row in real if row.doses is not None]
    seen = [row.available for row in real if row.witnessed == YesNoUnknown.YES]
    available = rules.share(
        seen, {Available.USED.value, Available.PRESENT_NOT_NEEDED.value, Available.PRESENT_NOT_USED.value}, {Available.ABSENT.value},
    )
    days = [(row.received_on - clock.local_date(row.occurred_at, row.site.time_zone if row.site else "UTC")).days for row in real if row.received_on]
    target = AVAILABLE_TARGET.read().value
    return Reports(
        reports=len(real), doses=sum(doses), doses_unknown=len(real) - len(doses), mean=Fraction(sum(doses), len(doses)) if doses else None,
        median=rules.quantile(doses, Fraction(1, 2)), ninety=rules.quantile(doses, NINETY), outcomes=_of(Outcome, [row.outcome for row in rows]),
        survival=rules.share((row.outcome for row in real), {Outcome.RECOVERED.value, Outcome.ALIVE_HANDED_OVER.value}, {Outcome.DIED.value}),
        called=rules.share((row.emergency_called for row in real), {YesNoUnknown.YES.value}, {YesNoUnknown.NO.value}),
        why_not=_of(WhyNotCalled, [why for row in real for why in row.why_not_called]), available=available, target=target,
        more_needed=rules.more_needed(available, target), days=rules.quantile([max(0, n) for n in days], Fraction(1, 2)),
    )


# -- training ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trained:
    """Trainings, and how many people took part in them: heads, not different people."""

    people: int
    trainings: int
    by_mode: list[Counted]


def trained(actor: Actor, since: datetime) -> Trained:
    """Who learned what to do since a moment. Somebody of a group with a record of their own is in its head count, and counts there alone."""
    aside = Aside.objects.filter(fact=OuterRef("id"))
    facts = Fact.objects.filter(actor.filter("naloxone.overview"), ~Exists(aside), kind="naloxone.training", occurred_at__gte=since)
    whole = facts.exclude(payload__mode=TrainingMode.GROUP.value, payload__trainee=Trainee.PARTICIPANT.value, payload__people=1)
    said = whole.annotate(mode=KT("payload__mode"), heads=Cast(KT("payload__people"), IntegerField())).values("mode").order_by()
    found = {mode: (people, trainings) for mode, people, trainings in said.annotate(people=Sum("heads"), trainings=Count("key")).values_list("mode", "people", "trainings")}
    return Trained(
        sum(people for people, _n in found.values()), sum(n for _people, n in found.values()),
        [(mode.label, found[mode.value][0]) for mode in TrainingMode if mode.value in found],
    )


# -- stock -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stock:
    """A product with all its items, or an item whose product nobody said: what is there, how long it lasts, and every input of it.

    `in_doses`: its items hold different numbers of doses, so they are added up in doses.
    """

    title: Text
    found: forecast.Forecast
    months: Fraction | None
    items: tuple[str, ...]
    in_doses: bool


@dataclass(frozen=True)
class AtRisk:
    """A lot of which some will be left over at its date."""

    item: str
    lot: str
    expiry: date | None
    there: int
    left_over: int
    in_doses: bool


def stock(sites: Sequence[int], today: date) -> tuple[list[Stock], list[AtRisk]]:
    """Months of stock of each product, and the lots that will not be used before their date (`domain/naloxone.md` 8).

    All lots of a product are one stock, whichever item of the catalogue they are; an item that is handed out no more is none of it.
    """
    what, groups = kits(), _by_product()
    shelves: dict[str, list[queries.ShelfLot]] = {}
    for lot in queries.lots(sites):
        if lot.item in what and lot.quantity > 0 and not lot.is_held and not lot.is_expired(today):
            shelves.setdefault(lot.item, []).append(lot)
    found, risks = [], list[AtRisk]()
    for one, members in zip(forecast.of_groups(sites, today, groups), groups, strict=True):
        items, product = tuple(member.item.label for member in members), what[members[0].item.code].product
        in_doses = any(member.each > 1 for member in members)
        title = Product(product).label if len(members) > 1 else items[0]
        found.append(Stock(title, one, rules.months_of_stock(one.outlook.counted_on_hand, one.outlook.use_per_day), items if len(members) > 1 else (), in_doses))
        risks += _at_risk(one.outlook.use_per_day, [(lot, member) for member in members for lot in shelves.get(member.item.code, [])], today, in_doses)
    return found, risks


def _by_product() -> list[tuple[forecast.Member, ...]]:
    """Active items of naloxone, those of one product together. Where they hold different numbers of doses each counts as so many doses."""
    what, groups = kits(), dict[str, list[Item]]()
    for item in items():
        if item.is_active:
            groups.setdefault(what[item.code].product or item.code, []).append(item)
    parts = set(KitComponent.objects.values_list("kit_id", "component_id"))
    return [
        tuple(
            forecast.Member(
                item, what[item.code].doses if len({what[one.code].doses for one in members}) > 1 else 1,
                fills_kits=not any((other.key, item.key) in parts for other in members),
            )
            for item in members
        )
        for members in groups.values()
    ]


def _at_risk(use: Fraction | None, lots: Sequence[tuple[queries.ShelfLot, forecast.Member]], today: date, in_doses: bool) -> list[AtRisk]:
    """Lots of one stock, the first to expire first, whichever item they are."""
    if use is None:
        return []
    merged: dict[tuple[str, str, date | None], int] = {}
    for lot, member in lots:
        place = (member.item.label, lot.lot, lot.expiry)
        merged[place] = merged.get(place, 0) + lot.quantity * member.each
    left = stock_rules.will_expire([stock_rules.Batch(quantity, expiry) for (_item, _code, expiry), quantity in merged.items()], use, today)
    return [AtRisk(item, code, expiry, quantity, over, in_doses) for ((item, code, expiry), quantity), over in zip(merged.items(), left, strict=True) if over]
