"""Paper: a page of ours as a PDF that a screen reader can read, with our own style and the fonts of this machine.

WeasyPrint needs the library Pango. A machine without it gets a sentence and no traceback, and everything else works.
"""

from __future__ import annotations

import importlib
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import ModuleType

from django.utils.translation import gettext as _

from handrail.gates.release_formats import CannotExport

NEEDS = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
"""What Debian calls the libraries."""
_STREAM = re.compile(rb"\bstream\r?\n(.*?)\r?\nendstream", re.DOTALL)


@dataclass(frozen=True)
class Attached:
    """A file inside the PDF. `at` is when it was made: the time of the release, so that the bytes stay the same."""

    filename: str
    content: bytes
    description: str
    at: datetime


def to_pdf(html: str, style: str, *, name: str, attached: Sequence[Attached] = ()) -> bytes:
    """The PDF, tagged (PDF/UA-1). The same page gives the same bytes: `name` stands where a random number would."""
    weasyprint = _weasyprint()
    files = [
        weasyprint.Attachment(string=one.content, name=one.filename, description=one.description, created=one.at, modified=one.at, relationship="Data")
        for one in attached
    ]
    nowhere = weasyprint.URLFetcher(allowed_protocols=(), fail_on_errors=True)  # no picture, font or style from any address
    try:
        page, sheet = weasyprint.HTML(string=html, url_fetcher=nowhere), weasyprint.CSS(string=style, url_fetcher=nowhere)
        return bytes(page.write_pdf(stylesheets=[sheet], pdf_variant="pdf/ua-1", pdf_identifier=name.encode(), attachments=files))
    except weasyprint.urls.FatalURLFetchingError as error:  # no Exception of Python's: it would end the worker
        raise CannotExport(_("The page names an address, and nothing is fetched for a PDF. It is not made.")) from error


def is_pdf(content: bytes) -> bool:
    """Whether it begins and ends as a PDF does."""
    return content.startswith(b"%PDF-") and content.rstrip().endswith(b"%%EOF")


def streams(content: bytes) -> Iterator[bytes]:
    """What a PDF holds, unpacked."""
    for found in _STREAM.finditer(content):
        try:
            yield zlib.decompressobj().decompress(found[1])  # its last byte may look like the end of a line
        except zlib.error:
            yield found[1]  # not packed


def is_tagged(content: bytes) -> bool:
    """Whether it says that it is for screen readers, and has the tags."""
    parts = [content, *streams(content)]
    return any(b"/StructTreeRoot" in part for part in parts) and any(b"pdfuaid" in part for part in parts)


def _weasyprint(load: Callable[[str], ModuleType] = importlib.import_module) -> ModuleType:
    """Loaded when the first PDF is asked for: it takes a second, and needs a library that a machine may not have."""
    try:
        return load("weasyprint")
    except (OSError, ImportError):
        raise CannotExport(
            _("This machine cannot make a PDF: the library Pango is missing. Whoever looks after it can install %(packages)s. All other files work.")
            % {"packages": NEEDS}
        ) from None
