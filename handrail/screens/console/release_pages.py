"""Releases: the list of what left the house, and each as its readers see it, with its files and its revisions."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.shortcuts import render

from handrail.facts.models import Staff
from handrail.gates.release_formats import FORMATS, Format, Made, make
from handrail.insight.frozen import Frozen, name_of, open_release
from handrail.insight.models import Profile, Release
from handrail.insight.periods import Period
from handrail.insight.report_spec import REPORTS
from handrail.insight.sheet import Change, Sheet, changes, sheets
from handrail.insight.spec import Text
from handrail.insight.values import PUBLIC_PAGE
from handrail.kernel import audit, scope
from handrail.kernel.access import ActorRequest, may


@dataclass(frozen=True)
class ReleaseLine:
    """One release in the list."""

    release: Release
    name: str
    title: Text
    period: str
    by: str
    is_public: bool


@dataclass(frozen=True)
class Version:
    """One revision among the others of its report: what it changed, and why."""

    release: Release
    name: str
    changes: list[Change]
    is_this: bool


@dataclass(frozen=True)
class ReleasePageOne:
    """A release as its readers see it. Made of the frozen values and of nothing else."""

    frozen: Frozen
    sheets: list[Sheet]
    formats: list[Format]
    by: str
    versions: list[Version]
    newer: str
    is_public: bool
    hidden: int
    posters: list[tuple[uuid.UUID, str]]
    public_page: bool


@may("numbers.read")
def listed(request: ActorRequest) -> HttpResponse:
    """All releases, the newest first."""
    names = _names()
    lines = [
        ReleaseLine(one, name_of(one), REPORTS[one.report].title, Period.parse(one.period).label, names.get(one.released_by, "Handrail"), one.profile == Profile.PUBLIC)
        for one in Release.objects.order_by("-number") if REPORTS.get(one.report) is not None
    ]
    return render(request, "console/releases.html", {"releases": lines})


@may("numbers.read")
def one(request: ActorRequest, number: int) -> HttpResponse:
    """One release."""
    frozen = _frozen_or_404(number)
    versions = versions_of(frozen)
    newest = versions[0]
    page = ReleasePageOne(
        frozen=frozen, sheets=sheets(frozen), formats=[one for one in FORMATS if not one.needs_mapping], by=_names().get(frozen.release.released_by, "Handrail"),
        versions=versions, newer="" if newest.is_this else newest.name, is_public=frozen.release.profile == Profile.PUBLIC,
        hidden=sum(value.is_hidden for value in frozen), posters=_posters(frozen),
        public_page=frozen.release.profile == Profile.PUBLIC and PUBLIC_PAGE.read().value,
    )
    return render(request, "console/release.html", {"page": page, "newest": newest.release.number, "programme": request.actor.organisation_id})


@may("numbers.read")
def file(request: ActorRequest, number: int, format: str) -> HttpResponse:
    """A file of a release, and a line in the audit with its digest: which file it was can be told later."""
    frozen, found = _frozen_or_404(number), FORMATS.get(format)
    if found is None or found.needs_mapping:
        raise Http404
    made = make(frozen, format)
    audit.write(
        "release.exported", actor=request.actor, object_kind="release", object_id=frozen.release.id,
        detail={"number": number, "format": format, "sha256": made.sha256},
    )
    return as_file(made)


def as_file(made: Made) -> HttpResponse:
    """The answer that a browser keeps as a file."""
    answer = HttpResponse(made.content, content_type=made.media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{made.filename}"'
    return answer


def versions_of(frozen: Frozen) -> list[Version]:
    """All revisions of a release, the newest first, each with what it says otherwise than the one before."""
    this = frozen.release
    found = Release.objects.filter(report=this.report, period=this.period, profile=this.profile, audience=this.audience).order_by("revision")
    versions: list[Version] = []
    before: Frozen | None = None
    for release in found:
        now = frozen if release.number == this.number else open_release(release)
        versions.append(Version(release, name_of(release), changes(before, now) if before is not None else [], release.number == this.number))
        before = now
    return versions[::-1]


def _posters(frozen: Frozen) -> list[tuple[uuid.UUID, str]]:
    """The places that can hang their own numbers on the wall: those of a release for everybody."""
    if frozen.release.profile != Profile.PUBLIC:
        return []
    return sorted({(value.site, value.site_name) for value in frozen if value.site is not None}, key=lambda one: one[1])


def _frozen_or_404(number: int) -> Frozen:
    found = Release.objects.filter(number=number).first()
    if found is None or REPORTS.get(found.report) is None:
        raise Http404
    return open_release(found)


def _names() -> dict[uuid.UUID | None, str]:
    return {staff.id: staff.name for staff in Staff.objects.filter(organisation_id=scope.organisation())}
