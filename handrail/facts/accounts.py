"""Accounts of the people who work here: added, given roles, ended. Each change is audited.

Nobody gives a role to themselves, nobody chooses another's password, and one administrator always remains. Whoever
looks after accounts at some places gives roles there and nowhere else, and touches no account that is more than theirs.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from handrail.facts import organisations
from handrail.facts.models import GlassBreak, RoleAssignment, Site, Staff
from handrail.facts.record import lock_organisation
from handrail.facts.role_names import role_name
from handrail.kernel import audit, clock, commands, crypto, scope, sessions
from handrail.kernel.access import Actor, Denied, Refused
from handrail.kernel.models import SetUpCode
from handrail.kernel.rooms import roles

ADMINISTRATOR = "administrator"
SET_UP_LASTS = timedelta(hours=72)
NOT_IN_ONE_PERSON = ((ADMINISTRATOR, "clinical_approver"),)
"""Roles that one person must not hold together (`domain/people.md` 8): who sets a clinical value does not approve it."""
_PURPOSE = "set-up"


class AccountProblem(Refused):
    """What was asked for is not possible; `problems` holds (field, sentence) pairs."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.problems = ((field, sentence),)


def find(*, actor: Actor, account: uuid.UUID) -> Staff | None:
    """An account of the actor's own organisation by its id."""
    return Staff.objects.filter(organisation_id=actor.organisation, id=account).first()


def may_assign(actor: Actor, role: str, site: int | None) -> bool:
    """Whether the actor may give and take this role there; no site is everywhere. Administrators are made by administrators."""
    own = actor.sites("staff.manage" if role == ADMINISTRATOR else "staff.assign")
    return own is None or site in own


def may_look_after(actor: Actor, staff: Staff) -> bool:
    """Whether the actor may end this account, open it again, or start its sign-in anew: every role of it lies at places of theirs."""
    own = actor.sites("staff.manage")
    held = RoleAssignment.objects.filter(staff=staff).values_list("site_id", flat=True)
    return own is None or (bool(own) and all(site in own for site in held))


def _require_to_look_after(actor: Actor, staff: Staff) -> None:
    if not may_look_after(actor, staff):
        raise Denied("staff.manage")


def add(*, actor: Actor, username: str, name: str, language: str = "") -> Staff:
    """A new account without a password and without a role; its owner chooses the password with a set-up code."""
    actor.require("staff.manage")
    if not username or not name:
        raise AccountProblem("username" if not username else "name", _("This is needed."))
    for field, sentence in commands.too_long(Staff(username=username, name=name)):
        raise AccountProblem(field, sentence)
    if Staff.objects.filter(username__iexact=username).exists():
        raise AccountProblem("username", _("This name to sign in with is taken. Choose another."))
    return organisations.create_staff(actor=actor, username=username, name=name, password=None, grants=[], language=language)


def give_role(*, actor: Actor, staff: Staff, role: str, site: Site | None) -> None:
    """Give a role at one site, or at all of them; refused for oneself and for roles that must not meet."""
    lock_organisation()
    if role not in roles():
        raise AccountProblem("role", _("Choose a role."))
    if not may_assign(actor, role, site.key if site else None):
        raise Denied("staff.assign")
    if staff.pk == actor.staff:
        raise AccountProblem("role", _("You cannot give a role to yourself. Ask another administrator."))
    held = set(RoleAssignment.objects.filter(staff=staff).values_list("role", flat=True))
    if clash := clash_of(held, role):
        raise AccountProblem("role", _("One person must not be both “%(one)s” and “%(other)s”.") % {"one": role_name(role), "other": role_name(clash)})
    _row, is_new = RoleAssignment.objects.get_or_create(staff=staff, role=role, site=site)
    if is_new:
        _audit("role.given", actor, staff, role=role, site=str(site.id) if site else "all")


def clash_of(held: set[str], role: str) -> str:
    """The held role that must not meet this one in one person, or an empty text."""
    return next((other for pair in NOT_IN_ONE_PERSON if role in pair for other in pair if other != role and other in held), "")


def take_role(*, actor: Actor, staff: Staff, assignment: int) -> None:
    """Take a role away; the last administrator keeps theirs."""
    lock_organisation()
    row = RoleAssignment.objects.filter(staff=staff, pk=assignment).select_related("site").first()
    if row is None:
        return
    if not may_assign(actor, row.role, row.site_id):
        raise Denied("staff.assign")
    if row.role == ADMINISTRATOR and row.site_id is None:
        _require_another_administrator(staff)
    _audit("role.taken", actor, staff, role=row.role, site=str(row.site.id) if row.site else "all")
    row.delete()


def end(*, actor: Actor, staff: Staff) -> None:
    """End an account: it is out at its next click and cannot sign in."""
    lock_organisation()
    _require_to_look_after(actor, staff)
    if staff.is_active:
        _require_another_administrator(staff)
        staff.is_active = False
        staff.save(update_fields=["is_active"])
        SetUpCode.objects.filter(account=staff).delete()
        sessions.end_all(staff.pk)
        _audit("staff.ended", actor, staff)


def reopen(*, actor: Actor, staff: Staff) -> None:
    """Open an ended account again. Its password is as before; give a set-up code if it should not be."""
    _require_to_look_after(actor, staff)
    if GlassBreak.objects.filter(staff=staff.id, suspended_at__isnull=False, lifted_at=None).exists():
        raise AccountProblem("", _("This account is suspended, because nobody looked at its emergency access. Lift that with a reason."))
    if not staff.is_active:
        staff.is_active = True
        staff.save(update_fields=["is_active"])
        _audit("staff.reopened", actor, staff)


def end_sessions(*, actor: Actor, staff: Staff) -> int:
    """End all sign-ins of an account; how many there were."""
    _require_to_look_after(actor, staff)
    ended = sessions.end_all(staff.pk)
    _audit("staff.sessions_ended", actor, staff, sessions=ended)
    return ended


def new_set_up_code(*, actor: Actor, staff: Staff) -> str:
    """A code to hand over once, with which the person chooses a password. What they signed in with before is worth nothing.

    Whoever looks after accounts starts this, and can do no more: the password is never theirs to choose.
    """
    _require_to_look_after(actor, staff)
    if staff.pk == actor.staff:
        raise AccountProblem("", _("For yourself use “My account”, or ask another administrator."))
    code = crypto.new_code()
    staff.set_unusable_password()
    staff.save(update_fields=["password"])
    sessions.end_all(staff.pk)
    values = {"token": _token(crypto.read_code(code) or ""), "expires_at": clock.now() + SET_UP_LASTS}
    SetUpCode.objects.update_or_create(account=staff, defaults=values)
    _audit("staff.set_up_started", actor, staff)
    return code


def who_sets_up(*, username: str, code: str) -> Staff | None:
    """The account whose set-up code this is, if the code is still good. Needs no scope: nobody is signed in."""
    found = SetUpCode.objects.filter(account__username=username, account__is_active=True, expires_at__gt=clock.now()).first()
    given = _token(crypto.read_code(code) or "")
    if found is None or not crypto.same(bytes(found.token), given):
        return None
    return Staff.objects.get(pk=found.account_id)


def choose_password(*, staff: Staff, password: str, action: str) -> None:
    """Set somebody's own new password, if the rules allow it; else raise `AccountProblem`. Uses up a set-up code."""
    try:
        password_validation.validate_password(password, staff)
    except ValidationError as error:
        raise AccountProblem("password", " ".join(error.messages)) from None
    staff.set_password(password)
    staff.save(update_fields=["password"])
    SetUpCode.objects.filter(account=staff).delete()
    with scope.enter([staff.organisation_id]):
        own = organisations.actor_for(staff)
        audit.write(action, actor=own, object_kind="staff", object_id=staff.id)


def is_last_administrator(staff: Staff) -> bool:
    """Whether nobody else could look after all accounts."""
    administrators = RoleAssignment.objects.filter(
        role=ADMINISTRATOR, site=None, staff__is_active=True, staff__organisation_id=staff.organisation_id
    )
    return administrators.filter(staff=staff).exists() and not administrators.exclude(staff=staff).exists()


def _require_another_administrator(staff: Staff) -> None:
    if is_last_administrator(staff):
        raise AccountProblem("", _("This is the last administrator. Make somebody else one first."))


def _token(ten: str) -> bytes:
    return crypto.token(crypto.key(settings.CONFIG.keys, _PURPOSE), _PURPOSE, ten)


def _audit(action: str, actor: Actor, staff: Staff, **detail: object) -> None:
    audit.write(action, actor=actor, object_kind="staff", object_id=staff.id, detail=detail)
