"""Telling without a sign-in: nothing of who told it is kept anywhere, it arrives once, and a kit can be asked for."""

from __future__ import annotations

import dataclasses
import logging
import re
import uuid
from datetime import date, timedelta
from types import SimpleNamespace
from unittest.mock import patch

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.urls import reverse

from handrail.facts import setting_changes
from handrail.facts.models import Fact
from handrail.facts.record import Refusal
from handrail.kernel import clock, ids, scope
from handrail.kernel.access import Denied
from handrail.kernel.retention import Holds
from handrail.screens.aid import flood, programme
from handrail.services.naloxone import commands, public_reports, queries
from handrail.services.naloxone.kinds.reversal import Reversal
from handrail.services.naloxone.models import KitRequest, PublicReport, Report
from handrail.services.naloxone.public_reports import When
from handrail.services.naloxone.retention import kit_requests
from handrail.services.naloxone.tests import helpers
from handrail.services.naloxone.values import PICK_UP

CANARIES = ("203.0.113.77", "Heron-agent-4711", "heron-referrer-4711", "heron-cookie-4711")
KNOWN = "NX-HERON-4711"
"""A code on a kit: told, and kept."""
HEADERS = {"user-agent": CANARIES[1], "referer": f"https://{CANARIES[2]}.example/", "cookie": f"seen={CANARIES[3]}", "accept-language": "en-KE"}


@pytest.fixture(autouse=True)
def quiet():
    flood.forget()
    yield
    flood.forget()


def where(world: SimpleNamespace, name: str = "tell") -> str:
    return reverse(f"aid:{name}-of", args=[world.harbour.id])


def telling(world: SimpleNamespace, **typed: str):
    said = {"id": str(ids.random()), "kit_id": str(ids.random()), "when": "today", "outcome": "recovered", **typed}
    return Client(REMOTE_ADDR=CANARIES[0]).post(where(world), said, headers=HEADERS)


def offers_kits(world: SimpleNamespace, name: str = "Clinic"):
    site = world.sites[name]
    with scope.enter([world.harbour.key]):
        row = setting_changes.set_value(actor=world.actors["coordinator"], value=PICK_UP, typed="yes", site=site, valid_from=site.today, source="Board")
        type(row).objects.filter(id=row.id).update(valid_from=date(2020, 1, 1))
    return site


def everything() -> str:
    """Every row of every table as text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")
        names = [row[0] for row in cursor.fetchall()]
        found = []
        for name in names:
            cursor.execute(f'SELECT t::text FROM "{name}" t')
            found += [row[0] for row in cursor.fetchall()]
    return "\n".join(found)


# -- nothing of who told it ----------------------------------------------------------------------------------------------


def test_a_hundred_reports_leave_no_address_no_browser_and_no_moment(world, settings, tmp_path, caplog, monkeypatch):
    """In this process, with a clock that stands still; `tests/stories/test_told_over_http.py` asks a real server."""
    settings.CONFIG = dataclasses.replace(settings.CONFIG, var=tmp_path)
    monkeypatch.setattr(flood, "FROM_ONE", 1_000)
    written = ("kernel_session", "kernel_throttle", "kernel_auditentry", "kernel_accessentry")
    with scope.enter([world.harbour.key]):
        before = {name: _count(name) for name in written}
    moment = clock.now().replace(hour=13, minute=47, second=31, microsecond=471_100)
    for name in ("django.request", "django.security", "handrail"):  # they pass nothing on to the root
        monkeypatch.setattr(logging.getLogger(name), "handlers", [caplog.handler])
    with caplog.at_level(logging.DEBUG):
        with time_machine.travel(moment, tick=False):
            for _report in range(100):
                answer = telling(world, doses_total="2", emergency_called="no", why_not_called="fear_police", codes=KNOWN)
                assert (answer.status_code, answer.cookies) == (200, {})
        _breaks(world)
        assert f"Internal Server Error: {where(world)}" in caplog.text, "what is logged is looked at"
        with scope.enter([world.harbour.key]):
            rows = list(PublicReport.objects.all())
            _nothing_of_them(everything() + caplog.text, 100)
            assert {(row.happened_at.minute, row.happened_at.second, row.happened_at.microsecond) for row in rows} == {(0, 0, 0)}
            assert {row.id.version for row in rows} == {4}
            assert before == {name: _count(name) for name in written}
        night = moment.replace(minute=5, second=9, microsecond=0) + timedelta(hours=13)
        with time_machine.travel(night, tick=False), scope.enter([world.harbour.key]):
            assert public_reports.take_in(world.harbour, before=date(2099, 1, 1)) == 100
            facts = list(Fact.objects.filter(kind="naloxone.reversal"))
            assert len(facts) == len({fact.id for fact in facts} & {row.id for row in rows}) == 100
            assert {(fact.occurred_at.minute, fact.occurred_at.second) for fact in facts} == {(0, 0)}
            _nothing_of_them(everything() + caplog.text, 100)
            assert before == {name: _count(name) for name in written}
    assert not list(tmp_path.rglob("*")), "telling writes no file"


def _breaks(world: SimpleNamespace) -> None:
    """Something fails while somebody tells: the log says where."""
    said = {"id": str(ids.random()), "when": "today", "outcome": "recovered"}
    with patch.object(public_reports, "keep", side_effect=RuntimeError("broken")):
        answer = Client(REMOTE_ADDR=CANARIES[0], raise_request_exception=False).post(where(world), said, headers=HEADERS)
    assert answer.status_code == 500


def _nothing_of_them(held: str, count: int) -> None:
    """What was told is found, so whoever told it would be."""
    assert held.count(KNOWN) >= count
    assert not [canary for canary in CANARIES if canary in held]
    assert "47:31" not in held


def _count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT count(*) FROM "{table}"')
        return int(cursor.fetchone()[0])


def test_many_doses_are_asked_about_once_and_then_kept(world):
    once = {"id": str(ids.random()), "kit_id": str(ids.random())}
    asked = telling(world, doses_total="21", **once)
    said = asked.content.decode()
    assert asked.status_code == 422
    assert "More than 20 doses" in said
    assert 'value="21"' in said
    assert "data-sure>" in said
    assert "data-sure hidden" in telling(world, doses_total="20", outcome="").content.decode(), "nobody is asked about what is usual"
    assert telling(world, doses_total="21", confirm="doses", **once).status_code == 200
    with scope.enter([world.harbour.key]):
        assert [row.said["doses_total"] for row in PublicReport.objects.all()] == [21]


def test_an_id_that_tells_its_moment_is_refused(world):
    answer = telling(world, id=str(ids.new()))
    assert answer.status_code == 422
    assert "This page is too old" in answer.content.decode()


def test_at_night_they_are_recorded_in_an_order_that_nobody_chose(world, monkeypatch):
    shuffled = []
    monkeypatch.setattr(public_reports.secrets.SystemRandom, "shuffle", lambda _self, rows: shuffled.append(len(rows)))
    for _report in range(3):
        telling(world)
    with scope.enter([world.harbour.key]):
        assert public_reports.take_in(world.harbour) == 0, "those of today wait"
        assert public_reports.take_in(world.harbour, before=date(2099, 1, 1)) == 3
        assert shuffled[-1] == 3
        assert public_reports.waiting() == 0
        assert Report.objects.count() == 3
        facts = list(Fact.objects.filter(kind="naloxone.reversal"))
        assert {fact.payload["reported_by"] for fact in facts} == {"public_form"}
        assert {(fact.site_id, fact.staff, fact.participant) for fact in facts} == {(None, None, None)}


def test_sent_twice_it_is_one_report_before_the_night_and_after_it(world):
    id = str(ids.random())
    telling(world, id=id)
    telling(world, id=id)
    with scope.enter([world.harbour.key]):
        assert public_reports.waiting() == 1
        public_reports.take_in(world.harbour, before=date(2099, 1, 1))
    telling(world, id=id)
    with scope.enter([world.harbour.key]):
        assert public_reports.waiting() == 0
        assert Report.objects.count() == 1


@pytest.mark.parametrize(
    ("when", "precision", "hours_back"), [("last_hour", "hour", 0), ("today", "day", 1), ("yesterday", "day", 25), ("this_week", "week", 73), ("unknown", "unknown", 1)],
)
def test_when_it_was_is_never_finer_than_the_hour(when, precision, hours_back):
    now = clock.now().replace(hour=10, minute=31, second=7)  # 13:31 in Nairobi
    found = When(when).moment(now, "Africa/Nairobi")
    assert When(when).precision == precision
    assert (found.minute, found.second) == (0, 0)
    assert found == now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours_back)


def test_early_in_the_morning_earlier_today_is_not_still_to_come():
    now = clock.now().replace(hour=3, minute=12)
    assert When.TODAY.moment(now, "UTC") <= now


# -- what is told ----------------------------------------------------------------------------------------------------------


def test_what_was_typed_stays_and_each_fault_has_a_sentence(world):
    page = Client().post(where(world), {"id": str(ids.random()), "when": "", "outcome": "", "doses_total": "two", "codes": "nx-1"}).content.decode()
    assert "Choose one of the answers." in page
    assert "Write a whole number." in page
    assert 'value="nx-1"' in page
    assert 'value="two"' in page
    said = Client().post(where(world), {"id": str(ids.random()), "when": "today"}, headers={"accept": "application/json"})
    assert (said.status_code, said.json()["errors"]) == (422, {"outcome": "Choose one of the answers."})
    with scope.enter([world.harbour.key]):
        assert public_reports.waiting() == 0


def test_nobody_can_say_of_themselves_that_they_are_staff(world):
    telling(world, reported_by="staff_form", received_on="2020-01-01", precision="hour")
    with scope.enter([world.harbour.key]):
        said = Reversal.model_validate(PublicReport.objects.get().said)
    assert (said.reported_by, said.precision) == ("public_form", "day")
    assert said.received_on != date(2020, 1, 1)


def test_the_square_on_a_kit_leads_to_its_lot(world):
    with scope.enter([world.harbour.key]):
        helpers.fill_store(world)
        lot = helpers.lot()
        commands.label(actor=world.system, site=world.store, lot=helpers.Lot.objects.get(id=lot), codes=["NX-0417"], id=ids.new())
    page = Client().get(where(world) + "?kit=NX-0417").content.decode()
    assert 'value="NX-0417"' in page
    assert 'href="?in=es&amp;kit=NX-0417" lang="es"' in page, "in another language it is the same kit"
    telling(world, codes="nx-0417", doses_total="2")
    with scope.enter([world.harbour.key]):
        public_reports.take_in(world.harbour, before=date(2099, 1, 1))
        step = queries.kit("NX-0417")
        assert step is not None
        assert step.state == "used"
        assert queries.lot_of("NX-0417") == lot


def test_a_flood_is_slowed_down_in_memory_alone_and_what_was_typed_stays(world):
    for _report in range(flood.FROM_ONE):
        assert telling(world).status_code == 200
    answer = telling(world, doses_total="7")
    assert answer.status_code == 422
    assert 'value="7"' in answer.content.decode()
    assert Client(REMOTE_ADDR="198.51.100.9").post(where(world), {"id": str(ids.random()), "when": "today", "outcome": "died"}).status_code == 200
    assert _count("kernel_throttle") == 0


# -- a new kit -------------------------------------------------------------------------------------------------------------


def test_a_kit_is_asked_for_followed_and_handed_over_and_nothing_leads_to_the_report(world):
    site = offers_kits(world)
    page = telling(world, wants_kit="yes", site=str(site.id)).content.decode()
    code = re.search(r"[A-Z0-9]{3}-[A-Z0-9]{3}-[A-Z0-9]{3}-[A-Z0-9]", page)
    assert code is not None
    assert code[0] not in everything()
    asked = Client().post(where(world, "receipt"), {"receipt": code[0].lower()})
    assert "We have your request" in asked.content.decode()
    with scope.enter([world.harbour.key]):
        row = KitRequest.objects.get()
        assert row.id != PublicReport.objects.get().id
        assert [one.id for one in public_reports.open_requests(world.actors["nurse"])] == [row.id]
        with pytest.raises(Denied):
            public_reports.move_on(actor=world.actors["naima"], request=row.id, state=KitRequest.State.READY)
        public_reports.move_on(actor=world.actors["nurse"], request=row.id, state=KitRequest.State.READY)
    assert "Your kit is ready" in Client().post(where(world, "receipt"), {"receipt": code[0]}).content.decode()


def test_two_workers_move_a_request_on_and_the_second_is_told(world):
    site = offers_kits(world)
    with scope.enter([world.harbour.key]):
        public_reports.ask_for_kit(organisation=world.harbour, id=ids.random(), site=site.id)
        wanted = KitRequest.objects.get().id
    client, address = Client(), reverse("naloxone:request-move-on", args=[wanted])
    client.force_login(world.staff["nurse"])
    for _tap in range(2):
        assert client.post(address, {"state": "cancelled"}).status_code == 302
    answer = client.post(address, {"state": "handed_over"})
    assert answer.status_code == 422
    assert "Somebody else moved this request on: It was cancelled." in answer.content.decode()
    assert "Choose what happened." in client.post(address, {"state": "what"}).content.decode()
    with scope.enter([world.harbour.key]):
        assert KitRequest.objects.get().state == KitRequest.State.CANCELLED


def test_what_is_sent_again_is_one_report_and_one_kit_and_the_code_that_was_seen_counts(world):
    site = offers_kits(world)
    sent = {"id": str(ids.random()), "kit_id": str(ids.random()), "wants_kit": "yes", "site": str(site.id)}
    first, second = (re.search(r"[A-Z0-9]{3}-[A-Z0-9]{3}-[A-Z0-9]{3}-[A-Z0-9]", telling(world, **sent).content.decode()) for _again in range(2))
    assert first is not None
    assert second is not None
    with scope.enter([world.harbour.key]):
        assert (PublicReport.objects.count(), KitRequest.objects.count()) == (1, 1)
    assert Client().post(where(world, "receipt"), {"receipt": first[0]}).status_code == 422
    assert "We have your request" in Client().post(where(world, "receipt"), {"receipt": second[0]}).content.decode()


def test_the_plain_address_leads_to_the_only_programme(world):
    assert Client().get(reverse("aid:tell")).status_code == 404
    with patch.object(programme, "_only", return_value=world.harbour):
        answer = Client().get(reverse("aid:tell") + "?kit=NX-1")
    assert answer.headers["Location"] == f"{where(world)}?kit=NX-1"


def test_only_places_that_said_so_are_named(world):
    with scope.enter([world.harbour.key]):
        assert public_reports.pick_up_places() == []
    page = Client().get(where(world)).content.decode()
    assert "Do you want a new kit?" not in page
    assert "Clinic" not in page
    assert telling(world, wants_kit="yes", site=str(world.sites["Clinic"].id)).status_code == 422
    offers_kits(world)
    assert "Clinic" in Client().get(where(world)).content.decode()


def test_a_receipt_that_is_wrong_or_not_known_says_so(world):
    for typed, said in (("7HR-9V4-99P-2", "Check the code"), ("7HR-9V4-99P-1", "This receipt is not known here."), ("", "Check the code")):
        answer = Client().post(where(world, "receipt"), {"receipt": typed})
        assert answer.status_code == 422
        assert said in answer.content.decode()


def test_a_request_that_is_done_is_forgotten_and_one_that_waits_is_not(world):
    site = offers_kits(world)
    with scope.enter([world.harbour.key]):
        for _request in range(2):
            public_reports.ask_for_kit(organisation=world.harbour, id=ids.random(), site=site.id)
        first = KitRequest.objects.first()
        public_reports.move_on(actor=world.system, request=first.id, state=KitRequest.State.HANDED_OVER)
        done = kit_requests.purge(before=date(2099, 1, 1), holds=Holds())
        assert (done.count, KitRequest.objects.count()) == (1, 1)
        with pytest.raises(Refusal):
            public_reports.ask_for_kit(organisation=world.harbour, id=ids.random(), site=uuid.uuid4())
