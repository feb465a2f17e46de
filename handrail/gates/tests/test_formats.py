"""Every format of every report: built, valid, read back, and the same number to the digit in all of them."""

from __future__ import annotations

import dataclasses

import pytest

from handrail.gates.release_formats import FORMATS, CannotExport, Where, make, place_names
from handrail.gates.tests.frozen import at_random, made_up
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


def mapping_for(_frozen: Frozen):
    """A mapping that knows everything of a release."""
    return


def made(frozen: Frozen, format: str):
    mapping = mapping_for(frozen) if FORMATS[format].needs_mapping else None
    return make(frozen, format, mapping), mapping


@BOTH
def test_every_format_of_every_report_is_valid_and_says_what_was_released_to_the_digit(format, report):
    frozen = made_up(TOLD_APART[report], at_random(len(report)))
    found, mapping = made(frozen, format)
    assert FORMATS[format].validate(found.content, mapping) == []
    assert FORMATS[format].read_back(found.content, mapping) == shown(frozen)


@BOTH
def test_the_same_release_gives_the_same_bytes(format, report):
    first, second = (made(made_up(TOLD_APART[report], at_random(5)), format)[0] for _time in range(2))
    assert (first.content, first.sha256, first.filename) == (second.content, second.sha256, second.filename)


@BOTH
def test_our_own_ids_do_not_leave(format, report):
    frozen = made_up(TOLD_APART[report], at_random(3))
    content = made(frozen, format)[0].content.decode(errors="replace")
    assert [str(value.site) for value in frozen if value.site and str(value.site) in content] == []
    assert str(frozen.release.id) not in content


def test_a_release_that_was_changed_is_not_written():
    frozen = made_up("everybody", at_random(1))
    object.__setattr__(frozen, "values", frozen.values[1:])
    with pytest.raises(CannotExport, match="digest does not fit"):
        make(frozen, "csv")


def test_a_format_that_does_not_exist_is_answered_with_those_there_are():
    with pytest.raises(CannotExport, match="There are: .*csv"):
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
