"""Values a programme sets for itself: a new row from a day on, approved by somebody else where the value is clinical or legal.

Nothing is rewritten: an earlier row stays, and what was decided under it keeps its version (`domain/people.md` 9).
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from handrail.facts import hints
from handrail.facts.models import Setting, Site, SourceStatus
from handrail.facts.queries import today
from handrail.facts.record import lock_organisation
from handrail.facts.values import NEEDS_APPROVAL, TOLERANT_REVIEW, Value, declared
from handrail.kernel import audit, clock, commands
from handrail.kernel.access import Actor, Denied, Refused


class SettingProblem(Refused):
    """A value that cannot be set; `problems` holds (field, sentence) pairs."""

    def __init__(self, *problems: tuple[str, str]) -> None:
        super().__init__(problems[0][1])
        self.problems = problems


def read_typed(value: Value[Any], typed: str) -> Any:
    """What was typed, as the value checks it; raises ValueError with a sentence. Several codes stand with commas between them."""
    raw: Any = typed.strip()
    of_codes = isinstance(value.start, list | tuple) and all(isinstance(one, str) for one in value.start)
    if of_codes and not raw.startswith("["):
        raw = [code for one in raw.split(",") if (code := one.strip())]
    elif isinstance(value.start, list | dict | tuple):
        try:
            raw = json.loads(raw)
        except ValueError:
            raise ValueError(_("Write it like %s.") % json.dumps(value.start, ensure_ascii=False, default=str)) from None
    try:
        checked = value.check(raw)
    except (ValueError, ArithmeticError, TypeError, KeyError) as error:
        raise ValueError(_("This cannot be used. Allowed: %s.") % allowed(value)) from error
    return json.loads(json.dumps(checked, default=str))


def allowed(value: Value[Any]) -> str:
    """What a value may be, in the words of its own check; empty when the check does not say."""
    for impossible in ("\0", "-999999999"):
        try:
            value.check(impossible)
        except ValueError as error:
            if "invalid literal" not in str(error) and "could not convert" not in str(error):
                return str(error)
        except (ArithmeticError, TypeError, KeyError, AttributeError):
            continue
    return str(value.unit)


def set_value(*, actor: Actor, value: Value[Any], typed: str, site: Site | None, valid_from: date, source: str) -> Setting:
    """Set a value from a day on, at one site or everywhere. One that needs approval waits for it."""
    actor.require("settings.change", site.key if site else None)
    if site is None and actor.sites("settings.change") is not None:
        raise Denied("settings.change")
    problems: list[tuple[str, str]] = []
    checked: Any = None
    try:
        checked = read_typed(value, typed)
    except ValueError as error:
        problems.append(("value", str(error)))
    if site is not None and not value.per_site:
        problems.append(("site", _("This value is the same everywhere.")))
    if valid_from < (site.today if site else today()):
        problems.append(("valid_from", _("From today on, or later: what was decided before stays as it was.")))
    if not source.strip():
        problems.append(("source", _("Say where it comes from: a guideline, a law, a decision of yours with its date.")))
    problems += commands.too_long(Setting(source=source.strip()))
    if problems:
        raise SettingProblem(*problems)
    lock_organisation()
    row: Setting = Setting.objects.create(
        organisation_id=actor.organisation, name=value.key, value=checked, site=site, valid_from=valid_from, source=source.strip(),
        source_status=SourceStatus.LOCAL_POLICY, set_by=actor.staff_id,
    )
    audit.write(
        "setting.set", actor=actor, object_kind="setting", object_id=row.id,
        detail={"name": value.key, "value": checked, "site": str(site.id) if site else "all", "valid_from": str(valid_from)},
    )
    if value.key == TOLERANT_REVIEW.key:
        hints.forget_unwanted(actor=actor)
    return row


def approve(*, actor: Actor, setting: Setting) -> None:
    """Approve a clinical or legal value. Not by who set it: four eyes (`domain/people.md` 8)."""
    actor.require("settings.approve", setting.site_id)
    lock_organisation()
    setting.refresh_from_db()
    if setting.approved_at is not None:
        return
    if setting.set_by == actor.staff_id:
        raise SettingProblem(("", _("You set this value, so somebody else has to approve it.")))
    value = declared().get(setting.name)
    if value is None or value.safety not in NEEDS_APPROVAL:
        raise SettingProblem(("", _("This value needs no approval.")))
    setting.approved_by, setting.approved_at = actor.staff_id, clock.now()
    setting.save(update_fields=["approved_by", "approved_at"])
    audit.write("setting.approved", actor=actor, object_kind="setting", object_id=setting.id, detail={"name": setting.name})
