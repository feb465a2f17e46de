"""Somebody who was there tells what happened, without a sign-in; and asks for a new kit, and how far it is.

No cookie, no address, no browser and no moment is written down anywhere. What slows down a flood lives in the memory of
this process alone. With a script the page stays where it is, so that leaving it leaves nothing to go back to.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    QueryDict,
)
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from pydantic import ValidationError

from handrail.facts import forms
from handrail.facts.models import Organisation
from handrail.facts.record import Refusal
from handrail.facts.spec import Text
from handrail.kernel import ids, scope
from handrail.kernel.access import ANYONE, may
from handrail.screens.aid import flood, pages, programme
from handrail.screens.console.sign_in import address_of
from handrail.screens.public import language_of
from handrail.services.naloxone import public_reports
from handrail.services.naloxone.kinds.reversal import Reversal
from handrail.services.naloxone.public_reports import Progress, When
from handrail.services.naloxone.report_codes import DoseRoute
from handrail.services.naloxone.values import ASK_OVER_DOSES

FIRST = ("outcome", "doses_total")
NEXT = ("emergency_called",)
REST = (
    "why_not_called", "reporter_kind", "naloxone_available", "state_found", "actions", "stayed_until", "kit_performance", "place_kind", "age_band", "substances", "police_attended", "police_action",
    "reactions", "witnessed_onset",
)
FIELDS = (*FIRST, *NEXT, *REST)


@dataclass(frozen=True)
class TellPage:
    """The form, or what became of it."""

    id: str
    kit_id: str
    whens: list[tuple[str, str, bool]]
    first: list[forms.Input]
    next: list[forms.Input]
    rest: list[forms.Input]
    rest_open: bool
    codes: str
    places: list[tuple[str, str, bool]]
    wants_kit: bool
    errors: dict[str, str] = field(default_factory=dict)
    is_told: bool = False
    receipt: str = ""
    ask: str = ""
    """What a tick has to confirm before it is sent."""

    @property
    def error(self) -> str:
        """The sentence at the top; what belongs to a field stands there."""
        known = {*FIELDS, "when", "codes", "site"}
        rest = " ".join(sentence for name, sentence in self.errors.items() if name not in known)
        return rest or (_("Nothing is sent yet. Look at the marked lines.") if self.errors else "")


@may(ANYONE)
def tell_here(request: HttpRequest) -> HttpResponse:
    """To the page of the only programme of this server."""
    return _of_the_only_programme(request, "aid:tell-of")


@may(ANYONE)
def receipt_here(request: HttpRequest) -> HttpResponse:
    """To the page of the only programme of this server."""
    return _of_the_only_programme(request, "aid:receipt-of")


def _of_the_only_programme(request: HttpRequest, name: str) -> HttpResponse:
    found = programme.of(None)
    if found.id is None:
        raise Http404  # several programmes: the square on the kit names one
    answer = HttpResponseRedirect(f"{reverse(name, args=[found.id])}?{request.GET.urlencode()}".rstrip("?"))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@csrf_exempt  # nobody is signed in, so nobody's right can be used against them, and the page needs no cookie
@may(ANYONE, methods=("GET", "POST"))
def tell(request: HttpRequest, organisation: uuid.UUID) -> HttpResponse:
    """Tell of an overdose; a code on the kit may come with the address."""
    found, language = programme.of(organisation), language_of(request)
    with scope.enter([Organisation.objects.get(id=organisation).key]), translation.override(language):
        if request.method != "POST":
            typed = QueryDict(mutable=True)
            typed["codes"] = request.GET.get("kit", "")[:24]
            return _shown(request, found, language, _form(typed, {}))
        page = _told(request, organisation)
        return _shown(request, found, language, page, status=422 if page.errors else 200)


def _told(request: HttpRequest, organisation: uuid.UUID) -> TellPage:
    """What was sent, kept; or the form again with what was typed and a sentence at each fault."""
    post = request.POST
    said, errors = _said(post)
    if post.get("when") not in set(When):
        errors["when"] = _("Choose one of the answers.")
    places = {str(place.id) for place in public_reports.pick_up_places()}
    wants_kit = post.get("wants_kit") == "yes"
    if wants_kit and post.get("site") not in places:
        errors["site"] = _("Choose where you want to come for it.")
    ask = ""
    if not errors and post.get("confirm") != "doses" and (said.get("doses_total") or 0) > (most := ASK_OVER_DOSES.read().value):
        errors["doses_total"], ask = _("More than %(n)d doses. If that is right, say so below and send it again.") % {"n": most}, "doses"
    if not errors and flood.is_too_much(address_of(request)):
        errors[""] = _("Many reports came in just now. Wait a few minutes and send it again; what you wrote is still here.")
    if errors:
        return _form(post, errors, ask=ask)
    owner = Organisation.objects.get(id=organisation)
    try:
        public_reports.keep(organisation=owner, id=_id_of(post), when=When(post["when"]), said=said | {"replacement_wanted": wants_kit})
        receipt = public_reports.ask_for_kit(organisation=owner, id=_id_of(post, "kit_id"), site=uuid.UUID(post["site"])) if wants_kit else ""
    except ValidationError as error:
        return _form(post, forms.problems(error))
    except Refusal as refusal:
        return _form(post, dict(refusal.problems))
    flood.count(address_of(request))
    return _form(QueryDict(), {}, is_told=True, receipt=receipt)


def _id_of(post: QueryDict, name: str = "id") -> uuid.UUID:
    try:
        return uuid.UUID(post.get(name, ""))
    except ValueError:
        raise Refusal([("", _("This page is too old. Open it again and tell it there."))]) from None


def _said(post: QueryDict) -> tuple[dict[str, Any], dict[str, str]]:
    raw = forms.read(Reversal, FIELDS, post)
    total, wrong = forms.count(post, "doses_total")
    if wrong:
        return raw, {"doses_total": wrong}
    if total is not None:
        raw["doses_total"] = total
    codes = list(dict.fromkeys(post.get("codes", "").upper().replace(",", " ").split()))[:10]
    if codes:
        if total is not None and total < len(codes):
            return raw, {"doses_total": _("A kit that was used gave at least one dose.")}
        doses = [{"route": DoseRoute.UNKNOWN.value, "kit_code": code} for code in codes]
        doses += [doses[-1]] * ((total or len(codes)) - len(codes))
        raw |= {"doses": doses, "doses_total": len(doses)}
    if "outcome" not in raw:
        return raw, {"outcome": _("Choose one of the answers.")}
    _payload, errors = forms.parse(Reversal, raw)
    if errors.pop("doses", ""):
        errors["codes"] = _("A code has letters, digits and hyphens, as printed on the kit.")
    return raw, errors


def _form(typed: QueryDict, errors: dict[str, str], *, is_told: bool = False, receipt: str = "", ask: str = "") -> TellPage:
    places = public_reports.pick_up_places()
    return TellPage(
        id=typed.get("id") or str(ids.random()), kit_id=typed.get("kit_id") or str(ids.random()),
        whens=[(when.value, str(_WORDS[when]), typed.get("when") == when.value) for when in When],
        first=forms.inputs(Reversal, FIRST, typed, errors), next=forms.inputs(Reversal, NEXT, typed, errors), rest=forms.inputs(Reversal, REST, typed, errors),
        rest_open=any(name in errors for name in REST), codes=typed.get("codes", ""),
        places=[(str(place.id), place.name, typed.get("site") == str(place.id)) for place in places], wants_kit=typed.get("wants_kit") == "yes",
        errors=errors, is_told=is_told, receipt=receipt, ask=ask or ("doses" if typed.get("confirm") == "doses" else ""),
    )


def _shown(request: HttpRequest, found: programme.Programme, language: str, page: TellPage, status: int = 200) -> HttpResponse:
    if request.method == "POST" and request.headers.get("Accept") == "application/json":
        answer: HttpResponse = JsonResponse({"errors": page.errors, "error": page.error, "receipt": page.receipt, "ask": page.ask}, status=status)
    else:
        answer = HttpResponse(render_to_string("aid/tell.html", {"page": pages.bare(found, language), "tell": page}), status=status)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Content-Language"] = language
    return answer


# -- how far a request is ------------------------------------------------------------------------------------------------


@csrf_exempt
@may(ANYONE, methods=("GET", "POST"))
def receipt(request: HttpRequest, organisation: uuid.UUID) -> HttpResponse:
    """How far a request for a kit is, by the code on its receipt."""
    found, language = programme.of(organisation), language_of(request)
    error, so_far, status = "", None, 200
    with scope.enter([Organisation.objects.get(id=organisation).key]), translation.override(language):
        if request.method == "POST":
            error, so_far = _looked_up(request)
            status = 422 if error else 200
        shown = {"page": pages.bare(found, language), "error": error, "progress": so_far, "typed": request.POST.get("receipt", "")}
        answer = HttpResponse(render_to_string("aid/receipt.html", shown), status=status)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Content-Language"] = language
    return answer


def _looked_up(request: HttpRequest) -> tuple[str, Progress | None]:
    if flood.is_too_much(address_of(request)):
        return _("Too many tries just now. Wait a few minutes."), None
    flood.count(address_of(request))
    try:
        return "", public_reports.progress(request.POST.get("receipt", ""))
    except Refusal as refusal:
        return str(refusal.problems[0][1]), None


_WORDS: dict[When, Text] = {
    When.LAST_HOUR: translation.gettext_lazy("Just now"), When.TODAY: translation.gettext_lazy("Earlier today"),
    When.YESTERDAY: translation.gettext_lazy("Yesterday"), When.THIS_WEEK: translation.gettext_lazy("In the last week"),
    When.THIS_MONTH: translation.gettext_lazy("In the last month"), When.UNKNOWN: translation.gettext_lazy("Longer ago, or I don’t know"),
}
