"""The keys on a page: how they stand, unlocking with an officer's words, and locking at once, also without signing in."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from handrail.kernel import audit, crypto, keyholder, keyring, officers, throttle
from handrail.kernel.access import ANYONE, ActorRequest, may
from handrail.kernel.keyring import CODES, VAULT, Mode
from handrail.kernel.web import throttle_key
from handrail.screens.console.sign_in import address_of
from handrail.vault import inbox, jobs
from handrail.vault.models import InboxItem


@dataclass(frozen=True)
class RingLine:
    """One ring in words."""

    title: str
    explain: str
    is_open: bool
    minutes_left: int | None


def _rings() -> list[RingLine]:
    said = {
        CODES: (_("Codes"), _("Finds people by card or self-made code.")),
        VAULT: (_("Vault"), _("Opens what is locked away, and takes in what waits.")),
    }
    found = []
    for ring, (title, explain) in said.items():
        status = keyholder.status(settings.CONFIG.keys, ring)
        left = None if status.seconds_left is None else max(1, status.seconds_left // 60)
        found.append(RingLine(title, explain, status.is_open, left))
    return found


def lock_token() -> str:
    """What stands in the address that locks without signing in. Whoever has it can lock, and nothing else."""
    return crypto.token(crypto.key(settings.CONFIG.keys, "lock-address"), "lock", "now").hex()[:24]


@may("keys.lock", methods=("GET", "POST"))
def keys(request: ActorRequest) -> HttpResponse:
    """How the keys stand; an officer's words unlock them."""
    error = _unlocked(request) if request.method == "POST" else ""
    if request.method == "POST" and not error:
        return redirect(f"{reverse('keys')}?unlocked=1")
    manages = request.actor.may("keys.manage")
    page = {
        "is_high": keyring.mode() is Mode.HIGH, "rings": _rings() if keyring.mode() is Mode.HIGH else [], "error": error,
        "officers": [o for o in officers.all_of(settings.CONFIG.keys) if o.has_words], "typed": request.POST.get("officer", ""),
        "others": [o for o in officers.all_of(settings.CONFIG.keys) if not o.has_words and not o.is_paper],
        "has_paper": any(o.is_paper for o in officers.all_of(settings.CONFIG.keys)), "manages": manages,
        "waiting": inbox.waiting(), "problems": InboxItem.objects.exclude(problem="").count() if manages else 0,
        "address": request.build_absolute_uri(reverse("lock-now", args=[lock_token()])) if manages and keyring.mode() is Mode.HIGH else "",
    }
    return render(request, "console/keys.html", {"page": page}, status=422 if error else 200)


def _unlocked(request: ActorRequest) -> str:
    """Unlock both rings; empty when it was done, else the sentence to show. Slowed down like a sign-in."""
    who = throttle_key("unlock", str(request.actor.staff_id), address_of(request))
    if throttle.is_slowed(who):
        return _("Too many tries. Wait five minutes, or ask your coordinator.")
    name, words = request.POST.get("officer", ""), request.POST.get("words", "")
    try:
        for ring in (CODES, VAULT):
            keyholder.unlock(settings.CONFIG.keys, ring, officer=name, words=words)
    except keyholder.NotUnlocked:
        throttle.count_failure(who)
        known = name if any(o.name == name for o in officers.all_of(settings.CONFIG.keys)) else ""  # what else was typed stays out of the log
        audit.look("keys: unlock", actor=request.actor, object_id=known, refused=True)
        if not keyholder.status(settings.CONFIG.keys, VAULT).is_running:
            return _("No process waits for the keys. Whoever runs the server has to start it anew.")
        return _("These words do not open the keys. Nothing was changed.")
    throttle.forget(who)
    audit.write("keys.unlocked", actor=request.actor, object_kind="keys", detail={"officer": name})
    jobs.open_inbox_now.enqueue()
    return ""


@may("keys.lock", methods=("POST",))
def lock(request: ActorRequest) -> HttpResponse:
    """Lock now. Every process that may hold something opened ends; the server is back in a moment."""
    if keyring.mode() is Mode.LOW:
        return redirect("keys")
    audit.write("keys.locked", actor=request.actor, object_kind="keys")
    return _locked(request)


@may(ANYONE, methods=("GET", "POST"))
def lock_now(request: HttpRequest, token: str) -> HttpResponse:
    """Lock without signing in: one button behind an address that somebody keeps in a phone."""
    if not crypto.same(token.encode(), lock_token().encode()) or keyring.mode() is Mode.LOW:
        raise Http404
    return _locked(request) if request.method == "POST" else render(request, "console/lock_now.html")


def _locked(request: HttpRequest) -> HttpResponse:
    answer = render(request, "console/locked.html")
    answer._resource_closers.append(keyring.lock_now)  # type: ignore[attr-defined]  # once the answer is on its way, and the transaction ended
    return answer
