"""Receipts: a slip with a code for a visit without a person. “That was me” works once, within 30 days (`domain/people.md` 4)."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from handrail.facts import visits
from handrail.facts.fold import Recorded
from handrail.facts.models import Receipt, Site
from handrail.facts.people_rules import closed_site_of
from handrail.facts.record import Mode, Refusal, lock_organisation
from handrail.kernel import audit, clock, crypto, ids, keyring
from handrail.kernel.access import Actor

DAYS = 30


def _token(ten: str) -> bytes:
    return crypto.token(keyring.mac("lookup"), "receipt", ten)


def may_have_one(facts: list[Recorded]) -> bool:
    """Whether a visit, as `visits.read` gives it, can be claimed later: of one person, and nobody's yet."""
    return (
        bool(facts) and facts[0].kind == "facts.encounter" and facts[0].participant is None and facts[0].parsed.people_count == 1
        and is_in_time(facts[0])
    )


def is_in_time(encounter: Recorded) -> bool:
    """Whether a visit can still be claimed: the days run from the visit, whenever the slip was printed."""
    return clock.now() - encounter.occurred_at <= timedelta(days=DAYS)


@transaction.atomic
def issue(*, actor: Actor, visit: uuid.UUID) -> str:
    """A fresh code for a visit, to be shown once. An earlier slip for the same visit opens nothing any more."""
    lock_organisation()
    if not may_have_one(visits.read(visit)):
        raise Refusal([("", _("A receipt is for a visit of one person without a code, in the last %s days.") % DAYS)])
    Receipt.objects.filter(visit=visit, claimed_at=None).delete()
    code = crypto.new_code()
    Receipt.objects.create(organisation_id=actor.organisation, token=_token(code.replace("-", "")), visit=visit, issued_at=clock.now())
    audit.write("receipt.issued", actor=actor, object_kind="visit", object_id=visit)
    return code


@transaction.atomic
def claim(*, actor: Actor, code: str, participant: uuid.UUID) -> uuid.UUID:
    """The visit of a receipt becomes the person's: totals stay. Returns the visit; a refusal says why not."""
    ten = crypto.read_code(code)
    if ten is None:
        raise Refusal([("receipt", _("Check the code: one of its symbols is wrong."))])
    lock_organisation()
    receipt = Receipt.objects.select_for_update().filter(token=_token(ten)).first()
    facts = visits.read(receipt.visit) if receipt is not None else []
    if receipt is None or not facts or not _is_same_side(facts[0], participant):
        raise Refusal([("receipt", _("This receipt is not known here."))])
    if receipt.claimed_at is not None:
        raise Refusal([("receipt", _("This receipt was used before."))])
    if not is_in_time(facts[0]):
        raise Refusal([("receipt", _("This visit was more than %s days ago.") % DAYS)])
    if not may_have_one(facts):
        raise Refusal([("receipt", _("This visit belongs to somebody already."))])
    # The slip is the right to claim: the visit may have been at a place where this worker records nothing.
    visits.correct(
        actor=replace(actor, is_system=True), visit=receipt.visit, correction=ids.derived(receipt.visit, f"claimed {receipt.key}"), encounter=facts[0].parsed,
        parts=[visits.Part(fact.kind, fact.parsed) for fact in facts[1:]], participant=participant, mode=Mode.CONFIRMED,
    )
    receipt.claimed_at = clock.now()
    receipt.save(update_fields=["claimed_at"])
    audit.write("receipt.claimed", actor=actor, object_kind="visit", object_id=receipt.visit)
    visit: uuid.UUID = receipt.visit
    return visit


def _is_same_side(encounter: Recorded, participant: uuid.UUID) -> bool:
    """A visit inside a closed setting is only ever of somebody known there, and the other way round."""
    site = Site.objects.filter(key=encounter.site).exclude(closed_setting="").values_list("key", flat=True).first()
    return site == closed_site_of(participant)
