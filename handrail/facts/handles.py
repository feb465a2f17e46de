"""Handles: any word a person likes to be called by here. Not facts, so that they can be changed and forgotten.

The audit says that a handle was set or searched for, never the word.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F
from django.utils.translation import gettext as _

from handrail.facts import handle_words
from handrail.facts.labels import label
from handrail.facts.models import Fact, Handle, Site
from handrail.facts.participants import group, survivors
from handrail.facts.record import Refusal
from handrail.facts.values import HANDLE_SEARCHES
from handrail.kernel import audit, clock
from handrail.kernel.access import Actor
from handrail.kernel.models import Throttle
from handrail.kernel.web import throttle_key

LEAST_LETTERS, MOST_FOUND, LONGEST = 3, 10, 40
WINDOW = timedelta(minutes=10)


@dataclass(frozen=True)
class Candidate:
    """Somebody whose handle fits what was typed; `participant` is the record that carries the handle."""

    participant: uuid.UUID
    handle: str
    words: str


def name_of(participant: uuid.UUID) -> str:
    """What to call a person on a screen: their handle, else two words that mean nothing outside the programme."""
    people = group(participant)
    return _latest(people) or label(people[0])


def handle_of(participant: uuid.UUID) -> str:
    """The handle as it was said, empty when there is none."""
    return _latest(group(participant))


def _latest(people: Sequence[uuid.UUID]) -> str:
    """What was said last, for whichever of a person's records."""
    rows = list(Handle.objects.filter(participant__in=people).order_by("-key")[:1])
    return next(iter(handle_words.shown(rows)), "")


def set_handle(*, actor: Actor, participant: uuid.UUID, word: str) -> None:
    """Set or change a handle; an empty one forgets it."""
    word = " ".join(word.split())
    if len(word) > LONGEST:
        raise Refusal([("handle", _("At most %s letters.") % LONGEST)])
    if "@" in word or sum(symbol.isdigit() for symbol in word) >= 6:
        raise Refusal([("handle", _("No telephone or document number and no address, please: any word will do."))])
    if not word:
        forget(actor=actor, participant=participant)
        return
    locked, changed = handle_words.locked(word, actor.organisation), bool(handle_of(participant))
    Handle.objects.filter(participant=participant).delete()  # a new row is the latest of the person's records
    Handle.objects.create(organisation_id=actor.organisation, participant=participant, locked=locked)
    audit.write("handle.changed" if changed else "handle.set", actor=actor, object_kind="participant", object_id=participant)


def forget(*, actor: Actor, participant: uuid.UUID) -> None:
    """The person is no longer called anything."""
    if Handle.objects.filter(participant__in=group(participant)).delete()[0]:
        audit.write("handle.forgotten", actor=actor, object_kind="participant", object_id=participant)


def search(*, actor: Actor, typed: str, site: Site) -> list[Candidate]:
    """People whose handle holds what was typed, ten at most; a refusal says why a search was not made.

    Inside a closed setting only people enrolled there are found, and nowhere else are they.
    """
    wanted = " ".join(typed.split())
    if sum(symbol.isalpha() for symbol in wanted) < LEAST_LETTERS:
        raise Refusal([("handle", _("Write at least three letters."))])
    _count(actor)
    into = survivors()
    found: dict[uuid.UUID, Candidate] = {}
    fits = [(row, word) for row, word in handle_words.opened(list(Handle.objects.order_by("key"))) if wanted.casefold() in word.casefold()]
    rows = [row for row, _word in sorted(fits, key=lambda fit: (fit[1], fit[0].key))]
    words = {row.key: word for row, word in fits}
    inside = dict(
        Fact.objects.filter(kind="facts.enrolled", participant__in=[row.participant for row in rows])
        .exclude(site=None).exclude(site__closed_setting="").values_list("participant", "site")
    )
    here = site.key if site.closed_setting else None
    for row in rows:
        person = into.get(row.participant, row.participant)
        if inside.get(row.participant) == here and person not in found and len(found) < MOST_FOUND:
            found[person] = Candidate(row.participant, words[row.key], label(person))
    audit.look("people by handle", actor=actor, object_id=f"{len(found)} found")
    return list(found.values())


def _count(actor: Actor) -> None:
    """One more search of this worker; too many in ten minutes are refused, so that nobody lists everybody."""
    who, now = throttle_key("handles", str(actor.staff_id or actor.device)), clock.now()
    row, _created = Throttle.objects.select_for_update().get_or_create(digest=who, defaults={"window_ends_at": now + WINDOW})
    if row.window_ends_at <= now:
        row.failures, row.window_ends_at = 0, now + WINDOW
        row.save(update_fields=["failures", "window_ends_at"])
    if row.failures >= HANDLE_SEARCHES.read().value:
        audit.look("people by handle", actor=actor, object_id="too many searches", refused=True)
        raise Refusal([("handle", _("Many searches in a short time. Wait ten minutes, or ask for the card."))])
    Throttle.objects.filter(digest=who).update(failures=F("failures") + 1)
