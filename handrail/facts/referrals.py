"""Referrals: where they lead, what may follow what, and how they stand today (`domain/exchange.md` 7)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from handrail.facts.drafts import Refusal
from handrail.facts.fold import Batch, Recorded, Step, read_facts
from handrail.facts.models import Fact, Referral, Site
from handrail.facts.recorded import COUNTS
from handrail.facts.spec import Codes

MADE, OUTCOME = "facts.referral", "facts.referral_outcome"
UNKNOWN_AFTER = timedelta(days=90)
"""After acceptance. Part of the status's name, so a definition and not a setting."""

FOLLOWS: Mapping[str, frozenset[str]] = {
    "offered": frozenset({"accepted", "declined"}),
    "declined": frozenset(),
    "accepted": frozenset({"booked", "attended", "not_attended", "refused_by_service", "withdrawn"}),
    "booked": frozenset({"attended", "not_attended", "refused_by_service", "withdrawn"}),
    "not_attended": frozenset({"booked", "attended", "refused_by_service", "withdrawn"}),
    "attended": frozenset({"result_known"}),
    "result_known": frozenset(),
    "refused_by_service": frozenset(),
    "withdrawn": frozenset(),
}
"""What may follow what. Somebody who did not come may be booked again, and may simply come later."""
OPEN = frozenset(status for status, following in FOLLOWS.items() if following) - {"offered", "attended"}


class Unknown(Codes):
    """The status that nobody records: it is computed when somebody reads."""

    UNKNOWN_AFTER_90_DAYS = "unknown_after_90_days", _("Not known after 90 days")


# -- where a referral leads ------------------------------------------------------------------------------------------


def places_offered(here: Site | None = None) -> list[Site]:
    """Places somebody at `here` can be sent to. Where people are held is a way on only for those inside."""
    return [site for site in Site.objects.filter(is_active=True).order_by("name") if not site.closed_setting or (here and site.key == here.key)]


def destination(service: str, places: Sequence[Site]) -> Any:
    """Id of the one place that offers a service, or None when there is none or a choice to make."""
    offering = [site for site in places if service in site.offers]
    return offering[0].id if len(offering) == 1 else None


def routed(payloads: Sequence[tuple[str, Any]], here: uuid.UUID | None = None) -> list[tuple[str, Any]]:
    """Payloads (kind, payload) of a visit at `here`, with the one destination filled in where a referral was accepted and none named."""
    if not any(_is_lost(kind, payload) for kind, payload in payloads):
        return list(payloads)
    places = places_offered(Site.objects.filter(id=here).first() if here else None)
    return [
        (kind, payload.model_copy(update={"to_site": destination(payload.service, places)}) if _is_lost(kind, payload) else payload)
        for kind, payload in payloads
    ]


def _is_lost(kind: str, payload: Any) -> bool:
    return bool(kind == MADE and payload.to_site is None and payload.to_service is None and payload.status == "accepted")


# -- how a referral stands today -------------------------------------------------------------------------------------


def statuses(referrals: Iterable[Referral], now: datetime) -> dict[uuid.UUID, str]:
    """Status of each referral as read now: `unknown_after_90_days` when nothing is known 90 days after acceptance."""
    found = {referral.fact: referral for referral in referrals}
    said = {fact: referral.status for fact, referral in found.items()}
    old = [fact for fact, r in found.items() if r.status in {"accepted", "booked"} and now - r.made_at > UNKNOWN_AFTER]
    accepted = _accepted_later(old)
    for fact in old:
        if now - accepted.get(fact, found[fact].made_at) > UNKNOWN_AFTER:
            said[fact] = Unknown.UNKNOWN_AFTER_90_DAYS.value
    return said


def _accepted_later(referrals: Sequence[uuid.UUID]) -> dict[uuid.UUID, datetime]:
    """When a referral was accepted, where that was not when it was offered."""
    if not referrals:
        return {}
    rows = Fact.objects.filter(kind=OUTCOME, about__in=list(referrals), payload__status="accepted")
    return dict(rows.order_by("occurred_at").values_list("about", "occurred_at"))


# -- what may follow what --------------------------------------------------------------------------------------------


class ReferralRules:
    """Refuses an outcome that cannot follow what is known, while somebody is typing it. What arrives later is never refused."""

    name = "referral_rules"

    def __init__(self) -> None:
        self._in_batch: dict[uuid.UUID, list[Recorded]] = {}

    def prepare(self, steps: Sequence[Step], batch: Batch) -> None:
        """Nothing to read before deciding: outcomes come one by one."""

    def settle(self, step: Step, batch: Batch) -> object | None:
        """Nothing to freeze; refuses what cannot follow."""
        if not batch.live or batch.may_go_short:
            return None
        for fact in step.do:
            if fact.kind == OUTCOME and fact is step.cause:
                self._check(fact, batch, {undone.id for undone in step.undo})
            if fact.kind in {MADE, OUTCOME}:
                self._in_batch.setdefault(_named(fact), []).append(fact)
        return None

    def apply(self, steps: Sequence[Step], batch: Batch) -> None:
        """No state of its own: the people reactor folds it."""

    def _check(self, fact: Recorded, batch: Batch, undone: set[uuid.UUID]) -> None:
        named = fact.parsed.referral
        with connection.cursor() as cursor:
            known = list(
                read_facts(
                    cursor, batch.organisation,
                    "(f.kind = %s AND (f.root = %s OR f.id = (SELECT effective FROM facts_standing WHERE organisation_id = %s AND root = %s))"  # noqa: S608
                    f" OR f.kind = %s AND f.about = %s) AND {COUNTS}",
                    [MADE, named, batch.organisation, named, OUTCOME, named],
                )
            )
        known += self._in_batch.get(named, [])
        before = sorted(
            (f for f in known if f.id not in undone and (f.kind == MADE or (f.occurred_at, f.counter) <= (fact.occurred_at, fact.counter))),
            key=lambda f: (f.kind == OUTCOME, f.occurred_at, f.counter),
        )
        if not before or before[0].kind != MADE:
            raise Refusal([("referral", _t("That referral is not here."))])
        status = before[-1].parsed.status
        if fact.parsed.status not in FOLLOWS[status]:
            raise Refusal([("status", _t("That cannot follow what is known of this referral. Open it again, or correct the earlier record."))])


def _named(fact: Recorded) -> uuid.UUID:
    found: uuid.UUID = (fact.root or fact.id) if fact.kind == MADE else fact.parsed.referral
    return found
