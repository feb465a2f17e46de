"""Looks at many people: against the account's own usual and that of colleagues."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.facts.unusual.week import Line, Rule, Week, people_per_account

LEAST = 20
"""Fewer different people in a week are a quiet week of anybody."""


def find(week: Week) -> list[Line]:
    """Accounts that looked at far more people than usual."""
    return week.unusual(people_per_account, LEAST)


RULE = Rule(
    _("Looked at many people"), _("More different people than this account and its colleagues usually look at. Perhaps there was much to do; ask."), find
)
