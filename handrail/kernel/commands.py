"""Changes to ordinary rows (sites, items, staff): each one writes an audit line with what changed."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar

from django.db import models
from django.utils.translation import gettext as _

from handrail.kernel import audit
from handrail.kernel.access import Actor, Refused

M = TypeVar("M", bound=models.Model)


def _plain(value: object) -> object:
    if isinstance(value, models.Model):
        return str(getattr(value, "id", value.pk))
    if isinstance(value, datetime | date | uuid.UUID | Decimal):
        return str(value)
    return value


def too_long(instance: models.Model) -> list[tuple[str, str]]:
    """A sentence for each text of a row that is longer than its column, as (field, sentence) pairs."""
    found = []
    for column in instance._meta.concrete_fields:
        value, most = getattr(instance, column.attname), column.max_length
        if isinstance(column, models.CharField) and most is not None and isinstance(value, str) and len(value) > most:
            found.append((column.name, _("At most %(length)d characters.") % {"length": most}))
    return found


def _check(instance: models.Model) -> None:
    problems = too_long(instance)
    if problems:
        refused = Refused(problems[0][1])
        refused.problems = tuple(problems)
        raise refused


def add(instance: M, *, actor: Actor) -> M:
    """Save a new row and audit it. `Refused` when a text is longer than its column."""
    _check(instance)
    instance.save(force_insert=True)
    audit.write(
        f"{instance._meta.label_lower}.added", actor=actor, object_kind=instance._meta.label_lower,
        object_id=getattr(instance, "id", instance.pk),
    )
    return instance


def change(instance: M, *, actor: Actor, **values: object) -> M:
    """Set fields of a row; the audit keeps before and after. `Refused` when a text is longer than its column."""
    before = {name: _plain(getattr(instance, name)) for name in values}
    for name, value in values.items():
        setattr(instance, name, value)
    _check(instance)
    instance.save(update_fields=list(values))
    audit.write(
        f"{instance._meta.label_lower}.changed", actor=actor, object_kind=instance._meta.label_lower,
        object_id=getattr(instance, "id", instance.pk),
        detail={"before": before, "after": {name: _plain(value) for name, value in values.items()}},
    )
    return instance
