"""Training, emergency, leaflet and their worker, for anybody. No sign-in, no cookie, nothing stored, the same whoever asks.

Rendered without the request, so that nothing of who asks can come into a page. Browsers ask again each time
(`no-cache`): a changed safety text is there at once wherever there is a network.
"""

from __future__ import annotations

import hashlib
import uuid

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, HttpResponseRedirect
from django.urls import reverse
from django.utils import translation

from handrail.gates import paper
from handrail.gates.release_formats import CannotExport
from handrail.kernel.access import ANYONE, may
from handrail.screens.aid import keep, pages, programme
from handrail.screens.aid.leaflet_style import LEAFLET
from handrail.screens.kept_files import kept_bytes
from handrail.screens.public import language_of


@may(ANYONE)
def home(request: HttpRequest, organisation: uuid.UUID | None = None) -> HttpResponse:
    """To the training, which leads to the rest."""
    programme.of(organisation)
    return _answer(request, HttpResponseRedirect("training/"))


@may(ANYONE)
def training(request: HttpRequest, organisation: uuid.UUID | None = None) -> HttpResponse:
    """The training of five minutes."""
    return _page(request, pages.training(programme.of(organisation), language_of(request)), language_of(request))


@may(ANYONE)
def emergency(request: HttpRequest, organisation: uuid.UUID | None = None) -> HttpResponse:
    """What to do now, step by step."""
    return _page(request, pages.emergency(programme.of(organisation), language_of(request)), language_of(request))


@may(ANYONE)
def leaflet(request: HttpRequest, organisation: uuid.UUID | None = None) -> HttpResponse:
    """One sheet to print, with the way to its PDF."""
    language = language_of(request)
    return _page(request, pages.leaflet(programme.of(organisation), language, _training_address(request, organisation)), language)


@may(ANYONE)
def leaflet_pdf(request: HttpRequest, organisation: uuid.UUID | None = None) -> HttpResponse:
    """The sheet as a PDF, made once for each text. A machine that cannot make one shows the page, which says so."""
    language, found, address = language_of(request), programme.of(organisation), _training_address(request, organisation)
    html = pages.leaflet_sheet(found, language, address)
    digest = hashlib.sha256((LEAFLET + html).encode()).hexdigest()[:32]
    try:
        with translation.override(language):
            content = kept_bytes("aid", f"leaflet-{digest}.pdf", lambda: paper.to_pdf(html, LEAFLET, name=f"leaflet-{digest}"))
    except CannotExport as problem:
        return _page(request, pages.leaflet(found, language, address, problem=str(problem)), language, status=503)
    answer = HttpResponse(content, content_type="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="leaflet-{language}.pdf"'
    return _answer(request, answer)


@may(ANYONE)
def worker(request: HttpRequest, organisation: uuid.UUID | None = None) -> HttpResponse:
    """The script that keeps training and emergency for when there is no network. It changes whenever one of them does."""
    return _answer(request, HttpResponse(keep.script(programme.of(organisation)), content_type="text/javascript; charset=utf-8"))


@may(ANYONE)
def leaving(request: HttpRequest) -> HttpResponse:
    """Where the quick exit leads unless a programme chose another page: a calendar, and no word about what was left."""
    language = language_of(request)
    return _page(request, pages.leaving(language), language)


def _training_address(request: HttpRequest, organisation: uuid.UUID | None) -> str:
    """The whole address of the training, for a square that a telephone reads."""
    return request.build_absolute_uri(reverse("aid:training-of", args=[organisation]) if organisation else reverse("aid:training"))


def _page(request: HttpRequest, html: str, language: str, status: int = 200) -> HttpResponse:
    answer = HttpResponse(html, status=status)
    answer.headers["Content-Language"] = language
    return _answer(request, answer)


def _answer(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """Kept by nobody without asking again; whoever has this very text already gets it confirmed."""
    answer.headers["Cache-Control"] = "no-cache"
    answer.headers["Vary"] = "Accept-Language"
    if answer.status_code != 200:
        return answer
    answer.headers["ETag"] = tag = f'"{hashlib.sha256(answer.content).hexdigest()[:32]}"'
    if request.headers.get("If-None-Match", "").removeprefix("W/") != tag:
        return answer
    same = HttpResponseNotModified()
    for name in ("Cache-Control", "Vary", "ETag"):
        same.headers[name] = answer.headers[name]
    return same
