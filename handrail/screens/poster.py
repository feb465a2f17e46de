"""A site's own numbers as one page for its wall. It hangs where everybody walks past, so it is made of what is public only.

From the newest release for everybody in which places are told apart; what is hidden there is a sentence here, and what is
not released yet says so.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handrail.facts.models import Organisation, Site
from handrail.gates import paper
from handrail.insight import public
from handrail.insight.frozen import Frozen, Value
from handrail.insight.periods import Period
from handrail.insight.report_spec import REPORTS
from handrail.insight.sheet import said
from handrail.kernel.access import SIGNED_IN, ActorRequest, may
from handrail.screens.kept_files import kept_bytes
from handrail.screens.poster_style import POSTER
from handrail.screens.public import language_of

MOST = 6
PLAIN: dict[str, str | Promise] = {
    "people_reached": gettext_lazy("people came here"),
    "contacts": gettext_lazy("times somebody came"),
    "needles_given": gettext_lazy("needles and syringes went out"),
    "returned": gettext_lazy("used ones came back"),
    "hcv_tests": gettext_lazy("tests for hepatitis C"),
    "referral_bridge": gettext_lazy("of those who wanted to go on to another service arrived there"),
}
"""How a number is said on a wall. A number without words of its own is called by its name."""


@dataclass(frozen=True)
class Big:
    """One number in large. `text` is empty where it is hidden; then `sentence` says so, else it compares."""

    text: str
    words: str
    sentence: str


@dataclass(frozen=True)
class Poster:
    """Everything on the page. `release` is empty while nothing is released."""

    organisation: str
    site: Site
    period: Period
    numbers: list[Big]
    people: str
    release: str
    digest: str
    before: str
    created: str
    language: str
    languages: list[tuple[str, str]]
    rounding: int


@may(SIGNED_IN)
def page(request: ActorRequest, site: uuid.UUID, period: str) -> HttpResponse:
    """The poster on the screen, with the way to its PDF and its languages."""
    language = _language(request)
    with translation.override(language):
        return render(request, "public/poster.html", {"page": _poster(request, site, period, language)})


@may(SIGNED_IN)
def as_pdf(request: ActorRequest, site: uuid.UUID, period: str) -> HttpResponse:
    """The poster on one sheet of A4."""
    language = _language(request)
    with translation.override(language):
        found = _poster(request, site, period, language)
        if not found.release:
            raise Http404
        name = f"poster-{found.digest[:24]}-{found.before[:24]}-{found.site.id}-{language}.pdf"
        content = kept_bytes(str(request.actor.organisation), name, lambda: paper.to_pdf(render_to_string("public/poster_pdf.html", {"page": found}), POSTER, name=name))
    answer = HttpResponse(content, content_type="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="poster-{found.period}-{language}.pdf"'
    return answer


def _language(request: ActorRequest) -> str:
    """The one chosen on the page, else that of whoever looks."""
    offered = dict(settings.LANGUAGES)
    own = request.actor.language
    return language_of(request) if request.GET.get("in", "") in offered or own not in offered else own


def _poster(request: ActorRequest, site: uuid.UUID, written: str, language: str) -> Poster:
    found = Site.objects.filter(id=site).first()
    try:
        period = Period.parse(written)
    except ValueError:
        raise Http404 from None
    if found is None:
        raise Http404
    organisation = Organisation.objects.values_list("name", flat=True).get(key=request.actor.organisation)
    frozen = release_with_places(period)
    before = public.newest_of(frozen.report.key, period.previous()) if frozen else None
    numbers = [_big(value, before) for value in _values(frozen, found)]
    return Poster(
        organisation, found, period, numbers, _people(frozen, found), frozen.name if frozen else "", frozen.release.digest if frozen else "",
        before.release.digest if before else "", frozen.release.released_at.strftime("%Y-%m-%dT%H:%M:%SZ") if frozen else "", language, [(code, str(name)) for code, name in settings.LANGUAGES],
        frozen.release.rounding if frozen else 0,
    )


def release_with_places(period: Period) -> Frozen | None:
    """The newest release for everybody of a period in which places are told apart."""
    found = [public.newest_of(report.key, period) for report in REPORTS if report.by_site]
    return max((one for one in found if one is not None), key=lambda one: one.release.number, default=None)


def _values(frozen: Frozen | None, site: Site) -> list[Value]:
    """The site's numbers in the order of the report; what there is none of is left out."""
    if frozen is None:
        return []
    found = [value for key in frozen.report.indicators if (value := frozen.get(key, site.id)) is not None]
    return [value for value in found if value.is_hidden or value.value][:MOST]


def _big(value: Value, before: Frozen | None) -> Big:
    words = str(PLAIN.get(value.indicator.key, value.indicator.name))
    if value.is_hidden:
        return Big("", words, _("This number is hidden, so that nobody in a small group can be found."))
    return Big(said(value), words, _compared(value, before.get(value.indicator.key, value.site) if before else None))


def _compared(now: Value, before: Value | None) -> str:
    """The comparison in words; nothing where the period before was not shown or was counted in another way."""
    if before is None or before.is_hidden or before.value is None or now.value is None or before.version != now.version:
        return ""
    if before.value == now.value:
        return _("As many as in the period before.") if now.indicator.kind == "count" else _("As in the period before.")
    if now.value > before.value:
        return _("More than in the period before: %(text)s.") % {"text": said(before)}
    return _("Less than in the period before: %(text)s.") % {"text": said(before)}


def _people(frozen: Frozen | None, site: Site) -> str:
    """How many people stand behind it, only where that number itself may be shown."""
    value = frozen.get("people_reached", site.id) if frozen else None
    if value is None or value.is_hidden or not value.value:
        return ""
    return _("%(people)s people stand behind these numbers. Thank you for coming.") % {"people": said(value)}
