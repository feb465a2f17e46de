"""Looks at people at night, by accounts that do not work at night."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from handrail.facts.unusual.week import Line, Look, Rule, Week, per_account

LEAST = 5


def _at_night(looks: Iterable[Look]) -> Counter[UUID]:
    return per_account(look for look in looks if look.at_night and look.person is not None)


def find(week: Week) -> list[Line]:
    """Accounts that looked at people between ten in the evening and six in the morning far more often than usual."""
    return week.unusual(_at_night, LEAST)


RULE = Rule(_("Looked at night"), _("Between ten in the evening and six in the morning, and not as usual. Who had the account then?"), find)
