"""The first sign-in: somebody who was given a set-up code chooses their own password. No secret stands in an address."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from handrail.facts import accounts
from handrail.kernel import throttle
from handrail.kernel.access import ANYONE, may
from handrail.kernel.web import throttle_key
from handrail.screens import second_factor
from handrail.screens.console.sign_in import address_of, start_session


@may(ANYONE, methods=("GET", "POST"))
def set_up(request: HttpRequest) -> HttpResponse:
    """Name, code, and a password of one's own. The code is good once and for three days."""
    post = request.POST
    page = {"username": post.get("username", "").strip(), "code": post.get("code", "").strip()}
    if request.method != "POST":
        return _page(request, page, {})
    who = throttle_key("set-up", page["username"].lower(), address_of(request))
    if throttle.is_slowed(who):
        return _page(request, page, {"": _("Too many tries. Wait five minutes, or ask your coordinator.")}, status=401)
    staff = accounts.who_sets_up(username=page["username"], code=page["code"])
    if staff is None:
        throttle.count_failure(who)
        return _page(request, page, {"": _("That name and code do not fit together, or the code ran out. Ask for a new one.")}, status=401)
    if post.get("password", "") != post.get("again", ""):
        return _page(request, page, {"again": _("The two are not the same. Type the new one twice.")})
    try:
        accounts.choose_password(staff=staff, password=post.get("password", ""), action="staff.password_set_up")
    except accounts.AccountProblem as problem:
        return _page(request, page, dict(problem.problems))
    throttle.forget(who)
    if second_factor.has_any(staff.pk):
        return redirect("sign-in")
    start_session(request, staff, with_second_factor=False)
    return redirect("account-enrol")


def _page(request: HttpRequest, page: dict[str, str], problems: dict[str, str], status: int = 0) -> HttpResponse:
    shown = {"page": page, "problems": problems, "general": problems.get("", "")}
    return render(request, "console/set_up.html", shown, status=status or (422 if problems else 200))
