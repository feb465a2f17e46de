"""The public page: what a programme chose to show everybody. No sign-in, no cookie, no script, nothing from elsewhere.

It is made of frozen releases for everybody and of nothing else (`insight/public.py`), and is the same whoever asks, so
that it may be kept by browsers and proxies.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation.trans_real import parse_accept_lang_header

from handrail.facts.models import Organisation
from handrail.gates.release_formats import FORMATS, Format
from handrail.insight import public
from handrail.insight.frozen import Frozen, name_of, open_release
from handrail.insight.models import Release
from handrail.insight.periods import Period
from handrail.insight.report_spec import REPORTS
from handrail.insight.sheet import Line, Sheet, said, sheets
from handrail.kernel import charts, scope
from handrail.kernel.access import ANYONE, may
from handrail.screens.kept_files import kept, open_formats

EARLIER = 5
"""How many periods before the shown one its charts go back."""
PAGE_KEPT, FILE_KEPT = 300, 86_400
"""Seconds that a page and a file may be kept. A file never changes; a page that is switched off should be gone soon."""


@dataclass(frozen=True)
class OverTime:
    """One count over several periods: a chart, and the table beside it."""

    title: str
    chart: SafeString
    rows: list[tuple[str, str, bool]]


@dataclass(frozen=True)
class Told:
    """A released report in the list."""

    number: int
    title: str
    period: str


@dataclass(frozen=True)
class PublicPage:
    """Everything on the page of a programme."""

    organisation: Organisation
    frozen: Frozen
    headlines: list[Line]
    sheets: list[Sheet]
    over_time: list[OverTime]
    formats: list[Format]
    others: list[Told]
    newer: Release | None
    newer_name: str
    older: list[tuple[Release, str]]
    hidden: bool
    language: str
    languages: list[tuple[str, str]]


@may(ANYONE)
def home(request: HttpRequest) -> HttpResponse:
    """The programmes that show their numbers; where there is only one, its page."""
    found = public.programmes()
    if not found:
        raise Http404
    if len(found) == 1:
        return _cached(redirect("public-programme", found[0].id), PAGE_KEPT)
    return _page("public/programmes.html", {"programmes": found}, language_of(request))


@may(ANYONE)
def programme(request: HttpRequest, organisation: uuid.UUID) -> HttpResponse:
    """The newest released report of a programme."""
    found = _programme_or_404(organisation)
    language = language_of(request)
    with scope.enter([found.key]), translation.override(language):
        newest = public.newest()
        if not newest:
            return _page("public/nothing.html", {"organisation": found}, language)
        return _shown(found, open_release(newest[0]), newest, language)


@may(ANYONE)
def release(request: HttpRequest, organisation: uuid.UUID, number: int) -> HttpResponse:
    """One released report of a programme, also an older revision."""
    found = _programme_or_404(organisation)
    language = language_of(request)
    with scope.enter([found.key]), translation.override(language):
        return _shown(found, _release_or_404(number), public.newest(), language)


@may(ANYONE)
def file(request: HttpRequest, organisation: uuid.UUID, number: int, format: str) -> HttpResponse:
    """An open file of a release for everybody."""
    found, asked = _programme_or_404(organisation), FORMATS.get(format)
    if asked is None or asked not in open_formats():
        raise Http404
    with scope.enter([found.key]):
        made = kept(_release_or_404(number), asked, language_of(request))
    tag = f'"{made.sha256}"'
    if request.headers.get("If-None-Match", "") == tag:
        return _cached(HttpResponseNotModified(), FILE_KEPT, tag)
    answer = HttpResponse(made.content, content_type=made.media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{made.filename}"'
    return _cached(answer, FILE_KEPT, tag)


def language_of(request: HttpRequest) -> str:
    """The language that the address or else the browser asks for; a signed-in person's own makes no other page."""
    offered = dict(settings.LANGUAGES)
    asked = request.GET.get("in", "")
    if asked in offered:
        return asked
    for code, _weight in parse_accept_lang_header(request.headers.get("Accept-Language", "")[:200]):
        if (short := code.partition("-")[0]) in offered:
            return short
    return str(settings.LANGUAGE_CODE)


def _shown(organisation: Organisation, frozen: Frozen, newest: list[Release], language: str) -> HttpResponse:
    """A release as a page. `newest` are all that there are, for the way to the others."""
    versions = public.revisions(frozen.release)
    before = [one for one in newest if one.report == frozen.report.key and Period.parse(one.period).ends_before <= frozen.period.starts_on]
    shown = sheets(frozen)
    page = PublicPage(
        organisation=organisation, frozen=frozen, headlines=[line for sheet in shown for line in sheet.lines if line.value is not None and not line.value.is_hidden][:4],
        sheets=shown, over_time=_over_time(frozen, [open_release(one) for one in before[:EARLIER]]), formats=open_formats(),
        others=[Told(one.number, str(REPORTS[one.report].title), Period.parse(one.period).label) for one in newest if one.number != frozen.release.number],
        newer=versions[0] if versions[0].number != frozen.release.number else None, newer_name=name_of(versions[0]),
        older=[(one, name_of(one)) for one in versions if one.revision < frozen.release.revision], hidden=any(value.is_hidden for value in frozen),
        language=language, languages=[(code, str(name)) for code, name in settings.LANGUAGES],
    )
    return _page("public/programme.html", {"page": page}, language)


def _over_time(frozen: Frozen, earlier: list[Frozen]) -> list[OverTime]:
    if not earlier:
        return []
    found = []
    for one in public.series(frozen, earlier):
        bars = [charts.Bar(str(period), value.value if value else None, said(value) if value else _("not released")) for period, value in one.values]
        rows = [(period.label, bar.text, bar.value is None) for (period, _value), bar in zip(one.values, bars, strict=True)]
        found.append(OverTime(str(one.indicator.name), charts.column_chart(str(one.indicator.name), bars), rows))
    return found


def _programme_or_404(id: uuid.UUID) -> Organisation:
    found = public.programme(id)
    if found is None:
        raise Http404
    return found


def _release_or_404(number: int) -> Frozen:
    found = public.find(number)
    if found is None:
        raise Http404
    return found


def _page(template: str, context: dict[str, object], language: str) -> HttpResponse:
    """Rendered without the request: nothing of who asks can come into it."""
    with translation.override(language):
        answer = HttpResponse(render_to_string(template, context))
    answer.headers["Content-Language"] = language
    return _cached(answer, PAGE_KEPT)


def _cached(answer: HttpResponse, seconds: int, tag: str = "") -> HttpResponse:
    answer.headers["Cache-Control"] = f"public, max-age={seconds}"
    answer.headers["Vary"] = "Accept-Language"
    if tag:
        answer.headers["ETag"] = tag
    return answer
