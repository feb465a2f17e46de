"""Every format of every report: built, valid, read back, and the same number to the digit in all of them."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import uuid

import pytest

from handrail.gates.release_formats import FORMATS, CannotExport, Where, make, place_names
from handrail.gates.tests.frozen import at_random, made_up, mapping_for
from handrail.insight.arithmetic import Status
from handrail.insight.releases import Frozen
from handrail.insight.report_spec import REPORTS

BOTH = pytest.mark.parametrize(("format", "report"), [(f.key, r.key) for f in FORMATS for r in REPORTS])
TOLD_APART = {report.key: dataclasses.replace(report, breakdowns=("gender", "age_2", "provider_type")) for report in REPORTS}
"""Every report with breakdowns, whether or not it asks for them today."""
for _key, _report in TOLD_APART.items():
    _report.bind_key(_key)


def shown(frozen: Frozen) -> dict[Where, str]:
    """What a reader of the release may see of it: the one answer all formats must give."""
    names = place_names(frozen)
    return {(v.indicator.key, names[v.site], v.cell): v.plain for v in frozen if not v.is_hidden and v.status is Status.OK}


def made(frozen: Frozen, format: str):
    mapping = mapping_for(frozen) if FORMATS[format].needs_mapping else None
    return make(frozen, format, mapping), mapping


@BOTH
def test_every_format_of_every_report_is_valid_and_says_what_was_released_to_the_digit(format, report):
    frozen = made_up(TOLD_APART[report], at_random(len(report)))
    found, mapping = made(frozen, format)
    assert FORMATS[format].validate(found.content, mapping) == []
    assert FORMATS[format].read_back(found.content, mapping) == shown(frozen)


@pytest.mark.parametrize("format", [f.key for f in FORMATS])
def test_the_same_release_gives_the_same_bytes_and_our_own_ids_do_not_leave(format):
    frozen = made_up(TOLD_APART["everybody"], at_random(5))
    first, second = (made(one, format)[0] for one in (frozen, made_up(TOLD_APART["everybody"], at_random(5))))
    assert (first.content, first.sha256, first.filename) == (second.content, second.sha256, second.filename)
    content = first.content.decode(errors="replace")
    assert [str(value.site) for value in frozen if value.site and str(value.site) in content] == []
    assert str(frozen.release.id) not in content


def test_two_places_of_one_name_are_told_apart():
    places = {uuid.UUID(int=2**100 + number): name for number, name in enumerate(("Van", "Van", "Clinic"))}
    frozen = made_up("everybody", lambda _key, site, _cell: (site.int % 7 + 20 if site else 99, False), places=places)
    assert sorted(place_names(frozen).values()) == ["", "Clinic", "Van", "Van (2)"]
    for format in FORMATS:
        found, mapping = made(frozen, format.key)
        assert format.read_back(found.content, mapping) == shown(frozen)


@pytest.mark.slow
def test_making_files_needs_none_of_the_heavy_libraries():
    code = (
        "import django; django.setup(); import handrail.gates.exports, handrail.gates.dhis2_send, sys; from handrail.gates.release_formats import FORMATS; list(FORMATS);"
        "print([m for m in ('pyarrow', 'ibis', 'duckdb', 'pandas', 'numpy', 'highspy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_release_that_was_changed_is_not_written():
    frozen = made_up("everybody", at_random(1))
    object.__setattr__(frozen, "values", frozen.values[1:])
    with pytest.raises(CannotExport, match="digest does not fit"):
        make(frozen, "csv")


def test_a_format_that_does_not_exist_is_answered_with_those_there_are():
    with pytest.raises(CannotExport, match=r"There are: .*csv"):
        make(made_up("everybody", at_random(1)), "fax")


def test_csv_says_suppressed_and_never_nothing_and_runs_nothing():
    frozen = made_up("everybody", lambda *_where: (7, True))
    lines = make(frozen, "csv").content.decode("utf-8-sig").splitlines()
    assert len(lines) == len(frozen.values) + 1
    assert all('"suppressed","suppressed"' in line for line in lines[1:])
    assert any("\"'=HYPERLINK(" in line for line in lines)


@pytest.mark.parametrize("wrong", ['"suppressed","0"', '"suppressed",""', '"suppressed","<11"', '"ok","<11"', '"ok",""', '"masked","masked"'])
def test_a_csv_with_a_hidden_number_written_as_something_else_is_not_valid(wrong):
    content = make(made_up("everybody", lambda *_where: (7, True)), "csv").content
    assert FORMATS["csv"].validate(content, None) == []
    assert FORMATS["csv"].validate(content.replace(b'"suppressed","suppressed"', wrong.encode(), 1), None)
