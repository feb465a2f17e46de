"""The words of handles, locked: somebody may choose their own name, so the disk holds none of them in clear.

They are locked with a key of the ring for codes. To look one up all of an organisation are opened, in memory: a few
thousand take milliseconds, and nothing that could be searched lies on the disk.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from handrail.facts.models import Handle
from handrail.kernel import keyring

KEY = "handle"


def _context(organisation: int) -> str:
    return f"hr/handle/v1|{organisation}"


def locked(word: str, organisation: int) -> bytes:
    """A word as it is stored; raises `keyring.Locked`."""
    return keyring.lock(_context(organisation), word.encode(), name=KEY)


def opened(rows: Sequence[Handle]) -> list[tuple[Handle, str]]:
    """These rows with their words, in the same order; raises `keyring.Locked`."""
    found = keyring.unlock_many([(_context(row.organisation_id), bytes(row.locked)) for row in rows], name=KEY)
    return [(row, word.decode()) for row, word in zip(rows, found, strict=True)]


def shown(rows: Sequence[Handle]) -> list[str]:
    """Their words for a screen; none while the keys are locked, so that work goes on."""
    with suppress(keyring.Locked):
        return [word for _row, word in opened(rows)]
    return []
