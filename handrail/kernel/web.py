"""The gate between the network and the views.

`SignIn` finds out who acts. `Gate` lets a request through only if its view declared a permission and the actor holds
it, opens the organisation's scope, runs the view inside one transaction, and tries again if that lost a race. What is
refused looks like a page that does not exist, and the access log keeps a line, written after the refused transaction.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.template.response import SimpleTemplateResponse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.module_loading import import_string

from handrail.kernel import audit, crypto, scope
from handrail.kernel.access import ANYONE, Actor, Denied, Grant
from handrail.kernel.database import retrying
from handrail.kernel.rooms import NavItem, permissions_of, rooms

log = logging.getLogger("handrail.web")
GetResponse = Callable[[HttpRequest], HttpResponseBase]

POLICY = "; ".join(
    [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' blob:", "font-src 'self'",
        "connect-src 'self'", "manifest-src 'self'", "worker-src 'self'", "media-src 'self'", "form-action 'self'",
        "base-uri 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types default",
    ]
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), autoplay=(self), camera=(self), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(),"
        " microphone=(), midi=(), payment=(), publickey-credentials-create=(self), publickey-credentials-get=(self),"
        " screen-wake-lock=(self), usb=()"
    ),
}


class SecurityHeaders:
    """The same strict headers on every answer; whatever holds data is never stored by a browser or proxy."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Add the headers."""
        response = self._get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        if settings.CONFIG.https:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        return response


_ACTOR = """
SELECT s.key, s.id, s.name, s.password, s.language, s.organisation_id, o.id, set_config('app.organisations', '{' || s.organisation_id || '}', true)
FROM facts_staff s JOIN facts_organisation o ON o.key = s.organisation_id WHERE s.key = %s::bigint AND s.is_active
"""


def load_actor(account: str, session_hash: str) -> Actor | None:
    """Who is signed in, with the roles of this moment; None when the account ended or its password changed."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ACTOR, [int(account)])
        row = cursor.fetchone()
        if row is None:
            return None
        expected = salted_hmac(
            "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash", row[3], algorithm="sha256"
        ).hexdigest()
        if not constant_time_compare(session_hash, expected):
            return None
        cursor.execute("SELECT role, site_id FROM facts_roleassignment WHERE staff_id = %s::bigint", [row[0]])
        grants = tuple(Grant(role, permissions_of(role), site) for role, site in cursor.fetchall())
    return Actor(
        staff=row[0], staff_id=row[1], name=row[2], language=row[4], organisation=row[5], organisation_id=row[6], grants=grants
    )


class SignIn:
    """Puts `request.actor` in place: an Actor, or None."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Read the session; nothing is read for requests without its cookie."""
        actor: Actor | None = None
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            account = request.session.get(SESSION_KEY)
            if account is not None:
                actor = load_actor(account, request.session.get(HASH_SESSION_KEY, ""))
        request.actor = actor  # type: ignore[attr-defined]
        if actor is not None and actor.language:
            request.COOKIES.setdefault(settings.LANGUAGE_COOKIE_NAME, actor.language)
        return self._get_response(request)


class Gate:
    """Default deny. Must be the last middleware: it calls the view itself."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass on; the work is in `process_view`."""
        return self._get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase:
        """Decide, then run the view inside scope and transaction."""
        permission: str | None = getattr(view, "permission", None)
        if permission is None:
            log.error("The view %s declares no permission and cannot be reached.", getattr(view, "__qualname__", view))
            return not_found(request)
        if request.method not in view.methods | {"HEAD"}:  # type: ignore[attr-defined]
            return HttpResponseNotAllowed(sorted(view.methods))  # type: ignore[attr-defined]
        if request.method == "POST" and request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
            return not_found(request)
        actor: Actor | None = request.actor  # type: ignore[attr-defined]
        if permission == ANYONE:
            return retrying(lambda: _rendered(view(request, *args, **kwargs)))
        if actor is None:
            return _ask_to_sign_in(request)
        if not actor.may(permission):
            return self._refused(request, actor)
        try:
            return retrying(lambda: self._inside(actor, view, request, args, kwargs))
        except (Http404, Denied, PermissionDenied):
            return self._refused(request, actor)

    def _inside(
        self, actor: Actor, view: Callable[..., HttpResponseBase], request: HttpRequest, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase:
        with scope.enter([actor.organisation]):
            return _rendered(view(request, *args, **kwargs))

    def _refused(self, request: HttpRequest, actor: Actor) -> HttpResponseBase:
        audit.refused_look(f"{request.method} {request.path}", actor=actor)
        return not_found(request)


def _rendered(response: HttpResponseBase) -> HttpResponseBase:
    """A lazy answer would be rendered after the transaction, outside the scope, and silently see nothing."""
    if isinstance(response, SimpleTemplateResponse) and not response.is_rendered:
        response.render()
    if response.streaming:
        raise RuntimeError("Answers with an organisation's data are not streamed: they would leave the scope.")
    return response


def _ask_to_sign_in(request: HttpRequest) -> HttpResponseBase:
    """To sign-in. What was being saved is carried along in the page, so that a sign-in that ran out loses nothing."""
    if request.method == "POST" and request.POST:
        view: Callable[..., HttpResponseBase] = import_string(settings.SIGN_IN_AGAIN_VIEW)
        return view(request)
    response = redirect(settings.LOGIN_URL)
    if request.path != "/":
        response["Location"] += f"?next={request.path}"
    return response


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The one page for what does not exist and for what may not be seen."""
    return render(request, "kernel/not_found.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Something broke here: no details to the outside, a number to tell whoever looks after the server."""
    reference = uuid.uuid4().hex[:8]
    log.error("Error shown to somebody with reference %s", reference)
    return render(request, "kernel/error.html", {"reference": reference}, status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form's token is gone (a second tab signed out, a very old page): say so, and how to go on."""
    return render(request, "kernel/form_expired.html", status=403)


def page_context(request: HttpRequest) -> dict[str, Any]:
    """What every page knows: who is here and where they can go."""
    actor: Actor | None = getattr(request, "actor", None)
    nav: list[NavItem] = []
    if actor is not None:
        nav = [item for room in rooms() for item in room.nav if actor.may(item.permission)]
    return {"actor": actor, "nav": nav}


def throttle_key(*parts: str) -> bytes:
    """Keyed digest of who tries, so that the table of failed attempts names nobody."""
    return crypto.token(crypto.key(settings.CONFIG.keys, "throttle"), "throttle", "|".join(parts))
