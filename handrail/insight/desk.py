"""A report before it is released: its numbers as they stand, with what would stay hidden. For the web process.

What would be hidden takes linear programs, so the worker works it out (`releases.keep_preview`) and this reads it; a
preview that was made for other numbers is no preview, and then nobody knows yet.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.conf import settings
from django.db.models import Max

from handrail.insight.areas import kept_back
from handrail.insight.frozen import Value, as_released, digest_of, only
from handrail.insight.models import Preview, Profile, Release
from handrail.insight.periods import Period
from handrail.insight.report_spec import Report
from handrail.insight.results import Pack, Place, read
from handrail.insight.rounding import rounding_of
from handrail.kernel import crypto

PARTNER_THRESHOLD = 5
"""Under an agreement groups of 1 to 4 are hidden (`domain/indicators.md` 7)."""


@dataclass(frozen=True)
class Draft:
    """A report of a period as it would be released now. `hidden` is None where that is not worked out yet."""

    report: Report
    period: Period
    pack: Pack
    hidden: frozenset[Place] | None
    newest: Release | None
    rounding: int = 0

    def __bool__(self) -> bool:
        return bool(self.pack)

    def hides(self, place: Place) -> bool:
        """Whether a number would stay hidden, as far as that is known."""
        return self.hidden is not None and place in self.hidden

    @cached_property
    def values(self) -> list[Value]:
        """The numbers as their readers would see them; nothing while that is not worked out."""
        if self.hidden is None:
            return []
        return [as_released(row, is_hidden=row.place in self.hidden, rounding=self.rounding) for row in self.pack]

    @cached_property
    def digest(self) -> str:
        """Of what would be released; empty while it is not worked out."""
        return "" if self.hidden is None else digest_of(self.report.key, str(self.period), self.values)

    @property
    def is_unchanged(self) -> bool:
        """Whether the newest release says the same."""
        return self.newest is not None and bool(self.digest) and self.newest.digest == self.digest


def draft(report: Report, period: Period) -> Draft:
    """A report of a period with what is known of it."""
    pack = only(report, read(period))
    releases = Release.objects.filter(report=report.key, period=str(period)).order_by("-number")
    kept = Preview.objects.filter(report=report.key, period=str(period), stand=stand_of(pack, newest_number(), threshold_of(report.profile))).first()
    hidden = None if kept is None else frozenset(_place(written) for written in kept.hidden)
    return Draft(report, period, pack, hidden, releases.first(), rounding_of(report.profile))


def newest_number() -> int:
    """Number of the organisation's newest release; 0 before the first."""
    return int(Release.objects.aggregate(last=Max("number"))["last"] or 0)


def threshold_of(profile: str) -> int:
    """The smallest group that a release for this profile may show."""
    return int(settings.CONFIG.public_threshold) if profile == Profile.PUBLIC else PARTNER_THRESHOLD


def stand_of(pack: Pack, newest: int, threshold: int) -> str:
    """Digest of everything that decides what stays hidden: exact numbers, what left the house before, the threshold."""
    rows = sorted(
        [row.indicator.key, row.version, str(row.window.starts_on), str(row.window.ends_before), *place_as_list(row.place)[1:], row.status.value,
         str(row.value), row.numerator, row.denominator, row.people_behind, row.denominator_people]
        for row in pack
    )
    return crypto.digest(crypto.canonical([rows, newest, threshold, settings.CONFIG.public_threshold, sorted(kept_back(row.cell for row in pack))])).hex()


def place_as_list(place: Place) -> list[str]:
    """Where a number stands, as it is kept."""
    indicator, site, cell = place
    return [indicator, str(site or ""), cell]


def _place(written: Sequence[str]) -> Place:
    indicator, site, cell = written
    return indicator, uuid.UUID(site) if site else None, cell
