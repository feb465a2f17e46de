"""Looks at people with whom the account never recorded anything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from handrail.facts.unusual.week import Line, Look, Rule, Week

LEAST = 10
"""Some are found at the counter and served by a colleague."""


def find(week: Week) -> list[Line]:
    """Accounts that looked at far more people whom they never served than their colleagues did."""

    def strangers(looks: Iterable[Look]) -> Mapping[UUID, int]:
        seen: dict[UUID, set[UUID]] = defaultdict(set)
        for look in looks:
            if look.person is not None and (look.staff, look.person) not in week.served:
                seen[look.staff].add(look.person)
        return {staff: len(people) for staff, people in seen.items()}

    return Week(week.monday, week.looks, [], week.served).unusual(strangers, LEAST)


RULE = Rule(
    _("Looked at people they never served"), _("This account never recorded anything with them. Perhaps it stood in for a colleague; ask."), find
)
