"""A program that acts with a token: a till, a phone, another system. No password, no session, no cookie.

The token names its organisation, so that the scope is known before anything is read, and carries 256 random bits. The
database keeps a keyed digest: neither a seized database nor a look at it gives a token away. A program reaches only
the views that say they are for programs (`for_programs`); everything else looks as if it did
not exist.
"""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import translation
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from handrail.kernel import clock, crypto, scope, throttle
from handrail.kernel.access import Actor, Grant, View
from handrail.kernel.rooms import permissions_of, shielded

SEEN_EVERY = timedelta(seconds=60)
FREE_FAILURES = 20
_TOKEN = re.compile(r"hr1\.([0-9]{1,18})\.[A-Za-z0-9_-]{43}")

_DEVICES = """
SELECT d.id, d.label, d.role, d.site_id, d.last_seen_at, d.token, o.id, o.closed_settings
FROM facts_device d JOIN facts_organisation o ON o.key = d.organisation_id
WHERE d.organisation_id = %s::bigint AND d.site_id IS NOT NULL
"""
_BY_TOKEN = f"{_DEVICES} AND d.token = %s::bytea AND d.revoked_at IS NULL"
_BY_ID = f"{_DEVICES} AND d.id = %s::uuid"


def new_token(organisation: int) -> str:
    """A fresh token for a device of this organisation; shown once."""
    return f"hr1.{organisation}.{secrets.token_urlsafe(32)}"


def digest_of(token: str) -> bytes:
    """What is stored instead of a token."""
    return crypto.token(crypto.key(settings.CONFIG.keys, "device"), "device", token)


def offered(request: HttpRequest) -> str | None:
    """The token that a request carries; None when it carries none."""
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def sign_in(request: HttpRequest, token: str) -> Actor | HttpResponse:
    """The device of a token, or the answer to give instead."""
    with translation.override(translation.get_language_from_request(request)):
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            return problem(401, _("Send a token or a sign-in, not both."))
        actor = load_device(token)
        if actor is not None:
            return actor
        if _count_failure(request):
            answer = problem(429, _("Too many wrong tokens from here. Wait five minutes."))
            answer.headers["Retry-After"] = str(int(throttle.WINDOW.total_seconds()))
            return answer
        return problem(401, _("This token is not known, or the device was ended."))


def load_device(token: str) -> Actor | None:
    """Who acts with this token; None when it is damaged, unknown or ended."""
    shape = _TOKEN.fullmatch(token)
    if shape is None:
        return None
    organisation, digest = int(shape[1]), digest_of(token)
    with scope.enter([organisation]), connection.cursor() as cursor:
        cursor.execute(_BY_TOKEN, [organisation, digest])
        row = cursor.fetchone()
        if row is None or not constant_time_compare(bytes(row[5]), digest):
            return None
        device, seen, now = row[0], row[4], clock.now()
        if seen is None or now - seen > SEEN_EVERY:
            cursor.execute("UPDATE facts_device SET last_seen_at = %s WHERE organisation_id = %s AND id = %s", [now, organisation, device])
    return _actor(organisation, row)


def device_actor(organisation: int, device: uuid.UUID) -> Actor | None:
    """Who sent something that was kept: a device with the role it has, also one that was ended since. Needs the organisation's scope."""
    with connection.cursor() as cursor:
        cursor.execute(_BY_ID, [organisation, device])
        row = cursor.fetchone()
    return None if row is None else _actor(organisation, row)


def _actor(organisation: int, row: tuple[Any, ...]) -> Actor:
    device, label, role, site, _seen, _stored, organisation_id, closed = row
    return Actor(
        staff=None, staff_id=None, name=label, organisation=organisation, organisation_id=organisation_id, device=device,
        grants=(Grant(role, permissions_of(role), site),), closed=frozenset(closed), shielded=shielded(),
    )


def _count_failure(request: HttpRequest) -> bool:
    """Count a wrong token by the address it came from; whether there were too many. A right one is never held up."""
    address = request.headers.get("X-Forwarded-For", "").split(",")[-1].strip() if settings.CONFIG.behind_proxy else request.META.get("REMOTE_ADDR", "")
    who = crypto.token(crypto.key(settings.CONFIG.keys, "throttle"), "throttle", f"device|{throttle.network_of(str(address))}")
    too_many = throttle.is_slowed(who, free=FREE_FAILURES)
    throttle.count_failure(who)
    return too_many


# -- what a program is told -------------------------------------------------------------------------------------------


def problem(status: int, sentence: str) -> JsonResponse:
    """An answer with one problem that is about the whole."""
    return problems(status, [("", sentence)])


def problems(status: int, found: Iterable[tuple[str, str]]) -> JsonResponse:
    """An answer in the one shape that all problems have: (field, sentence) pairs."""
    answer = JsonResponse({"problems": [{"field": name, "sentence": sentence} for name, sentence in found]}, status=status)
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def not_here() -> JsonResponse:
    """What does not exist and what may not be done look the same."""
    return problem(404, _("This does not exist here."))


def not_this_way(methods: Iterable[str]) -> JsonResponse:
    """The address exists, but not for this method."""
    answer = problem(405, _("This address does not take that."))
    answer.headers["Allow"] = ", ".join(sorted(methods))
    return answer


def check_form_token(request: HttpRequest) -> HttpResponse | None:
    """A person signed in by cookie needs the form token here as everywhere; a device has no cookie to abuse."""

    def enforced(_request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    if CsrfViewMiddleware(enforced).process_view(request, enforced, (), {}) is None:
        return None
    return problem(403, _("The form token is missing. Programs use a token of their own instead of a sign-in."))


def for_programs(view: View) -> View:
    """Put above `may`: devices reach this view. It answers in JSON, and the gate asks people for their form token."""
    view.for_programs = True  # type: ignore[attr-defined]
    view.csrf_exempt = True  # type: ignore[attr-defined]
    return view
