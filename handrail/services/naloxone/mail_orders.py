"""Orders by mail: what is asked for, how far each is, and the steps. A step and what it does to the shelf are one transaction.

The address never comes near a fact: it goes straight to the sealed store `naloxone.mail_order`, under the order's id.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from handrail.facts import visits
from handrail.facts.codes import Channel
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import Fact, Site
from handrail.facts.record import Draft, Mode, Refusal, lock_organisation, record
from handrail.kernel import clock, ids
from handrail.kernel.access import Actor, Grant
from handrail.services.naloxone import commands, rules
from handrail.services.naloxone.codes import HandedOut, Origin, Recipient
from handrail.services.naloxone.kinds.kit import Event
from handrail.services.naloxone.kinds.mail_order import MailOrder as Order
from handrail.services.naloxone.kinds.mail_step import MailStep as Step
from handrail.services.naloxone.kinds.supply import Supply
from handrail.services.naloxone.mail_codes import MailState, MailStepTo
from handrail.services.naloxone.mail_models import MailOrder, MailStep
from handrail.services.naloxone.mail_project import OutOfTurn, back_of, inside
from handrail.services.naloxone.values import MAIL_FIRST_CONTACT_HOURS
from handrail.vault import inbox, records
from handrail.vault.models import SealedRecord
from handrail.vault.spec import STORES, SealedStore

MAY = "naloxone.mail"
LATELY = 20
"""So many orders that ended are shown, the latest first."""


def store() -> SealedStore:
    """The sealed store of addresses."""
    return STORES["naloxone.mail_order"]


# -- what is there -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Waiting:
    """An order that is under way, and whether its person should have heard from us by now."""

    order: MailOrder
    is_late: bool


def under_way(actor: Actor) -> dict[MailState, list[Waiting]]:
    """Orders of the places where somebody works for the mail team, by how far they are, those who wait longest first."""
    late = clock.now() - timedelta(hours=MAIL_FIRST_CONTACT_HOURS.read().value)
    found = MailOrder.objects.filter(actor.filter(MAY), ended_on=None).select_related("site").order_by("since")
    grouped: dict[MailState, list[Waiting]] = {state: [] for state in MailState if state.value not in rules.MAIL_ENDS}
    for order in found:
        grouped[MailState(order.state)].append(Waiting(order, order.state == MailState.RECEIVED and order.since < late))
    return grouped


def ended(actor: Actor) -> list[MailOrder]:
    """The orders that ended last."""
    return list(MailOrder.objects.filter(actor.filter(MAY), ended_on__isnull=False).select_related("site").order_by("-since")[:LATELY])


def path(order: MailOrder) -> list[MailStep]:
    """The steps an order took, the first one first."""
    steps = list(MailStep.objects.filter(order=order.order).order_by("counter"))
    return [steps[place] for place in rules.mail_path(step.step for step in steps)]


def address_of(order: uuid.UUID) -> SealedRecord | None:
    """That an address is locked away, never what it says."""
    return SealedRecord.objects.filter(store=store().key, participant=order).first()


# -- an order ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def take(
    *, actor: Actor, site: Site, id: uuid.UUID, said: Mapping[str, Any], address: Mapping[str, str], occurred_at: datetime | None = None,
) -> None:
    """Write an order down and lock its address away, both or neither. Sent twice it is one order."""
    actor.require(MAY, site.key)
    lock_organisation()
    if Fact.objects.filter(id=id, kind="naloxone.mail_order").exists():
        return
    payload = Order.model_validate(dict(said))
    record(Draft(kind="naloxone.mail_order", payload=payload, site=site.id, id=id, occurred_at=occurred_at or clock.now()), actor=actor)
    write_address(actor=actor, site=site, order=id, address=address, id=ids.derived(id, "address"))


def write_address(*, actor: Actor, site: Site, order: uuid.UUID, address: Mapping[str, str], id: uuid.UUID) -> inbox.Outcome:
    """Lock an address away, or write it anew. While the vault is locked it waits, sealed."""
    actor.require(MAY, site.key)
    return inbox.write_or_keep(actor=actor, store=store(), participant=order, site=site, typed=address, id=id)


def problems_of(address: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with an address, by field, before anything is written."""
    try:
        records.checked(store(), address)
    except Refusal as refusal:
        return dict(refusal.problems)
    return {}


# -- its steps ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def go_on(
    *, actor: Actor, order: uuid.UUID, to: MailStepTo, id: uuid.UUID, codes: Sequence[str] = (), mode: Mode = Mode.TYPED,
    occurred_at: datetime | None = None,
) -> None:
    """Take an order one step on. Packing takes kits from the shelf, those with these codes first; cancelled before the post, or returned, they lie there again."""
    lock_organisation()
    if Fact.objects.filter(id=id, kind="naloxone.mail_step").exists():
        return
    row = MailOrder.objects.filter(order=order).select_related("site").first()
    if row is None:
        raise OutOfTurn([("", _("This order is not here. Look at the list."))])
    actor.require(MAY, row.site.key)
    supply, at = None, occurred_at or clock.now()
    if to.value in rules.MAIL_NEXT[row.state]:  # what is out of turn is refused at the door, before the shelf is touched
        if to is MailStepTo.PACKED:
            supply = _pack(_at_the_shelf(actor, row.site), row, id, codes, at, mode)
        elif to is MailStepTo.CANCELLED and row.supply:
            _unpack(_at_the_shelf(actor, row.site), row.supply, id)
        elif to is MailStepTo.RETURNED and row.supply:
            _bring_back(_at_the_shelf(actor, row.site), row, id, at)
    elif to is MailStepTo.PACKED:
        supply = row.supply or id
    step = Step(order=order, step=to, supply=supply)
    record(Draft(kind="naloxone.mail_step", payload=step, site=row.site.id, id=id, occurred_at=at), actor=actor)


@transaction.atomic
def came_back(*, actor: Actor, row: MailOrder, event: Event, item: str, lot: uuid.UUID, quantity: int, id: uuid.UUID) -> None:
    """Kits of a parcel that had arrived were sent back because of a recall, or were used. Sent twice it is recorded once."""
    actor.require(MAY, row.site.key)
    lock_organisation()
    if not Fact.objects.filter(id=id, kind="naloxone.kit").exists():
        commands.tell(
            actor=_at_the_shelf(actor, row.site), site=row.site, event=event, item=item, lot=lot, quantity=quantity, origin=Origin.GIVEN, supply=row.supply, id=id
        )


def _at_the_shelf(actor: Actor, site: Site) -> Actor:
    """The same person, who for this one step may record what the step does to the shelf. The mail team records no other visits."""
    rights = frozenset({"visit.record", "visit.correct", "naloxone.give"})
    return replace(actor, grants=(*actor.grants, Grant("mail_team", rights, site.key)))


def _pack(actor: Actor, row: MailOrder, step: uuid.UUID, codes: Sequence[str], at: datetime, mode: Mode) -> uuid.UUID:
    """A hand-over as any other: kits with a code from their lot, the rest from the first to expire; it counts as kits by mail."""
    lines = commands.lines_of({row.item: row.quantity}, codes)
    if sum(line["quantity"] for line in lines) != row.quantity or any(line["item"] != row.item for line in lines):
        raise Refusal([("codes", _("They ordered %(n)d of one thing. Write the codes of the kits in this parcel, or leave them out.") % {"n": row.quantity})])
    supply = Supply.model_validate(
        {"lines": lines, "recipient_kind": Recipient.MAIL_ORDER.value, "channel": HandedOut.MAIL.value}
    )
    outcomes = visits.save(
        actor=actor, visit=ids.derived(step, "packed"), site=row.site.id, occurred_at=at, encounter=Encounter(channel=Channel.MAIL),
        parts=[visits.Part("naloxone.supply", supply)], mode=mode,
    )
    return outcomes[-1].id


def _unpack(actor: Actor, supply: uuid.UUID, step: uuid.UUID) -> None:
    """It never left the house, so it was no hand-over: the record of it is taken back, and the shelf has the kits again."""
    visit = Fact.objects.filter(id=supply).values_list("encounter", flat=True).first()
    if visit is not None:
        visits.take_back(actor=actor, visit=visit, correction=ids.derived(step, "unpacked"), why="did_not_happen")


def _bring_back(actor: Actor, row: MailOrder, step: uuid.UUID, at: datetime) -> None:
    """It left the house and came back: each lot that was in the parcel lies on the shelf again, as any kit that is brought back."""
    for number, (item, lot, quantity) in enumerate(inside(row.supply), 1):
        commands.tell(
            actor=actor, site=row.site, event=Event.RETURNED, item=item, lot=lot, quantity=quantity, origin=Origin.GIVEN, id=back_of(step, number),
            occurred_at=at,
        )
