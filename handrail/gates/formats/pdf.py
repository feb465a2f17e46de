"""PDF: a release for reading and printing, tagged for screen readers (PDF/UA), with its numbers attached as CSV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handrail.gates import paper
from handrail.gates.formats import csv
from handrail.gates.formats._pdf_style import PAPER
from handrail.gates.release_formats import Format, Where, filename_of
from handrail.insight.sheet import Sheet, sheets

if TYPE_CHECKING:
    from handrail.gates.receivers import Mapping
    from handrail.insight.frozen import Frozen


@dataclass(frozen=True)
class PdfPage:
    """What the paper shows: the frozen release and nothing else."""

    frozen: Frozen
    sheets: list[Sheet]
    created: str
    hidden: bool


def build(frozen: Frozen, _mapping: Mapping | None = None) -> bytes:
    """The release as PDF, in the language of the moment."""
    released_at = frozen.release.released_at
    page = PdfPage(frozen, sheets(frozen), released_at.strftime("%Y-%m-%dT%H:%M:%SZ"), any(value.is_hidden for value in frozen))
    html = render_to_string("insight/release_pdf.html", {"page": page})
    name = filename_of(frozen, csv.FORMAT)
    numbers = paper.Attached(name, csv.build(frozen), _("The numbers of this release"), released_at)
    return paper.to_pdf(html, PAPER, name=f"{name} {frozen.release.digest}", attached=[numbers])


def validate(content: bytes, _mapping: Mapping | None = None) -> list[str]:
    """Whether it is a whole, tagged PDF with its numbers attached. That each stands on its pages too is a test's to prove."""
    if not paper.is_pdf(content):
        return [_("This is not a PDF file.")]
    attached = _numbers(content)
    problems = [] if paper.is_tagged(content) else [_("The PDF is not tagged: a screen reader cannot read it.")]
    return [*problems, *(csv.validate(attached) if attached else [_("The numbers are not attached.")])]


def read_back(content: bytes, _mapping: Mapping | None = None) -> dict[Where, str]:
    """The shown numbers, from the file that is attached."""
    return csv.read_back(_numbers(content))


def _numbers(content: bytes) -> bytes:
    """The attached CSV; empty if there is none."""
    head = csv.MARK.encode() + b'"' + csv.HEAD[0].encode()
    return next((part for part in paper.streams(content) if part.startswith(head)), b"")


FORMAT = Format(gettext_lazy("PDF (for reading and printing)"), "application/pdf", "pdf", build, validate, read_back, has_words=True)
