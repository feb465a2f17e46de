"""Files of releases, made once and kept: whoever asks again, or asks a thousand times, gets the same bytes at once."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable

from django.conf import settings

from handrail.gates.release_formats import FORMATS, Format, Made, filename_of, make
from handrail.insight.frozen import Frozen

OPEN_FORMATS = ("csv", "xlsx", "pdf")
"""What everybody is offered, in this order, as far as this installation has it."""


def open_formats() -> list[Format]:
    """The formats offered to everybody."""
    return [found for key in OPEN_FORMATS if (found := FORMATS.get(key)) is not None and not found.needs_mapping]


def kept(frozen: Frozen, format: Format, language: str) -> Made:
    """The file in a language. Its name holds the digest of the release and the version of the format, so it cannot be stale."""
    spoken = language if format.has_words else "en"
    name = f"{frozen.release.number}-{frozen.release.digest[:24]}-{format.version}-{spoken}-{filename_of(frozen, format)}"
    content = kept_bytes(str(frozen.release.organisation_id), name, lambda: make(frozen, format.key, language=spoken).content)
    return Made(content, filename_of(frozen, format), format.media_type, hashlib.sha256(content).hexdigest(), format, spoken)


def kept_bytes(organisation: str, name: str, make_it: Callable[[], bytes]) -> bytes:
    """What was made under this name, or what is made now. Several may make it at once: each writes the same."""
    folder = settings.CONFIG.var / "released" / organisation
    path = folder / name
    if path.exists():
        return path.read_bytes()
    content = make_it()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as written:
        written.write(content)
    os.replace(written.name, path)
    return content
