"""Looks that were refused, again and again: somebody tries doors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from handrail.facts.unusual.week import Line, Look, Rule, Week, per_account

LEAST = 10
"""A few come from old bookmarks and roles that changed."""


def _refused(looks: Iterable[Look]) -> Counter[UUID]:
    return per_account(look for look in looks if look.refused)


def find(week: Week) -> list[Line]:
    """Accounts that were refused far more often than usual."""
    return week.unusual(_refused, LEAST)


RULE = Rule(_("Was refused often"), _("Pages that this account may not open. A role may be missing; or somebody tries doors."), find)
