"""Funds and what they forbid: reading the rules, the one check, and the commands of the finance page."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from django.db import connection
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from handrail.facts.record import Refusal
from handrail.kernel import commands, scope
from handrail.kernel.access import Actor
from handrail.ledgers.stock import queries, rules
from handrail.ledgers.stock.models import Effect, Fund, FundRestriction, Item, ItemClass, KitComponent

RECEIVING = (Effect.FORBID_PURCHASE.value, Effect.FORBID_STOCK_TAG.value, Effect.REQUIRES_APPROVAL.value)
BUYING = (Effect.FORBID_PURCHASE.value,)


def rules_of(funds: Iterable[Fund]) -> dict[int, list[rules.Rule]]:
    """Every restriction of these funds as rules, by the fund's key, oldest first."""
    found: dict[int, list[rules.Rule]] = {fund.key: [] for fund in funds}
    for row in FundRestriction.objects.filter(fund__in=list(found)).order_by("valid_from", "key"):
        clause = f"{row.source_document}, {row.clause}" if row.clause else row.source_document
        found[row.fund_id].append(rules.Rule(row.item_class, row.item_code, row.effect, row.valid_from, clause, row.valid_to))
    return found


def stuff_of(items: Iterable[Item]) -> dict[str, list[rules.Stuff]]:
    """By code: the item itself, then what is inside it if it is a kit."""
    known = list(items)
    found = {item.code: [rules.Stuff(item.code, item.item_class)] for item in known}
    parts = KitComponent.objects.filter(kit__in=known).select_related("kit", "component").order_by("key")
    for part in parts:
        found[part.kit.code].append(rules.Stuff(part.component.code, part.component.item_class))
    return found


def problems_of(
    lines: Sequence[tuple[int, Item, Fund | None]], on: date, *, approval: str = "", effects: Sequence[str] = RECEIVING
) -> list[tuple[int, str]]:
    """What the funds say against these (number, item, fund) lines on a day: (number, sentence) naming line, class, clause."""
    funded = [(number, item, fund) for number, item, fund in lines if fund is not None]
    if not funded:
        return []
    held, stuff = rules_of(fund for _n, _i, fund in funded), stuff_of(item for _n, item, _f in funded)
    names = queries.item_names()
    found = []
    for number, item, fund in funded:
        if on < fund.valid_from or (fund.valid_to is not None and on >= fund.valid_to):
            found.append((number, _("Line %(line)d: the fund %(fund)s does not hold on this day.") % {"line": number, "fund": fund.code}))
            continue
        met = rules.forbidding(held[fund.key], stuff[item.code], on, effects=effects, approved=bool(approval))
        if met is not None:
            found.append((number, _sentence(number, item, fund, met, names)))
    return found


def _sentence(number: int, item: Item, fund: Fund, met: tuple[rules.Rule, rules.Stuff], names: dict[str, str]) -> str:
    rule, stuff = met
    said = {
        "line": number, "item": item.label, "class": ItemClass(stuff.item_class).label, "fund": fund.code, "clause": rule.clause,
        "date": date_format(rule.since, "j M Y"), "inside": names.get(stuff.code, stuff.code),
    }
    if rule.effect == Effect.REQUIRES_APPROVAL:
        return _("Line %(line)d, %(item)s (%(class)s): %(fund)s asks for an approval. Write its number. Clause: %(clause)s.") % said
    if stuff.code != item.code:
        return _(
            "Line %(line)d, %(item)s: %(inside)s inside (%(class)s) may not be paid from %(fund)s since %(date)s. Clause: %(clause)s."
        ) % said
    return _("Line %(line)d, %(item)s (%(class)s): may not be paid from %(fund)s since %(date)s. Clause: %(clause)s.") % said


def find(code: str) -> Fund | None:
    """The fund of this code; an empty code is no fund. Raises `Refusal` for an unknown one."""
    if not code:
        return None
    found: Fund | None = Fund.objects.filter(code=code).first()
    if found is None:
        raise Refusal([("fund", _("There is no fund “%s” here.") % code)])
    return found


_FLAGS = """
SELECT l.id, min(r.valid_from)
FROM stock_lot l JOIN stock_item i ON i.key = l.item_id
JOIN stock_fundrestriction r ON r.fund_id = l.fund_id AND r.organisation_id = l.organisation_id
WHERE l.organisation_id = %s::bigint AND r.effect <> 'requires_approval' AND r.valid_from <= %s::date AND (r.valid_to IS NULL OR r.valid_to > %s::date)
  AND (r.item_class = i.item_class OR r.item_code = i.code OR EXISTS (
    SELECT 1 FROM stock_kitcomponent k JOIN stock_item p ON p.key = k.component_id
    WHERE k.kit_id = i.key AND (r.item_class = p.item_class OR r.item_code = p.code)))
GROUP BY l.id
"""


def restricted_since(today: date) -> dict[uuid.UUID, date]:
    """Lots whose fund forbids today what they are, and since when: they came before the rule, nothing is rewritten."""
    with connection.cursor() as cursor:
        cursor.execute(_FLAGS, [scope.organisation(), today, today])
        return dict(cursor.fetchall())


def flags(lots: Iterable[queries.ShelfLot], days: Mapping[int, date]) -> dict[tuple[int, uuid.UUID], date]:
    """The same for lots on shelves, by place and lot, as of the day it is at each place."""
    by_day = {day: restricted_since(day) for day in set(days.values())}
    found = {(lot.site, lot.lot_id): by_day[days[lot.site]].get(lot.lot_id) for lot in lots if lot.site in days}
    return {place: since for place, since in found.items() if since is not None}


# -- the finance page ---------------------------------------------------------------------------------------------------------


def add_fund(*, actor: Actor, code: str, name: str, valid_from: date, valid_to: date | None = None) -> Fund:
    """A new fund."""
    _check_dates(valid_from, valid_to)
    if not code.strip() or not name.strip():
        raise Refusal([("code", _("Write a short code and a name."))])
    if Fund.objects.filter(code=code.strip()).exists():
        raise Refusal([("code", _("There is a fund “%s” already.") % code.strip())])
    return commands.add(
        Fund(organisation_id=actor.organisation, code=code.strip(), name=name.strip(), valid_from=valid_from, valid_to=valid_to), actor=actor
    )


def restrict(
    *, actor: Actor, fund: Fund, effect: str, valid_from: date, source_document: str, clause: str, item_class: str = "", item_code: str = "",
    valid_to: date | None = None, status: str = "unverified",
) -> FundRestriction:
    """A new restriction: of a class or of one item, with the clause that says so."""
    _check_dates(valid_from, valid_to)
    if bool(item_class) == bool(item_code):
        raise Refusal([("item_class", _("Choose a class, or one item, not both."))])
    if effect not in Effect.values or (item_class and item_class not in ItemClass.values):
        raise Refusal([("effect", _("Choose one of the answers."))])
    if item_code and not Item.objects.filter(code=item_code).exists():
        raise Refusal([("item_code", _("The catalogue has no item “%s”.") % item_code)])
    if not source_document.strip() or not clause.strip():
        raise Refusal([("clause", _("Write the document and the clause that say so."))])
    return commands.add(
        FundRestriction(
            organisation_id=actor.organisation, fund=fund, effect=effect, valid_from=valid_from, valid_to=valid_to, item_class=item_class,
            item_code=item_code, source_document=source_document.strip(), clause=clause.strip(), status=status,
        ),
        actor=actor,
    )


def _check_dates(valid_from: date, valid_to: date | None) -> None:
    if valid_to is not None and valid_to <= valid_from:
        raise Refusal([("valid_to", _("The end is not after the beginning."))])
