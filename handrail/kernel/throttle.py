"""Slows down guessing without locking anybody out: failures are counted by who tries from where, and soon forgotten.

The table holds keyed digests (`kernel.web.throttle_key`), so it names nobody. It is shared by all server processes.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import F

from handrail.kernel import clock
from handrail.kernel.models import Throttle

FREE_FAILURES = 5
WINDOW = timedelta(minutes=5)


def network_of(address: str) -> str:
    """Where an attempt comes from, as far as one subscriber has it: a whole /64 of IPv6, one address of IPv4."""
    try:
        found = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.IPv6Network((found, 64), strict=False))


def is_slowed(who: bytes, *, free: int = FREE_FAILURES) -> bool:
    """Whether so many tries failed within the window that the next is not even looked at."""
    found = Throttle.objects.filter(digest=who, window_ends_at__gt=clock.now()).first()
    return found is not None and found.failures >= free


def count_failure(who: bytes, *, window: timedelta = WINDOW) -> None:
    """One more failure; the window starts anew."""
    now = clock.now()
    Throttle.objects.filter(window_ends_at__lte=now).delete()
    row, created = Throttle.objects.get_or_create(digest=who, defaults={"failures": 1, "window_ends_at": now + window})
    if not created:
        Throttle.objects.filter(digest=row.digest).update(failures=F("failures") + 1, window_ends_at=now + window)


def forget(who: bytes) -> None:
    """It worked: the failures before do not count."""
    Throttle.objects.filter(digest=who).delete()


def used(what: bytes) -> int:
    """How much of something that is counted within a window was used."""
    found = Throttle.objects.filter(digest=what, window_ends_at__gt=clock.now()).first()
    return found.failures if found is not None else 0


def use(what: bytes, amount: int, *, until: datetime) -> int:
    """Count something within a window; how much is used now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO kernel_throttle AS t (digest, failures, window_ends_at) VALUES (%s, %s, %s)"
            " ON CONFLICT (digest) DO UPDATE SET failures = t.failures + EXCLUDED.failures RETURNING failures",
            [what, amount, until],
        )
        return int(cursor.fetchone()[0])


def first_use(what: bytes, *, lasting: timedelta) -> bool:
    """Whether something that may be used once is used for the first time; two at the same moment: one wins."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO kernel_throttle (digest, failures, window_ends_at) VALUES (%s, 1, %s) ON CONFLICT DO NOTHING",
            [what, clock.now() + lasting],
        )
        return bool(cursor.rowcount)
