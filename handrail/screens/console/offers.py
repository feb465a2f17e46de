"""What the composer offers: what is usual here, what this person took last and usually takes. An offer is never a cap."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from handrail.facts.models import Site
from handrail.kernel import clock
from handrail.kernel.access import Actor
from handrail.services.exchange import history
from handrail.services.exchange.history import PastVisit
from handrail.services.exchange.kinds.need import Need

SHOWN, ASKED_FOR = 3, 6
"""Baskets shown, and how many are asked for: some may hold what is not handed out here now."""

Usual = tuple[dict[str, int], int]
"""Quantity by item, and the number of others collected for."""


@dataclass(frozen=True)
class Basket:
    """Numbers that one tap fills in. `query` opens the page with them where there is no script and no person."""

    key: str
    label: str
    fill: str
    query: str = ""
    note: str = ""

    @property
    def values(self) -> dict[str, str]:
        """The form values it stands for."""
        found: dict[str, str] = json.loads(self.fill)
        return found


def _basket(key: str, quantities: Mapping[str, int], others: int, names: Mapping[str, str], *, note: str = "", query: str = "") -> Basket:
    what = " + ".join(f"{quantity} {names[code]}" for code, quantity in quantities.items())
    people = ngettext("for %(n)d person", "for %(n)d people", others + 1) % {"n": others + 1}
    fill = {f"exchange.given:{code}": str(quantity) for code, quantity in quantities.items()}
    fill["on_behalf_of"] = str(others)
    return Basket(key, f"{what} · {people}", json.dumps(fill), query, note)


def at_place(usual: Sequence[Usual], names: Mapping[str, str]) -> list[Basket]:
    """What is taken here most often. `names` are the items handed out here: a basket with any other is not offered."""
    offered = [(quantities, others) for quantities, others in usual if quantities and set(quantities) <= set(names)]
    return [
        _basket(f"place-{place}", quantities, others, names, query=f"usual={place}") for place, (quantities, others) in enumerate(offered)
    ]


@dataclass(frozen=True)
class OfPerson:
    """What is offered to one person: baskets, and the need they told of last."""

    baskets: tuple[Basket, ...] = ()
    last_need: Need | None = None


def of_person(actor: Actor, site: Site, participant: uuid.UUID, names: Mapping[str, str]) -> OfPerson:
    """The person's last time and what is usual for them, as far as this reader may see it, of items handed out here.

    Visits in a closed setting are left out for whoever may not read them there, as if they had not been.
    """
    if not actor.may("person.read", site.key):
        return OfPerson()
    visits = [past for past in history.past_visits(participant) if past.site not in actor.closed or actor.may("visit.read", past.site)]
    found: list[Basket] = []
    last = next((past for past in visits if past.taken), None)
    if last is not None:
        taken = {code: quantity for code, quantity in last.taken.items() if code in names}
        if taken:
            found.append(_basket("last", taken, last.others, names, note=_note(actor, last)))
    often = history.usual(visits)
    if often is not None:
        quantities = {code: quantity for code, quantity in often[0].items() if code in names}
        same = last is not None and (quantities, often[1]) == (last.taken, last.others)
        if quantities and not same:
            found.append(_basket("usual", quantities, often[1], names, note=_("Usually")))
    return OfPerson(tuple(found), next((past.need for past in visits if past.need is not None), None))


def _note(actor: Actor, past: PastVisit) -> str:
    """“Last time, 3 Nov, Van 1”; the place only for whoever may read visits there."""
    day = date_format(clock.local(past.at, past.time_zone), "j M")
    if past.site_name and actor.may("visit.read", past.site):
        return _("Last time, %(day)s, %(place)s") % {"day": day, "place": past.site_name}
    return _("Last time, %(day)s") % {"day": day}
