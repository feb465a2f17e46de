"""Unlocking in tests: the officers' words, and both rings at once."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from handrail.kernel import keyholder
from handrail.kernel.keyring import CODES, VAULT

WORDS, OTHERS = "anchor basket candle drizzle ember", "falcon garden hammer island jungle"


def unlock(**how: Any) -> None:
    for ring in (CODES, VAULT):
        keyholder.unlock(settings.CONFIG.keys, ring, **how)


def on_disk() -> set[str]:
    return {path.name for path in settings.CONFIG.keys.iterdir()}
