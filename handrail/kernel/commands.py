"""Changes to ordinary rows (sites, items, staff): each one writes an audit line with what changed."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import TypeVar

from django.db import models

from handrail.kernel import audit
from handrail.kernel.access import Actor

M = TypeVar("M", bound=models.Model)


def _plain(value: object) -> object:
    if isinstance(value, models.Model):
        return str(getattr(value, "id", value.pk))
    if isinstance(value, datetime | date | uuid.UUID):
        return str(value)
    return value


def add(instance: M, *, actor: Actor) -> M:
    """Save a new row and audit it."""
    instance.save(force_insert=True)
    audit.write(
        f"{instance._meta.label_lower}.added", actor=actor, object_kind=instance._meta.label_lower,
        object_id=getattr(instance, "id", instance.pk),
    )
    return instance


def change(instance: M, *, actor: Actor, **values: object) -> M:
    """Set fields of a row; the audit keeps before and after."""
    before = {name: _plain(getattr(instance, name)) for name in values}
    for name, value in values.items():
        setattr(instance, name, value)
    instance.save(update_fields=list(values))
    audit.write(
        f"{instance._meta.label_lower}.changed", actor=actor, object_kind=instance._meta.label_lower,
        object_id=getattr(instance, "id", instance.pk),
        detail={"before": before, "after": {name: _plain(value) for name, value in values.items()}},
    )
    return instance
