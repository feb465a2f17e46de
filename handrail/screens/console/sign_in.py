"""Signing in and out. One message for every failure; guessing is slowed down; nothing typed elsewhere is lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.core import signing
from django.db.models import F
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from handrail.kernel import clock
from handrail.kernel.access import ANYONE, SIGNED_IN, ActorRequest, may
from handrail.kernel.models import Throttle
from handrail.kernel.web import throttle_key

FREE_FAILURES = 5
WINDOW = timedelta(minutes=5)
_KEPT = "kept-form"


@dataclass(frozen=True)
class SignInPage:
    """What the page shows."""

    username: str = ""
    next: str = ""
    kept: str = ""
    error: str = ""


@may(ANYONE, methods=("GET", "POST"))
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for name and password; then go on where the person wanted to go."""
    if request.method != "POST":
        return _page(request, SignInPage(next=request.GET.get("next", "")))
    asked = SignInPage(
        username=request.POST.get("username", "").strip(), next=request.POST.get("next", ""), kept=request.POST.get("kept", "")
    )
    who = throttle_key(asked.username.lower(), _address(request))
    if _is_slowed(who):
        return _again(request, asked, _("Too many tries. Wait five minutes, or ask your coordinator."))
    staff = authenticate(request, username=asked.username, password=request.POST.get("password", ""))
    if staff is None:
        _count_failure(who)
        return _again(request, asked, _("That name and password do not fit together. Try again."))
    Throttle.objects.filter(digest=who).delete()
    login(request, staff)
    target = asked.next if url_has_allowed_host_and_scheme(asked.next, allowed_hosts=None) else "/"
    if asked.kept:
        return _resume(request, target, asked.kept)
    return redirect(target)


@may(SIGNED_IN, methods=("POST",))
def sign_out(request: ActorRequest) -> HttpResponse:
    """End the session and tell the browser to forget what it holds of us."""
    logout(request)
    response = redirect("sign-in")
    response.headers["Clear-Site-Data"] = '"cache", "cookies", "storage"'
    return response


def again(request: HttpRequest) -> HttpResponse:
    """The session ran out under a form: ask for the password and carry what was typed along in the page itself."""
    kept = signing.dumps(request.POST.urlencode(), salt=_KEPT, compress=True)
    return _again(
        request, SignInPage(next=request.path, kept=kept), _("Your sign-in ran out. Sign in again; what you typed is kept.")
    )


def _resume(request: HttpRequest, target: str, kept: str) -> HttpResponse:
    try:
        typed = QueryDict(signing.loads(kept, salt=_KEPT, max_age=12 * 3600))
    except signing.BadSignature:
        return redirect(target)
    fields: list[tuple[str, Any]] = [(n, v) for n, vs in typed.lists() for v in vs if n != "csrfmiddlewaretoken"]
    return render(request, "console/resume.html", {"target": target, "fields": fields})


def _page(request: HttpRequest, page: SignInPage, status: int = 200) -> HttpResponse:
    return render(request, "console/sign_in.html", {"page": page}, status=status)


def _again(request: HttpRequest, page: SignInPage, error: str) -> HttpResponse:
    return _page(request, SignInPage(page.username, page.next, page.kept, error), status=401)


def _address(request: HttpRequest) -> str:
    """Where the attempt comes from; kept only as a keyed digest, for minutes."""
    if settings.CONFIG.behind_proxy:
        return request.headers.get("X-Forwarded-For", "").split(",")[-1].strip()
    return str(request.META.get("REMOTE_ADDR", ""))


def _is_slowed(who: bytes) -> bool:
    found = Throttle.objects.filter(digest=who, window_ends_at__gt=clock.now()).first()
    return found is not None and found.failures >= FREE_FAILURES


def _count_failure(who: bytes) -> None:
    now = clock.now()
    Throttle.objects.filter(window_ends_at__lte=now).delete()
    row, created = Throttle.objects.get_or_create(digest=who, defaults={"failures": 1, "window_ends_at": now + WINDOW})
    if not created:
        Throttle.objects.filter(digest=row.digest).update(failures=F("failures") + 1, window_ends_at=now + WINDOW)
