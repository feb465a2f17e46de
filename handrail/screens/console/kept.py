"""What was being typed when something came in between (a sign-in that ran out, a proof that was asked for again).

It is carried along in the page itself, signed, and not stored on the server.
"""

from __future__ import annotations

from typing import Any

from django.core import signing
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

_SALT = "kept-form"


def keep(request: HttpRequest) -> str:
    """The posted form as a signed text for a hidden field."""
    return signing.dumps(request.POST.urlencode(), salt=_SALT, compress=True)


def go_on(request: HttpRequest, wanted: str, kept: str) -> HttpResponse:
    """To the page that was wanted; with a kept form, to a page that sends it on at one tap."""
    is_ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    target = wanted if is_ours else "/"  # without the slash Django would look for a view of that name
    if not kept:
        return redirect(target)
    try:
        typed = QueryDict(signing.loads(kept, salt=_SALT, max_age=12 * 3600))
    except signing.BadSignature:
        return redirect(target)
    return render(request, "console/resume.html", {"target": target, "fields": fields_of(typed)})


def fields_of(typed: QueryDict) -> list[tuple[str, Any]]:
    """Name and value of every field, without the token of the old page."""
    return [(n, v) for n, vs in typed.lists() for v in vs if n != "csrfmiddlewaretoken"]
