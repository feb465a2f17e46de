"""Made-up releases as rows of the database."""

from __future__ import annotations

from handrail.gates.tests.frozen import made_up
from handrail.insight.models import Profile, Release, ReleasedValue
from handrail.insight.releases import digest_of, open_release
from handrail.kernel import clock, ids

PLACES = ("Van 1", "Drop-in", "Clinic")


def store(world, frozen, number, revision=1):
    """A made-up release as rows, read back."""
    release = Release.objects.create(
        organisation_id=world.harbour.key, id=ids.random(), number=number, report=frozen.report.key, period=str(frozen.period), profile=Profile.PARTNER, audience="The ministry",
        revision=revision, threshold=11, released_at=clock.now(), data_through=1, computed_at=clock.now(), sites_reporting=3, sites_expected=4,
        digest=digest_of(frozen.report.key, str(frozen.period), frozen.values),
    )
    sites = {site.id: site for site in world.sites.values()}
    ReleasedValue.objects.bulk_create(
        ReleasedValue(
            organisation_id=world.harbour.key, release=release, indicator=v.indicator.key, version=v.version, starts_on=v.window.starts_on, ends_before=v.window.ends_before,
            site=sites.get(v.site), cell=v.cell, status=v.status, value=v.value, is_hidden=v.is_hidden,
        )
        for v in frozen
    )
    return open_release(Release.objects.get(number=number))


def hidden_at(world, *names):
    """A release of the report for everybody in which nothing but some places is hidden."""
    places = {world.sites[name].id: name for name in PLACES}
    gone = {world.sites[name].id for name in names}
    return made_up("everybody", lambda key, site, cell: (40, site in gone and key == "needles_given"), places=places)
