"""The ways a release leaves the house: one file for each format, and the one function that makes a file.

`FORMAT` in `formats/<name>.py` is the format `<name>`. A file is made of a frozen release and of nothing else, checked
before it leaves, and the same again as often as it is made. A hidden number is the word for it in files for people, and
left out of files for machines: never 0, never empty, never “<11” (`domain/interop.md` 1).
"""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from django.utils import translation
from django.utils.functional import Promise
from django.utils.text import slugify
from django.utils.translation import gettext as _

from handrail.insight.arithmetic import Status
from handrail.kernel.access import Refused
from handrail.kernel.registry import Registry

if TYPE_CHECKING:  # what reads a release also knows how to make one, and the web process does without that
    from handrail.gates.receivers import Mapping
    from handrail.insight.releases import Frozen

Where = tuple[str, str, str]
"""Where a number stands, for readers outside: its indicator's key, the name of its place (empty: everywhere), its cell."""


class CannotExport(Refused):
    """No file was made; `sentences` say why."""

    def __init__(self, *sentences: str) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences
        self.problems = tuple(("", sentence) for sentence in sentences)


@dataclass(frozen=True)
class Format:
    """How a release is written, checked and read back.

    `validate` gives sentences, none if the file is valid. `read_back` gives the shown numbers and no others, as they
    are written in the release.
    """

    title: str | Promise
    media_type: str
    suffix: str
    build: Callable[[Frozen, Mapping | None], bytes]
    validate: Callable[[bytes, Mapping | None], list[str]]
    read_back: Callable[[bytes, Mapping | None], dict[Where, str]]
    needs_mapping: bool = False
    """Whether it can only be written with a file that says what the receiver calls everything."""
    apart: Literal["combo", "attributes"] = "combo"
    """With a mapping: whether cells are told apart by one id for each, or by attributes."""
    has_words: bool = False
    """Whether people read it: it is written in their language. All others are the same in every language."""
    is_compared: bool = False
    """Whether each file is read back before it leaves and compared with the release."""
    version: int = 1
    """Raised when the same release would give other bytes."""
    key: str = field(default="", init=False)

    def bind_key(self, key: str) -> None:
        """Called by the registry with the key made from the file's name."""
        object.__setattr__(self, "key", key)


FORMATS: Registry[Format] = Registry("FORMAT", Format, lambda: [("", "handrail.gates.formats")])
"""Every format."""


@dataclass(frozen=True)
class Made:
    """A file that may leave the house."""

    content: bytes
    filename: str
    media_type: str
    sha256: str
    format: Format
    language: str


def chosen(key: str) -> Format:
    """The format of this key; another key is refused with those there are."""
    found = FORMATS.get(key)
    if found is None:
        raise CannotExport(_("There is no format “%(key)s”. There are: %(keys)s.") % {"key": key, "keys": ", ".join(FORMATS.all())})
    return found


def make(frozen: Frozen, format: str, mapping: Mapping | None = None, *, language: str = "") -> Made:
    """Write a release in a format, by its key, and check the file. `language` is that of the moment if left out."""
    found = chosen(format)
    if found.needs_mapping and mapping is None:
        raise CannotExport(_("%(format)s needs a mapping: a file that says what the receiver calls each number and place.") % {"format": found.title})
    if not frozen.is_whole:
        raise CannotExport(_("Release %(name)s is not what was released: its digest does not fit. Nothing is made of it.") % {"name": frozen.name})
    spoken = (language or translation.get_language() or "en") if found.has_words else "en"
    with translation.override(spoken):
        content = found.build(frozen, mapping)
        problems = found.validate(content, mapping)
        if found.is_compared and not problems and found.read_back(content, mapping) != _expected(frozen, mapping if found.needs_mapping else None):
            problems = [_("It does not say what the release says.")]
    if problems:
        raise CannotExport(_("The file is not valid and stays here:"), *problems)
    return Made(content, filename_of(frozen, found), found.media_type, hashlib.sha256(content).hexdigest(), found, spoken)


def _expected(frozen: Frozen, mapping: Mapping | None) -> dict[Where, str]:
    """What a file must hold: every number that is shown and wanted, as it is written, and nothing else."""
    names = place_names(frozen)
    shown = {(v.indicator.key, names[v.site], v.cell): v.plain for v in frozen if not v.is_hidden and v.status is Status.OK}
    return {where: plain for where, plain in shown.items() if mapping is None or not mapping.is_ignored(*where)}


def filename_of(frozen: Frozen, found: Format) -> str:
    """Such as `everybody-2026Q3-R7.csv`."""
    return f"{slugify(frozen.report.key)}-{frozen.period}-R{frozen.release.number}.{found.suffix}"


def place_names(frozen: Frozen) -> dict[uuid.UUID | None, str]:
    """A name for each place of a release, no two alike: two of one name are told apart by a number. None is the whole."""
    found = sorted({(value.site_name, value.site) for value in frozen if value.site is not None}, key=str)
    seen: Counter[str] = Counter()
    names: dict[uuid.UUID | None, str] = {None: ""}
    for name, site in found:
        seen[name] += 1
        names[site] = name if seen[name] == 1 else f"{name} ({seen[name]})"
    return names
