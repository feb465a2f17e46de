"""Accounts: who works here, which roles they hold where, and how they sign in. Whoever looks after them sees all changes."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handrail.facts import accounts as commands
from handrail.facts import glass
from handrail.facts.accounts import AccountProblem
from handrail.facts.models import RoleAssignment, Site, Staff
from handrail.facts.role_names import role_name
from handrail.kernel import audit, sessions
from handrail.kernel.access import ActorRequest, may
from handrail.kernel.models import AuditEntry
from handrail.kernel.rooms import roles
from handrail.kernel.tables import Column, table
from handrail.screens import second_factor
from handrail.screens.console.about_person import labels
from handrail.screens.sign_in_adapter import lock, unlock

_CODE = "set-up-code"
_SHOWN = 40
DONE = {
    "staff.created": gettext_lazy("account added"), "staff.ended": gettext_lazy("account ended"), "staff.reopened": gettext_lazy("account opened again"),
    "staff.suspended": gettext_lazy("account suspended"), "staff.suspension_lifted": gettext_lazy("suspension lifted"),
    "role.given": gettext_lazy("role given"), "role.taken": gettext_lazy("role taken away"),
    "staff.sessions_ended": gettext_lazy("signed out everywhere"), "staff.set_up_started": gettext_lazy("set-up code made"),
    "staff.factors_removed": gettext_lazy("second factors taken away"), "staff.password_set_up": gettext_lazy("chose a password"),
    "staff.password_changed": gettext_lazy("changed the password"), "staff.passkey_added": gettext_lazy("added a passkey"),
    "staff.passkey_removed": gettext_lazy("took a passkey away"), "staff.app_added": gettext_lazy("turned the app on"),
    "staff.app_removed": gettext_lazy("turned the app off"), "staff.codes_made": gettext_lazy("made new recovery codes"),
}


@dataclass(frozen=True)
class AccountLine:
    """One account in the list."""

    staff: Staff
    roles: str
    second_factor: bool


@dataclass(frozen=True)
class HeldRole:
    """A role somebody holds, and where; `mine` when whoever looks may take it away."""

    key: int
    name: str
    where: str
    mine: bool


@may("staff.read")
def accounts(request: ActorRequest) -> HttpResponse:
    """All accounts of the organisation, and the latest changes to them."""
    actor = request.actor
    held: defaultdict[int, list[str]] = defaultdict(list)
    for row in RoleAssignment.objects.filter(staff__organisation_id=actor.organisation).select_related("site"):
        held[row.staff_id].append(f"{role_name(row.role)} ({row.site.name if row.site else _('everywhere')})")
    staff = list(Staff.objects.filter(organisation_id=actor.organisation).order_by("-is_active", "name"))
    lines = [AccountLine(s, ", ".join(sorted(held[s.key])), second_factor.has_any(s.key)) for s in staff]
    page = {"people": lines, "changes": _changes(staff), "may_add": actor.may("staff.manage"), "may_open": actor.may("staff.assign")}
    return render(request, "console/accounts.html", {"page": page})


def _changes(staff: list[Staff]) -> str:
    names = {s.id: s.name for s in staff}
    lines = AuditEntry.objects.filter(object_kind="staff").order_by("-number")[:_SHOWN]
    rows = [
        (
            date_format(line.at, "j M H:i"), names.get(line.actor, "Handrail"), DONE.get(line.action, line.action),
            names.get(uuid.UUID(line.object_id), "–"), role_name(line.detail["role"]) if "role" in line.detail else "",
        )
        for line in lines
    ]
    columns = [Column(_("When (UTC)")), Column(_("Who")), Column(_("What")), Column(_("Account")), Column(_("Role"))]
    return table(_("Latest changes to accounts"), columns, rows, when_empty=_("None yet."))


@may("staff.manage", methods=("GET", "POST"), step_up=True)
def account_new(request: ActorRequest) -> HttpResponse:
    """Add an account. The set-up code is shown once, on the next page."""
    problems: dict[str, str] = {}
    typed = {"username": request.POST.get("username", "").strip(), "name": request.POST.get("name", "").strip()}
    if request.method == "POST":
        try:
            staff = commands.add(actor=request.actor, **typed)
            return _with_code(request, staff)
        except AccountProblem as problem:
            problems = dict(problem.problems)
    return render(request, "console/account_new.html", {"typed": typed, "problems": problems}, status=422 if problems else 200)


@may("staff.assign", methods=("GET", "POST"), step_up=True)
def account_one(request: ActorRequest, account: uuid.UUID) -> HttpResponse:
    """One account: roles, and for whoever looks after it sign-in and end. A set-up code that was just made is shown here, once."""
    staff = commands.find(actor=request.actor, account=account)
    if staff is None:
        raise Http404
    problems: dict[str, str] = {}
    if request.method == "POST":
        act = _ACTS.get(request.POST.get("do", ""))
        if act is None:
            raise Http404
        try:
            return act(request, staff)
        except AccountProblem as problem:
            problems = dict(problem.problems)
    return _one_page(request, staff, problems)


def _one_page(request: ActorRequest, staff: Staff, problems: dict[str, str]) -> HttpResponse:
    locked, actor = request.session.pop(_CODE, None), request.actor
    assigned = list(RoleAssignment.objects.filter(staff=staff).select_related("site").order_by("role"))
    held = [
        HeldRole(r.pk, role_name(r.role), r.site.name if r.site else _("everywhere"), commands.may_assign(actor, r.role, r.site_id)) for r in assigned
    ]
    sites = [site for site in Site.objects.filter(is_active=True) if any(commands.may_assign(actor, role, site.key) for role in roles())]
    offered = {
        role for role in roles()
        if not commands.clash_of({r.role for r in assigned}, role) and any(commands.may_assign(actor, role, place) for place in [None, *(s.key for s in sites)])
    }
    page = {
        "staff": staff, "held": held, "roles": sorted((role_name(r), r) for r in offered), "sites": sites,
        "everywhere": any(commands.may_assign(actor, role, None) for role in offered), "looks_after": commands.may_look_after(actor, staff),
        "code": unlock(locked) if locked else "", "factors": second_factor.of(staff.pk), "sessions": len(sessions.of_account(staff.pk)),
        "is_me": staff.pk == actor.staff, "suspended": bool(glass.suspended(staff)), "lifts": labels(glass.Lift), "problems": problems, "general": problems.get("", ""),
    }
    return render(request, "console/account_one.html", {"page": page}, status=422 if problems else 200)


def _give(request: ActorRequest, staff: Staff) -> HttpResponse:
    site = None
    if where := request.POST.get("site", ""):
        site = Site.objects.filter(id=_uuid(where), is_active=True).first()
        if site is None:
            raise Http404
    commands.give_role(actor=request.actor, staff=staff, role=request.POST.get("role", ""), site=site)
    return _back(staff)


def _take(request: ActorRequest, staff: Staff) -> HttpResponse:
    held = request.POST.get("assignment", "")
    commands.take_role(actor=request.actor, staff=staff, assignment=int(held) if held.isdecimal() and len(held) < 19 else 0)
    return _back(staff)


def _end(request: ActorRequest, staff: Staff) -> HttpResponse:
    commands.end(actor=request.actor, staff=staff)
    return _back(staff)


def _reopen(request: ActorRequest, staff: Staff) -> HttpResponse:
    commands.reopen(actor=request.actor, staff=staff)
    return _back(staff)


def _lift(request: ActorRequest, staff: Staff) -> HttpResponse:
    glass.lift(actor=request.actor, staff=staff, why=request.POST.get("why", ""))
    return _back(staff)


def _end_sessions(request: ActorRequest, staff: Staff) -> HttpResponse:
    commands.end_sessions(actor=request.actor, staff=staff)
    return _back(staff)


def _with_code(request: ActorRequest, staff: Staff) -> HttpResponse:
    """A new set-up code; until the next page shows it, it waits in the session, locked."""
    request.session[_CODE] = lock(commands.new_set_up_code(actor=request.actor, staff=staff))
    return _back(staff)


def _without_factors(request: ActorRequest, staff: Staff) -> HttpResponse:
    """Phone or key is gone: second factors are taken away, and because the password may be short, that goes too."""
    answer = _with_code(request, staff)
    removed = second_factor.remove_all(staff.pk)
    audit.write("staff.factors_removed", actor=request.actor, object_kind="staff", object_id=staff.id, detail={"removed": removed})
    return answer


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise Http404 from None


def _back(staff: Staff) -> HttpResponse:
    return redirect("account-one", staff.id)


_ACTS: dict[str, Callable[[ActorRequest, Staff], HttpResponse]] = {
    "give": _give, "take": _take, "end": _end, "reopen": _reopen, "lift": _lift, "end-sessions": _end_sessions, "code": _with_code, "lost": _without_factors,
}
