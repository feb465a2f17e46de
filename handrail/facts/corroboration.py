"""What speaks for two records being of one person (`domain/people.md` 3.3): each thing known of both, side by side.

Compared is everything known of a person, so of all records that were joined before, and not of one record alone.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from handrail.facts import handle_words
from handrail.facts.codes_of_people import AgeBand, Corroboration, Language
from handrail.facts.consents import selves
from handrail.facts.models import CardToken, Fact, Handle, Participant, Site
from handrail.facts.queries import today
from handrail.facts.spec import Text

_BANDS = ((15, AgeBand.UNDER_15), (20, AgeBand.FROM_15), (25, AgeBand.FROM_20), (30, AgeBand.FROM_25), (40, AgeBand.FROM_30),
          (50, AgeBand.FROM_40), (60, AgeBand.FROM_50))


@dataclass(frozen=True)
class Fit:
    """One thing to compare. `fits` is None where only a person can say."""

    code: Corroboration
    newer: Text
    older: Text
    fits: bool | None


def corroboration(newer: uuid.UUID, older: uuid.UUID) -> list[Fit]:
    """What is known of both, side by side: only what can support that they are one person."""
    first, second = selves(newer), selves(older)
    rows = {row.id: row for row in Participant.objects.filter(id__in=[first[0], second[0]])}
    one, two = (rows.get(people[0], Participant(id=people[0])) for people in (first, second))
    words, places = [_handles(people) for people in (first, second)], [usual_site(people) for people in (first, second)]
    day = next((place.today for place in places if place is not None), None) or today()
    return [
        _age(one, two, day), _handle(*words), _languages(one, two),
        _site(*places),
        _cards(first, second),
    ]


def supports(newer: uuid.UUID, older: uuid.UUID) -> set[str]:
    """Codes of what may be named for joining these two: what fits, and what only somebody who was there can say."""
    return {fit.code.value for fit in corroboration(newer, older) if fit.fits is not False}


def band_of(row: Participant, on: date) -> str:
    """Code of the age band of a person, from the year of birth or as they said; empty when not known."""
    if row.birth_year is None:
        return row.age_band
    age = on.year - row.birth_year
    return next((band.value for limit, band in _BANDS if age < limit), AgeBand.FROM_60.value)


def _age(newer: Participant, older: Participant, on: date) -> Fit:
    bands = [band_of(row, on) for row in (newer, older)]
    shown = [str(AgeBand(band).label) if band else "" for band in bands]
    return Fit(Corroboration.AGE, shown[0], shown[1], bands[0] == bands[1] if all(bands) else False)


def _handles(people: Sequence[uuid.UUID]) -> list[str]:
    return handle_words.shown(list(Handle.objects.filter(participant__in=people).order_by("-key")))


def _handle(newer: Sequence[str], older: Sequence[str]) -> Fit:
    same = {word.casefold() for word in newer} & {word.casefold() for word in older}
    return Fit(Corroboration.HANDLE, ", ".join(newer), ", ".join(older), bool(same))


def _languages(newer: Participant, older: Participant) -> Fit:
    shown = [", ".join(str(Language(code).label) for code in row.languages if code in Language.values) for row in (newer, older)]
    return Fit(Corroboration.LANGUAGE, shown[0], shown[1], bool(set(newer.languages) & set(older.languages)))


def usual_site(people: Sequence[uuid.UUID]) -> Site | None:
    """Where somebody was met most often, with whichever of their records."""
    counted = Counter(
        Fact.objects.filter(participant__in=people, kind="facts.encounter").exclude(site=None).values_list("site", flat=True)
    )
    return Site.objects.get(key=counted.most_common(1)[0][0]) if counted else None


def _site(newer: Site | None, older: Site | None) -> Fit:
    shown = [place.name if place is not None else "" for place in (newer, older)]
    return Fit(Corroboration.SITE, shown[0], shown[1], newer is not None and newer == older)


def _cards(newer: Sequence[uuid.UUID], older: Sequence[uuid.UUID]) -> Fit:
    """A card of one of them, shown at review, ties the two together; only the reviewer can say whether it was shown."""
    holders = set(CardToken.objects.filter(participant__in=[*newer, *older], sort=CardToken.Sort.ISSUED).values_list("participant", flat=True))
    shown = [_("Yes") if holders & set(people) else _("No") for people in (newer, older)]
    return Fit(Corroboration.CARD, shown[0], shown[1], None if holders else False)
