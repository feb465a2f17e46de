"""Supplies were ordered: how many, how many were suggested, and every input the suggestion was made from."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.facts.spec import Kind, Line, Payload, Privacy, info

_MOST = 10_000_000
_OPERATIONAL = Privacy.OPERATIONAL


class OrderedLine(Line):
    """One item. Use is kept as two whole numbers, so that the suggestion can be computed again exactly."""

    item: str = info(_("Item"), privacy=_OPERATIONAL)
    quantity: int = info(_("Ordered"), privacy=_OPERATIONAL, ge=1, le=_MOST)
    suggested: int | None = info(_("Suggested"), privacy=_OPERATIONAL, default=None, ge=0)
    used: int | None = info(_("Used"), privacy=_OPERATIONAL, default=None, ge=0)
    over_days: int | None = info(_("Over so many days"), privacy=_OPERATIONAL, default=None, ge=1)
    lead_time_days: int | None = info(_("Days until it comes"), privacy=_OPERATIONAL, default=None, ge=0)
    review_days: int | None = info(_("Days between orders"), privacy=_OPERATIONAL, default=None, ge=0)
    safety_days: int | None = info(_("Days in reserve"), privacy=_OPERATIONAL, default=None, ge=0)
    on_hand: int | None = info(_("On hand, usable before it expires"), privacy=_OPERATIONAL, default=None)
    on_order: int | None = info(_("On order"), privacy=_OPERATIONAL, default=None, ge=0)
    pack: int = info(_("Pack"), privacy=_OPERATIONAL, default=1, ge=1)


class Ordered(Payload):
    """The order."""

    supplier: str = info(
        _("Supplier"), privacy=_OPERATIONAL, min_length=1, max_length=80, help_text=_("A company or a service, never a person.")
    )
    fund: str | None = info(_("Fund"), privacy=_OPERATIONAL, default=None, max_length=40)
    lines: tuple[OrderedLine, ...] = info(_("Items"), privacy=_OPERATIONAL, min_length=1)


KIND = Kind(
    title=_("Ordered"),
    explain=_("Supplies were ordered, with the inputs of the suggestion."),
    payload=Ordered,
    may="stock.order",
    sample=Ordered(
        supplier="Central medical store",
        lines=(
            OrderedLine(
                item="syringe-1ml-29g", quantity=1200, suggested=1150, used=1680, over_days=56, lead_time_days=14, review_days=28,
                safety_days=14, on_hand=530, on_order=0, pack=10,
            ),
        ),
    ),
    needs_encounter=False,
)
