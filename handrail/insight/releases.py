"""Releases: what left the house, frozen, numbered and never changed; a later version is a revision that says why.

A release is protected together with everything that was released before, so that no two of them can be subtracted.
What is read back from one is the same for every page and file made of it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from django.conf import settings
from django.db.models import Max
from django.utils.translation import gettext as _

from handrail.facts.models import Site, SiteKind
from handrail.facts.record import lock_organisation
from handrail.insight.arithmetic import Status, display
from handrail.insight.disclose import Cell, Published, Shared, share
from handrail.insight.explain import number
from handrail.insight.models import Profile, Release, ReleasedValue
from handrail.insight.packages import resolved
from handrail.insight.periods import Period, Window
from handrail.insight.report_spec import REPORTS, Report
from handrail.insight.results import Pack, Place, Row, read
from handrail.insight.spec import INDICATORS, Estimate, Indicator
from handrail.kernel import audit, clock, crypto, ids
from handrail.kernel.access import Actor, Refused

PARTNER_THRESHOLD = 5
"""Under an agreement groups of 1 to 4 are hidden (`domain/indicators.md` 7)."""


class CannotRelease(Refused):
    """Nothing was released; the sentence says why."""

    def __init__(self, sentence: str, name: str = "") -> None:
        super().__init__(sentence)
        self.problems = ((name, sentence),)


@dataclass(frozen=True)
class Value:
    """One number of a release as everybody sees it. `value` is None where it is hidden or there is none."""

    indicator: Indicator
    version: int
    window: Window
    site: uuid.UUID | None
    site_name: str
    status: Status
    value: Decimal | None
    is_hidden: bool
    cell: str = ""

    @property
    def place(self) -> Place:
        """Where it stands: indicator, site, cell."""
        return self.indicator.key, self.site, self.cell

    @property
    def plain(self) -> str:
        """As machines read it: the number, the status, or “suppressed”."""
        if self.is_hidden:
            return "suppressed"
        return self.status.value if self.value is None else display(self.value, self.indicator.decimals)

    @property
    def text(self) -> str:
        """As people read it in their language."""
        if self.is_hidden:
            return _("hidden")
        return str(self.status.label) if self.value is None else number(self.value, self.indicator.decimals)


@dataclass(frozen=True)
class Frozen:
    """A release with its values, read back. Every page and file of it is made from this and nothing else."""

    release: Release
    report: Report
    period: Period
    values: tuple[Value, ...]

    def __iter__(self) -> Iterator[Value]:
        return iter(self.values)

    @cached_property
    def _by_place(self) -> dict[Place, Value]:
        return {value.place: value for value in self.values}

    def get(self, indicator: str, site: uuid.UUID | None = None, cell: str = "") -> Value | None:
        """The value of an indicator by key, of a site or of the whole, of a cell or of all of it."""
        return self._by_place.get((indicator, site, cell))

    @property
    def name(self) -> str:
        """Such as “R-7” or, revised, “R-9 (revision 2)”."""
        first = f"R-{self.release.number}"
        return first if self.release.revision == 1 else _("%(name)s (revision %(revision)d)") % {"name": first, "revision": self.release.revision}

    @property
    def is_whole(self) -> bool:
        """Whether the digest still fits the values."""
        return self.release.digest == digest_of(self.report.key, str(self.period), self.values)


def threshold_of(profile: str) -> int:
    """The smallest group that a release for this profile may show."""
    return settings.CONFIG.public_threshold if profile == Profile.PUBLIC else PARTNER_THRESHOLD


def digest_of(report: str, period: str, values: Sequence[Value]) -> str:
    """SHA-256 over everything a reader of the release can see, in a fixed order."""
    seen = sorted([v.indicator.key, v.version, str(v.window.starts_on), str(v.window.ends_before), str(v.site or ""), v.cell, v.plain] for v in values)
    return crypto.digest(crypto.canonical([report, period, seen])).hex()


def preview(report: Report, period: Period) -> tuple[Pack, list[Shared]]:
    """The report's numbers of a period as they would be released now, with what would be hidden."""
    pack = _only(report, read(period))
    return pack, share(pack, threshold_of(report.profile), before=published(report.profile))


def would_be(report: Report, period: Period) -> list[Value]:
    """The values of a report as they would be released now."""
    pack, shared = preview(report, period)
    return [_value(pack, one) for one in shared]


def latest(report: Report, period: Period) -> int | None:
    """Number of the newest release of a report for a period."""
    return Release.objects.filter(report=report.key, period=str(period)).order_by("-number").values_list("number", flat=True).first()


def freeze(*, actor: Actor, report: Report, period: Period, audience: str = "", note: str = "") -> Release:
    """Release a report of a period. A second time it is a revision, needs a reason, and only if something changed."""
    actor.require("numbers.share")
    lock_organisation()
    if not read(period):
        raise CannotRelease(_("Nothing is computed for this period yet. The numbers are brought up to date every hour."))
    pack, shared = preview(report, period)
    before = Release.objects.filter(report=report.key, period=str(period), profile=report.profile, audience=audience).order_by("-revision").first()
    values = [_value(pack, one) for one in shared]
    digest = digest_of(report.key, str(period), values)
    if before is not None and before.digest == digest:
        raise CannotRelease(_("Nothing has changed since release %(number)d.") % {"number": before.number})
    if before is not None and not note.strip():
        raise CannotRelease(_("Say why the numbers changed: those who have the first version will ask."), "note")
    reporting, expected = _completeness(pack)
    release: Release = Release.objects.create(
        organisation_id=actor.organisation, id=ids.random(), number=(Release.objects.aggregate(last=Max("number"))["last"] or 0) + 1,
        report=report.key, period=str(period), profile=report.profile, audience=audience, revision=before.revision + 1 if before else 1,
        threshold=threshold_of(report.profile), released_at=clock.now(), released_by=actor.staff_id, data_through=pack.data_through or 0,
        computed_at=pack.computed_at or clock.now(), sites_reporting=reporting, sites_expected=expected, note=note.strip(), digest=digest,
    )
    sites = {site.id: site for site in Site.objects.all()}
    ReleasedValue.objects.bulk_create(_stored(release, row, one, sites) for one in shared if (row := pack.get(*one.place)) is not None)
    audit.write("release.made", actor=actor, object_kind="release", object_id=release.id, detail={"number": release.number, "report": report.key, "period": str(period), "sha256": digest})
    return release


def _only(report: Report, pack: Pack) -> Pack:
    """The part of a quarter's results that a report asks for."""
    asked = set(report.indicators)
    rows = {place: row for place, row in pack.rows.items() if place[0] in asked and (report.by_site or row.site is None) and report.tells_apart(row.cell)}
    return Pack(pack.period, rows, {place: row for place, row in pack.before.items() if place in rows})


def _value(pack: Pack, shared: Shared) -> Value:
    row = pack.get(*shared.place)
    assert row is not None  # noqa: S101  what is shared comes from the pack
    return Value(row.indicator, row.version, row.window, row.site, row.site_name, row.status, None if shared.is_hidden else row.value, shared.is_hidden, row.cell)


def _stored(release: Release, row: Row, shared: Shared, sites: dict[uuid.UUID, Site]) -> ReleasedValue:
    return ReleasedValue(
        organisation_id=release.organisation_id, release=release, indicator=row.indicator.key, version=row.version, starts_on=row.window.starts_on,
        ends_before=row.window.ends_before, site=sites[row.site] if row.site else None, cell=row.cell, status=row.status, value=row.value, numerator=row.numerator,
        denominator=row.denominator, people_behind=row.people_behind, denominator_people=row.denominator_people, is_hidden=shared.is_hidden,
    )


def _completeness(pack: Pack) -> tuple[int, int]:
    """Places where anything was recorded in the period, and places that are open and meet people."""
    expected = set(Site.objects.filter(is_active=True).exclude(kind=SiteKind.STORE).values_list("id", flat=True))
    there = {row.site for row in read(pack.period) if row.site in expected and row.indicator.key == "contacts" and row.value}
    return len(there), len(expected)


# -- reading back ----------------------------------------------------------------------------------------------------------


def open_release(release: Release) -> Frozen:
    """A release with its values."""
    found = []
    for row in release.values.select_related("site").order_by("indicator", "site__name", "cell"):
        indicator = INDICATORS.get(row.indicator)
        if indicator is not None:
            found.append(
                Value(
                    indicator, row.version, Window(row.starts_on, row.ends_before), row.site.id if row.site else None, row.site.name if row.site else "",
                    Status(row.status), None if row.is_hidden else row.value, row.is_hidden, row.cell,
                )
            )
    return Frozen(release, REPORTS[release.report], Period.parse(release.period), tuple(found))


def published(profile: str) -> list[Published]:
    """Every number that readers of this profile know from earlier releases; what everybody may read, partners know too."""
    known = [Profile.PUBLIC] if profile == Profile.PUBLIC else [Profile.PUBLIC, profile]
    found: dict[tuple[Cell, int], Published] = {}
    rows = ReleasedValue.objects.filter(release__profile__in=known).select_related("site", "release").order_by("release__number")
    for row in rows:
        indicator = INDICATORS.get(row.indicator)
        if indicator is None or indicator.version != row.version:
            continue
        window, place = Window(row.starts_on, row.ends_before), row.site.id if row.site else None
        parts = ((row.numerator, row.people_behind), (row.denominator, row.denominator_people))
        for measure, (value, people) in zip(indicator.parts, parts, strict=False):
            if value is not None and not isinstance(measure, Estimate):
                cell, number = Cell(resolved(measure, window), window, place, part=row.cell), row.release.number
                shown = not row.is_hidden or ((cell, number) in found and found[cell, number].shown)
                found[cell, number] = Published(cell, int(value), people or 0, shown, number)
    return list(found.values())
