"""People without names: finding them by card or self-made code, enrolling them, giving and replacing cards.

Of a code only a keyed look-up token is stored. At a site where people are held the token carries the site: such a code
is found only there, and codes from outside are not found there (`domain/exchange.md` 8).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from pydantic import BaseModel

from handrail.facts import derived_codes, hints, proposals
from handrail.facts.derived_codes import Elements
from handrail.facts.models import CardToken, CodeHint, Participant, Site
from handrail.facts.people_rules import last_survivor
from handrail.facts.queries import find_site
from handrail.facts.record import Draft, Outcome, Refusal, lock_organisation, record_many
from handrail.facts.values import TOLERANT_REVIEW
from handrail.kernel import audit, clock, crypto, ids, keyring
from handrail.kernel.access import Actor


class Look(StrEnum):
    """What a look for a person came to."""

    FOUND = "found"
    UNKNOWN = "unknown"
    WRONG = "wrong"
    REPLACED = "replaced"


@dataclass(frozen=True)
class Found:
    """A person, or why nobody was found.

    `participant` is the record the card belongs to, which is what anything recorded with it names: when a merge turns
    out wrong, everything said with a card is found with that card. `survivor` stands for it on screens and in counts.
    """

    look: Look
    participant: uuid.UUID | None = None

    @property
    def survivor(self) -> uuid.UUID | None:
        """Who stands for the record after all merges."""
        return last_survivor(self.participant) if self.participant else None

    @property
    def sentence(self) -> str:
        """What to tell whoever typed; empty when somebody was found."""
        match self.look:
            case Look.WRONG:
                return _("Check the code: one of its symbols is wrong.")
            case Look.REPLACED:
                return _("This card was replaced. Ask for the new one, or go on with “No code”.")
            case Look.UNKNOWN:
                return _("This card is not known here. Check it, or go on with “No code”.")
            case _other:
                return ""


@dataclass(frozen=True)
class Derived:
    """The record of a self-made code. The code is there to be shown once, and only when the person is new (a second tap shows it too)."""

    participant: uuid.UUID
    code: str
    is_new: bool


class TooLittleKnown(ValueError):
    """Two or more elements are unknown: issue a random code instead (`domain/people.md` 3.2)."""


def namespace(site: Site | None) -> str:
    """What keeps the codes of a closed setting apart from all others; empty everywhere else."""
    return f"@{site.id}" if site is not None and site.closed_setting else ""


def card_token(ten: str, site: Site | None = None) -> bytes:
    """Look-up token of a code's ten symbols at a site; without the key file it cannot be computed."""
    return crypto.code_token(keyring.mac("lookup"), ten, namespace(site))


# -- finding ---------------------------------------------------------------------------------------------------------------


def find(typed: str, site: Site | None = None) -> Found:
    """The person of a typed or scanned code. A wrong check symbol asks no question of the database."""
    ten = crypto.read_code(typed)
    if ten is None:
        return Found(Look.WRONG)
    card = CardToken.objects.filter(token=card_token(ten, site)).first()
    if card is None:
        return Found(Look.UNKNOWN)
    if card.revoked_at is not None:
        return Found(Look.REPLACED)
    return Found(Look.FOUND, card.participant)


def find_by_card(typed: str, site: Site | None = None) -> uuid.UUID | None:
    """The person of a code, None when nobody or replaced; a mistyped one raises ValueError. See `find` for the reason."""
    found = find(typed, site)
    if found.look is Look.WRONG:
        raise ValueError("Check the code: one of its symbols is wrong.")
    return found.participant


@transaction.atomic
def find_or_propose(*, actor: Actor, site: Site, elements: Elements, participant: uuid.UUID) -> Derived:
    """The person of a self-made code; somebody new becomes `participant` under the new code.

    Only where tolerant review is switched on, hints are kept and a near match is proposed to a reviewer. The person is
    served under the new code meanwhile, and the counter hears nothing of it.
    """
    elements.check(site.today)
    if elements.unknown() >= 2:
        raise TooLittleKnown
    key, salt = keyring.mac("link"), derived_codes.programme_salt(settings.CONFIG.keys)
    code = derived_codes.code(elements, key=key, salt=salt)
    tolerant = TOLERANT_REVIEW.read().value
    near = [_hint(hint, site) for hint in derived_codes.hints(elements, key=key, salt=salt)] if tolerant else []
    lock_organisation()
    ten = code.replace("-", "")
    card = CardToken.objects.filter(token=card_token(ten, site)).first()
    if card is not None and card.revoked_at is not None:
        raise Refusal([("", _("This self-made code was given up, because two people had it. Give a card instead."))])
    if card is None:
        if CardToken.objects.filter(participant=participant).exists():
            participant = ids.random()  # the page was used before, for somebody else: one page never joins two people
        _enrolled(actor=actor, site=site.id, participant=participant)
        _remember(actor=actor, participant=participant, ten=ten, site=site, recipe=derived_codes.RECIPE)
    person = participant if card is None else card.participant
    hints.keep(person, near, actor=actor)
    if card is None:
        proposals.near_matches(person, near, actor=actor)
    return Derived(person, code, person == participant)


def _hint(hint: bytes, site: Site) -> bytes:
    """A leave-one-out token; in a closed setting it is tied to the site, so that it meets none from outside."""
    if not namespace(site):
        return hint
    return crypto.token(keyring.mac("lookup"), f"hint{namespace(site)}", hint.hex())


# -- after merges ------------------------------------------------------------------------------------------------------------


def survivors() -> dict[uuid.UUID, uuid.UUID]:
    """Who stands for whom: every merged participant of the organisation in scope, with the last survivor."""
    return dict(Participant.objects.exclude(merged_into=None).values_list("id", "merged_into"))


def group(participant: uuid.UUID) -> list[uuid.UUID]:
    """All records of one person: the survivor first, then those merged into it."""
    survivor = last_survivor(participant)
    return [survivor, *Participant.objects.filter(merged_into=survivor).order_by("id").values_list("id", flat=True)]


# -- enrolling -----------------------------------------------------------------------------------------------------------------


@transaction.atomic
def enrol(
    *, actor: Actor, site: uuid.UUID, code: str, participant: uuid.UUID, birth_year: object = None, gender: str | None = None,
    injects: str | None = None, profile: BaseModel | None = None,
) -> list[Outcome]:
    """A new participant with a card, and what they chose to say. Sent twice, it is done once."""
    outcomes = _enrolled(
        actor=actor, site=site, participant=participant, birth_year=birth_year, gender=gender, injects=injects, profile=profile
    )
    issue_card(actor=actor, participant=participant, code=code, site=find_site(site))
    return outcomes


def _enrolled(
    *, actor: Actor, site: uuid.UUID, participant: uuid.UUID, birth_year: object = None, gender: str | None = None,
    injects: str | None = None, profile: BaseModel | None = None,
) -> list[Outcome]:
    said: dict[str, BaseModel | dict[str, object]] = {"enrolled": {"birth_year": birth_year or None, "gender": gender or None}}
    if injects:
        said["asked"] = {"injects": injects}
    if profile is not None:
        said["profile"] = profile
    return record_many(
        [
            Draft(kind=f"facts.{name}", site=site, participant=participant, id=ids.derived(participant, name), payload=payload)
            for name, payload in said.items()
        ],
        actor=actor,
    )


# -- cards ---------------------------------------------------------------------------------------------------------------------


def issue_card(*, actor: Actor, participant: uuid.UUID, code: str, site: Site | None = None) -> None:
    """Remember a card by its token; the code itself is not kept. A code is never used for a second person, or again."""
    ten = crypto.read_code(code)
    if ten is None:
        raise ValueError("That code has a wrong check symbol.")
    _remember(actor=actor, participant=participant, ten=ten, site=site)


def _remember(*, actor: Actor, participant: uuid.UUID, ten: str, site: Site | None, recipe: str = "") -> None:
    row, created = CardToken.objects.get_or_create(
        organisation_id=actor.organisation, token=card_token(ten, site),
        defaults={
            "participant": participant, "issued_at": clock.now(), "recipe": recipe,
            "sort": CardToken.Sort.DERIVED if recipe else CardToken.Sort.ISSUED,
        },
    )
    if created:
        audit.write("card.issued", actor=actor, object_kind="participant", object_id=participant, detail={"sort": row.sort})
    elif row.participant != participant or row.revoked_at is not None:
        raise ValueError("That code was given out before.")


def cards(participant: uuid.UUID) -> list[CardToken]:
    """Every card and self-made code a person ever had, in the order they were given. Their places in it never change."""
    return list(CardToken.objects.filter(participant__in=group(participant)).order_by("issued_at", "key"))


@transaction.atomic
def replace_cards(*, actor: Actor, participant: uuid.UUID, code: str, site: Site | None, lost: Sequence[int] = ()) -> None:
    """A new card; the lost ones, by their places in `cards`, open nothing any more. Sent twice, it is done once."""
    lock_organisation()
    every = cards(participant)
    for place in lost:
        if 0 <= place < len(every):
            _revoke(every[place], actor)
    issue_card(actor=actor, participant=participant, code=code, site=site)


def _revoke(card: CardToken, actor: Actor) -> None:
    if card.revoked_at is None:
        card.revoked_at = clock.now()
        card.save(update_fields=["revoked_at"])
        audit.write("card.revoked", actor=actor, object_kind="participant", object_id=card.participant, detail={"sort": card.sort})


@transaction.atomic
def split(
    *, actor: Actor, site: Site, participant: uuid.UUID, new_participant: uuid.UUID, code: str, give_up: bool
) -> list[Outcome]:
    """Two people have one self-made code: one becomes a new participant with an issued card.

    The code stays with `participant`, or, with `give_up`, opens nothing for either of them from now on.
    """
    lock_organisation()
    if give_up:
        for card in cards(participant):
            if card.sort == CardToken.Sort.DERIVED:
                _revoke(card, actor)
        CodeHint.objects.filter(participant__in=group(participant)).delete()
    audit.write("person.split", actor=actor, object_kind="participant", object_id=participant, detail={"new": str(new_participant)})
    return enrol(actor=actor, site=site.id, code=code, participant=new_participant)
