"""Referrals: where they lead, what may follow what, and how they stand today (`domain/exchange.md` 7)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import F, Q
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from handrail.facts import consents
from handrail.facts.drafts import Refusal
from handrail.facts.fold import Batch, Recorded, Step, read_facts
from handrail.facts.kinds.referral_outcome import Source
from handrail.facts.models import Referral, Site
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
    return {r.fact: Unknown.UNKNOWN_AFTER_90_DAYS.value if _is_unknown(r, now) else r.status for r in referrals}


def _is_unknown(referral: Referral, now: datetime) -> bool:
    """News that came after the 90 days replaces it, for as long again: somebody booked late is expected."""
    if referral.status not in {"accepted", "booked"} or referral.accepted_at is None:
        return False
    is_late = referral.status_at > referral.accepted_at + UNKNOWN_AFTER
    return now - (referral.status_at if is_late else referral.accepted_at) > UNKNOWN_AFTER


def expected_at(now: datetime) -> Q:
    """Referrals of which news is waited for: accepted in the last 90 days, or heard of since those ended."""
    since = now - UNKNOWN_AFTER
    return Q(accepted_at__gte=since) | Q(status_at__gte=since, status_at__gt=F("accepted_at") + UNKNOWN_AFTER)


def may_tell(referral: Referral, at: datetime) -> bool:
    """Whether where somebody arrived may tell it to where they were referred; without that only their own word closes it."""
    if referral.to_site_id == referral.from_site_id or referral.consent_to_share:
        return True
    return referral.participant is not None and consents.may_tell_outcome(referral.participant, at, time_zone=referral.from_site.time_zone)


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
        _check_source(before[0], fact)
        status = before[-1].parsed.status
        if fact.parsed.status not in FOLLOWS[status]:
            raise Refusal([("status", _t("That cannot follow what is known of this referral. Open it again, or correct the earlier record."))])


def _check_source(made: Recorded, fact: Recorded) -> None:
    """An outcome is recorded where the referral was made or where it leads, and told across places only with consent."""
    if fact.site_id not in {made.site_id, made.parsed.to_site}:
        raise Refusal([("referral", _t("That referral was not made here and does not lead here."))])
    if fact.parsed.source != Source.RECEIVING_SERVICE or made.parsed.to_site == made.site_id or made.parsed.consent_to_share:
        return
    if made.participant is None or not consents.may_tell_outcome(made.participant, fact.occurred_at, time_zone=fact.zone):
        raise Refusal([("source", _t("The person did not agree that you tell. Ask them, and record it as what they say themselves."))])


def _named(fact: Recorded) -> uuid.UUID:
    found: uuid.UUID = (fact.root or fact.id) if fact.kind == MADE else fact.parsed.referral
    return found
