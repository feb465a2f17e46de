"""Settings: every value the rooms declare, where it comes from, who approved it. Changing one adds a row and rewrites none."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from handrail.facts import setting_changes
from handrail.facts.models import SafetyClass, Setting, Site, SourceStatus, Staff
from handrail.facts.queries import today
from handrail.facts.setting_changes import SettingProblem
from handrail.facts.spec import Text
from handrail.facts.values import NEEDS_APPROVAL, OneOf, Value, declared
from handrail.kernel.access import ActorRequest, may


@dataclass(frozen=True)
class SettingLine:
    """One value in the list, in words."""

    key: str
    title: str
    now: str
    status: str
    waits: bool


@may("settings.read")
def settings_page(request: ActorRequest) -> HttpResponse:
    """All values as they hold today."""
    groups: dict[str, list[SettingLine]] = {safety: [] for safety in SafetyClass.values}
    for value in declared().values():
        now = value.read()
        waits = value.safety in NEEDS_APPROVAL and not now.is_approved
        line = SettingLine(value.key, str(value.title), f"{shown(now.value, _words(value))} {_unit(value)}".strip(), str(SourceStatus(now.source_status).label), waits)
        groups[value.safety].append(line)
    shown_groups = [(SafetyClass(safety).label, sorted(lines, key=lambda line: line.title)) for safety, lines in groups.items() if lines]
    return render(request, "console/settings.html", {"groups": shown_groups})


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


def shown(value: Any, words: Mapping[str, Text]) -> str:
    """A value as it is read on the page: codes by their words."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, str):
        return str(words.get(value, value))
    if isinstance(value, dict):
        return ", ".join(f"{words.get(name, name)}: {shown(one, words)}" for name, one in value.items())
    return ", ".join(shown(one, words) for one in value) if isinstance(value, list | tuple) else str(value)


def _words(value: Value[Any]) -> Mapping[str, Text]:
    return value.check.words if isinstance(value.check, OneOf) else value.words


def _choices(value: Value[Any]) -> list[tuple[str, str]]:
    """What can be chosen, for a value that is one of a few words."""
    if isinstance(value.start, bool):
        return [("yes", _("yes")), ("no", _("no"))]
    return [(code, str(words)) for code, words in value.check.words.items()] if isinstance(value.check, OneOf) else []


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
            "row": row, "value": shown(row.value, _words(value)), "set_by": names.get(row.set_by, "Handrail"), "approved_by": names.get(row.approved_by, ""),
            "waits": needs_approval and row.approved_at is None,
            "may_approve": needs_approval and row.approved_at is None and row.set_by != actor.staff_id and actor.may("settings.approve", row.site_id),
        }
        for row in Setting.objects.filter(name=value.key).select_related("site").order_by("-valid_from", "-key")
    ]
    page = {
        "value": value, "now": shown(now.value, _words(value)), "unit": _unit(value), "from": now.version, "start": shown(value.start, _words(value)), "safety": SafetyClass(value.safety).label,
        "status": SourceStatus(now.source_status).label, "source": now.source, "needs_approval": needs_approval, "is_approved": now.is_approved,
        "allowed": setting_changes.allowed(value), "choices": _choices(value), "history": history, "typed": typed or {"valid_from": today().isoformat()},
        "problems": problems, "general": problems.get("", ""), "may_change": actor.may("settings.change"),
        "everywhere": actor.sites("settings.change") is None,
        "sites": list(Site.objects.filter(actor.filter("settings.change", "key"), is_active=True)) if value.per_site else [],
        "today": today().isoformat(),
    }
    return render(request, "console/setting.html", {"page": page}, status=422 if problems else 200)
