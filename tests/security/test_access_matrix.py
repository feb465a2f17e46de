"""Every address, for everybody: generated from the resolver, compared with the table in `access_matrix.toml`.

A new address without a row fails. The table is the one truth about who gets what; it is reviewed, not generated.
"""

from __future__ import annotations

import re
import tomllib
import uuid
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from handrail.facts import devices, proposals, visits
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import Aside, Referral
from handrail.facts.record import Draft, Mode, record
from handrail.facts.spec import KINDS
from handrail.insight.models import Result
from handrail.kernel import clock, ids, scope
from handrail.kernel.models import AccessEntry
from handrail.ledgers.stock import recalls
from handrail.services.exchange.models import OpenTest
from handrail.services.naloxone.tests.helpers import reported
from handrail.services.naloxone.tests.mailing import ordered, stocked
from tests import outside, releases, watching
from tests.world import STAFF

TABLE = tomllib.loads((Path(__file__).parent / "access_matrix.toml").read_text())
EVERYBODY = ["nobody", *STAFF]


def routes(resolver: URLResolver | None = None, prefix: str = "") -> dict[str, URLPattern]:
    """All named addresses of the product, by full name."""
    found: dict[str, URLPattern] = {}
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            found |= routes(pattern, f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix)
        else:
            found[f"{prefix}{pattern.name}"] = pattern
    return found


@pytest.fixture
def things(world: SimpleNamespace) -> dict[str, object]:
    """One of everything an address can name, all at Van 1 or the clinic of the first organisation."""
    visit = ids.new()
    with scope.enter([world.harbour.key]):
        test = KINDS["exchange.test"].payload(disease="HIV", state="sample_taken")
        referral = KINDS["facts.referral"].payload(service="OAT", status="accepted", to_site=world.sites["Clinic"].id)
        visits.save(
            actor=world.system, visit=visit, site=world.van.id, occurred_at=clock.now(), encounter=Encounter(),
            parts=[visits.Part("exchange.test", test), visits.Part("facts.referral", referral)],
        )
        record(
            Draft(kind="exchange.test", payload=test, site=world.sites["Clinic"].id, encounter=ids.new()), actor=world.system
        )
        pricked = record(
            Draft(kind="exchange.needlestick", payload=KINDS["exchange.needlestick"].sample, site=world.van.id), actor=world.actors["naima"]
        )
        aside = record(Draft(kind="no.such", payload={}, site=world.van.id), actor=world.system, mode=Mode.ARRIVED)
        for site in (None, world.van):
            Result.objects.create(
                organisation=world.harbour, indicator="prv_10a", version=1, period="2026Q3", starts_on=date(2025, 10, 1),
                ends_before=date(2026, 10, 1), site=site, status="no_data", data_through=1, computed_at=clock.now(),
            )
        recall = recalls.recall(
            actor=world.system, item="filter", lot="F-1", source_reference="FSN-1", severity="unlikely"
        ).id
        told = releases.made(world)
        releases.show_to_everybody(world)
        till, _token = devices.enrol(actor=world.system, label="machine", role="outreach", site=world.van)
        return {
            **{name: ids_of[0] for name, ids_of in (outside.enter(world) | watching.enter(world)).items()},
            "device": till.id, "recall": recall, "item": "filter",
            "visit": visit, "site": world.van.id, "referral": Referral.objects.get().fact, "quarter": "2026Q3", "indicator": "prv_10a",
            "report": told.report, "period": told.period, "number": told.number, "format": "csv", "organisation": world.harbour.id,
            "account": world.staff["elsewhere"].id, "name": "second_factor",
            "proposal": proposals.propose(newer=ids.random(), older=ids.random(), actor=world.system).id, "merge": ids.new(),
            "store": "vault.contact", "token": "not-the-token", "waits": ids.random(), "wanted": ids.random(),
            "order": ordered(stocked(world)), "told": reported(world),
            "word": "nobody",  # a word means somebody only in the session that holds it
            "fact": {
                "waiting-decide": Aside.objects.get(fact=aside.id).fact,
                "exchange:follow-up": pricked.id,
                "exchange:finish-test": OpenTest.objects.get(site=world.sites["Clinic"]).fact,
            },
        }


def address(name: str, pattern: URLPattern, things: dict[str, object]) -> str:
    """The address with this world's ids in it."""
    values: dict[str, object] = {}
    for part in pattern.pattern.converters:
        value = things[part]
        values[part] = value[name] if isinstance(value, dict) else value  # type: ignore[index]
    return "/api/" + str(pattern.pattern) if name.startswith("api-") else reverse(name, kwargs=values)


def client_of(who: str, world: SimpleNamespace) -> Client:
    """A browser in which this person is signed in."""
    client = Client()
    if who != "nobody":
        client.force_login(world.staff[who])
    return client


def expected_of(name: str, verb: str, who: str, world: SimpleNamespace) -> int:
    """The table's answer; an address made from a kind follows the kind's own permission."""
    if name in TABLE:
        row = TABLE[name].get(verb.lower(), {})
        return int(row.get(who, row["others"]))
    kind = KINDS[name.removeprefix("api-")]
    if verb == "GET":
        return 405
    if who == "nobody":
        return 401
    knocks = any(world.actors[who].may(held) for held in (kind.may, kind.may_instead) if held)
    return 415 if knocks else 404  # 415: these tests post no JSON


def test_every_address_has_a_row():
    made_from_kinds = {f"api-{kind.key}" for kind in KINDS}
    assert sorted(set(routes()) - made_from_kinds) == sorted(TABLE)


@pytest.mark.parametrize("who", EVERYBODY)
def test_everybody_gets_exactly_what_the_table_says(who, world, things):
    client = client_of(who, world)
    got, expected = {}, {}
    for name, pattern in routes().items():
        for verb in ("GET", "POST"):
            expected[name, verb] = expected_of(name, verb, who, world)
            where = address(name, pattern, things)
            answer = client.get(where) if verb == "GET" else client.post(where, {"quarter": "2026Q3"})
            got[name, verb] = answer.status_code
            if name == "sign-out" and who != "nobody":
                client = client_of(who, world)
    assert got == expected


def test_a_refused_look_leaves_a_line_that_the_auditor_sees_without_the_id(world, things):
    answer = client_of("elsewhere", world).get(reverse("visit", args=[things["visit"]]))
    assert answer.status_code == 404
    with scope.enter([world.harbour.key]):
        line = AccessEntry.objects.get(refused=True)
    assert line.actor == world.staff["elsewhere"].id
    page = client_of("auditor", world).get(reverse("audit")).content.decode()
    assert "/visits/…/" in page
    assert str(things["visit"]) not in page


def test_an_address_that_does_not_exist_looks_like_one_that_is_forbidden(world, things):
    client = client_of("elsewhere", world)
    forbidden = client.get(reverse("visit", args=[things["visit"]]))
    missing = client.get(reverse("visit", args=[uuid.uuid4()]))
    nowhere = client.get("/no/such/page/")
    assert forbidden.status_code == missing.status_code == nowhere.status_code == 404
    assert without_token(forbidden) == without_token(missing) == without_token(nowhere)


def without_token(answer: HttpResponse) -> str:
    return re.sub(r'value="[A-Za-z0-9]{64}"', "", answer.content.decode())


def test_a_program_that_is_not_signed_in_is_told_so(world):
    answer = Client().post("/api/facts/exchange.returned/", "{}", content_type="application/json")
    assert answer.status_code == 401
    assert answer.json()["problems"][0]["sentence"] == "Sign in first."


def test_what_is_posted_to_the_api_takes_the_same_door(world):
    client, fact = client_of("naima", world), str(uuid.uuid4())
    body = {"id": fact, "site": str(world.van.id), "encounter": str(uuid.uuid4()), "payload": {"quantity": 5}}
    first, second = (client.post("/api/facts/exchange.returned/", body, content_type="application/json") for _try in range(2))
    assert [first.json()["status"], second.json()["status"]] == ["accepted", "duplicate"]
    wrong = client.post("/api/facts/exchange.returned/", body | {"payload": {"quantity": -1}}, content_type="application/json")
    assert wrong.status_code == 422
    elsewhere = client_of("elsewhere", world).post(
        "/api/facts/exchange.returned/", body | {"id": str(uuid.uuid4())}, content_type="application/json"
    )
    assert elsewhere.status_code == 422
