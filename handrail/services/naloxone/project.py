"""Folds this room's facts into its state, and refuses what may not be handed out."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date, timedelta

from django.db.models import Min
from django.utils.translation import gettext as _

from handrail.facts.drafts import Refusal
from handrail.facts.fold import Recorded
from handrail.facts.models import Site
from handrail.kernel import clock
from handrail.ledgers.stock.models import Leg, Lot
from handrail.services.naloxone import queries, rules
from handrail.services.naloxone.codes import BAGS, BOXES, HandedOut, KitState, Origin, Recipient, RiskConsent
from handrail.services.naloxone.mail_models import MailOrder, MailStep
from handrail.services.naloxone.mail_project import check_order, check_step, order_now
from handrail.services.naloxone.models import Double, Given, KitEnd, KitStep, Report
from handrail.services.naloxone.values import CONSENT_OF_PERSON_AT_RISK, EXPIRED_WITH_NOTICE

MAY_BE_AHEAD = timedelta(minutes=5)
"""As at the door: clocks of devices differ a little."""


# -- what is folded ----------------------------------------------------------------------------------------------------


def _moved(fact: Recorded) -> dict[str, list[uuid.UUID]]:
    """The lots that the ledger took for a fact, by item; it has decided before the rooms are asked."""
    found: dict[str, list[uuid.UUID]] = {}
    for item, lot in Leg.objects.filter(fact=fact.id, quantity__gt=0).order_by("key").values_list("lot__item__code", "lot__id"):
        if lot not in found.setdefault(item, []):
            found[item].append(lot)
    return found


def _the_lot(item: str, named: uuid.UUID | None, moved: dict[str, list[uuid.UUID]]) -> uuid.UUID | None:
    """The lot of a line: as named, or the only one that was taken. Of several nobody knows which kit was from which."""
    lots = moved.get(item, [])
    return named or (lots[0] if len(lots) == 1 else None)


def _steps(fact: Recorded, codes: Iterable[str], state: KitState, *, item: str, lot: uuid.UUID | None, site: int | None, participant: uuid.UUID | None = None) -> None:
    KitStep.objects.bulk_create(
        KitStep(
            organisation_id=fact.organisation, fact=fact.id, code=code, item=item, lot=lot, state=state.value, site_id=site, participant=participant,
            occurred_at=fact.occurred_at, counter=fact.counter,
        )
        for code in codes
    )


def _supply(fact: Recorded) -> None:
    if fact.site is None:
        return
    said, site, moved = fact.parsed, Site.objects.get(key=fact.site), _moved(fact)
    channel = HandedOut(said.channel) if said.channel else rules.channel_of(site.kind, is_closed=bool(site.closed_setting))
    taken = [lot for lots in moved.values() for lot in lots]
    expired = set(Lot.objects.filter(id__in=taken, expiry__lt=fact.day).values_list("item__code", flat=True)) if not said.expired_notice else set()
    flagged = expired | _not_to_be_given(taken, fact, site)
    state = KitState.PASSED_ON if site.kind in BAGS else KitState.WITH_HOLDER
    for number, line in enumerate(said.lines, 1):
        Given.objects.create(
            organisation_id=fact.organisation, fact=fact.id, line=number, site=site, item=line.item, quantity=line.quantity, channel=channel.value,
            source_class=said.source_class or rules.source_of(channel).value, recipient_kind=said.recipient_kind, supply_type=said.supply_type,
            repeat_reason=said.repeat_reason or "", is_flagged=line.item in flagged, occurred_at=fact.occurred_at,
        )
        _steps(fact, line.kit_codes, state, item=line.item, lot=_the_lot(line.item, line.lot, moved), site=fact.site, participant=fact.participant)


def _not_to_be_given(lots: Collection[uuid.UUID], fact: Recorded, site: Site) -> set[str]:
    """Items of which a recalled lot was handed out, or one before the day it first came to anybody (`domain/naloxone.md` 11.6)."""
    came = Leg.objects.filter(lot__id__in=lots, lot__is_unknown=False, location__kind="site", quantity__gt=0).values_list("lot__id", "lot__item__code").annotate(first=Min("at"))
    early = {item for _lot, item, first in came if clock.local_date(first, site.time_zone) > fact.day}
    return early | {lot.item.code for lot in queries.held_since(lots, fact.occurred_at)}


def _filled(fact: Recorded) -> None:
    target, moved = Site.objects.filter(id=fact.parsed.to_site).first(), _moved(fact)
    kind = target.kind if target else ""
    state = KitState.WITH_BAG if kind in BAGS else KitState.IN_WALL_BOX if kind in BOXES else KitState.IN_STOCK
    for line in fact.parsed.lines:
        _steps(fact, line.kit_codes, state, item=line.item, lot=_the_lot(line.item, line.lot, moved), site=target.key if target else None)


def _labelled(fact: Recorded) -> None:
    said = fact.parsed
    _steps(fact, said.kit_codes, KitState.IN_STOCK, item=said.item, lot=said.lot, site=fact.site)


def _kit(fact: Recorded) -> None:
    said = fact.parsed
    unknown = Lot.objects.filter(id=said.lot, is_unknown=True).exists()
    lot = None if unknown else said.lot
    _steps(fact, said.kit_codes, KitState(said.event), item=said.item, lot=lot, site=fact.site, participant=fact.participant)
    common = {
        "organisation_id": fact.organisation, "fact": fact.id, "event": said.event, "lot": lot, "origin": said.origin, "participant": fact.participant,
        "ours": said.ours, "report": said.report, "supply": said.supply, "occurred_at": fact.occurred_at, "counter": fact.counter,
    }
    rows = [KitEnd(**common, code=code, quantity=1) for code in said.kit_codes]
    rest = said.quantity - len(said.kit_codes)
    KitEnd.objects.bulk_create([*rows, *([KitEnd(**common, code="", quantity=rest)] if rest else [])])


def _reversal(fact: Recorded) -> None:
    said, root = fact.parsed, fact.root or fact.id
    Report.objects.create(
        organisation_id=fact.organisation, fact=fact.id, root=root, site_id=fact.site, participant=fact.participant, outcome=said.outcome,
        doses=said.doses_total, available=said.naloxone_available, emergency_called=said.emergency_called, why_not_called=list(said.why_not_called),
        witnessed=said.witnessed_onset, replacement_wanted=said.replacement_wanted, received_on=said.received_on, occurred_at=fact.occurred_at,
    )
    codes = list(dict.fromkeys(dose.kit_code for dose in said.doses if dose.kit_code))
    lots = {dose.kit_code: dose.lot for dose in said.doses if dose.kit_code}
    for code in codes:
        _steps(fact, [code], KitState.USED, item="", lot=lots[code], site=None)
    common = {
        "organisation_id": fact.organisation, "fact": fact.id, "event": KitState.USED.value, "origin": Origin.UNKNOWN.value, "participant": fact.participant,
        "report": root, "quantity": 1, "occurred_at": fact.occurred_at, "counter": fact.counter,
    }
    # Doses of a lot without a code are one kit: a report tells of doses, and of kits only where it names one.
    loose = dict.fromkeys(dose.lot for dose in said.doses if dose.lot and not dose.kit_code)
    KitEnd.objects.bulk_create([*(KitEnd(**common, code=code, lot=lots[code]) for code in codes), *(KitEnd(**common, code="", lot=lot) for lot in loose)])


def _same_event(fact: Recorded) -> None:
    said = fact.parsed
    Double.objects.create(organisation_id=fact.organisation, fact=fact.id, report=said.report, same_as=said.same_as, counter=fact.counter)


def _mail_order(fact: Recorded) -> None:
    if fact.site is None:
        return
    said, order = fact.parsed, fact.root or fact.id
    MailOrder.objects.create(
        organisation_id=fact.organisation, fact=fact.id, order=order, site_id=fact.site, handle=said.handle, item=said.item, quantity=said.quantity,
        state="received", since=fact.occurred_at, occurred_at=fact.occurred_at,
    )
    order_now(order)


def _mail_step(fact: Recorded) -> None:
    said = fact.parsed
    MailStep.objects.create(
        organisation_id=fact.organisation, fact=fact.id, order=said.order, step=said.step, supply=said.supply, day=fact.day, occurred_at=fact.occurred_at,
        counter=fact.counter,
    )
    order_now(said.order)


_APPLY: dict[str, Callable[[Recorded], None]] = {
    "naloxone.supply": _supply, "naloxone.filled": _filled, "naloxone.labelled": _labelled, "naloxone.kit": _kit, "naloxone.reversal": _reversal,
    "naloxone.same_event": _same_event, "naloxone.mail_order": _mail_order, "naloxone.mail_step": _mail_step,
}
KINDS = frozenset(_APPLY)
CHECKS = frozenset({"naloxone.supply", "naloxone.reversal", "naloxone.same_event", "naloxone.mail_order", "naloxone.mail_step"})


def apply(fact: Recorded) -> None:
    """The fact counts now."""
    _APPLY[fact.kind](fact)


def undo(fact: Recorded) -> None:
    """The fact counts no more."""
    for model in (KitStep, KitEnd, Report, Double, Given, MailOrder, MailStep):
        model.objects.filter(fact=fact.id).delete()
    if fact.kind == "naloxone.mail_step":
        order_now(fact.parsed.order)


# -- what is refused ---------------------------------------------------------------------------------------------------


class NotHandedOut(Refusal):
    """Something that may not be handed out; what was given all the same is told by confirming it."""


def check(fact: Recorded, *, here: Sequence[Recorded], gone: Collection[uuid.UUID], typed: bool) -> None:
    """Refuse, while typing, an expired lot, a kit without a consent that the law asks for, an overdose still to come, and a step out of turn.

    What happened elsewhere is recorded all the same and flagged: a kit in a hand is a fact.
    """
    if not typed or fact.is_earlier:
        return
    if fact.kind == "naloxone.reversal":
        if fact.occurred_at > clock.now() + MAY_BE_AHEAD:
            raise Refusal([("when", _("That is still to come."))])
    elif fact.kind == "naloxone.same_event":
        _check_same(fact)
    elif fact.kind == "naloxone.mail_order":
        check_order(fact)
    elif fact.kind == "naloxone.mail_step":
        check_step(fact, [other for other in here if other.kind == fact.kind])
    elif (site := Site.objects.filter(key=fact.site).first()) is not None:
        _check_consent(fact, site)
        _check_expiry(fact, site, fact.day)


def _check_same(fact: Recorded) -> None:
    """Both reports are here, and the one that counts does not itself tell of another's overdose: of a chain nobody knows which one counts."""
    said, told = fact.parsed, queries.doubles()
    if Report.objects.filter(root__in=[one for one in (said.report, said.same_as) if one]).count() < (2 if said.same_as else 1):
        raise Refusal([("same_as", _("One of the two reports is not here any more. Look at the list."))])
    if said.same_as in told:
        raise Refusal([("same_as", _("That report tells of the overdose of a third. Choose the third."))])
    if said.same_as and said.report in told.values():
        raise Refusal([("same_as", _("Another report is said to tell of this one’s overdose, so this one counts. Open the other one."))])


def _check_consent(fact: Recorded, site: Site) -> None:
    said = fact.parsed
    if said.recipient_kind == Recipient.FAMILY_OR_FRIEND and said.risk_person_consent != RiskConsent.RECORDED and CONSENT_OF_PERSON_AT_RISK.read(site=site).value:
        raise NotHandedOut([("risk_person_consent", _("Here family and friends get a kit if the person at risk agreed. Ask, and write it down."))])


def _check_expiry(fact: Recorded, site: Site, day: date) -> None:
    """First and repeat supplies alike: an expired lot goes to nobody, unless the place may and the person was told."""
    named = [line.lot for line in fact.parsed.lines if line.lot]
    if not named or (fact.parsed.expired_notice and EXPIRED_WITH_NOTICE.read(site=site).value):
        return
    expired = list(Lot.objects.filter(id__in=named, expiry__lt=day).select_related("item"))
    if expired:
        raise NotHandedOut([(f"lines.{lot.item.code}", _("Lot %(lot)s has expired. Take another one.") % {"lot": lot.code}) for lot in expired])
