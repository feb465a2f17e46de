"""Settings: every value the rooms declare, where it comes from, who approved it. Changing one adds a row and rewrites none."""

from __future__ import annotations

import json
import uuid
from datetime import date
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from handrail.facts import setting_changes
from handrail.facts.models import SafetyClass, Setting, Site, SourceStatus, Staff
from handrail.facts.setting_changes import SettingProblem
from handrail.facts.values import NEEDS_APPROVAL, Value, declared
from handrail.kernel import clock
from handrail.kernel.access import ActorRequest, may
from handrail.kernel.tables import Cell, Column, table


@may("settings.read")
def settings_page(request: ActorRequest) -> HttpResponse:
    """All values as they hold today."""
    rows = []
    for value in declared().values():
        now = value.read()
        waits = value.safety in NEEDS_APPROVAL and not now.is_approved
        rows.append(
            (
                Cell(value.title, reverse("setting", args=[value.key])), f"{shown(now.value)} {_unit(value)}".strip(), SafetyClass(value.safety).label,
                SourceStatus(now.source_status).label, _("not approved: the safe value is used") if waits else "",
            )
        )
    columns = [Column(_("Value")), Column(_("Now")), Column(_("Sort")), Column(_("Source")), Column(_("State"))]
    page = {"values": table(_("Settings"), columns, rows, when_empty=_("No room declares a value."))}
    return render(request, "console/settings.html", {"page": page})


@may("settings.read")
def setting(request: ActorRequest, name: str) -> HttpResponse:
    """One value: what it is, its history, and for whoever may, a form to change it."""
    return _page(request, _value(name), {}, {})


@may("settings.change", methods=("POST",), step_up=True)
def setting_change(request: ActorRequest, name: str) -> HttpResponse:
    """Set a value from a day on."""
    value, post = _value(name), request.POST
    typed = {field: post.get(field, "").strip() for field in ("value", "site", "valid_from", "source")}
    try:
        site = Site.objects.get(id=uuid.UUID(typed["site"])) if typed["site"] else None
    except (ValueError, Site.DoesNotExist):
        raise Http404 from None
    try:
        valid_from = date.fromisoformat(typed["valid_from"])
    except ValueError:
        return _page(request, value, typed, {"valid_from": _("Write the day like 2026-03-31.")})
    try:
        setting_changes.set_value(
            actor=request.actor, value=value, typed=typed["value"], site=site, valid_from=valid_from, source=typed["source"]
        )
    except SettingProblem as problem:
        return _page(request, value, typed, dict(problem.problems))
    return redirect("setting", value.key)


@may("settings.approve", methods=("POST",), step_up=True)
def setting_approve(request: ActorRequest, name: str) -> HttpResponse:
    """Approve a clinical or legal value that somebody else set."""
    value = _value(name)
    try:
        row = Setting.objects.filter(name=value.key, id=uuid.UUID(request.POST.get("setting", ""))).first()
    except ValueError:
        row = None
    if row is None:
        raise Http404
    try:
        setting_changes.approve(actor=request.actor, setting=row)
    except SettingProblem as problem:
        return _page(request, value, {}, dict(problem.problems))
    return redirect("setting", value.key)


def shown(value: Any) -> str:
    """A value as it is read on the page."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _unit(value: Value[Any]) -> str:
    return "" if isinstance(value.start, str | bool) else str(value.unit)


def _value(name: str) -> Value[Any]:
    found = declared().get(name)
    if found is None:
        raise Http404
    return found


def _page(request: ActorRequest, value: Value[Any], typed: dict[str, str], problems: dict[str, str]) -> HttpResponse:
    actor, now = request.actor, value.read()
    names = {s.id: s.name for s in Staff.objects.filter(organisation_id=actor.organisation)}
    needs_approval = value.safety in NEEDS_APPROVAL
    history = [
        {
            "row": row, "value": shown(row.value), "set_by": names.get(row.set_by, "Handrail"), "approved_by": names.get(row.approved_by, ""),
            "waits": needs_approval and row.approved_at is None,
            "may_approve": needs_approval and row.approved_at is None and row.set_by != actor.staff_id and actor.may("settings.approve", row.site_id),
        }
        for row in Setting.objects.filter(name=value.key).select_related("site").order_by("-valid_from", "-key")
    ]
    page = {
        "value": value, "now": shown(now.value), "unit": _unit(value), "from": now.version, "start": shown(value.start), "safety": SafetyClass(value.safety).label,
        "status": SourceStatus(now.source_status).label, "source": now.source, "needs_approval": needs_approval, "is_approved": now.is_approved,
        "allowed": setting_changes.allowed(value), "history": history, "typed": typed or {"valid_from": clock.now().date().isoformat()},
        "problems": problems, "general": problems.get("", ""), "may_change": actor.may("settings.change"),
        "everywhere": actor.sites("settings.change") is None,
        "sites": list(Site.objects.filter(actor.filter("settings.change", "key"), is_active=True)) if value.per_site else [],
        "today": date_format(clock.now(), "Y-m-d"),
    }
    return render(request, "console/setting.html", {"page": page}, status=422 if problems else 200)
