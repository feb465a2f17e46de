"""People who have kits of certain lots, as far as somebody may reach them: how many, how to reach them, and what became of their kits.

For recalls and for kits that expire alike. A person is two words here; how they want to be reached is one more step, which leaves a line.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from handrail.facts.labels import label
from handrail.facts.models import Fact, Site
from handrail.facts.queries import site_or_404
from handrail.facts.record import Refusal, lock_organisation
from handrail.kernel import ids
from handrail.kernel.access import ActorRequest
from handrail.kernel.web import posted_id
from handrail.ledgers.stock.models import Lot
from handrail.screens.console.at_hand import held, hold
from handrail.screens.console.stock_common import text, whole
from handrail.services.naloxone import commands, reach
from handrail.services.naloxone.codes import Origin
from handrail.services.naloxone.kinds.kit import Event

SHOWN = 25
"""People shown at once, those with most of it first: so many a session can keep at hand."""
BACK = {event.value: event for event in (Event.RECALLED_RECOVERED, Event.EXPIRED_REPLACED, Event.USED)}
"""What may have become of the kits of somebody who was reached."""


@dataclass(frozen=True)
class Holder:
    """Somebody who has kits of a lot."""

    words: str
    quantity: int
    address: str
    word: str
    lot: uuid.UUID
    may_take_back: bool
    typed: str
    """How many, as it was typed; all of them until somebody types."""
    id: str


def holders(request: ActorRequest, lots: Collection[uuid.UUID]) -> list[Holder]:
    """Those with most of it first."""
    people = sorted(reach.to_reach(request.actor, lots), key=lambda one: (-one.quantity, one.who))[:SHOWN] if lots else []
    places = dict(Site.objects.values_list("id", "key"))
    words = {one.who: hold(request, one.who) for one in people}
    return [
        Holder(
            label(one.who), one.quantity, reverse("sealed-open", args=[words[one.who], reach.CONTACT]) + f"?at={one.site}", words[one.who], one.lot,
            request.actor.may("naloxone.give", places[one.site]), _typed(request, words[one.who], one), str(ids.new()),
        )
        for one in people
    ]


def _typed(request: ActorRequest, word: str, one: reach.ToReach) -> str:
    is_this = text(request, "back") == word and text(request, "lot") == str(one.lot)
    return text(request, "quantity") if is_this else str(one.quantity)


def came_back(request: ActorRequest, lots: Collection[uuid.UUID]) -> str:
    """Write down what became of somebody's kits, with the person, at the place where they were given. A sentence if it cannot be; 404 without a person."""
    if "back" not in request.POST:
        raise Http404
    who, event = held(request, text(request, "back")), BACK.get(text(request, "event"))
    if Fact.objects.filter(request.actor.filter("naloxone.give"), id=posted_id(request)).exists():
        return ""  # a second tap on the same button
    lock_organisation()  # two workers write the same kits down at once: the second finds them gone
    found = next((one for one in reach.to_reach(request.actor, lots) if one.who == who and str(one.lot) == text(request, "lot")), None)
    if found is None:
        return _("Nothing of this lot is with them any more. Look at the list again.")
    site = site_or_404(request.actor, found.site, "naloxone.give")
    item = Lot.objects.values_list("item__code", flat=True).get(id=found.lot)
    try:
        quantity = whole(text(request, "quantity"))
        if event is None or not 0 < quantity <= found.quantity:
            return _("Write how many, from 1 to %(most)d.") % {"most": found.quantity}
        commands.tell(
            actor=request.actor, site=site, event=event, item=item, lot=found.lot, quantity=quantity, origin=Origin.GIVEN, participant=who, id=posted_id(request)
        )
    except Refusal as refusal:
        return refusal.problems[0][1]
    return ""
