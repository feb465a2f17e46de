"""Charts say everything in words, and nothing that a page would have to trust."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from django.utils import translation

from handrail.kernel.charts import WIDTH, Bar, Target, bar_chart, column_chart

BARS = [Bar("KP-4", 301.4, "301"), Bar("<script>alert(1)</script>", 37, "37"), Bar("Area", None, "no data")]
TARGET = Target(200, "target 200")


@pytest.mark.parametrize("draw", [bar_chart, column_chart])
def test_a_chart_is_well_formed_and_says_its_numbers_in_words(draw):
    root = ElementTree.fromstring(draw("Syringes & more", BARS, target=TARGET))  # noqa: S314  our own text
    assert root.get("role") == "img"
    assert root.get("aria-label") == "Syringes & more. KP-4: 301; <script>alert(1)</script>: 37; Area: no data; target 200."
    shown = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"KP-4", "301", "Area", "no data", "target 200"} <= set(shown)
    assert len(list(root.iter("{http://www.w3.org/2000/svg}rect"))) == 2, "what has no number has no bar"


@pytest.mark.parametrize("draw", [bar_chart, column_chart])
def test_a_chart_has_no_inline_style_and_escapes_every_text(draw):
    drawn = draw("<b>", BARS, target=TARGET)
    assert not re.search(r"style|<script|<b>|on\w+=", drawn)


@pytest.mark.parametrize("draw", [bar_chart, column_chart])
def test_a_chart_stays_inside_its_box_and_is_mirrored_in_languages_written_from_the_right(draw):
    left = draw("t", BARS, target=TARGET)
    with translation.override("ar"):
        right = draw("t", BARS, target=TARGET)
    for drawn in (left, right):
        for rect in re.finditer(r'<rect class="chart-bar" x="([\d.-]+)" y="[\d.-]+" width="([\d.-]+)"', drawn):
            assert 0 <= float(rect[1]) <= float(rect[1]) + float(rect[2]) <= WIDTH
    first = float(re.search(r'<rect class="chart-bar" x="([\d.]+)"', left)[1])
    mirrored = re.search(r'<rect class="chart-bar" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', right)
    assert float(mirrored[1]) + float(mirrored[2]) == pytest.approx(WIDTH - first, abs=0.11)
    assert 'direction="rtl"' in right


@pytest.mark.parametrize("draw", [bar_chart, column_chart])
def test_numbers_in_the_drawing_do_not_follow_the_language(draw):
    with translation.override("de"):
        assert not re.search(r'[xy]="\d+,\d', draw("t", BARS))


@pytest.mark.parametrize("draw", [bar_chart, column_chart])
def test_nothing_to_draw_is_drawn_without_dividing_by_it(draw):
    assert "<svg" in draw("t", [])
    assert "<svg" in draw("t", [Bar("a", 0, "0"), Bar("b", None, "no data")])
