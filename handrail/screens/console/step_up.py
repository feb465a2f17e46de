"""What stands before a view: a second factor that is still to be set up, and proving again who one is.

Sensitive views say so (`may(…, step_up=True)`). A stolen cookie opens none of them: it lacks the passkey, code or password.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from handrail.facts.fold import as_json
from handrail.facts.models import Staff
from handrail.facts.values import SECOND_FACTOR, STEP_UP_MINUTES
from handrail.kernel import clock, scope, throttle
from handrail.kernel.access import SIGNED_IN, Actor, ActorRequest, may
from handrail.kernel.web import throttle_key
from handrail.screens import second_factor
from handrail.screens.console import kept as kept_forms
from handrail.screens.console.sign_in import address_of, check_code
from handrail.screens.second_factor import NotAccepted

SENSITIVE = frozenset(
    {
        "staff.manage", "staff.assign", "device.manage", "site.manage", "settings.change", "settings.approve", "import.run", "person.merge",
        "person.review", "records.review", "audit.read", "alarm.answer", "glass.review",
    }
)
"""Whoever holds one of these has a sensitive role, for the setting `second_factor`."""


def guard(request: Any, view: Callable[..., HttpResponseBase]) -> HttpResponseBase | None:
    """Called by the gate inside the scope. The answer that stands before the view, or None to let it run."""
    actor: Actor = request.actor
    is_sensitive = getattr(view, "step_up", False)
    if actor.staff is None:
        if is_sensitive or getattr(view, "before_enrolment", False):
            raise Http404  # a program has no password to change and nothing to prove
        return None
    if not actor.second_factor and not getattr(view, "before_enrolment", False) and must_enrol(actor):
        return _ask_to_enrol(request)
    if is_sensitive and not is_fresh(actor):
        return _ask_to_prove(request)
    return None


def me(request: ActorRequest) -> Staff:
    """The account that is signed in; a device has none."""
    if request.actor.staff_id is None:
        raise Http404
    return Staff.objects.get(id=request.actor.staff_id)


def must_enrol(actor: Actor) -> bool:
    """Whether the programme asks this person for a second factor."""
    asked = _policy()
    return asked == "everybody" or (asked == "sensitive" and any(actor.may(permission) for permission in SENSITIVE))


_POLICY = (
    "SELECT s.value, s.valid_from, s.valid_to, (SELECT p.time_zone FROM facts_site p WHERE p.organisation_id = s.organisation_id"
    " AND p.is_active ORDER BY p.key LIMIT 1) FROM facts_setting s WHERE s.organisation_id = %s::bigint AND s.name = %s"
    " AND s.site_id IS NULL AND s.valid_from <= %s::date AND (s.valid_to IS NULL OR s.valid_to > %s::date)"
    " ORDER BY s.valid_from DESC, s.key DESC"
)
_A_DAY = timedelta(days=1)


def _policy() -> str:
    """What `SECOND_FACTOR.read()` says, by one prepared statement: every request of a sign-in with a password alone asks.

    Which day it is (`facts.queries.today`) depends on a time zone that comes with the rows: asked for are those of the days
    that it can be anywhere.
    """
    now = clock.now()
    day = clock.local_date(now, "UTC")
    with connection.cursor() as cursor:
        cursor.execute(_POLICY, [scope.organisation(), SECOND_FACTOR.key, day + _A_DAY, day - _A_DAY])
        rows = cursor.fetchall()
    for value, valid_from, valid_to, zone in rows:
        on = clock.local_date(now, zone or "UTC")
        if valid_from <= on and (valid_to is None or on < valid_to):
            return SECOND_FACTOR.check(as_json(value))
    return SECOND_FACTOR.start


def is_fresh(actor: Actor) -> bool:
    """Whether who it is was proved within the last minutes."""
    lasts = timedelta(minutes=STEP_UP_MINUTES.read().value)
    return actor.proved_at is not None and clock.now() - actor.proved_at < lasts


@may(SIGNED_IN, methods=("GET", "POST"), before_enrolment=True)
def confirm(request: ActorRequest) -> HttpResponse:
    """Prove again who you are; then go on, with what was typed."""
    if request.method != "POST":
        return _page(request, request.GET.get("next", "/"), "")
    wanted, kept = request.POST.get("next", "/"), request.POST.get("kept", "")
    said = _proved(request)
    if said:
        return _page(request, wanted, kept, said, status=401)
    request.session.cycle_key()
    return kept_forms.go_on(request, wanted, kept)


def _proved(request: ActorRequest) -> str:
    """Empty when it was proved, else the sentence to show. With a second factor the password alone does not do."""
    staff = me(request)
    if request.POST.get("answer"):
        try:
            second_factor.check_passkey(
                request, staff, "confirm", sealed=request.POST.get("sealed", ""), answer=request.POST["answer"]
            )
        except NotAccepted:
            return _("That did not fit. Try again.")
        return ""
    if second_factor.has_any(staff.pk):
        return check_code(request, staff.pk)
    return check_password(request, staff)


def check_password(request: HttpRequest, staff: Staff, name: str = "password") -> str:
    """Check the account's own password, slowed down; empty when it fits, else the sentence to show."""
    who = throttle_key("password-again", str(staff.pk), address_of(request))
    if throttle.is_slowed(who):
        return _("Too many tries. Wait five minutes, or ask your coordinator.")
    if not staff.check_password(request.POST.get(name, "")):
        throttle.count_failure(who)
        return _("That did not fit. Try again.")
    throttle.forget(who)
    return ""


def _ask_to_prove(request: HttpRequest) -> HttpResponse:
    if request.content_type == "application/json":
        return JsonResponse({"problems": [{"field": "", "sentence": _("Prove again who you are, in the browser.")}]}, status=401)
    if request.method == "POST":
        return _page(request, request.get_full_path(), kept_forms.keep(request), status=401)  # type: ignore[arg-type]
    return redirect(f"{reverse('confirm')}?{urlencode({'next': request.get_full_path()})}")


def _page(request: ActorRequest, wanted: str, kept: str, error: str = "", status: int = 200) -> HttpResponse:
    staff = me(request)
    factors = second_factor.of(staff.pk)
    has_passkey = factors.passkeys and second_factor.can_have_passkeys(request)
    challenge = second_factor.ask_for(request, staff, "confirm") if has_passkey else None
    page = {"next": wanted, "kept": kept, "error": error, "factors": factors, "passkey": challenge}
    return render(request, "console/confirm.html", {"page": page}, status=status)


def _ask_to_enrol(request: HttpRequest) -> HttpResponse:
    """To the page that sets up a second factor. A form on its way comes back with a button that sends it again."""
    if request.content_type == "application/json":
        return JsonResponse({"problems": [{"field": "", "sentence": _("Set up your second factor first, in the browser.")}]}, status=401)
    if request.method == "POST":
        fields = kept_forms.fields_of(request.POST)
        return render(request, "console/resume.html", {"target": request.get_full_path(), "fields": fields, "must_enrol": True}, status=401)
    return redirect("account-enrol")
