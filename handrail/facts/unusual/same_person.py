"""One person whom many accounts looked at: curiosity about somebody known, or a hard week of theirs."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from handrail.facts.unusual.week import Line, Rule, Week

LEAST = 4
"""Accounts that did not serve the person: the three of a shift may well ask one another."""


def find(week: Week) -> list[Line]:
    """People at whom several accounts looked that never recorded anything with them. Neither person nor accounts are named."""
    by: dict[UUID, set[UUID]] = defaultdict(set)
    for look in week.looks:
        if look.person is not None and (look.staff, look.person) not in week.served:
            by[look.person].add(look.staff)
    return sorted((Line(None, len(accounts), 0) for accounts in by.values() if len(accounts) >= LEAST), key=lambda line: -line.number)


RULE = Rule(
    _("One person, looked at by many"),
    _("So many accounts looked at one person without ever recording anything with them. Remind everybody what looking is for."), find,
)
