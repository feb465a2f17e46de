"""How far an order by mail is, and which steps and orders are refused while typing."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from handrail.facts.drafts import Refusal
from handrail.facts.fold import Recorded
from handrail.facts.models import Fact
from handrail.kernel import ids
from handrail.ledgers.stock.models import Item, ItemClass, Leg
from handrail.services.naloxone import rules
from handrail.services.naloxone.mail_codes import MailState
from handrail.services.naloxone.mail_models import MailOrder, MailStep
from handrail.services.naloxone.models import Given, KitEnd


def order_now(order: uuid.UUID) -> None:
    """Say of an order how far it is: the steps it took in the order they were recorded, and nothing else, decide."""
    row = MailOrder.objects.filter(order=order).first()
    if row is None:
        return
    steps = list(MailStep.objects.filter(order=order).order_by("counter"))
    taken = [steps[place] for place in rules.mail_path(step.step for step in steps)]
    last = taken[-1] if taken else None
    row.state, row.since = (last.step, last.occurred_at) if last else (MailState.RECEIVED.value, row.occurred_at)
    row.ended_on = last.day if last and last.step in rules.MAIL_ENDS else None
    row.supply = next((step.supply for step in taken if step.supply), None)
    row.save(update_fields=["state", "since", "ended_on", "supply"])


class OutOfTurn(Refusal):
    """A step that does not follow from where the order is."""


def check_order(fact: Recorded) -> None:
    """An order is for naloxone of the catalogue, at a place."""
    if fact.site is None:
        raise Refusal([("site", _("Say at which place this was."))])
    if not Item.objects.filter(code=fact.parsed.item, item_class=ItemClass.NALOXONE).exists():
        raise Refusal([("item", _("Choose what they want."))])


def check_step(fact: Recorded, here: Sequence[Recorded]) -> None:
    """Only a step that follows; packing has taken kits from the shelf of its place, and what ends a packed order has brought them back."""
    said = fact.parsed
    row = MailOrder.objects.filter(order=said.order, site=fact.site).first()
    if row is None or any(other.parsed.order == said.order for other in here):
        raise OutOfTurn([("", _("This order is not here. Look at the list."))])
    if said.step not in rules.MAIL_NEXT[row.state]:
        raise OutOfTurn([("", _("This order is at “%(now)s”, so this step does not follow. Look at it again.") % {"now": MailState(row.state).label})])
    if not _kits_are_where_it_says(fact, row):
        raise OutOfTurn([("", _("Kits are taken and brought back on the page of the order, together with the step."))])


def _kits_are_where_it_says(fact: Recorded, row: MailOrder) -> bool:
    said = fact.parsed
    if said.step == MailState.PACKED:
        return Given.objects.filter(fact=said.supply, site=fact.site, recipient_kind="mail_order", channel="mail").exists()
    if said.step == MailState.CANCELLED and row.supply:
        return not inside(row.supply)
    if said.step == MailState.RETURNED:
        return KitEnd.objects.filter(fact=back_of(fact.id, 1)).exists() or not inside(row.supply)
    return True


def back_of(step: uuid.UUID, number: int) -> uuid.UUID:
    """Id of the record that brings the kits of one lot back to the place; a step has one for each lot."""
    return ids.derived(step, f"back-{number}")


def inside(supply: uuid.UUID | None) -> Sequence[tuple[str, uuid.UUID, int]]:
    """What is in a parcel: item, lot, how many. As the ledger took it, with whatever corrected it since."""
    if supply is None:
        return []
    chain = Fact.objects.filter(Q(id=supply) | Q(root=supply)).values_list("id", flat=True)
    found = Leg.objects.filter(fact__in=list(chain), location__kind="people").values("lot__item__code", "lot__id").annotate(many=Sum("quantity")).order_by("lot__id")
    return [(line["lot__item__code"], line["lot__id"], line["many"]) for line in found if line["many"] > 0]
