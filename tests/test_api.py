"""The API for other systems: a token for each device, facts one by one or together, and nothing to read."""

from __future__ import annotations

import json
import re
import uuid
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.test import Client

from handrail.cli import _parser
from handrail.facts import devices
from handrail.facts.models import Aside, Device, Fact
from handrail.facts.record import Refusal
from handrail.facts.spec import KINDS
from handrail.kernel import bearer, clock, scope
from handrail.kernel.access import Denied
from handrail.kernel.models import AuditEntry
from tests.security.test_access_matrix import address, routes, things

assert things  # a fixture


@pytest.fixture
def token(in_harbour):
    """The token of a device at Van 1 with the rights of outreach."""
    return devices.enrol(actor=in_harbour.system, label="till", role="outreach", site=in_harbour.van)[1]


@pytest.fixture
def device(token):
    """A program with that token, checked as strictly as a real one."""
    return program(token)


def program(token):
    return Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {token}"})


def send(client, where, body, **options):
    return client.post(where, body if isinstance(body, bytes) else json.dumps(body), content_type=options.pop("content_type", "application/json"), **options)


def returned(**values):
    return {"id": str(uuid.uuid4()), "encounter": str(uuid.uuid4()), "payload": {"quantity": 5}} | values


ONE = "/api/facts/exchange.returned/"


# -- the token ------------------------------------------------------------------------------------------------------------


def test_the_database_keeps_no_token_and_a_token_holds_256_random_bits(in_harbour, token):
    organisation, secret = token.split(".")[1:]
    assert int(organisation) == in_harbour.harbour.key
    assert len(secret) == 43
    kept = bytes(Device.objects.get(label="till").token)
    assert kept == bearer.digest_of(token)
    assert secret.encode() not in kept


def test_an_ended_device_is_out_at_its_next_request(device, in_harbour):
    assert device.get("/api/sites/").status_code == 200
    devices.end(actor=in_harbour.system, device=Device.objects.get(label="till"))
    answer = device.get("/api/sites/")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer.json()["problems"][0]["sentence"] == "This token is not known, or the device was ended."
    assert [line.action for line in AuditEntry.objects.filter(object_kind="facts.device")] == ["facts.device.added", "facts.device.changed"]


@pytest.mark.parametrize("change", [lambda t: t[:-1] + ("A" if t[-1] != "A" else "B"), lambda t: t.replace("hr1", "hr2"), lambda t: t + "x", lambda t: "", lambda t: t.upper()])
def test_a_damaged_token_is_refused(token, change):
    assert program(change(token)).get("/api/sites/").status_code == 401


def test_a_token_of_one_organisation_opens_no_other(in_harbour, token):
    elsewhere = token.replace(f"hr1.{in_harbour.harbour.key}.", f"hr1.{in_harbour.hillside.key}.")
    assert program(elsewhere).get("/api/sites/").status_code == 401


def test_a_token_and_a_sign_in_together_are_refused(in_harbour, token):
    client = program(token)
    client.cookies[settings.SESSION_COOKIE_NAME] = "anything"
    assert client.get("/api/sites/").status_code == 401


def test_wrong_tokens_are_slowed_down_by_address_and_the_right_one_never_is(in_harbour, token):
    wrong = program(bearer.new_token(in_harbour.harbour.key))
    seen = [wrong.get("/api/sites/").status_code for _try in range(bearer.FREE_FAILURES + 2)]
    assert seen == [401] * bearer.FREE_FAILURES + [429] * 2
    assert program(token).get("/api/sites/").status_code == 200
    assert wrong.get("/api/sites/", REMOTE_ADDR="192.0.2.9").status_code == 401


def test_when_a_device_was_heard_of_is_written_once_a_minute(device, in_harbour):
    def seen():
        return Device.objects.get(label="till").last_seen_at

    with time_machine.travel(clock.now() + timedelta(hours=1), tick=False) as now:
        device.get("/api/sites/")
        first = seen()
        now.shift(59)
        device.get("/api/sites/")
        assert seen() == first
        now.shift(2)
        device.get("/api/sites/")
        assert seen() == first + timedelta(seconds=61)


# -- what a device may do --------------------------------------------------------------------------------------------------


def test_a_device_reaches_the_api_and_nothing_else(device, things):
    reached = set()
    for name, pattern in routes().items():
        where = address(name, pattern, things)
        for answer in (device.get(where), send(device, where, {})):
            assert answer.status_code in {200, 400, 403, 404, 405, 422}, name
            if answer.status_code not in {403, 404, 405}:
                reached.add(name)
    assert all(name.startswith("api-") for name in reached)
    assert {name for name in reached if name.removeprefix("api-") not in KINDS.all()} == {
        "api-schema", "api-sites", "api-items", "api-facts", "api-ingest-key", "api-inbox", "api-heads",
    }


def test_it_may_record_exactly_what_its_role_may(device, in_harbour):
    open_to_it = {kind.key for kind in KINDS if send(device, f"/api/facts/{kind.key}/", {}).status_code != 404}
    may = in_harbour.actors["naima"].may
    assert open_to_it == {kind.key for kind in KINDS if may(kind.may) or (kind.may_instead and may(kind.may_instead))}
    assert "facts.referral_outcome" in open_to_it, "where it was made it is followed, as on the page"
    assert 0 < len(open_to_it) < len(KINDS.all())


def test_it_may_record_at_its_own_site_only(device, in_harbour):
    answer = send(device, ONE, returned(site=str(in_harbour.sites["Drop-in"].id)))
    assert answer.status_code == 422
    assert send(device, ONE, returned(site=str(in_harbour.van.id))).json()["status"] == "accepted"


def test_without_a_site_a_device_means_its_own(device, in_harbour):
    body = returned()
    assert send(device, ONE, body).json()["status"] == "accepted"
    assert Fact.objects.get(id=body["id"]).site == in_harbour.van


def test_a_fact_says_which_device_sent_it_and_its_number(device):
    body = returned(device_sequence=7)
    send(device, ONE, body)
    kept = Fact.objects.get(id=body["id"])
    assert (kept.device, kept.device_sequence, kept.staff) == (Device.objects.get(label="till").id, 7, None)
    again = send(device, ONE, returned(device_sequence=7))
    assert again.status_code == 409
    assert again.json()["problems"][0]["field"] == "device_sequence"


def test_the_lists_hold_ids_and_names_of_what_it_can_name(device):
    assert [site["name"] for site in device.get("/api/sites/").json()["sites"]] == ["Van 1"]
    items = device.get("/api/items/").json()["items"]
    assert {"code": "filter", "name": "Filter"} in items
    assert all(set(item) == {"code", "name"} for item in items)


def test_roles_that_decide_about_others_records_are_not_for_devices(in_harbour):
    offered = devices.roles_for_devices()
    assert "outreach" in offered
    assert not {"coordinator", "data_steward", "administrator", "auditor"} & set(offered)
    with pytest.raises(Refusal):
        devices.enrol(actor=in_harbour.system, label="x", role="data_steward", site=in_harbour.van)
    with pytest.raises(Denied):
        devices.enrol(actor=in_harbour.actors["naima"], label="x", role="outreach", site=in_harbour.van)


# -- one fact ---------------------------------------------------------------------------------------------------------------


def test_the_same_fact_twice_is_one_and_with_another_body_a_conflict(device):
    body = returned()
    assert [send(device, ONE, body).json()["status"] for _try in range(2)] == ["accepted", "duplicate"]
    other = send(device, ONE, body | {"payload": {"quantity": 6}})
    assert other.status_code == 409
    assert Fact.objects.get(id=body["id"]).payload["quantity"] == 5


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [(b"{", "application/json", 400), (b" ", "application/json", 400), (b"[1]", "application/json", 422), (b'{"id": NaN}', "application/json", 400),
     (b"\xff\xfe{}", "application/json", 400), (b"{}", "text/plain", 415), (b"{}", "application/x-www-form-urlencoded", 415),
     (b"{}", "multipart/form-data; boundary=x", 415), (b"{}", "application/json; charset=latin-1", 415), (b"[" * 100_000, "application/json", 400),
     (b'{"x": "' + b"a" * 1_000_001 + b'"}', "application/json", 413), (b'{"a":' * 300 + b"1" + b"}" * 300, "application/json", 422)],
)
@pytest.mark.parametrize("where", [ONE, "/api/facts/"])
def test_what_cannot_be_read_is_answered_in_the_documented_shape(device, body, content_type, status, where):
    answer = send(device, where, body, content_type=content_type)
    assert answer.status_code in ({status, 400, 422} if status in {400, 422} else {status})
    assert answer["Content-Type"] == "application/json"
    assert answer.json()["problems"][0]["sentence"]


@pytest.mark.parametrize(
    "wrong",
    [{"surprise": 1}, {"payload": {"quantity": "5"}}, {"payload": {"quantity": 5, "x": 1}}, {"payload": {"quantity": True}}, {"payload": {"quantity": 2**70}},
     {"id": "x"}, {"id": None}, {"occurred_at": "yesterday"}, {"occurred_at": "2026-01-01T10:00:00"}, {"occurred_at": "0001-01-01T00:00:00+14:00"},
     {"occurred_at": "9999-12-31T23:59:59-14:00"}, {"device_sequence": -1}, {"device_sequence": 2**63}, {"supersedes": "x"}, {"site": 5},
     {"supersedes": [str(uuid.uuid4())] * 21}, {"site": str(uuid.UUID(int=9))}],
)
def test_a_wrong_value_is_refused_and_nothing_is_kept(device, wrong):
    answer = send(device, ONE, returned() | wrong)
    assert answer.status_code == 422
    assert Fact.objects.filter(kind="exchange.returned").count() == 0


# -- several facts ---------------------------------------------------------------------------------------------------------


def entry(kind, payload, **values):
    return {"id": str(uuid.uuid4()), "encounter": str(uuid.uuid4()), "kind": kind, "payload": payload} | values


def outcomes(client, *facts):
    answer = send(client, "/api/facts/", {"facts": list(facts)})
    assert answer.status_code == 200
    return [(found["status"], found["reason"]) for found in answer.json()["outcomes"]]


def test_a_batch_of_mixed_kinds_says_what_became_of_each(device, in_harbour):
    good = entry("exchange.returned", {"quantity": 3})
    assert outcomes(
        device, good, good, good | {"payload": {"quantity": 4}}, entry("exchange.given", {"lines": [{"item": "filter", "quantity": 99_999}]}),
        entry("exchange.given", {"lines": [{"item": "unicorn", "quantity": 1}]}), entry("exchange.returned", {"quantity": -3}), entry("no.such", {"a": 1}),
        entry("exchange.returned", {"quantity": 1}, site=str(in_harbour.sites["Clinic"].id)), entry("exchange.given", {"lines": [{"item": "filter", "quantity": 1}]}, encounter=None),
        entry("exchange.returned", {"quantity": 1}, kind_version=900),
        {"kind": "exchange.returned", "payload": {"quantity": 1}}, entry("exchange.returned", [1]), entry("exchange.returned", {"quantity": 1}, surprise=1), {},
    ) == [
        ("accepted", ""), ("duplicate", ""), ("quarantined", "id_taken"), ("accepted", ""), ("quarantined", "unknown_reference"), ("quarantined", "bad_payload"),
        ("quarantined", "unknown_kind"), ("quarantined", "not_permitted"), ("quarantined", "no_encounter"), ("quarantined", "unknown_kind"),
        ("refused", "unreadable"), ("refused", "unreadable"), ("refused", "unreadable"), ("refused", "unreadable"),
    ]
    assert Aside.objects.filter(is_open=True).count() == 7


def test_a_batch_sent_again_changes_nothing(device):
    facts = [entry("exchange.returned", {"quantity": n + 1}, device_sequence=n) for n in range(50)]
    assert set(outcomes(device, *facts)) == {("accepted", "")}
    before = Fact.objects.count()
    assert set(outcomes(device, *facts)) == {("duplicate", "")}
    assert Fact.objects.count() == before


def test_a_number_used_twice_is_kept_aside_in_a_batch(device):
    assert outcomes(device, entry("exchange.returned", {"quantity": 1}, device_sequence=1), entry("exchange.returned", {"quantity": 1}, device_sequence=1)) == [
        ("accepted", ""), ("quarantined", "sequence_taken"),
    ]


@pytest.mark.parametrize("body", [{"facts": []}, {"facts": [{}] * 51}, {"facts": {}}, {"facts": [1]}, {}, {"facts": [{}], "epoch": 1}, []])
def test_a_batch_of_another_shape_is_refused(device, body):
    assert send(device, "/api/facts/", body).status_code == 422


def test_a_deep_payload_is_refused_and_not_a_fault(device):
    deep = {}
    for _level in range(60):
        deep = {"a": deep}
    assert outcomes(device, entry("exchange.returned", deep)) == [("refused", "unreadable")]


# -- people -------------------------------------------------------------------------------------------------------------------


def test_a_person_signed_in_needs_the_form_token_here_too(in_harbour):
    client = Client(enforce_csrf_checks=True)
    client.force_login(in_harbour.staff["naima"])
    answer = send(client, ONE, returned(site=str(in_harbour.van.id)))
    assert answer.status_code == 403
    assert answer["Content-Type"] == "application/json"
    client.get("/sign-in/")
    csrf = client.cookies[settings.CSRF_COOKIE_NAME].value
    assert send(client, ONE, returned(site=str(in_harbour.van.id)), headers={"X-CSRFToken": csrf}).status_code == 200


def test_another_site_cannot_post_with_a_persons_cookie(in_harbour):
    client = Client()
    client.force_login(in_harbour.staff["naima"])
    assert send(client, ONE, returned(), headers={"Sec-Fetch-Site": "cross-site"}).status_code == 404


def test_nobody_is_told_so_in_json(db):
    for answer in (Client(enforce_csrf_checks=True).get("/api/sites/"), send(Client(enforce_csrf_checks=True), ONE, returned())):
        assert answer.status_code == 401
        assert answer.json()["problems"][0]["sentence"] == "Sign in first."


# -- the page ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def coordinator(in_harbour):
    """The coordinator's browser."""
    client = Client()
    client.force_login(in_harbour.staff["coordinator"])
    return client


def test_a_device_is_enrolled_on_the_page_its_token_works_and_is_shown_once(coordinator, in_harbour):
    form = {"id": str(uuid.uuid4()), "label": "till at the drop-in", "role": "outreach", "site": str(in_harbour.van.id)}
    answer = coordinator.post("/devices/", form)
    found = re.search(r"hr1\.\d+\.[A-Za-z0-9_-]{43}", answer.content.decode())
    assert program(found[0]).get("/api/sites/").status_code == 200
    assert coordinator.post("/devices/", form).status_code == 302
    assert found[0] not in coordinator.get("/devices/").content.decode()
    made = Device.objects.get(label="till at the drop-in")
    assert made.enrolled_by == in_harbour.staff["coordinator"].id
    assert coordinator.post(f"/devices/{made.id}/end/").status_code == 302
    assert program(found[0]).get("/api/sites/").status_code == 401
    assert "ended" in coordinator.get("/devices/").content.decode()


@pytest.mark.parametrize("wrong", [{"label": ""}, {"label": "x" * 61}, {"label": "till"}, {"role": "coordinator"}, {"role": ""}, {"site": ""}, {"site": "x"}])
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_saved(coordinator, in_harbour, token, wrong):
    form = {"id": str(uuid.uuid4()), "label": "another", "role": "outreach", "site": str(in_harbour.van.id)} | wrong
    answer = coordinator.post("/devices/", form)
    assert answer.status_code == 422
    assert 'class="bad"' in answer.content.decode()
    assert Device.objects.filter(token__isnull=False).count() == 1


def test_the_server_itself_is_not_a_device_that_can_be_ended(coordinator):
    assert coordinator.post(f"/devices/{Device.objects.get(is_server=True).id}/end/").status_code == 404


def test_another_organisations_device_cannot_be_ended(coordinator, in_harbour):
    with scope.enter([in_harbour.hillside.key]):
        system = in_harbour.actors["stranger"]
        other = Device.objects.create(organisation_id=system.organisation, label="theirs", token=b"x" * 32, role="outreach", site=in_harbour.sites["Hill van"])
    assert coordinator.post(f"/devices/{other.id}/end/").status_code == 404


def test_the_command_line_knows_devices_and_imports():
    for words in (["device", "enrol", "--label", "x", "--role", "outreach", "--site", "Van 1"], ["device", "list"], ["device", "end", "--label", "x"],
                  ["import", "a.csv", "--mapping", "ontario_minimum", "--site", "Van 1", "--dry-run", "--format", "json"]):
        assert callable(_parser().parse_args(words).run)
