"""Mapping files: what is missing is named, what cannot work is said, and the one that comes with Handrail fits its metadata."""

from __future__ import annotations

import json
import re

import jsonschema
import pytest

from handrail.gates import dhis2, periods
from handrail.gates.lines import lay_out, signed
from handrail.gates.receivers import SHIPPED, Dimension, Fhir, Ignored, Mapping, Row, load, parse, shipped
from handrail.gates.release_formats import FORMATS, CannotExport, make
from handrail.gates.spreadsheet.mapping import NotAMapping
from handrail.gates.tests.frozen import at_random, frozen_of, made_up, mapping_for, mapping_text, one_value
from handrail.insight.periods import Period
from handrail.insight.report_spec import REPORTS
from handrail.insight.spec import INDICATORS
from handrail.kernel.config import REPOSITORY

SMALL = """
name = "small"
organisation = "ALL"
[[value]]
indicator = "needles_given"
data_element = "NS_OUT"
"""
MAPPED = [f.key for f in FORMATS if f.needs_mapping]


def frozen(*values, period="2026Q1"):
    """Whole-organisation values: (indicator, cell, number)."""
    when = Period.parse(period)
    return frozen_of(REPORTS["everybody"], when, [one_value(INDICATORS[key], when, worth, cell=cell) for key, cell, worth in values])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('name = "x"\n[[value]', "not TOML"),
        (SMALL.replace("needles_given", "kits"), "no number “kits”"),
        (SMALL.replace("needles_given", "prv_8a"), "variant “a”, level “service”"),
        (SMALL + 'by = "shoe_size"', "no breakdown “shoe_size”"),
        (SMALL + '[[value]]\nindicator = "needles_given"\ndata_element = "NS"', "more than once"),
        (SMALL + '[ignore]\nindicators = ["needles_given"]', "both sent and ignored"),
        (SMALL + '[ignore]\nindicators = ["kits"]', "no number “kits”"),
        (SMALL + '[combos]\n"gender" = "X"', "is not a cell"),
        (SMALL + '[combos]\n"gender=woman" = "X"', "is not a cell"),
        (SMALL + '[combos]\n"gender=female;age_2=25_plus" = "X"', "order of their names"),
        (SMALL + '[dimensions.gender]\nattribute = "value"\ncodes = {}', "already means something else"),
        (SMALL + '[dimensions.gender]\nattribute = "two words"\ncodes = {}', "dimensions.gender.attribute"),
        (SMALL + '[dimensions.shoe]\nattribute = "shoe"\ncodes = {}', "no breakdown “shoe”"),
        (SMALL + '[periods]\nquarter = "Monthly"', "not a type of period"),
        (SMALL + '[sites]\n"Van 1" = "=1+1"', "cannot be an id"),
        (SMALL + '[sites]\n"Van 1" = "a\\u200bb"', "cannot be an id"),
        (SMALL + "sign = 2", "value.0.sign"),
        ('text = "x"\n' + SMALL, "“text” is not a key"),
        ("name = 5\nvalue = 7", "value"),
        ("name = 2026-01-01", "name"),
        (SMALL + 'colour = "red"', "value.0.colour"),
        (SMALL.replace('name = "small"', 'name = "small"\nreport = "nobody"'), "no report “nobody”"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused_with_a_sentence(lines, said):
    with pytest.raises(NotAMapping, match=re.escape(said)):
        parse(lines)


def test_a_file_that_is_not_there_or_not_text_is_said(tmp_path):
    with pytest.raises(NotAMapping, match="cannot be read"):
        load(str(tmp_path / "nothing.toml"))
    (tmp_path / "x.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(NotAMapping, match="not a text file"):
        load(str(tmp_path / "x.toml"))


@pytest.mark.parametrize("format", MAPPED)
@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([("needles_given", "", 40), ("returned", "", 30)], "says nothing of “returned”"),
        ([("needles_given", "", 40), ("needles_given", "gender=female", 30)], "says nothing of “needles_given, gender=female”"),
    ],
)
def test_an_unmapped_number_stops_the_export_and_is_named(format, values, said):
    mapping = parse(SMALL + '[fhir]\nmeasures = "urn:example:"')
    with pytest.raises(CannotExport, match=re.escape(said)):
        make(frozen(*values), format, mapping)
    assert make(frozen(values[0]), format, mapping).content


@pytest.mark.parametrize("format", MAPPED)
def test_a_place_or_a_cell_without_an_id_stops_it_too(format):
    found = made_up("everybody", at_random(1, hidden=1.0, without=0))
    text = mapping_text(found)
    with pytest.raises(CannotExport, match="no organisation unit for the place “Van 1”"):
        make(found, format, parse(text.replace('"Van 1" = ', '"Van 2" = ')))
    with pytest.raises(CannotExport, match="no organisation unit for the whole organisation"):
        make(found, format, parse(text.replace('organisation = "HR_ALL"', "")))
    by_gender = SMALL + '[[value]]\nindicator = "needles_given"\nby = "gender"\ndata_element = "NS_BY"\n[fhir]\nmeasures = "urn:example:"'
    with pytest.raises(CannotExport, match="for “needles_given, gender=female”"):
        make(frozen(("needles_given", "gender=female", 30)), format, parse(by_gender))


@pytest.mark.parametrize("format", MAPPED)
def test_what_the_receiver_does_not_want_is_ignored_on_purpose(format):
    mapping = parse(SMALL + '[ignore]\nindicators = ["returned"]\nby = ["area"]\ncells = ["gender=unknown"]\n[fhir]\nmeasures = "urn:example:"')
    found = frozen(("needles_given", "", 40), ("returned", "", 3), ("needles_given", "area=north", 20), ("needles_given", "gender=unknown", 2))
    content = make(found, format, mapping).content
    assert FORMATS[format].read_back(content, mapping) == {("needles_given", "", ""): "40"}


@pytest.mark.parametrize("format", MAPPED)
def test_two_numbers_for_one_place_at_the_receiver_are_refused(format):
    found = made_up("everybody", at_random(1))
    text = mapping_text(found)
    with pytest.raises(CannotExport, match=r"would be the same number|twice"):
        make(found, format, parse(text.replace("SITE-02", "SITE-01")))


def test_the_mapping_of_another_report_is_refused():
    with pytest.raises(CannotExport, match="is for the report “who”"):
        make(frozen(("needles_given", "", 40)), "dhis2", parse('report = "who"\n' + SMALL))


@pytest.mark.parametrize("format", MAPPED)
def test_a_sign_is_the_receivers_and_nothing_is_never_negative(format):
    mapping = parse(SMALL + 'sign = -1\n[fhir]\nmeasures = "urn:example:"')
    some, none = (make(frozen(("needles_given", "", worth)), format, mapping).content for worth in (40, 0))
    assert b"-40" in some
    assert FORMATS[format].read_back(none, mapping) == {("needles_given", "", ""): "0"}


@pytest.mark.parametrize(("plain", "sign", "written"), [("40", -1, "-40"), ("-3.5", -1, "3.5"), ("0", -1, "0"), ("0.0", -1, "0.0"), ("0.01", -1, "-0.01"), ("-3.5", 1, "-3.5")])
def test_a_sign_turns_every_number_but_nothing(plain, sign, written):
    assert signed(plain, sign) == written


# -- complete only when nothing is expected any more -------------------------------------------------------------------------


def complete(found, mapping):
    return json.loads(make(found, "dhis2", mapping).content).get("completeDate")


def test_a_data_set_is_complete_only_when_every_number_is_decided():
    mapping = parse(SMALL.replace("[[value]]", 'data_set = "SET"\n[[value]]', 1) + '[[value]]\nindicator = "returned"\ndata_element = "BACK"')
    assert complete(frozen(("needles_given", "", 40), ("returned", "", 0)), mapping) == "2026-04-05"
    assert complete(frozen(("needles_given", "", 40), ("returned", "", None)), mapping) is None
    hidden = frozen_of(REPORTS["everybody"], Period.parse("2026Q1"), [
        one_value(INDICATORS["needles_given"], Period.parse("2026Q1"), 40), one_value(INDICATORS["returned"], Period.parse("2026Q1"), None, True),
    ])
    assert complete(hidden, mapping) == "2026-04-05"
    assert complete(frozen(("needles_given", "", 40)), parse(SMALL)) is None


# -- periods -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("period", "theirs", "interval"),
    [
        ("2026-03", "202603", "2026-03-01/P1M"), ("2026-12", "202612", "2026-12-01/P1M"), ("2026Q1", "2026Q1", "2026-01-01/P3M"), ("2026Q4", "2026Q4", "2026-10-01/P3M"),
        ("2026H1", "2026S1", "2026-01-01/P6M"), ("2026H2", "2026S2", "2026-07-01/P6M"), ("2026", "2026", "2026-01-01/P1Y"),
        ("2026FY04", "2026April", "2026-04-01/P1Y"), ("2026FY07", "2026July", "2026-07-01/P1Y"), ("2026FY10", "2026Oct", "2026-10-01/P1Y"),
    ],
)
def test_periods_are_written_as_the_receiver_writes_them(period, theirs, interval):
    assert (periods.dhis2(Period.parse(period)), periods.adx(Period.parse(period))) == (theirs, interval)
    body = {"dataValues": [{"dataElement": "X", "categoryOptionCombo": "default", "period": theirs, "orgUnit": "U", "value": "1"}]}
    assert dhis2.problems_of(json.dumps(body).encode(), None) == []


def test_a_year_that_dhis2_does_not_have_is_refused():
    with pytest.raises(ValueError, match="no period that fits 2026FY05"):
        periods.dhis2(Period.parse("2026FY05"))
    with pytest.raises(CannotExport, match="no period that fits 2026"):
        make(frozen(("needles_given", "", 40), period="2026"), "dhis2", parse(SMALL + '[periods]\nyear = "FinancialJuly"'))


@pytest.mark.parametrize("wrong", ["2026-Q1", "2026-01-01/P3M", "2026H1", "2026-03", "2026Q5", "202613", "26Q1"])
def test_a_wrong_period_is_not_valid(wrong):
    content = make(frozen(("needles_given", "", 40)), "dhis2", parse(SMALL)).content
    assert dhis2.problems_of(content.replace(b"2026Q1", wrong.encode()), None)


# -- the schema ----------------------------------------------------------------------------------------------------------------

GOOD = {"dataSet": "S", "period": "2026Q1", "orgUnit": "U", "dataValues": [{"dataElement": "X", "categoryOptionCombo": "default", "value": "340"}]}
ONE = GOOD["dataValues"][0]


@pytest.mark.parametrize(
    "body",
    [
        {**GOOD, "dataValues": []}, {**GOOD, "dataValues": [{**ONE, "value": 340}]}, {**GOOD, "dataValues": [{**ONE, "value": "<11"}]}, {**GOOD, "dataValues": [{**ONE, "value": ""}]},
        {**GOOD, "dataValues": [{**ONE, "value": "1,5"}]}, {**GOOD, "dataValues": [{**ONE, "comment2": "x"}]}, {**GOOD, "completeDate": "soon"}, {**GOOD, "period": "2026-Q1"},
        {"dataSet": "S"},
    ],
)
def test_the_schema_of_data_value_sets_refuses_what_dhis2_would(body):
    schema = dhis2.DataValueSet.model_json_schema()
    jsonschema.validate(GOOD, schema)
    assert dhis2.problems_of(json.dumps(GOOD).encode(), None) == []
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(body, schema)
    assert dhis2.problems_of(json.dumps(body).encode(), None)


def test_a_key_that_is_there_twice_is_not_valid():
    assert "twice" in dhis2.problems_of(json.dumps({**GOOD, "dataValues": [ONE, {**ONE, "value": "3"}]}).encode(), None)[0]
    assert "completeDate" in dhis2.problems_of(json.dumps({"completeDate": "2026-04-05", "dataValues": [{**ONE, "period": "2026Q1", "orgUnit": "U"}]}).encode(), None)[0]
    assert dhis2.problems_of(json.dumps({"dataValues": [ONE]}).encode(), None)


# -- what comes with Handrail ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", shipped())
@pytest.mark.parametrize("format", MAPPED)
def test_a_mapping_that_comes_with_handrail_knows_every_number_of_its_report(name, format):
    mapping = load(name)
    found = made_up(mapping.report, at_random(2))
    assert lay_out(found, mapping, FORMATS[format].apart).problems == []
    assert make(found, format, mapping).content
    everything = made_up(mapping.report, at_random(2, hidden=0, without=0), everything=True)
    assert lay_out(everything, mapping, "combo").problems == []


def test_our_own_metadata_holds_every_id_of_its_mapping():
    mapping, metadata = load("own_dhis2"), json.loads((SHIPPED / "own_dhis2.metadata.json").read_text())
    codes = {kind: {one["code"] for one in found} for kind, found in metadata.items()}
    assert {row.data_element for row in mapping.value} == codes["dataElements"]
    assert set(mapping.combos.values()) == codes["categoryOptionCombos"]
    assert {mapping.data_set} == codes["dataSets"]
    ids = [one["id"] for found in metadata.values() for one in found]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9]{10}", one) for one in ids)


def test_a_mapping_reads_back_every_cell_it_can_write():
    mapping = mapping_for(made_up("who", at_random(1), everything=True))
    assert all(mapping.row(row.indicator, cell) == row for row in mapping.value for cell in mapping.cells(row))


# -- the page ------------------------------------------------------------------------------------------------------------------

PAGE = (REPOSITORY / "docs" / "how-to" / "send-a-report.md").read_text()


def test_the_page_names_every_key_of_a_mapping_and_every_format():
    fields = {name for part in (Mapping, Row, Dimension, Ignored, Fhir) for name in part.model_fields} - {"text", "value"}
    named = set(re.findall(r"`\[?\[?([a-z0-9_]+)", PAGE))
    assert fields - named == set()
    assert set(FORMATS.all()) - {"pdf"} <= named
    assert all(f"`{name}`" in PAGE for name in periods.PERIOD_TYPES)


def test_the_mapping_of_the_page_works():
    (text,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    found = made_up("everybody", lambda *_where: (40, False))
    assert json.loads(make(found, "dhis2", parse(text)).content)["dataValues"] == [{"dataElement": "NS_OUT", "categoryOptionCombo": "default", "value": "40"}]
