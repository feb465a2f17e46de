"""The first organisation of a real programme: one place, the usual catalogue, one account that may do everyday work."""

from __future__ import annotations

import secrets
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction

from handrail.facts import organisations, setting_changes
from handrail.facts.labels import FIRST, SECOND
from handrail.facts.models import SiteKind, Staff
from handrail.facts.queries import today
from handrail.facts.values import SECOND_FACTOR
from handrail.kernel import scope
from handrail.ledgers.stock import usual

ROLES = ("coordinator", "storekeeper", "outreach", "auditor", "administrator")


def create(*, organisation: str, country: str, place: str, kind: str, time_zone: str, username: str) -> str:
    """Create them in one transaction and return the new password; ValueError says what cannot be used."""
    if kind not in SiteKind.values:
        raise ValueError(f"“{kind}” is not a kind of place; choose one of {', '.join(SiteKind.values)}.")
    if len(country) != 2 or not country.isalpha():
        raise ValueError("The country is two letters, such as KE.")
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"“{time_zone}” is not a time zone; write it like Africa/Nairobi.") from None
    if Staff.objects.filter(username=username).exists():
        raise ValueError(f"Somebody already signs in as “{username}”; choose another name.")
    password = " ".join(secrets.choice(words) for words in (FIRST, SECOND, FIRST, SECOND, FIRST, SECOND))
    with transaction.atomic():
        made = organisations.create(name=organisation, country=country.upper())
        actor = organisations.system_actor(made)
        with scope.enter([made.key]):
            organisations.create_site(actor=actor, name=place, kind=kind, time_zone=time_zone)
            usual.fill(actor=actor)
            organisations.create_staff(
                actor=actor, username=username, name=username, password=password, grants=[(role, None) for role in ROLES]
            )
            # A real programme asks whoever may do something sensitive for a second factor from its first day.
            setting_changes.set_value(
                actor=actor, value=SECOND_FACTOR, typed="sensitive", site=None, valid_from=today(), source="set when the programme was created"
            )
    return password
