"""Paper: every shown number stands on it, no hidden one does, a screen reader can read it, and nothing is loaded from elsewhere."""

from __future__ import annotations

import io
import re

import pypdf
import pytest
from django.utils import translation

from handrail.gates import paper
from handrail.gates.formats import pdf
from handrail.gates.release_formats import CannotExport, make
from handrail.gates.tests.frozen import at_random, made_up
from handrail.insight.sheet import said

pytestmark = pytest.mark.slow


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def text_of(content: bytes) -> str:
    return squeezed("".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages))


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("report", ["everybody", "who"])
def test_every_number_stands_on_paper_beside_its_name_and_hidden_is_a_word(report, language):
    frozen = made_up(report, at_random(3))
    content = make(frozen, "pdf", language=language).content
    written = text_of(content)
    with translation.override(language):
        for value in frozen:
            beside = value.site_name or str(value.indicator.name)
            assert squeezed(said(value)) in written
            if value.site is not None:
                assert squeezed(beside + said(value)) in written, "the number stands beside the name of its place"
    assert pypdf.PdfReader(io.BytesIO(content)).trailer["/Root"]["/Lang"] == language


def test_a_number_that_is_hidden_stands_nowhere_in_the_file():
    frozen = made_up("everybody", lambda key, site, cell: (987654, site is not None))
    content = make(frozen, "pdf").content
    assert text_of(content).count("987,654") == sum(not value.is_hidden for value in frozen)
    hidden = [line for part in paper.streams(content) if part.startswith(b"\xef\xbb\xbf") for line in part.splitlines() if b"suppressed" in line]
    assert hidden
    assert not [line for line in hidden if b"987654" in line]


def test_the_paper_is_tagged_and_small_enough_for_both_sizes():
    content = make(made_up("everybody", at_random(3)), "pdf").content
    reader = pypdf.PdfReader(io.BytesIO(content))
    assert pdf.validate(content) == []
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert {(round(float(page.mediabox.width)), round(float(page.mediabox.height))) for page in reader.pages} == {(595, 842)}


def test_what_is_no_paper_of_ours_is_said():
    assert pdf.validate(b"hello") == ["This is not a PDF file."]
    assert pdf.validate(paper.to_pdf("<html lang=en><title>x</title><p>x", "", name="x")) == ["The numbers are not attached."]


def test_without_pango_there_is_a_sentence():
    def missing(_name: str):
        raise OSError("cannot load library 'pango-1.0-0'")

    with pytest.raises(CannotExport, match="Pango is missing"):
        paper._weasyprint(missing)


def test_a_page_that_names_an_address_is_not_made():
    for html in ('<img src="http://example.org/x.png">', '<link rel=stylesheet href="file:///etc/hostname">'):
        with pytest.raises(CannotExport, match="names an address"):
            paper.to_pdf(f"<html lang=en><title>x</title>{html}<p>x", "", name="x")
