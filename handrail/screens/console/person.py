"""Who stands at the counter, carried by the composer's page from one tap to the next.

The page never holds a person's id. It holds a token: the id covered with a keyed mask, bound to the account that asked,
to the place and to the card it was found by, signed, and good for a working day. In an address only the word of `at_hand` may stand.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.http import Http404
from django.utils.translation import gettext as _

from handrail.facts import participants
from handrail.facts.handles import name_of
from handrail.facts.models import Site
from handrail.facts.people_rules import closed_site_of
from handrail.kernel import crypto
from handrail.kernel.access import Actor, ActorRequest
from handrail.screens.console import wishes
from handrail.screens.console.at_hand import held

_SALT = "handrail.composer.person"
GOOD_FOR = 12 * 3600
"""Seconds a page may lie open with a person on it."""


@dataclass(frozen=True)
class AtCounter:
    """The person the visit will be recorded with."""

    participant: uuid.UUID
    name: str
    token: str
    wishes: tuple[tuple[str, str], ...]
    """What everybody who meets the person must know, as (words, tone)."""


def _key(name: str) -> bytes:
    return crypto.key(settings.CONFIG.keys, name)


def _card(typed: str) -> str:
    """What ties a token to a card, without the card's code: empty where none was typed."""
    ten = crypto.read_code(typed)
    if ten is None:
        return "?" if typed.strip() else ""
    return crypto.token(_key("counter"), "card-at-counter", ten).hex()[:24]


def _mask(nonce: str) -> int:
    return int.from_bytes(crypto.token(_key("counter"), "person-at-counter", nonce)[:16], "big")


def carried(actor: Actor, site: Site, participant: uuid.UUID, typed: str) -> AtCounter:
    """The person as the page carries them."""
    nonce = secrets.token_hex(16)
    covered = f"{participant.int ^ _mask(nonce):032x}"
    token = signing.dumps([nonce, covered, str(actor.staff_id), str(site.id), _card(typed)], salt=_SALT)
    return AtCounter(participant, name_of(participant), token, tuple(wishes.chips(participant)))


def _carried_back(actor: Actor, site: Site, values: Mapping[str, str]) -> uuid.UUID | None:
    """The person of a posted token; None when it is another account's, place's or card's, too old or damaged."""
    try:
        nonce, covered, account, place, card = signing.loads(values.get("person", ""), salt=_SALT, max_age=GOOD_FOR)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    if (account, place) != (str(actor.staff_id), str(site.id)) or card != _card(values.get("card", "")) or card == "?":
        return None
    return uuid.UUID(int=int(covered, 16) ^ _mask(nonce))


def found(actor: Actor, site: Site, values: Mapping[str, str], errors: dict[str, str]) -> uuid.UUID | None:
    """Who the posted form is about: nobody for “no code”, whom the page carried, or who holds the typed card.

    What cannot be found is a sentence beside the card; nobody is then taken for somebody else.
    """
    typed = values.get("card", "").strip()
    if values.get("who") != "card" or not (typed or values.get("person")):
        return None
    person = _carried_back(actor, site, values)
    if person is not None:
        return person
    if not actor.may("person.find", site.key):
        errors["card"] = _("You cannot look up people here. Go on with “No code”.")
        return None
    if not typed:
        errors["card"] = _("This page does not know any more who it was. Find the person again, or go on with “No code”.")
        return None
    looked = participants.find(typed, site)
    if looked.participant is None:
        errors["card"] = looked.sentence
    return looked.participant


def at_hand(request: ActorRequest, site: Site, word: str) -> uuid.UUID:
    """The person of a word in the address, for whoever looks up people here. People known only inside a closed place stay there."""
    if not request.actor.may("person.find", site.key):
        raise Http404
    person = held(request, word)
    if closed_site_of(person) != (site.key if site.closed_setting else None):
        raise Http404
    return person
