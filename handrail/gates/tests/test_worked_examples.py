"""The worked examples of `domain/interop.md`, with their exact answers."""

from __future__ import annotations

import json
import re

import pytest
from lxml import etree

from handrail.gates.formats import adx, fhir
from handrail.gates.receivers import parse
from handrail.gates.release_formats import FORMATS, make
from handrail.gates.tests.frozen import frozen_of, one_value
from handrail.insight.periods import Period
from handrail.insight.report_spec import REPORTS
from handrail.insight.spec import INDICATORS

Q1 = Period.parse("2026Q1")
MAPPING = """
name = "example"
data_set = "HR_QUARTERLY"
organisation = "SITE-01"
[combos]
"provider_type=community_led" = "COMMUNITY"
"provider_type=public" = "PUBLIC"
[dimensions.provider_type]
attribute = "providerType"
codes = { community_led = "community_led", public = "public" }
[[value]]
indicator = "needles_given"
by = "provider_type"
data_element = "NS_OUT"
[[value]]
indicator = "needles_given"
data_element = "NS_OUT_ALL"
[[value]]
indicator = "returned"
data_element = "KITS_OUT"
[[value]]
indicator = "prv_8a"
variant = "a"
level = "service"
data_element = "PRV_8"
measure = "http://smart.who.int/hiv/Measure/HIVIND8"
[fhir]
measures = "urn:example:measure:"
"""
MESSAGE = b"""<adx xmlns="urn:ihe:qrph:adx:2015" exported="2026-04-05T09:00:00Z">
 <group orgUnit="SITE-01" period="2026-01-01/P3M" dataSet="HR_QUARTERLY">
  <dataValue dataElement="NS_OUT" value="340" providerType="community_led"/>
  <dataValue dataElement="KITS_OUT" value="0"/>
 </group>
</adx>"""


def released(*values):
    """Values are (indicator, cell, number); a number of None is hidden."""
    found = [one_value(INDICATORS[key], Q1, worth, worth is None, cell=cell) for key, cell, worth in values]
    return frozen_of(REPORTS["everybody"], Q1, found)


def content(format, *values):
    return make(released(*values), format, parse(MAPPING)).content


ALL = (("needles_given", "provider_type=community_led", 340), ("returned", "", 0))
SHOWN = (*ALL, ("needles_given", "provider_type=public", 12))
HIDDEN = (*ALL, ("needles_given", "provider_type=public", None))


# -- example 1: three people at public providers, a threshold of eleven ----------------------------------------------------


def test_a_suppressed_cell_is_no_data_value_in_adx():
    values = etree.fromstring(content("adx", *HIDDEN)).findall(f".//{{{adx.NAMESPACE}}}dataValue")
    assert sorted((v.get("dataElement"), v.get("value"), v.get("providerType")) for v in values) == [("KITS_OUT", "0", None), ("NS_OUT", "340", "community_led")]
    assert len(etree.fromstring(content("adx", *SHOWN)).findall(f".//{{{adx.NAMESPACE}}}dataValue")) == 3


def test_a_suppressed_cell_is_one_row_fewer_in_dhis2():
    with_it, without = (json.loads(content("dhis2", *values))["dataValues"] for values in (SHOWN, HIDDEN))
    assert [row for row in with_it if row not in without] == [{"dataElement": "NS_OUT", "categoryOptionCombo": "PUBLIC", "value": "12"}]
    assert len(with_it) - len(without) == 1
    lines = [content("dhis2_csv", *values).splitlines() for values in (SHOWN, HIDDEN)]
    assert len(lines[0]) - len(lines[1]) == 1
    assert lines[1][0] == b"dataelement,period,orgunit,catoptcombo,attroptcombo,value,strby,lstupd,cmt"


def test_the_body_for_one_unit_is_the_documented_one():
    assert json.loads(content("dhis2", ("needles_given", "", 340))) == {
        "dataSet": "HR_QUARTERLY", "completeDate": "2026-04-05", "period": "2026Q1", "orgUnit": "SITE-01",
        "dataValues": [{"dataElement": "NS_OUT_ALL", "categoryOptionCombo": "default", "value": "340"}],
    }


# -- example 2: the minimal message ------------------------------------------------------------------------------------------


def test_the_minimal_message_is_valid_and_is_what_we_write():
    assert adx.validate(MESSAGE, parse(MAPPING)) == []
    ours, theirs = etree.fromstring(content("adx", *ALL)), etree.fromstring(MESSAGE)
    for root in (ours, theirs):
        root[0][:] = sorted(root[0], key=lambda one: one.get("dataElement"))
        for element in root.iter():
            element.text = element.tail = None
    assert etree.tostring(ours, method="c14n") == etree.tostring(theirs, method="c14n")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'value="340"', b'value="&lt;11"'), (b'value="340"', b'value=""'), (b'value="340"', b'value="hidden"'), (b'value="340"', b""),
        (b"2026-01-01/P3M", b"2026Q1"), (b"2026-01-01/P3M", b"2026-01-01/P"), (b' exported="2026-04-05T09:00:00Z"', b""), (b"adx:2015", b"adx:2014"),
        (b'orgUnit="SITE-01"', b""), (b'dataElement="KITS_OUT"', b""),
    ],
)
def test_a_message_with_a_fault_is_not_valid(old, new):
    assert adx.validate(MESSAGE.replace(old, new), None)


@pytest.mark.parametrize(("old", "new"), [(b"providerType", b"provider"), (b'"community_led"', b'"community"'), (b"KITS_OUT", b"KITS"), (b"SITE-01", b"7d9c1c0e"), (b"dataSet=", b"set=")])
def test_a_name_that_is_not_the_mappings_is_seen_although_the_schema_lets_it_through(old, new):
    assert adx.validate(MESSAGE.replace(old, new), None) == []
    assert adx.validate(MESSAGE.replace(old, new), parse(MAPPING))


def test_a_number_twice_is_not_valid():
    twice = MESSAGE.replace(b'<dataValue dataElement="KITS_OUT" value="0"/>', b'<dataValue dataElement="KITS_OUT" value="0"/>' * 2)
    assert "twice" in adx.validate(twice, None)[0]


# -- example 6: four of five ---------------------------------------------------------------------------------------------------


def report_of(found):
    (entry,) = json.loads(found)["entry"]
    return entry["resource"]


def test_the_score_of_four_of_five_is_80_percent():
    found = content("fhir", ("prv_8a", "", 80))
    report = report_of(found)
    assert report["group"] == [{"measureScore": {"value": 80.0, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"}}]
    assert b'"value": 80.0' in found
    assert (report["type"], report["status"], report["measure"]) == ("summary", "complete", "http://smart.who.int/hiv/Measure/HIVIND8")
    assert report["period"] == {"start": "2026-01-01", "end": "2026-03-31"}


def test_without_a_period_it_is_rejected():
    bundle = json.loads(content("fhir", ("prv_8a", "", 80)))
    del bundle["entry"][0]["resource"]["period"]
    assert fhir.validate(json.dumps(bundle).encode(), None)


@pytest.mark.parametrize(("name", "code"), [("type", "total"), ("type", "individual"), ("status", "final"), ("status", "pending"), ("measure", "HIVIND8")])
def test_codes_that_the_models_let_through_are_seen_by_us(name, code):
    bundle = json.loads(content("fhir", ("prv_8a", "", 80)))
    bundle["entry"][0]["resource"][name] = code
    fhir.Bundle.model_validate(bundle)
    assert any(name in problem for problem in fhir.validate(json.dumps(bundle).encode(), None))


def test_a_hidden_score_is_no_score():
    report = report_of(content("fhir", ("needles_given", "", None), ("needles_given", "provider_type=public", 12)))
    assert "measureScore" not in report["group"][0]
    assert len(report["group"][0]["stratifier"]) == 1


@pytest.mark.parametrize("format", [f.key for f in FORMATS if f.needs_mapping])
def test_the_moment_of_the_file_is_that_of_the_release(format):
    found = content(format, *ALL).decode()
    assert not re.findall(r"20\d\d-\d\d-\d\dT(?!09:00:00Z)", found)
