"""What came sealed and did not open, on a page: try again, or say that it is not needed."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from handrail.kernel import audit, keyring
from handrail.kernel.access import ActorRequest, may
from handrail.vault import stuck as items
from handrail.vault.stuck import NotNeeded


def _page(request: ActorRequest, *, error: str = "", chosen: uuid.UUID | None = None, status: int = 200) -> HttpResponse:
    done = {"taken": _("It was taken in."), "removed": _("It was removed.")}.get(request.GET.get("done", ""), "")
    page = {"items": items.listed(), "reasons": NotNeeded.choices, "error": error, "done": done, "chosen": chosen}
    return render(request, "console/inbox.html", page, status=status)


@may("keys.manage")
def stuck(request: ActorRequest) -> HttpResponse:
    """What waits for a person to look."""
    audit.look("inbox", actor=request.actor)
    return _page(request)


@may("keys.manage", methods=("POST",))
def decide(request: ActorRequest, waits: uuid.UUID) -> HttpResponse:
    """Try one item again, or remove it with a reason."""
    if request.POST.get("do") == "remove":
        why = request.POST.get("why", "")
        if why not in NotNeeded.values:
            return _page(request, error=_("Say why it is not needed."), chosen=waits, status=422)
        items.remove(actor=request.actor, id=waits, why=NotNeeded(why))
        return redirect(f"{reverse('inbox')}?done=removed")
    try:
        if items.try_again(actor=request.actor, id=waits):
            return redirect(f"{reverse('inbox')}?done=taken")
    except keyring.Locked:
        return _page(request, error=_("The vault is locked. Unlock it first, then try again."), status=422)
    return _page(request, error=_("It still cannot be taken in. What stands below says why."), status=422)
