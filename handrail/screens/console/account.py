"""My account: passkeys, an authenticator app, recovery codes, password, language, and where I am signed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from handrail.facts import accounts
from handrail.facts.models import Staff
from handrail.facts.record import Refusal
from handrail.kernel import audit, commands, sessions
from handrail.kernel.access import SIGNED_IN, ActorRequest, may
from handrail.kernel.sessions import SECOND_FACTOR, SignedIn
from handrail.screens import passwords, second_factor
from handrail.screens.console import qr, step_up
from handrail.screens.console.step_up import me
from handrail.screens.second_factor import Challenge, Factors, NotAccepted

_WAITING_SECRET = "app-secret"  # noqa: S105  # the name of a place in the session; what stands there is locked
_LONGEST_NAME = 40


@dataclass(frozen=True)
class AccountPage:
    """What the page shows."""

    staff: Staff
    factors: Factors
    signed_in: list[SignedIn]
    this_one: str
    languages: list[tuple[str, str]]
    can_have_passkeys: bool
    said: str


@may(SIGNED_IN, methods=("GET",))
def account(request: ActorRequest) -> HttpResponse:
    """Everything about my own sign-in."""
    staff = me(request)
    said = {
        "language": _("Your language is changed."), "password": _("Your password is changed. You were signed out everywhere else."),
        "ended": _("Signed out there."), "removed": _("Taken away."), "named": _("Renamed."),
    }
    page = AccountPage(
        staff, second_factor.of(staff.pk), sessions.of_account(staff.pk), sessions.digest_of(request.session.session_key or "").hex(),
        list(settings.LANGUAGES), second_factor.can_have_passkeys(request), said.get(request.GET.get("done", ""), ""),
    )
    return render(request, "console/account.html", {"page": page})


@may(SIGNED_IN, methods=("GET",), before_enrolment=True)
def enrol(request: ActorRequest) -> HttpResponse:
    """The one page left when the programme asks for a second factor: choose which."""
    return render(request, "console/enrol.html", {"can_have_passkeys": second_factor.can_have_passkeys(request)})


@may(SIGNED_IN, methods=("POST",))
def language(request: ActorRequest) -> HttpResponse:
    """Choose the language of my pages; empty is the browser's."""
    chosen = request.POST.get("language", "")
    if chosen and chosen not in dict(settings.LANGUAGES):
        raise Http404
    commands.change(me(request), actor=request.actor, language=chosen)
    return _back("language")


@may(SIGNED_IN, methods=("GET", "POST"), step_up=True)
def password(request: ActorRequest) -> HttpResponse:
    """Change my password; signs me out everywhere else."""
    staff, problems = me(request), {}
    if request.method == "POST":
        problems = _changed_password(request, staff)
        if not problems:
            request.session[HASH_SESSION_KEY] = staff.get_session_auth_hash()
            _renew(request)
            return _back("password")
    least = passwords.WITH_SECOND_FACTOR if second_factor.has_any(staff.pk) else passwords.ALONE
    return render(request, "console/password.html", {"problems": problems, "least": least}, status=422 if problems else 200)


def _changed_password(request: ActorRequest, staff: Staff) -> dict[str, str]:
    chosen = request.POST.get("password", "")
    if said := step_up.check_password(request, staff, "current"):
        return {"current": said}
    if chosen != request.POST.get("again", ""):
        return {"again": _("The two are not the same. Type the new one twice.")}
    try:
        accounts.choose_password(staff=staff, password=chosen, action="staff.password_changed")
    except accounts.AccountProblem as problem:
        return dict(problem.problems)
    return {}


@may(SIGNED_IN, methods=("GET", "POST"), step_up=True, before_enrolment=True)
def app(request: ActorRequest) -> HttpResponse:
    """Turn an authenticator app on: scan the code, type what the app shows."""
    staff, error = me(request), ""
    waiting: str = request.session.get(_WAITING_SECRET) or second_factor.new_secret()
    request.session[_WAITING_SECRET] = waiting
    if request.method == "POST":
        try:
            second_factor.add_app(staff, waiting, request.POST.get("code", ""))
        except NotAccepted:
            error = _("That code does not fit. Is the clock of your phone right? Type the one it shows now.")
        else:
            del request.session[_WAITING_SECRET]
            return _added(request, staff, "staff.app_added")
    address, typed = second_factor.app_address(staff, waiting)
    page = {"qr": qr.code(address), "secret": typed, "error": error, "replaces": second_factor.of(staff.pk).has_app}
    return render(request, "console/app.html", {"page": page}, status=422 if error else 200)


@may(SIGNED_IN, methods=("GET", "POST"), step_up=True, before_enrolment=True)
def passkey_new(request: ActorRequest) -> HttpResponse:
    """Add a passkey and give it a name."""
    staff, error, name = me(request), "", ""
    if not second_factor.can_have_passkeys(request):
        raise Http404
    if request.method == "POST":
        name = request.POST.get("name", "").strip()
        try:
            second_factor.add_passkey(
                request, staff, name=_name_of_passkey(request), sealed=request.POST.get("sealed", ""), answer=request.POST.get("answer", "")
            )
        except NotAccepted:
            error = _("The passkey was not added. Try again.")
        except Refusal as refusal:
            error = refusal.problems[0][1]
        else:
            return _added(request, staff, "staff.passkey_added")
    asked: Challenge = second_factor.ask_for_new(request, staff)
    page = {"asked": asked, "name": name, "error": error}
    return render(request, "console/passkey.html", {"page": page}, status=422 if error else 200)


@may(SIGNED_IN, methods=("POST",), step_up=True)
def factor(request: ActorRequest) -> HttpResponse:
    """Rename a passkey, or take a passkey or the app away. The last factor goes only if the password can stand alone."""
    staff, what = me(request), request.POST.get("what", "")
    number = int(what) if what.isdecimal() and len(what) < 10 else 0
    if request.POST.get("do") == "rename":
        if not second_factor.rename_passkey(staff.pk, number, _name_of_passkey(request)):
            raise Http404
        return _back("named")
    factors = second_factor.of(staff.pk)
    if not (factors.has_app if what == "app" else number in {key.number for key in factors.passkeys}):
        raise Http404
    is_last = factors.count == 1
    if is_last and (problem := _why_keep_the_last(request, staff)):
        page = {"what": what, "problem": problem, "asked": step_up.must_enrol(request.actor)}
        return render(request, "console/last_factor.html", {"page": page}, status=422)
    if is_last:
        second_factor.remove_all(staff.pk)
        request.session[SECOND_FACTOR] = False
    elif what == "app":
        second_factor.remove_app(staff.pk)
    else:
        second_factor.remove_passkey(staff.pk, number)
    _note(request, "staff.app_removed" if what == "app" else "staff.passkey_removed")
    _renew(request)
    return _back("removed")


def _name_of_passkey(request: ActorRequest) -> str:
    """What the person calls it; one that is too long is refused, not cut."""
    name = request.POST.get("name", "").strip() or _("Passkey")
    if len(name) > _LONGEST_NAME:
        raise Refusal([("name", _("At most %d characters.") % _LONGEST_NAME)])
    return name


def _why_keep_the_last(request: ActorRequest, staff: Staff) -> str:
    if step_up.must_enrol(request.actor):
        return _("Your programme asks for a second factor. Add another one first, then take this one away.")
    if "password" not in request.POST:
        return _("This is your last second factor. Without it the password stands alone, so type it to show that it is long enough.")
    if said := step_up.check_password(request, staff):
        return said
    if len(request.POST["password"]) < passwords.ALONE:
        return _("Your password is too short to stand alone. Change it to one of at least %d characters first.") % passwords.ALONE
    return ""


@may(SIGNED_IN, methods=("GET", "POST"), step_up=True)
def codes(request: ActorRequest) -> HttpResponse:
    """Recovery codes: ten, shown once. Making new ones makes the old ones worthless."""
    staff = me(request)
    if not second_factor.has_any(staff.pk):
        raise Http404
    if request.method == "POST":
        second_factor.new_recovery_codes(staff)
        _note(request, "staff.codes_made")
        return redirect("account-codes")
    shown = second_factor.show_recovery_codes(staff.pk)
    return render(request, "console/codes.html", {"codes": shown, "left": second_factor.of(staff.pk).codes_left})


@may(SIGNED_IN, methods=("POST",))
def end_session(request: ActorRequest) -> HttpResponse:
    """Sign out somewhere else: one session, or all but this one."""
    staff = me(request)
    if request.POST.get("session") == "others":
        sessions.end_all(staff.pk, but=request.session.session_key)
    elif not sessions.end(staff.pk, request.POST.get("session", "")):
        raise Http404
    return _back("ended")


def _added(request: ActorRequest, staff: Staff, action: str) -> HttpResponse:
    """A factor was added: other sign-ins end, this one counts as proved with it, and recovery codes are there."""
    _note(request, action)
    request.session[SECOND_FACTOR] = True
    _renew(request)
    if second_factor.of(staff.pk).codes_left == 0:
        second_factor.new_recovery_codes(staff)
    return redirect("account-codes") if second_factor.of(staff.pk).codes_unseen else _back("")


def _renew(request: ActorRequest) -> None:
    """A new key for this session, and an end to every other."""
    request.session.cycle_key()
    sessions.end_all(me(request).pk, but=request.session.session_key)


def _note(request: ActorRequest, action: str, **detail: Any) -> None:
    audit.write(action, actor=request.actor, object_kind="staff", object_id=request.actor.staff_id, detail=detail)


def _back(done: str) -> HttpResponse:
    return redirect(reverse("account") + (f"?done={done}" if done else ""))
