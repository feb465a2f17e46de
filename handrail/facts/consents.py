"""Consent: which elements it needs, which one holds at a moment, and whether we may reach out (`domain/people.md` 6).

The rules at the top are pure; the queries below read the folded `Consent` and `Participant`. A person who was merged is
looked up under every id they had. Nothing here is asked when a service is given: consent is about telling, not about help.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Protocol

from django.utils.translation import gettext_lazy as _

from handrail.facts.kinds.consent import Consent as Given
from handrail.facts.kinds.consent import How, Profile, Purpose, Recipients, RecordClass
from handrail.facts.models import Consent, Participant
from handrail.facts.spec import Text
from handrail.facts.values import CONSENT_PROFILE
from handrail.kernel import clock

REACHING_OUT = frozenset({Purpose.CONTACT_ME.value, Purpose.TRACING.value})
"""Purposes that give nothing while somebody does not want to be contacted."""
_TREATMENT = frozenset(
    p.value for p in (Purpose.CARE_WITHIN_PROGRAMME, Purpose.LINK_ACROSS_SERVICES, Purpose.GUEST_DOSING, Purpose.CUSTODY_CONTINUITY)
)
"""Treatment, payment and operations: only for these may the recipient be a class of services (§2.31(a)(4))."""
_TELLS_OUTCOME = (Purpose.CARE_WITHIN_PROGRAMME, Purpose.LINK_ACROSS_SERVICES)

ELEMENTS: dict[str, tuple[str, Text]] = {
    # element: (field of the form, words). The numbers are those of 42 CFR Part 2 §2.31.
    "1": ("says_who", _("name or code")),
    "2": ("from_whom", _("who may tell")),
    "3": ("scope", _("what may be told")),
    "4": ("to_whom", _("to whom")),
    "5": ("purpose", _("purpose")),
    "6": ("revocation_explained", _("how to take it back")),
    "7": ("until", _("until when")),
    "8": ("signed", _("signature")),
    "8w": ("witness", _("witness")),
    "9": ("given_on", _("date")),
    "+": ("redisclosure_explained", _("that it may be told on")),
}


def needed(profile: str, said: Given) -> tuple[str, ...]:
    """The elements that this consent needs under a profile, in their order."""
    spoken = profile == Profile.VERBAL and said.how == How.VERBAL_WITNESSED
    found = ["1", "2", "3", "4", "5", "6", "7", "8w" if spoken else "8", "9"]
    if profile == Profile.PART2 and said.to_whom == Recipients.TREATING_SERVICES:
        found.append("+")
    return tuple(found)


def missing(profile: str, said: Given) -> list[tuple[str, str]]:
    """What a consent lacks under a profile, as (field, words): “9 date”. Empty when it may be activated."""
    return [(ELEMENTS[element][0], words(element)) for element in needed(profile, said) if not _has(element, said)]


def words(element: str) -> str:
    """An element as the form names it: “9 date”."""
    return f"{element.rstrip('w')} {ELEMENTS[element][1]}"


def _has(element: str, said: Given) -> bool:
    if element == "4" and said.to_whom == Recipients.TREATING_SERVICES:
        return said.purpose in _TREATMENT  # elsewhere a class is not specific enough
    if element == "7":
        return said.valid_to is not None or said.until is not None
    return bool(getattr(said, ELEMENTS[element][0]))


def profile_now(on: date | None = None) -> str:
    """The profile the programme works under; not approved by anybody it is the strictest."""
    return CONSENT_PROFILE.read(on=on).value


class Held(Protocol):
    """What deciding needs of a consent: a row, or one of the batch at hand."""

    fact: uuid.UUID
    purpose: str
    scope: Sequence[str]
    to_whom: str
    given_at: datetime
    valid_from: date
    valid_to: date | None
    revoked_at: datetime | None


def recipient_key(to_whom: str) -> str:
    """Recipients are the same whatever their capitals and spaces."""
    return " ".join(to_whom.split()).casefold()


def last_given(consents: Iterable[Held], purpose: str, to_whom: str, at: datetime) -> Held | None:
    """The consent that speaks for a purpose and recipient at a moment: the latest; earlier ones are superseded by it."""
    same = [c for c in consents if c.purpose == purpose and recipient_key(c.to_whom) == recipient_key(to_whom) and c.given_at <= at]
    return max(same, key=_newest, default=None)


def _newest(consent: Held) -> tuple[datetime, uuid.UUID]:
    return consent.given_at, consent.fact


def holds(consent: Held, at: datetime, *, time_zone: str = "UTC") -> bool:
    """Whether it is neither taken back nor outside its days at that moment. Expiry is read, never stored."""
    day = clock.local_date(at, time_zone)
    ended = consent.revoked_at is not None and consent.revoked_at <= at
    return not ended and consent.valid_from <= day and (consent.valid_to is None or day <= consent.valid_to)


def covering(
    consents: Iterable[Held], purpose: str, to_whom: str, at: datetime, *, what: Collection[str] = (), time_zone: str = "UTC"
) -> Held | None:
    """The consent that allows telling these classes of records to that recipient at that moment, or None."""
    found = last_given(consents, purpose, to_whom, at)
    if found is None or not holds(found, at, time_zone=time_zone) or not set(what) <= set(found.scope):
        return None
    return found


# -- what stands in the database -----------------------------------------------------------------------------------------


def selves(participant: uuid.UUID) -> list[uuid.UUID]:
    """Every id of a person: the survivor first, then those merged into it. A person nobody merged is just themselves."""
    into = Participant.objects.filter(id=participant).values_list("merged_into", flat=True).first()
    survivor = into or participant
    return [survivor, *Participant.objects.filter(merged_into=survivor).order_by("id").values_list("id", flat=True)]


def standing(people: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """How these people stand with the programme; of a merged one, how the survivor does. Unknown people are active."""
    rows = list(Participant.objects.filter(id__in=people).values_list("id", "merged_into", "status"))
    into = {merged for _id, merged, _status in rows if merged}
    survivors = dict(Participant.objects.filter(id__in=into).values_list("id", "status")) if into else {}
    found = {who: survivors.get(merged, status) for who, merged, status in rows}
    return {who: found.get(who, "active") for who in people}


def deceased(people: Collection[uuid.UUID | None]) -> set[uuid.UUID]:
    """Those of these people who have died."""
    return {who for who, status in standing({who for who in people if who}).items() if status == "deceased"}


def may_contact(participant: uuid.UUID) -> bool:
    """Whether we may reach out: not to somebody who does not want it, and to nobody who has died.

    Says nothing about helping: whoever comes is served.
    """
    return standing([participant])[participant] not in {"do_not_contact", "deceased"}


def gives_nothing(purpose: str, status: str) -> bool:
    """Whether no consent can help: the person has died, or does not want to be contacted and this would."""
    return status == "deceased" or (status == "do_not_contact" and purpose in REACHING_OUT)


def allows(
    participant: uuid.UUID, purpose: str, to: str, at: datetime, *, what: Collection[str] = (), time_zone: str = "UTC"
) -> Consent | None:
    """The consent that allows this purpose towards this recipient at this moment; None means it is not allowed."""
    if gives_nothing(purpose, standing([participant])[participant]):
        return None
    rows = Consent.objects.filter(participant__in=selves(participant), purpose=purpose)
    found = covering(rows, purpose, to, at, what=what, time_zone=time_zone)
    return found if isinstance(found, Consent) else None


def may_tell_outcome(participant: uuid.UUID, at: datetime, *, time_zone: str = "UTC") -> bool:
    """Whether a consent lets one of our services tell another what became of a referral."""
    rows = list(Consent.objects.filter(participant__in=selves(participant), purpose__in=_TELLS_OUTCOME))
    return any(
        covering(rows, purpose, to, at, what=(RecordClass.REFERRALS,), time_zone=time_zone) is not None
        for purpose in _TELLS_OUTCOME for to in (Recipients.THIS_PROGRAMME, Recipients.TREATING_SERVICES)
    )
