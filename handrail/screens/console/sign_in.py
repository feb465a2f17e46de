"""Signing in and out: a password and a second factor, or a passkey alone.

One message for every failure; guessing is slowed down at both steps; nothing typed elsewhere is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from handrail.facts.models import Staff
from handrail.kernel import clock, throttle
from handrail.kernel.access import ANYONE, SIGNED_IN, ActorRequest, may
from handrail.kernel.sessions import BROWSER, SECOND_FACTOR, STARTED, left_behind
from handrail.kernel.web import throttle_key
from handrail.screens import second_factor
from handrail.screens.console import at_hand
from handrail.screens.console import kept as kept_forms
from handrail.screens.second_factor import Challenge, Factors, NotAccepted

_HALF_WAY = "password-was-right"
_HALF_WAY_LASTS = timedelta(minutes=5)
_MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"
PASSWORDS_AN_HOUR = 50
"""After so many wrong passwords for one account from anywhere each address has one try in five minutes instead of five. An
address that has not failed yet always has its try, so nobody can lock somebody out by guessing."""
CODES_AN_HOUR = 30
"""Wrong codes for one account from anywhere: whoever tries them knows the password, and a passkey is not slowed down."""


@dataclass(frozen=True)
class SignInPage:
    """What the pages of both steps show."""

    username: str = ""
    next: str = ""
    kept: str = ""
    error: str = ""
    half_way: str = ""
    passkey: Challenge | None = None
    factors: Factors | None = field(default=None)


@may(ANYONE, methods=("GET", "POST"))
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for name and password; then for the second factor, or go on where the person wanted to go."""
    if request.method != "POST":
        return _page(request, SignInPage(next=request.GET.get("next", "")))
    asked = _asked(request, username=request.POST.get("username", "").strip())
    who, anywhere = throttle_key(asked.username.lower(), address_of(request)), throttle_key("name", asked.username.lower())
    under_attack = throttle.is_slowed(anywhere, free=PASSWORDS_AN_HOUR)
    if throttle.is_slowed(who, free=1 if under_attack else throttle.FREE_FAILURES):
        return _again(request, asked, _too_many())
    staff = authenticate(request, username=asked.username, password=request.POST.get("password", ""))
    if not isinstance(staff, Staff):
        throttle.count_failure(who)
        throttle.count_failure(anywhere, window=timedelta(hours=1))
        return _again(request, asked, _("That name and password do not fit together. Try again."))
    throttle.forget(who)
    if second_factor.has_any(staff.pk):
        half_way = signing.dumps([staff.pk, staff.get_session_auth_hash()[:16]], salt=_HALF_WAY)
        return _second_page(request, staff, replace(asked, half_way=half_way))
    return _finish(request, staff, asked, with_second_factor=False)


@may(ANYONE, methods=("POST",))
def second_step(request: HttpRequest) -> HttpResponse:
    """A code or a passkey after the password. The password's answer is good for five minutes."""
    asked = _asked(request, half_way=request.POST.get("half_way", ""))
    staff = _who_is_half_way(asked.half_way)
    if staff is None:
        return _again(request, replace(asked, half_way=""), _("That took too long. Begin again."))
    if request.POST.get("answer"):
        try:
            _check_passkey(request, staff, "second-step")
        except NotAccepted:
            return _second_page(request, staff, replace(asked, error=_did_not_fit()), status=401)
    elif said := check_code(request, staff.pk):
        return _second_page(request, staff, replace(asked, error=said), status=401)
    return _finish(request, staff, asked, with_second_factor=True)


@may(ANYONE, methods=("POST",))
def passkey(request: HttpRequest) -> HttpResponse:
    """A passkey alone: it is held by a device and opened by a finger or a PIN, so it is two factors in one."""
    asked = _asked(request)
    who = throttle_key("passkey", address_of(request))
    if throttle.is_slowed(who, free=CODES_AN_HOUR):
        return _again(request, asked, _too_many())
    try:
        staff = _check_passkey(request, None, "sign-in")
    except NotAccepted:
        throttle.count_failure(who)
        return _again(request, asked, _("That passkey does not fit, or the page was open too long. Try again."))
    return _finish(request, staff, asked, with_second_factor=True)


@may(SIGNED_IN, methods=("POST",), before_enrolment=True)
def sign_out(request: ActorRequest) -> HttpResponse:
    """End the session and tell the browser to forget what it holds of us."""
    logout(request)
    response = redirect("sign-in")
    response.headers["Clear-Site-Data"] = '"cache", "cookies", "storage"'
    return response


def again(request: HttpRequest) -> HttpResponse:
    """The session ran out under a form: ask for the password and carry what was typed along in the page itself."""
    asked = SignInPage(next=request.path, kept=kept_forms.keep(request))
    return _again(request, asked, _("Your sign-in ran out. Sign in again; what you typed is kept."))


def check_code(request: HttpRequest, account: int) -> str:
    """Check a typed code of an account, slowed down; empty when it fits, else the sentence to show."""
    here, anywhere = throttle_key("code", str(account), address_of(request)), throttle_key("code", str(account))
    if throttle.is_slowed(here) or throttle.is_slowed(anywhere, free=CODES_AN_HOUR):
        return _too_many()
    if not second_factor.check_code(account, request.POST.get("code", "")):
        throttle.count_failure(here)
        throttle.count_failure(anywhere, window=timedelta(hours=1))
        return _did_not_fit()
    throttle.forget(here)
    return ""


def address_of(request: HttpRequest) -> str:
    """Where the attempt comes from; kept only as a keyed digest, for minutes."""
    if settings.CONFIG.behind_proxy:
        return throttle.network_of(request.headers.get("X-Forwarded-For", "").split(",")[-1].strip())
    return throttle.network_of(str(request.META.get("REMOTE_ADDR", "")))


def start_session(request: HttpRequest, staff: Staff, *, with_second_factor: bool) -> None:
    """A session under a new key, whatever key the browser came with."""
    before = left_behind(request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""), staff.pk)
    login(request, staff, backend=_MODEL_BACKEND)
    at_hand.carry_over(request, before)
    request.session[SECOND_FACTOR] = with_second_factor
    request.session[BROWSER] = browser_family(request.headers.get("User-Agent", ""))
    request.session[STARTED] = clock.now().isoformat()


def browser_family(told: str) -> str:
    """“Firefox, Android”: enough to know one's own sessions apart, too little to know a device again."""
    browsers = (("Edg", "Edge"), ("OPR", "Opera"), ("SamsungBrowser", "Samsung"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari"))
    systems = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "Mac"), ("Linux", "Linux"))
    named = [next((name for mark, name in known if mark in told), "") for known in (browsers, systems)]
    return ", ".join(part for part in named if part)


def _asked(request: HttpRequest, *, username: str = "", half_way: str = "") -> SignInPage:
    return SignInPage(username=username, half_way=half_way, next=request.POST.get("next", ""), kept=request.POST.get("kept", ""))


def _check_passkey(request: HttpRequest, staff: Staff | None, purpose: str) -> Staff:
    return second_factor.check_passkey(
        request, staff, purpose, sealed=request.POST.get("sealed", ""), answer=request.POST.get("answer", "")
    )


def _who_is_half_way(half_way: str) -> Staff | None:
    try:
        account, mark = signing.loads(half_way, salt=_HALF_WAY, max_age=_HALF_WAY_LASTS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    staff = Staff.objects.filter(pk=account, is_active=True).first()
    return staff if staff is not None and staff.get_session_auth_hash()[:16] == mark else None


def _finish(request: HttpRequest, staff: Staff, asked: SignInPage, *, with_second_factor: bool) -> HttpResponse:
    start_session(request, staff, with_second_factor=with_second_factor)
    return kept_forms.go_on(request, asked.next or "/", asked.kept)


def _second_page(request: HttpRequest, staff: Staff, asked: SignInPage, status: int = 200) -> HttpResponse:
    factors = second_factor.of(staff.pk)
    has_passkey = factors.passkeys and second_factor.can_have_passkeys(request)
    challenge = second_factor.ask_for(request, staff, "second-step") if has_passkey else None
    return render(request, "console/second_step.html", {"page": replace(asked, factors=factors, passkey=challenge)}, status=status)


def _page(request: HttpRequest, page: SignInPage, status: int = 200) -> HttpResponse:
    if second_factor.can_have_passkeys(request):
        page = replace(page, passkey=second_factor.ask_for(request, None, "sign-in"))
    return render(request, "console/sign_in.html", {"page": page}, status=status)


def _again(request: HttpRequest, page: SignInPage, error: str) -> HttpResponse:
    return _page(request, replace(page, error=error), status=401)


def _too_many() -> str:
    return _("Too many tries. Wait five minutes, or ask your coordinator.")


def _did_not_fit() -> str:
    return _("That did not fit. Try again.")
