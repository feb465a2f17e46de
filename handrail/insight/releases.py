"""Releases: what left the house, frozen, numbered and never changed; a later version is a revision that says why.

A release is protected together with everything that was released before, so that no two of them can be subtracted.
What is read back from one is the same for every page and file made of it.
"""

from __future__ import annotations

import uuid

from django.db.models import Max
from django.utils.translation import gettext as _

from handrail.facts.models import Site
from handrail.facts.record import lock_organisation
from handrail.insight.desk import place_as_list, stand_of, threshold_of
from handrail.insight.disclose import Cell, Published, Shared, share
from handrail.insight.due import reporting
from handrail.insight.frozen import CannotRelease as CannotRelease
from handrail.insight.frozen import Frozen as Frozen
from handrail.insight.frozen import Value as Value
from handrail.insight.frozen import as_released, digest_of, only
from handrail.insight.frozen import latest as latest
from handrail.insight.frozen import open_release as open_release
from handrail.insight.models import Preview, Profile, Release, ReleasedValue
from handrail.insight.packages import resolved
from handrail.insight.periods import Period, Window
from handrail.insight.report_spec import REPORTS as REPORTS
from handrail.insight.report_spec import Report
from handrail.insight.results import Pack, Row, read
from handrail.insight.rounding import rounding_of
from handrail.insight.spec import FROM_OUTSIDE, INDICATORS
from handrail.kernel import audit, clock, ids, scope
from handrail.kernel.access import Actor


def preview(report: Report, period: Period) -> tuple[Pack, list[Shared]]:
    """The report's numbers of a period as they would be released now, with what would be hidden."""
    pack = only(report, read(period))
    return pack, share(pack, threshold_of(report.profile), partner=report.profile == Profile.PARTNER, before=published(report.profile))


def would_be(report: Report, period: Period) -> list[Value]:
    """The values of a report as they would be released now."""
    pack, shared = preview(report, period)
    rounding = rounding_of(report.profile)
    return [_value(pack, one, rounding) for one in shared]


def freeze(*, actor: Actor, report: Report, period: Period, audience: str = "", note: str = "", confirmed: str = "") -> Release:
    """Release a report of a period. A second time it is a revision, needs a reason, and only if something changed.

    `confirmed` is the digest of what somebody looked at before saying yes: anything else is not released in its place.
    """
    actor.require("numbers.share")
    if not read(period):
        raise CannotRelease(_("Nothing is computed for this period yet. The numbers are brought up to date every hour."))
    (pack, shared), stand = preview(report, period), _stand(report, period)
    lock_organisation()  # only now: nobody waits at a counter while linear programs are solved
    if stand != _stand(report, period):
        pack, shared = preview(report, period)
    before = Release.objects.filter(report=report.key, period=str(period), profile=report.profile, audience=audience).order_by("-revision").first()
    rounding = rounding_of(report.profile)
    values = [_value(pack, one, rounding) for one in shared]
    digest = digest_of(report.key, str(period), values)
    if before is not None and before.digest == digest:
        raise CannotRelease(_("Nothing has changed since release %(number)d.") % {"number": before.number})
    if confirmed and confirmed != digest:
        raise CannotRelease(_("The numbers changed while you looked at them. Look again before you release them."))
    if before is not None and not note.strip():
        raise CannotRelease(_("Say why the numbers changed: those who have the first version will ask."), "note")
    sites_there = reporting(period)
    release: Release = Release.objects.create(
        organisation_id=actor.organisation, id=ids.random(), number=(Release.objects.aggregate(last=Max("number"))["last"] or 0) + 1,
        report=report.key, period=str(period), profile=report.profile, audience=audience, revision=before.revision + 1 if before else 1,
        threshold=threshold_of(report.profile), rounding=rounding, released_at=clock.now(), released_by=actor.staff_id, data_through=pack.data_through or 0,
        computed_at=pack.computed_at or clock.now(), sites_reporting=len(sites_there.reporting), sites_expected=sites_there.expected, note=note.strip(), digest=digest,
    )
    sites = {site.id: site for site in Site.objects.all()}
    ReleasedValue.objects.bulk_create(_stored(release, pack.rows[one.place], one, sites) for one in values)
    audit.write("release.made", actor=actor, object_kind="release", object_id=release.id, detail={"number": release.number, "report": report.key, "period": str(period), "sha256": digest})
    return release


def keep_preview(report: Report, period: Period) -> bool:
    """Work out what would stay hidden and keep it for the pages; returns whether there was anything new to work out."""
    pack = only(report, read(period))
    stand = _stand(report, period)
    if not pack or Preview.objects.filter(report=report.key, period=str(period), stand=stand).exists():
        return False
    _pack, shared = preview(report, period)
    hidden = [place_as_list(one.place) for one in shared if one.is_hidden]
    Preview.objects.update_or_create(
        organisation_id=scope.organisation(), report=report.key, period=str(period), defaults={"stand": stand, "hidden": hidden, "made_at": clock.now()},
    )
    return True


def _stand(report: Report, period: Period) -> str:
    """See `desk.stand_of`."""
    newest = Release.objects.aggregate(last=Max("number"))["last"] or 0
    return stand_of(only(report, read(period)), newest, threshold_of(report.profile))


def _value(pack: Pack, shared: Shared, rounding: int) -> Value:
    return as_released(pack.rows[shared.place], is_hidden=shared.is_hidden, rounding=rounding)


def _stored(release: Release, row: Row, said: Value, sites: dict[uuid.UUID, Site]) -> ReleasedValue:
    return ReleasedValue(
        organisation_id=release.organisation_id, release=release, indicator=row.indicator.key, version=row.version, starts_on=row.window.starts_on,
        ends_before=row.window.ends_before, site=sites[row.site] if row.site else None, cell=row.cell, status=said.status,
        value=row.value if said.is_hidden else said.value, numerator=row.numerator, denominator=row.denominator, people_behind=row.people_behind,
        denominator_people=row.denominator_people, is_hidden=said.is_hidden,
    )


# -- what is known already -------------------------------------------------------------------------------------------------


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
            if value is not None and not isinstance(measure, FROM_OUTSIDE):
                cell, number = Cell(resolved(measure, window), window, place, part=row.cell), row.release.number
                shown = not row.is_hidden or ((cell, number) in found and found[cell, number].shown)
                found[cell, number] = Published(cell, int(value), people or 0, shown, number)
    return list(found.values())
