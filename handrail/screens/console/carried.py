"""A file that travels in the page itself between a dry run and the real one: packed, signed, and stored nowhere."""

from __future__ import annotations

import base64
import zlib

from django.core import signing
from django.utils.translation import gettext as _

from handrail.kernel.access import ActorRequest

MOST_PACKED = 800_000
_MINUTES = 60


class TooOld(ValueError):
    """It was not made here, for this person, within the hour; the message says what to do."""


def pack(request: ActorRequest, purpose: str, data: bytes, **said: str) -> str:
    """The file and what was said about it, as text for a hidden field of this person's page."""
    body = base64.b85encode(zlib.compress(data, 6)).decode()
    return signing.dumps({"data": body} | said, salt=_salt(request, purpose), compress=True)


def unpack(request: ActorRequest, purpose: str, packed: str) -> tuple[bytes, dict[str, str]]:
    """What the page carried: the file, and what was said about it."""
    try:
        held = signing.loads(packed, salt=_salt(request, purpose), max_age=_MINUTES * 60)
    except signing.BadSignature:
        raise TooOld(_("This page is too old. Choose the file again.")) from None
    return zlib.decompress(base64.b85decode(held.pop("data"))), held


def _salt(request: ActorRequest, purpose: str) -> str:
    return f"{purpose}-{request.actor.staff_id}"
