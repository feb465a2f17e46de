"""The composer's page: what was typed, who stands there, what is offered, and the need."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.http import HttpResponse
from django.shortcuts import render

from handrail.facts import visits
from handrail.facts.fold import Recorded
from handrail.facts.models import Site
from handrail.kernel import audit, clock, ids
from handrail.kernel.access import Actor, ActorRequest
from handrail.ledgers.stock.queries import ShelfItem, shelf
from handrail.screens.console import composer, need_form, offers, person
from handrail.screens.console.offers import Basket
from handrail.services.exchange import needs
from handrail.services.exchange.kinds.need import Need
from handrail.services.exchange.queries import LegalLimit, legal_limit, usual_baskets


@dataclass(frozen=True)
class ComposerPage:
    """The form of a visit, new or to correct."""

    site: Site
    now: datetime
    visit: str
    at: str
    who: str
    card: str
    person: person.AtCounter | None
    may_find: bool
    on_behalf_of: str
    people_count: str
    sections: list[composer.Section]
    baskets: list[Basket]
    persons_baskets: tuple[Basket, ...]
    need: need_form.NeedBlock | None
    need_after: str
    law: LegalLimit | None
    """The limit of the law on the visit's day, where needles are handed out: said before anybody is asked anything."""
    errors: dict[str, str]
    error: str
    ask_to_confirm: str
    is_fresh: bool
    is_group: bool
    correcting: str


@dataclass
class Sheet:
    """One showing of the form. `action` is what was tapped besides saving: find, need, as-last, fill:…, below:…"""

    place: Site
    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    error: str = ""
    ask: str = ""
    action: str = ""
    who: uuid.UUID | None = None
    correcting: Recorded | None = None
    current: list[Recorded] = field(default_factory=list)
    """The facts of a visit being corrected that count now."""
    taken: frozenset[str] = frozenset()
    """Slots among them that hold what this person may not read: a colleague's results."""
    need: Need | None = None

    @property
    def day(self) -> date:
        """The day of the visit at its place: values and laws are those of that day."""
        if self.correcting is not None:
            return self.correcting.day
        try:
            return clock.local_date(datetime.fromisoformat(self.values.get("at", "")), self.place.time_zone)
        except (ValueError, OverflowError):
            return self.place.today

    @property
    def holds(self) -> frozenset[str]:
        """Kinds that a visit being corrected holds."""
        return frozenset(fact.kind for fact in self.current if fact.parsed is not None)

    @property
    def old_need(self) -> Need | None:
        """The need as it was recorded, where a visit is corrected."""
        return next((fact.parsed for fact in self.current if isinstance(fact.parsed, Need)), None)


def correction(actor: Actor, place: Site, values: dict[str, str], current: list[Recorded]) -> Sheet:
    """A sheet for correcting a visit, of which these facts count now."""
    closed = visits.closed_to(actor, current)
    taken = frozenset(part.slot for fact, part in visits.parts_of(current) if fact.id in closed)
    return Sheet(place, values, correcting=current[0], current=current, taken=taken)


def show(request: ActorRequest, sheet: Sheet) -> HttpResponse:
    """The form with all that was typed; status 422 when something is wrong with it."""
    actor, place, values = request.actor, sheet.place, sheet.values
    local = clock.local(clock.now(), place.time_zone)
    items = shelf(place.key, local.date())
    names = {item.code: item.name for item in items if not place.item_classes or item.item_class in place.item_classes}
    usual, persons = [], offers.OfPerson()
    if sheet.correcting is None:
        usual = offers.at_place(usual_baskets(place.key, most=offers.ASKED_FOR), names)[: offers.SHOWN]
        if sheet.who is not None:
            persons = offers.of_person(actor, place, sheet.who, names)
            audit.look("person at the counter", actor=actor, object_id=sheet.who)
    _apply(sheet, [*usual, *persons.baskets], persons.last_need)
    need = sheet.need or _need(sheet, items)
    if sheet.action == "fill:need" and need is not None:
        for basket in need_form.offer(need, items, place).values():
            values.update(basket.values)
    law = legal_limit(place, sheet.day) if need_form.first_needle(items, place) is not None else None
    page = ComposerPage(
        site=place, now=local, visit=values.get("visit") or str(ids.new()), at=values.get("at") or clock.now().isoformat(),
        who=values.get("who", "none"), card=values.get("card", ""),
        person=person.carried(actor, place, sheet.who, values.get("card", "")) if sheet.who and sheet.correcting is None else None,
        may_find=actor.may("person.find", place.key), on_behalf_of=values.get("on_behalf_of", ""), people_count=values.get("people_count", ""),
        sections=composer.build(
            actor, place, items, values, sheet.errors, also=sheet.holds, offers=need_form.offer(need, items, place),
            taken=sheet.taken, unfolded=sheet.action.removeprefix("below:"),
        ),
        baskets=usual, persons_baskets=persons.baskets,
        need=need_form.block(
            values, sheet.errors, site=place, items=items, need=need, last=persons.last_need
        ),
        law=law,
        need_after=need_form.GIVEN, errors=sheet.errors, error=sheet.error or sheet.errors.get("", ""), ask_to_confirm=sheet.ask,
        is_group=values.get("people_count", "").strip() not in {"", "1"},
        is_fresh=request.method != "POST" and sheet.who is None and sheet.correcting is None,
        correcting=str(sheet.correcting.root or sheet.correcting.id) if sheet.correcting else "",
    )
    is_wrong = bool(page.error or page.errors)
    return render(request, "console/composer.html", {"page": page}, status=422 if is_wrong else 200)


def _apply(sheet: Sheet, baskets: Sequence[Basket], last: Need | None) -> None:
    """What a tap on an offer fills in, where there is no script to do it."""
    if sheet.action == "as-last" and last is not None:
        sheet.values.update(need_form.again(last))
    key = sheet.action.removeprefix("fill:")
    for basket in baskets:
        if sheet.action.startswith("fill:") and basket.key == key:
            sheet.values.update(basket.values)


def _need(sheet: Sheet, items: Sequence[ShelfItem]) -> Need | None:
    """The need as far as it was told on this page; nothing is read for a page on which nobody told of it."""
    if need_form.first_needle(items, sheet.place) is None:
        return None
    inputs = need_form.inputs_of(sheet.values, sheet.errors)
    return needs.assess(inputs, site=sheet.place, on=sheet.day, before=sheet.old_need) if inputs is not None else None


def posted(values: Mapping[str, object]) -> dict[str, str]:
    """What was posted, as text by name."""
    return {name: value for name, value in values.items() if isinstance(value, str)}
