"""Strings that break programs, through the API and through an import: kept as they are, or refused with a sentence."""

from __future__ import annotations

import csv
import io
import json
import uuid

import pytest
from django.test import Client

from handrail.facts import devices
from handrail.facts.models import Aside, Device, Fact
from handrail.facts.record import Refusal
from handrail.gates.spreadsheet import badlist, load, reading
from handrail.gates.spreadsheet import mapping as mappings
from handrail.gates.spreadsheet.plan import Bad
from handrail.kernel import scope
from tests.naughty import ALL, STORABLE, UNSTORABLE

pytestmark = pytest.mark.slow

MAPPING = """
name = "naughty"
[columns]
date = "Day"
site = "Place"
person = "Who"
[items]
"Filters" = "filter"
"""


@pytest.fixture
def device(in_harbour):
    """A browserless client with a token."""
    token = devices.enrol(actor=in_harbour.system, label="till", role="outreach", site=in_harbour.van)[1]
    return Client(headers={"Authorization": f"Bearer {token}"})


def send(client, address, body):
    return client.post(address, json.dumps(body), content_type="application/json")


def fact(**values):
    return {"id": str(uuid.uuid4()), "encounter": str(uuid.uuid4())} | values


@pytest.mark.parametrize("name", ALL)
def test_in_one_fact_it_is_refused_with_a_sentence(name, device):
    answer = send(device, "/api/facts/exchange.given/", fact(payload={"lines": [{"item": ALL[name], "quantity": 1}]}))
    assert answer.status_code in {400, 422}
    assert all(problem["sentence"] for problem in answer.json()["problems"])
    assert not Fact.objects.filter(kind="exchange.given").exists()
    for place in ("id", "site", "occurred_at", "encounter"):
        answer = send(device, "/api/facts/exchange.returned/", fact(payload={"quantity": 1}) | {place: ALL[name]})
        assert answer.status_code in {400, 422}
    named = send(device, "/api/facts/exchange.returned/", fact(payload={"quantity": 1}) | {ALL[name]: 1})
    assert named.status_code in {400, 422}


@pytest.mark.parametrize("typed", ["NaN", "sNaN", "-Infinity", "Infinity", "1e999", "1e999999999", "-1e999999999", "1e-999999999"])
def test_a_weight_that_is_no_weight_is_refused_and_not_counted_out(typed, device):
    weighed = {"method": "weight", "container": "other", "gross": "9", "tare": "1", "unit": "kg", "factor": "60", "factor_version": "1"}
    for place in ("gross", "tare", "factor"):
        answer = send(device, "/api/facts/exchange.returned/", fact(payload=weighed | {place: typed}))
        assert answer.status_code == 422
        assert all(problem["sentence"] for problem in answer.json()["problems"])


@pytest.mark.parametrize("name", ALL)
def test_in_a_batch_it_is_kept_aside_as_it_came_and_its_neighbour_counts(name, device, in_harbour):
    bad = fact(kind="exchange.given", payload={"lines": [{"item": ALL[name], "quantity": 1}], ALL[name]: ALL[name]})
    good = fact(kind="exchange.returned", payload={"quantity": 3})
    answer = send(device, "/api/facts/", {"facts": [bad, good]})
    assert answer.status_code == 200
    assert [outcome["status"] for outcome in answer.json()["outcomes"]] == ["quarantined", "accepted"]
    kept = Fact.objects.get(id=bad["id"])
    if name in STORABLE:
        assert kept.payload == bad["payload"]
    else:
        assert json.loads(kept.payload["unreadable"])[2] == bad["payload"]
    client = Client()
    client.force_login(in_harbour.staff["coordinator"])
    assert client.get("/to-look-at/").status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_as_a_kind_it_is_refused_or_kept_aside(name, device):
    answer = send(device, "/api/facts/", {"facts": [fact(kind=ALL[name], payload={})]})
    assert answer.status_code == 200
    assert answer.json()["outcomes"][0]["status"] in {"quarantined", "refused"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_as_a_body_it_is_not_json_or_not_a_fact(name, device):
    for address in ("/api/facts/", "/api/facts/exchange.returned/"):
        answer = device.post(address, ALL[name].encode("utf-8", "surrogatepass") or b" ", content_type="application/json")
        assert answer.status_code in {400, 422}
        assert answer["Content-Type"] == "application/json"


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_as_a_token_it_is_wrong(name, in_harbour):
    text = ALL[name].encode("utf-8", "surrogatepass").decode("latin-1")
    assert Client(headers={"Authorization": f"Bearer {text}"}).get("/api/sites/").status_code in {401, 429}


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_as_the_name_of_a_device_it_is_kept_or_refused(name, in_harbour):
    typed, said = ALL[name], []
    try:
        made, _token = devices.enrol(actor=in_harbour.system, label=typed, role="outreach", site=in_harbour.van)
    except Refusal as refusal:
        said.append(str(refusal))
        assert not Device.objects.filter(role="outreach").exists()
    else:
        assert name in STORABLE
        said.append(made.label)
        assert Device.objects.get(id=made.id).label == " ".join(typed.split())
    assert said[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", STORABLE)
def test_in_every_cell_of_a_spreadsheet_it_is_a_bad_row_or_nothing(name, in_harbour):
    typed = STORABLE[name]
    rows = [{"Day": "2025-03-01", "Place": "Van 1", "Who": "", "Filters": "5"}]
    rows += [rows[0] | {column: typed} for column in rows[0]]
    written = io.StringIO()
    lines = csv.DictWriter(written, list(rows[0]))
    lines.writeheader()
    lines.writerows(rows)
    actor, data = in_harbour.actors["coordinator"], written.getvalue().encode()
    plan = load.prepare(actor=actor, mapping=mappings.parse(MAPPING), data=data)
    assert plan.problems == []
    assert 2 not in {bad.row for bad in plan.bad}
    assert all(bad.reason and bad.todo for bad in plan.bad)
    done = load.run(actor=actor, plan=plan, data=data, only_good=True)
    assert done.visits == len(rows) - plan.bad_rows
    assert Aside.objects.count() == 0
    again = load.prepare(actor=actor, mapping=mappings.parse(MAPPING), data=data)
    assert (len(again.visits), len(again.known)) == (0, done.visits)


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_as_a_heading_a_file_or_a_mapping_it_is_read_or_refused(name, in_harbour):
    typed = ALL[name]
    actor = in_harbour.actors["coordinator"]
    for data in (typed.encode("utf-8", "surrogatepass"), f"Day,Place,Who,Filters,{typed}\n2025-03-01,Van 1,,5,\n".encode("utf-8", "surrogatepass")):
        try:
            plan = load.prepare(actor=actor, mapping=mappings.parse(MAPPING), data=data)
        except reading.NotReadable:
            continue
        else:
            assert plan.problems or len(plan.visits) <= 1
    for text in (typed, f"name = {json.dumps(typed)}\n[columns]\ndate = {json.dumps(typed)}\n"):
        with pytest.raises(mappings.NotAMapping):
            mappings.parse(text)


@pytest.mark.parametrize("name", ALL)
def test_in_the_list_of_bad_rows_no_cell_starts_a_formula(name):
    typed = ALL[name]
    rows = list(csv.reader(io.StringIO(badlist.as_csv([Bad(2, typed, typed, typed, typed)]), newline="")))
    assert [cell[:1] in tuple("=+-@\t\r") for cell in rows[1]] == [False] * 5
    assert [cell.replace("'", "") for cell in rows[1][1:]] == [typed.replace("'", "")] * 4, "apostrophes are all that comes in"


def test_the_list_is_long_and_says_what_the_database_can_hold(in_harbour):
    assert len(ALL) >= 60
    assert not set(STORABLE) & set(UNSTORABLE)
    with scope.enter([in_harbour.harbour.key]):
        for text in STORABLE.values():
            assert Fact.objects.filter(payload__x=text).count() == 0
