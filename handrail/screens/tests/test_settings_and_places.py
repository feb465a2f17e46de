"""Settings: from a day on, with a source, approved by four eyes, never rewritten. Places: a drop-in without a shell."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import translation

from handrail.facts import organisations, site_changes, values
from handrail.facts.models import Organisation, SafetyClass, Setting, Site, SourceStatus, Staff
from handrail.facts.site_changes import Place
from handrail.facts.values import OneOf, Value, whole
from handrail.kernel import scope
from handrail.kernel.access import Denied
from handrail.kernel.models import AuditEntry
from tests import world as small_world
from tests.signing_in import browser, sign_in, turn_app_on
from tests.words import PASSWORD


def value_of(safety: SafetyClass, key: str = "test_days") -> Value[int]:
    return Value(
        key=key, title="Days", start=30, unit="days", source="nobody", source_status=SourceStatus.UNVERIFIED, safety=safety, check=whole(1, 90), per_site=True
    )


@pytest.fixture
def clinical(monkeypatch):
    made = value_of(SafetyClass.CLINICAL)
    monkeypatch.setattr(values, "TEST_DAYS", made, raising=False)
    return made


@pytest.fixture
def operational(monkeypatch):
    made = value_of(SafetyClass.OPERATIONAL)
    monkeypatch.setattr(values, "TEST_DAYS", made, raising=False)
    return made


@pytest.fixture
def approver(world):
    with scope.enter([world.harbour.key]):
        organisations.create_staff(actor=world.system, username="approver", name="Approver", password=PASSWORD, grants=[("clinical_approver", None)])
        organisations.create_staff(
            actor=world.system, username="both", name="Both", password=PASSWORD, grants=[("clinical_approver", None), ("coordinator", None)]
        )


def client_of(username: str):
    client = browser()
    sign_in(client, username)
    return client


def today() -> str:
    return small_world.today().isoformat()


def change(client, **typed):
    told = {"value": "14", "site": "", "valid_from": today(), "source": "Board, 3 March"} | typed
    return client.post(reverse("setting-change", args=["test_days"]), told)


def test_every_declared_value_stands_on_the_page_with_its_source(world):
    page = client_of("auditor").get(reverse("settings")).content.decode()
    for value in values.declared().values():
        assert str(reverse("setting", args=[value.key])) in page


def test_a_value_holds_from_its_day_and_the_row_before_stays(world, operational):
    client = client_of("coordinator")
    assert change(client).status_code == 302
    assert change(client, value="21", valid_from=(small_world.today() + timedelta(days=2)).isoformat()).status_code == 302
    with scope.enter([world.harbour.key]):
        assert operational.read().value == 14
        assert operational.read(on=small_world.today() + timedelta(days=2)).value == 21
        assert Setting.objects.filter(name="test_days").count() == 2
        assert AuditEntry.objects.filter(action="setting.set").count() == 2
    page = client.get(reverse("setting", args=["test_days"])).content.decode()
    assert "set by Coordinator" in page
    assert "Board, 3 March" in page


CODES = {value.key: list(value.check.words) for value in values.declared().values() if isinstance(value.check, OneOf)}


@pytest.mark.slow
@pytest.mark.parametrize("key", sorted(values.declared()))
def test_no_page_of_a_setting_shows_a_code_or_an_english_word(world, key):
    value, client = values.declared()[key], client_of("coordinator")
    turn_app_on(client)  # “whoever may do something sensitive” would ask for it in the middle
    own = [{"value": code} for code in CODES.get(key, [])] or [{"value": "no"}] * isinstance(value.start, bool)
    for typed in own:
        told = {"site": "", "valid_from": today(), "source": "Board"} | typed
        assert client.post(reverse("setting-change", args=[key]), told).status_code == 302
    pages = [client.get(address, headers={"Accept-Language": "es"}).content.decode() for address in (reverse("setting", args=[key]), reverse("settings"))]
    with translation.override("en"):
        english = {str(words) for words in getattr(value.check, "words", {}).values()} | ({"yes", "no"} if isinstance(value.start, bool) else set())
    with translation.override("es"):
        spanish = {str(words) for words in getattr(value.check, "words", {}).values()} | ({"sí", "no"} if isinstance(value.start, bool) else set())
    for page in pages:
        seen = set(re.split(r"[^\w]+", re.sub(r'<[^>]*>', " ", page.split("<main")[1])))
        assert not {code for code in CODES.get(key, []) if "_" in code or code == "part2"} & seen
        assert not [words for words in english - spanish if f">{words}<" in page]


def test_choices_are_shown_by_their_words_and_sent_by_their_codes(world):
    page = client_of("coordinator").get(reverse("setting", args=["second_factor"]), headers={"Accept-Language": "es"}).content.decode()
    for code in CODES["second_factor"]:
        assert f'value="{code}"' in page
        assert f">{code}<" not in page


def test_one_place_can_have_its_own(world, operational):
    change(client_of("coordinator"), value="7", site=str(world.van.id))
    with scope.enter([world.harbour.key]):
        assert operational.read(site=world.van).value == 7
        assert operational.read(site=world.sites["Clinic"]).value == 30
        assert operational.read().value == 30


@pytest.mark.parametrize(
    ("typed", "field"),
    [({"value": "91"}, "value"), ({"value": "many"}, "value"), ({"value": ""}, "value"), ({"source": " "}, "source"), ({"valid_from": "yesterday"}, "valid_from"), ({"valid_from": "2020-01-01"}, "valid_from")],
)
def test_what_cannot_be_set_is_a_sentence_and_keeps_what_was_typed(world, operational, typed, field):
    answer = change(client_of("coordinator"), **typed)
    assert answer.status_code == 422
    page = answer.context["page"]
    assert set(page["problems"]) == {field}
    assert page["problems"][field].endswith(".")
    assert page["typed"][field] == typed[field].strip()
    with scope.enter([world.harbour.key]):
        assert not Setting.objects.filter(name="test_days").exists()


def test_the_sentence_says_what_is_allowed(world, operational):
    assert "1 – 90" in change(client_of("coordinator"), value="91").context["page"]["problems"]["value"]


def test_a_clinical_value_waits_for_somebody_else(world, clinical, approver):
    assert change(client_of("both")).status_code == 302
    with scope.enter([world.harbour.key]):
        row = Setting.objects.get(name="test_days")
        assert clinical.read().value == 30
        assert not clinical.read().is_approved
    where = reverse("setting-approve", args=["test_days"])
    own = client_of("both").post(where, {"setting": str(row.id)})
    assert own.status_code == 422
    assert client_of("coordinator").post(where, {"setting": str(row.id)}).status_code == 404
    assert client_of("approver").post(where, {"setting": str(row.id)}).status_code == 302
    with scope.enter([world.harbour.key]):
        assert clinical.read().value == 14
        assert clinical.read().is_approved
        assert AuditEntry.objects.filter(action="setting.approved").count() == 1


def test_who_approves_does_not_change_and_a_stranger_sees_nothing(world, clinical, approver):
    assert change(client_of("approver")).status_code == 404
    change(client_of("coordinator"))
    assert client_of("stranger").get(reverse("setting", args=["test_days"])).status_code == 404
    with scope.enter([world.hillside.key]):
        assert clinical.read().value == 30


def test_a_coordinator_of_one_place_sets_values_there_alone(world, operational):
    with scope.enter([world.harbour.key]):
        organisations.create_staff(actor=world.system, username="local", name="Local", password=PASSWORD, grants=[("coordinator", world.van)])
    client = client_of("local")
    assert change(client).status_code == 404
    assert change(client, site=str(world.sites["Clinic"].id)).status_code == 404
    assert change(client, site=str(world.van.id)).status_code == 302


# -- places ------------------------------------------------------------------------------------------------------------------


PLACE = {"name": "Casa aberta", "kind": "drop_in", "time_zone": "America/Sao_Paulo", "closed_setting": ""}


def test_a_drop_in_without_needles_is_set_up_on_a_page(world):
    client = client_of("coordinator")
    offered = client.get(reverse("site-new")).context["page"]["kinds"]
    kinds = [key for key, _title in offered if key != "exchange.given"][:2]
    answer = client.post(reverse("site-new"), PLACE | {"item_classes": ["smoking", "care", "safer_sex"], "kinds": kinds})
    assert answer.status_code == 302
    with scope.enter([world.harbour.key]):
        made = Site.objects.get(name="Casa aberta")
    assert (made.kind, made.time_zone, made.item_classes, made.kinds) == ("drop_in", "America/Sao_Paulo", ["smoking", "care", "safer_sex"], kinds)


def test_a_closed_setting_is_known_to_sign_in_and_can_be_taken_back(world):
    client = client_of("coordinator")
    client.post(reverse("site-new"), PLACE | {"kind": "prison_unit", "closed_setting": "prison"})
    with scope.enter([world.harbour.key]):
        made = Site.objects.get(name="Casa aberta")
    assert Organisation.objects.get(pk=world.harbour.pk).closed_settings == [made.key]
    client.post(reverse("site", args=[made.id]), PLACE | {"kind": "prison_unit", "is_active": "yes"})
    assert Organisation.objects.get(pk=world.harbour.pk).closed_settings == []


def test_a_retired_place_is_no_longer_offered_and_can_come_back(world):
    client = client_of("coordinator")
    where, same = reverse("site", args=[world.van.id]), {"name": "Van 1", "kind": "vehicle", "time_zone": "Africa/Nairobi", "closed_setting": ""}
    assert client.post(where, same).status_code == 302
    assert "Van 1" not in client_of("naima").get(reverse("start")).content.decode()
    assert client.post(where, same | {"is_active": "yes", "name": "Big van"}).status_code == 302
    assert "Big van" in client_of("naima").get(reverse("start")).content.decode()


@pytest.mark.parametrize(
    ("typed", "field"),
    [({"name": ""}, "name"), ({"name": "van 1"}, "name"), ({"kind": "castle"}, "kind"), ({"time_zone": "Mars/Base"}, "time_zone"), ({"time_zone": "../etc"}, "time_zone"), ({"closed_setting": "x"}, "closed_setting"), ({"kinds": ["no.such"]}, "kinds")],
)
def test_what_a_place_cannot_be_is_a_sentence(world, typed, field):
    answer = client_of("coordinator").post(reverse("site-new"), PLACE | typed)
    assert answer.status_code == 422
    assert set(answer.context["page"]["problems"]) == {field}


def test_a_coordinator_of_one_place_changes_it_and_no_other_and_adds_none(world):
    with scope.enter([world.harbour.key]):
        organisations.create_staff(actor=world.system, username="local", name="Local", password=PASSWORD, grants=[("coordinator", world.van)])
    client = client_of("local")
    assert client.get(reverse("site", args=[world.van.id])).status_code == 200
    assert client.get(reverse("site", args=[world.sites["Clinic"].id])).status_code == 404
    assert client.get(reverse("site-new")).status_code == 404
    assert client.get(reverse("site", args=[world.sites["Hill van"].id])).status_code == 404
    with scope.enter([world.harbour.key]):
        local = organisations.actor_for(Staff.objects.get(username="local"))
        place = Place("Casa", "drop_in", "UTC", "", [], [])
        with pytest.raises(Denied):
            site_changes.add(actor=local, place=place)
        with pytest.raises(Denied):
            site_changes.change(actor=local, site=world.sites["Clinic"], place=place)
