"""Commands of the naloxone room: rules first, then the one door.

In the visit composer a hand-over is a part like any other; what happens beside it has its command here.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from handrail.facts import visits
from handrail.facts.codes import Channel
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import Fact, Site
from handrail.facts.record import Draft, Mode, Outcome, Refusal, lock_organisation, record
from handrail.kernel import clock, commands
from handrail.kernel.access import Actor
from handrail.ledgers.stock.models import Item, ItemClass, Lot
from handrail.ledgers.stock.queries import lots
from handrail.services.naloxone import queries
from handrail.services.naloxone.codes import CARRIED, Origin, Product
from handrail.services.naloxone.kinds.filled import Filled
from handrail.services.naloxone.kinds.kit import Event, KitEvent
from handrail.services.naloxone.kinds.labelled import Labelled
from handrail.services.naloxone.kinds.reversal import Reversal
from handrail.services.naloxone.kinds.same_event import SameEvent
from handrail.services.naloxone.kinds.supply import LotReason, Supply
from handrail.services.naloxone.models import KitVersion, Report

MET: Mapping[str, Channel] = {
    "peer_bag": Channel.PEER, "vehicle": Channel.VEHICLE, "route_stop": Channel.OUTREACH, "event": Channel.EVENT, "pharmacy": Channel.PHARMACY,
    "mail_centre": Channel.MAIL, "prison_unit": Channel.PRISON,
}
"""How somebody is met who gets a kit at a place of this kind."""


@transaction.atomic
def give(
    *, actor: Actor, site: Site, quantities: Mapping[str, int], id: uuid.UUID, said: Mapping[str, Any] | None = None, codes: Sequence[str] = (),
    expired: Mapping[str, int] | None = None, participant: uuid.UUID | None = None, occurred_at: datetime | None = None, mode: Mode = Mode.TYPED,
) -> list[Outcome]:
    """Hand kits to one person outside a visit: one meeting and what was given in it. Sent twice it is recorded once.

    `expired` says how many of which item are expired ones, of which the person was told.
    """
    old = _expired_lines(site, expired or {})
    lines = [*(lines_of(quantities, codes) if any(quantities.values()) or codes or not old else []), *old]
    payload = Supply.model_validate({**(said or {}), "lines": lines} | ({"expired_notice": True} if old else {}))
    channel = Channel.PRISON if site.closed_setting else MET.get(site.kind, Channel.FIXED)
    return visits.save(
        actor=actor, visit=id, site=site.id, occurred_at=occurred_at or clock.now(), encounter=Encounter(channel=channel),
        parts=[visits.Part("naloxone.supply", payload)], participant=participant, mode=mode,
    )


def _expired_lines(site: Site, quantities: Mapping[str, int]) -> list[dict[str, Any]]:
    """Lines that name the expired lots of a place, the last to have expired first."""
    lines: list[dict[str, Any]] = []
    there = [lot for lot in lots([site.key]) if lot.is_expired(site.today) and not lot.is_held and lot.quantity > 0]
    for item, wanted in quantities.items():
        left = wanted
        for lot in sorted((lot for lot in there if lot.item == item), key=lambda lot: lot.expiry or site.today, reverse=True):
            taken = min(left, lot.quantity)
            if taken:
                lines.append({"item": item, "quantity": taken, "lot": str(lot.lot_id), "lot_reason": LotReason.ONLY_EXPIRED.value})
                left -= taken
        if left > 0:
            raise Refusal([(item, _("Only %(n)d expired ones are here.") % {"n": wanted - left})])
    return lines


def lines_of(quantities: Mapping[str, int], codes: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Lines of a hand-over: a kit with a code is taken from its own lot, the rest from the first to expire."""
    by_lot: dict[tuple[str, uuid.UUID | None], list[str]] = {}
    for code in dict.fromkeys(codes):
        step, lot = queries.kit(code), queries.lot_of(code)
        item = step.item if step and step.item else next(iter(quantities), "") if len(quantities) == 1 else ""
        if not item:
            raise Refusal([("codes", _("No kit with the code “%s” is known. Leave it out, or choose what it is.") % code)])
        by_lot.setdefault((item, lot), []).append(code)
    left = dict(quantities)
    lines: list[dict[str, Any]] = []
    for (item, lot), held in by_lot.items():
        reason = LotReason.CODE_ON_KIT.value if lot else None
        lines.append({"item": item, "quantity": len(held), "lot": str(lot) if lot else None, "lot_reason": reason, "kit_codes": held})
        left[item] = left.get(item, 0) - len(held)
    lines += [{"item": item, "quantity": quantity} for item, quantity in left.items() if quantity > 0]
    if not lines:
        raise Refusal([("", _("Choose how many you give."))])
    return lines


def fill(
    *, actor: Actor, source: Site, target: Site, quantities: Mapping[str, int], id: uuid.UUID, codes: Mapping[str, Sequence[str]] | None = None,
    occurred_at: datetime | None = None, mode: Mode = Mode.TYPED,
) -> Outcome:
    """Naloxone goes into a bag, a box or a van, or comes back from there. A transfer: nobody was given anything."""
    actor.require("naloxone.give", source.key)
    actor.require("naloxone.give", target.key)
    if source.key == target.key or not {source.kind, target.kind} & CARRIED:
        raise Refusal([("to_site", _("Choose a bag, a box or a van, and where it is filled from."))])
    lines = []
    for item, quantity in quantities.items():
        if quantity:
            held = list((codes or {}).get(item, ()))
            lots = set(queries.lots_of(held).values())
            lines.append({"item": item, "quantity": quantity, "kit_codes": held, "lot": str(lots.pop()) if len(lots) == 1 and len(held) == quantity else None})
    if not lines:
        raise Refusal([("", _("Write how many of what."))])
    payload = Filled.model_validate({"to_site": str(target.id), "lines": lines})
    return record(Draft(kind="naloxone.filled", payload=payload, site=source.id, id=id, occurred_at=occurred_at or clock.now()), actor=actor, mode=mode)


def label(*, actor: Actor, site: Site, lot: Lot, codes: Sequence[str], id: uuid.UUID, occurred_at: datetime | None = None) -> Outcome:
    """Put codes on kits of a lot that are in the store; a code that another kit has is refused."""
    taken = sorted({code for code in codes if queries.kit(code) is not None}) if not Fact.objects.filter(id=id).exists() else []
    if taken:
        raise Refusal([("kit_codes", _("Another kit has the code %s already.") % ", ".join(taken))])
    payload = Labelled(item=lot.item.code, lot=lot.id, kit_codes=tuple(codes))
    return record(Draft(kind="naloxone.labelled", payload=payload, site=site.id, id=id, occurred_at=occurred_at or clock.now()), actor=actor)


def tell(
    *, actor: Actor, site: Site, event: Event, id: uuid.UUID, item: str = "", lot: uuid.UUID | None = None, quantity: int = 1,
    codes: Sequence[str] = (), ours: bool = False, origin: Origin = Origin.UNKNOWN, participant: uuid.UUID | None = None, report: uuid.UUID | None = None,
    supply: uuid.UUID | None = None, occurred_at: datetime | None = None, mode: Mode = Mode.CONFIRMED,
) -> Outcome:
    """What became of kits: a code alone says which item and lot it is; what nobody knows stands on the item's unknown lot.

    It happened, so the book does not refuse it; the shelf asks to be counted instead.
    """
    if codes:
        step, known = queries.kit(codes[0]), queries.lot_of(codes[0])
        item, lot = item or (step.item if step else ""), lot or known
        item = item or str(Lot.objects.filter(id=lot).values_list("item__code", flat=True).first() or "")
    found = Item.objects.filter(code=item, item_class=ItemClass.NALOXONE).first()
    if found is None:
        raise Refusal([("item", _("Choose what it was."))])
    lot = lot or Lot.objects.filter(item=found, is_unknown=True).values_list("id", flat=True).get()
    payload = KitEvent(
        event=event, item=item, lot=lot, quantity=max(quantity, len(codes)), kit_codes=tuple(codes), ours=ours, origin=origin, report=report,
        supply=supply,
    )
    draft = Draft(kind="naloxone.kit", payload=payload, site=site.id, id=id, participant=participant, occurred_at=occurred_at or clock.now())
    return record(draft, actor=actor, mode=mode)


def report(
    *, actor: Actor, site: Site, said: Reversal, id: uuid.UUID, occurred_at: datetime, participant: uuid.UUID | None = None,
    supersedes: tuple[uuid.UUID, ...] = (),
) -> Outcome:
    """An account of an overdose. With the id of the one before it is a revision of it: both stay readable."""
    draft = Draft(kind="naloxone.reversal", payload=said, site=site.id, id=id, occurred_at=occurred_at, participant=participant, supersedes=supersedes)
    return record(draft, actor=actor)


def same_event(*, actor: Actor, report: Report, same_as: Report | None, id: uuid.UUID) -> Outcome:
    """Two reports tell of one overdose, so it counts once; with None the report tells of one of its own after all."""
    payload = SameEvent(report=report.root, same_as=same_as.root if same_as else None)
    site = report.site.id if report.site else None
    return record(Draft(kind="naloxone.same_event", payload=payload, site=site, id=id, occurred_at=clock.now()), actor=actor)


def set_kit(
    *, actor: Actor, item: Item, product: Product, doses: int, since: date, is_loose: bool = False, languages: Sequence[str] | None = None,
) -> KitVersion:
    """Say what an item is. How many doses are in it is said once: another number of doses is another item.

    `languages` are those of the leaflet; None leaves them as they are.
    """
    lock_organisation()
    known: KitVersion | None = KitVersion.objects.filter(item=item).first()
    if known is not None and known.doses_per_kit != doses:
        raise Refusal([("doses", _("This item has %d doses. Another number is another item of the catalogue.") % known.doses_per_kit)])
    if known is not None:
        spoken = known.leaflet_languages if languages is None else list(languages)
        return commands.change(known, actor=actor, product=product.value, is_loose=is_loose, leaflet_languages=spoken)
    made = KitVersion(
        organisation_id=actor.organisation, item=item, product=product.value, doses_per_kit=doses, is_loose=is_loose,
        leaflet_languages=list(languages or ()), valid_from=since,
    )
    return commands.add(made, actor=actor)
