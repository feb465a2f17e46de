"""The gate between the network and the views.

`SignIn` finds out who acts. `Gate` lets a request through only if its view declared a permission and the actor holds
it, opens the organisation's scope, runs the view inside one transaction, and tries again if that lost a race. What is
refused looks like a page that does not exist, and the access log keeps a line, written after the refused transaction.
"""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.core.exceptions import PermissionDenied
from django.db import DataError, connection
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    JsonResponse,
    QueryDict,
)
from django.shortcuts import redirect, render
from django.template.response import SimpleTemplateResponse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from handrail.kernel import audit, bearer, clock, crypto, scope
from handrail.kernel.access import ANYONE, Actor, Denied, Grant, Refused
from handrail.kernel.database import retrying
from handrail.kernel.rooms import NavItem, menu_of, permissions_of, rooms, shielded
from handrail.kernel.sessions import SECOND_FACTOR, SEEN_EVERY, SessionStore, digest_of

log = logging.getLogger("handrail.web")
GetResponse = Callable[[HttpRequest], HttpResponseBase]

POLICY = "; ".join(
    [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' blob:", "font-src 'self'",
        "connect-src 'self'", "manifest-src 'self'", "worker-src 'self'", "media-src 'self'", "form-action 'self'",
        "base-uri 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types default",
    ]
)
NEEDED_FEATURES = ("autoplay", "camera", "publickey-credentials-create", "publickey-credentials-get", "screen-wake-lock")
REFUSED_FEATURES = (
    "accelerometer", "browsing-topics", "captured-surface-control", "clipboard-read", "clipboard-write", "compute-pressure",
    "cross-origin-isolated", "deferred-fetch", "deferred-fetch-minimal", "digital-credentials-create", "digital-credentials-get",
    "display-capture", "encrypted-media", "fullscreen", "gamepad", "geolocation", "gyroscope", "hid", "identity-credentials-get",
    "idle-detection", "interest-cohort", "keyboard-map", "language-detector", "language-model", "local-fonts", "local-network-access",
    "magnetometer", "microphone", "midi", "on-device-speech-recognition", "otp-credentials", "payment", "picture-in-picture",
    "private-state-token-issuance", "private-state-token-redemption", "serial", "speaker-selection", "storage-access", "summarizer",
    "sync-xhr", "translator", "unload", "usb", "window-management", "xr-spatial-tracking",
)
"""The header has no word for “all others”, so what browsers know is named. Bluetooth and sharing are missing: a browser that
lacks them complains about their names, and both ask the person anyway."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with no-referrer browsers send “Origin: null” and no form could be posted
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(
        [f"{feature}=(self)" for feature in NEEDED_FEATURES] + [f"{feature}=()" for feature in REFUSED_FEATURES]
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
SELECT n.data, n.seen_at, s.key, s.id, s.name, s.password, s.language, s.organisation_id, o.id,
  o.closed_settings,
  ARRAY(SELECT r.role || ' ' || coalesce(r.site_id::text, '') FROM facts_roleassignment r WHERE r.staff_id = s.key),
  n.created_at
FROM kernel_session n
JOIN facts_staff s ON s.key = n.account_id AND s.is_active
JOIN facts_organisation o ON o.key = s.organisation_id
WHERE n.digest = %s::bytea AND n.expires_at > %s::timestamptz AND n.seen_at > %s::timestamptz
"""


def load_actor(session_key: str) -> Actor | None:
    """Who is signed in, with the roles of this moment, in one prepared statement.

    None when the session ran out, the account ended, or its password changed since.
    """
    now = clock.now()
    digest = digest_of(session_key)
    with connection.cursor() as cursor:
        cursor.execute(_ACTOR, [digest, now, now - timedelta(minutes=settings.CONFIG.session_idle_minutes)])
        row = cursor.fetchone()
        if row is None:
            return None
        if now - row[1] > SEEN_EVERY:
            cursor.execute("UPDATE kernel_session SET seen_at = %s WHERE digest = %s", [now, digest])
    expected = salted_hmac(
        "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash", row[5], algorithm="sha256"
    ).hexdigest()
    kept = SessionStore().decode(row[0])
    if not constant_time_compare(kept.get(HASH_SESSION_KEY, ""), expected):
        return None
    held = [text.split(" ") for text in row[10]]
    grants = tuple(Grant(role, permissions_of(role), int(site) if site else None) for role, site in held)
    return Actor(
        staff=row[2], staff_id=row[3], name=row[4], language=row[6], organisation=row[7], organisation_id=row[8], grants=grants,
        closed=frozenset(row[9]), shielded=shielded(), proved_at=row[11], second_factor=bool(kept.get(SECOND_FACTOR)),
    )


class SignIn:
    """Puts `request.actor` in place: an Actor, or None."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Read the session; nothing is read for requests without its cookie."""
        session_key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        actor = load_actor(session_key) if session_key else None
        token = bearer.offered(request)
        if token is not None:
            found = bearer.sign_in(request, token)
            if isinstance(found, HttpResponse):
                return found
            actor = found
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
        if getattr(view, "for_programs", False):
            return self._for_program(request, view, permission, args, kwargs)
        if request.method not in view.methods | ({"HEAD"} if "GET" in view.methods else set()):  # type: ignore[attr-defined]
            return HttpResponseNotAllowed(sorted(view.methods))  # type: ignore[attr-defined]
        if request.method == "POST" and request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
            return not_found(request)
        actor: Actor | None = request.actor  # type: ignore[attr-defined]
        if actor is not None and actor.device is not None:
            return self._refused(request, actor)
        if permission == ANYONE:
            return _unstorable(request, kwargs) or self._for_anyone(request, view, args, kwargs)
        if actor is None:
            return _ask_to_sign_in(request)
        if not actor.may(permission):
            return self._refused(request, actor)
        if (refused_text := _unstorable(request, kwargs)) is not None:
            return refused_text
        try:
            return retrying(lambda: self._inside(actor, view, request, args, kwargs))
        except (Http404, Denied, PermissionDenied):
            return self._refused(request, actor)
        except Refused as refused:
            sentences = [sentence for _name, sentence in refused.problems]
            return render(request, "kernel/refused.html", {"sentences": sentences}, status=422)
        except DataError as error:
            return _cannot_be_held(request, error)

    def _for_anyone(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase:
        try:
            return retrying(lambda: _rendered(view(request, *args, **kwargs)))
        except DataError as error:
            return _cannot_be_held(request, error)

    def _for_program(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], permission: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase:
        """The same decisions where programs call, with every answer in JSON."""
        actor: Actor | None = request.actor  # type: ignore[attr-defined]
        methods: frozenset[str] = view.methods  # type: ignore[attr-defined]
        instead: str = getattr(view, "instead", "")
        if request.method not in methods | ({"HEAD"} if "GET" in methods else set()):
            return bearer.not_this_way(methods)
        if actor is None:
            return bearer.problem(401, _("Sign in first."))
        if actor.device is None and request.method == "POST":
            if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
                return bearer.not_here()
            missing = bearer.check_form_token(request)
            if missing is not None:
                return missing
        try:
            if not (instead and actor.may(instead)):
                actor.require(permission)
            answer = retrying(lambda: self._inside(actor, view, request, args, kwargs))
        except (Http404, Denied, PermissionDenied):
            audit.refused_look(_address_of(request), actor=actor)
            return bearer.not_here()
        except Refused as refused:
            return bearer.problems(422, refused.problems)
        return answer if isinstance(answer, JsonResponse) else bearer.problem(403, _("Open Handrail in a browser first: it asks you for something."))

    def _inside(
        self, actor: Actor, view: Callable[..., HttpResponseBase], request: HttpRequest, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase:
        with scope.enter([actor.organisation]):
            asked: HttpResponseBase | None = None if actor.device else import_string(settings.GUARD)(request, view)
            return _rendered(view(request, *args, **kwargs) if asked is None else asked)

    def _refused(self, request: HttpRequest, actor: Actor) -> HttpResponseBase:
        audit.refused_look(_address_of(request), actor=actor)
        return not_found(request)


def _unstorable(request: HttpRequest, kwargs: dict[str, Any]) -> HttpResponse | None:
    """The one answer to text that PostgreSQL cannot hold, before any view queries with it; None when all of it can be held.

    A form that carries it is refused with a sentence, an address that carries it names nothing. Half a surrogate pair
    cannot come this way: Django reads addresses and forms as UTF-8 and puts a replacement character in its place.
    """
    if any("\0" in text for text in [*map(str, kwargs.values()), *_texts_of(request.GET)]):
        return not_found(request)
    if request.method == "POST" and any("\0" in text for text in _texts_of(request.POST)):
        return _cannot_be_held(request)
    return None


_DOES_NOT_FIT = {"22001", "22003", "22008", "22021", "22P05"}
"""PostgreSQL's codes for a text too long, a number or a day out of range, a character it cannot hold."""


def _cannot_be_held(request: HttpRequest, error: DataError | None = None) -> HttpResponse:
    """What was sent does not fit into the database; nothing of it was written. A net below the sentences beside fields."""
    if error is not None and getattr(error.__cause__, "sqlstate", None) not in _DOES_NOT_FIT:
        raise error
    log.warning("Something sent to %s cannot be stored.", request.resolver_match.view_name if request.resolver_match else "?")
    return render(request, "kernel/refused.html", {"sentences": [_("It holds a character or a number that cannot be stored.")]}, status=422)


def _texts_of(sent: QueryDict) -> Iterator[str]:
    for name, values in sent.lists():
        yield name
        yield from (value for value in values if isinstance(value, str))


def _rendered(response: HttpResponseBase) -> HttpResponseBase:
    """A lazy answer would be rendered after the transaction, outside the scope, and silently see nothing."""
    if isinstance(response, SimpleTemplateResponse) and not response.is_rendered:
        response.render()
    if response.streaming:
        raise RuntimeError("Answers with an organisation's data are not streamed: they would leave the scope.")
    return response


def _ask_to_sign_in(request: HttpRequest) -> HttpResponseBase:
    """To sign-in. What was being saved is carried along in the page, so that a sign-in that ran out loses nothing."""
    if request.content_type == "application/json":
        return JsonResponse({"problems": [{"field": "", "sentence": _("Sign in first.")}]}, status=401)
    if request.method == "POST" and request.POST:
        view: Callable[..., HttpResponseBase] = import_string(settings.SIGN_IN_AGAIN_VIEW)
        return view(request)
    response = redirect(settings.LOGIN_URL)
    if request.path != "/":
        response["Location"] += f"?next={request.path}"
    return response


def posted_id(request: HttpRequest, name: str = "id") -> uuid.UUID:
    """The id that a form carries so that sending it twice is harmless; a damaged one looks like a page that is not here."""
    try:
        return uuid.UUID(request.POST.get(name, ""))
    except ValueError:
        raise Http404 from None


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The one page for what does not exist and for what may not be seen."""
    return render(request, "kernel/not_found.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Something broke here: no details to the outside, a number to tell whoever looks after the server."""
    reference = request.reference = uuid.uuid4().hex[:8]  # type: ignore[attr-defined]  # the log's line names it too
    return render(request, "kernel/error.html", {"reference": reference}, status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form's token is gone (a second tab signed out, a very old page): say so, and how to go on."""
    return render(request, "kernel/form_expired.html", status=403)


_TYPED = re.compile(r"<(\w+:)?(\w+)>")


def _address_of(request: HttpRequest) -> str:
    """What was asked for, without a word that somebody may have typed into the address: ids and numbers stay, texts do not."""
    found = request.resolver_match
    if found is None:
        return f"{request.method} …"
    kept = {name: str(value) for name, value in found.kwargs.items() if isinstance(value, uuid.UUID | int)}
    return f"{request.method} /{_TYPED.sub(lambda part: kept.get(part[2], '…'), found.route)}"


def page_context(request: HttpRequest) -> dict[str, Any]:
    """What every page knows: who is here, where they can go, and what must not be overlooked."""
    actor: Actor | None = getattr(request, "actor", None)
    nav: list[NavItem] = []
    notices: Sequence[Any] = ()
    if actor is not None:
        nav = [item for room in rooms() for item in room.nav if actor.may(item.permission)]
        if scope.is_entered():
            notices = import_string(settings.NOTICES)(actor)
    return {"actor": actor, "menu": menu_of(nav), "notices": notices}


def throttle_key(*parts: str) -> bytes:
    """Keyed digest of who tries, so that the table of failed attempts names nobody."""
    return crypto.token(crypto.key(settings.CONFIG.keys, "throttle"), "throttle", "|".join(parts))
