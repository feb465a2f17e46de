"""The person at hand: a short opaque word in the address, which means somebody only inside this sign-in.

No id of a person stands in an address (security.md 4.3): histories, bookmarks and proxies keep addresses. The session
keeps the few people somebody worked with last; another session, or tomorrow's, cannot read the word.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest

from handrail.kernel.access import ActorRequest

_KEPT = 30
_NAME = "at-hand"


def hold(request: ActorRequest, participant: uuid.UUID) -> str:
    """The word for a person in this session; the same person keeps the same word."""
    held: dict[str, str] = request.session.get(_NAME, {})
    word = next((w for w, who in held.items() if who == str(participant)), None) or secrets.token_urlsafe(6)
    held.pop(word, None)
    held[word] = str(participant)
    request.session[_NAME] = dict(list(held.items())[-_KEPT:])
    return word


def carry_over(request: HttpRequest, before: Mapping[str, Any]) -> None:
    """A sign-in that ran out under a form: the same person, signed in again, finds the people who were at hand."""
    if before.get(_NAME):
        request.session[_NAME] = before[_NAME]


def held(request: ActorRequest, word: str) -> uuid.UUID:
    """The person of a word; an unknown one looks like a page that is not here."""
    found = request.session.get(_NAME, {}).get(word)
    if found is None:
        raise Http404
    return uuid.UUID(found)
