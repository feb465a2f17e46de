"""Training, emergency and leaflet: what they say, whose values they say it with, and that they leave nothing behind."""

from __future__ import annotations

import dataclasses
import io
import logging
import re
import uuid
from datetime import date

import pypdf
import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import translation

from handrail.facts import setting_changes
from handrail.facts.models import SafetyClass, SourceStatus
from handrail.facts.setting_changes import SettingProblem
from handrail.facts.values import declared
from handrail.gates import paper
from handrail.gates.release_formats import CannotExport
from handrail.kernel import scope
from handrail.screens.aid import content, keep, pages, programme, values
from handrail.screens.aid.content import BLOCKS, QUESTIONS, STEPS, Device
from handrail.screens.aid.values import in_language
from tests.signing_in import browser, sign_in

WORDS_A_SECOND = 2.7
"""Somebody who reads aloud without haste says 150 to 160 words in a minute."""
PAGES = ("/aid/training/", "/aid/emergency/", "/aid/leaflet/", "/leaving/")


@pytest.fixture
def own_files(settings, tmp_path):
    settings.CONFIG = dataclasses.replace(settings.CONFIG, var=tmp_path)
    return tmp_path


def seen(where: str, **headers: str) -> str:
    answer = Client().get(where, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def set_to(world, value, typed: str, *, approve: bool = True) -> None:
    """A value of the first organisation, approved by somebody else where it needs that."""
    with scope.enter([world.harbour.key]):
        row = setting_changes.set_value(actor=world.actors["coordinator"], value=value, typed=typed, site=None, valid_from=date(2099, 1, 1), source="Board, 3 March")
        type(row).objects.filter(id=row.id).update(valid_from=date(2020, 1, 1), approved_at="2020-01-01T00:00:00Z" if approve else None)


def of(world, name: str) -> str:
    return reverse(f"aid:{name}-of", args=[world.harbour.id])


# -- what is taught -----------------------------------------------------------------------------------------------------------


def test_eight_blocks_make_five_minutes():
    assert [block.seconds for block in BLOCKS] == [45, 45, 25, 40, 60, 35, 25, 25]
    assert sum(block.seconds for block in BLOCKS) == content.SECONDS == 300


@pytest.mark.parametrize("device", Device)
@pytest.mark.parametrize("language", ["en", "es"])
def test_each_block_can_be_read_aloud_in_its_time(language, device, db):
    for block in BLOCKS:
        with translation.override(language):
            words = programme.of(None).words(device)
            said = " ".join(str(one.text) % words for one in block.sentences if one.device in (None, device))
        assert len(said.split()) <= block.seconds * WORDS_A_SECOND, f"{block.key} in {language}: {len(said.split())} words in {block.seconds} s"


def test_the_training_covers_what_it_must():
    said = {block.key: " ".join(str(one.text) for one in block.sentences).lower() for block in BLOCKS}
    for key, words in {
        "risk": ("alcohol", "sedatives", "prison", "hospital", "detox", "methadone", "alone", "new supply"),
        "recognise": ("speak loudly", "breastbone", "slow", "snoring", "no breath", "blue", "grey", "ashen"),
        "call": ("not breathing",), "breathe": ("airway", "breaths come first"),
        "naloxone": ("wait %(minutes)s", "next dose", "not waking", "kit in your hand"), "stay": ("on the side", "stay", "come back"),
        "after": ("withdrawal", "passes", "on top", "hospital"), "refill": ("without any name", "free", "date", "better than none"),
    }.items():
        for word in words:
            assert word in said[key], (key, word)
    assert next(block for block in BLOCKS if block.key == "call").law


def test_an_emergency_goes_in_the_order_that_is_taught():
    assert [step.key for step in STEPS] == ["call", "check", "breathe", "naloxone", "wait", "repeat", "position", "stay"]


def test_the_key_of_the_five_questions_is_exact():
    assert [(question.key, question.is_true) for question in QUESTIONS] == [
        ("snoring", True), ("shower", False), ("breaths", True), ("lasts", False), ("tolerance", True),
    ]


def test_every_sentence_has_a_source_and_the_page_names_it(db):
    for where, blocks in (("/aid/training/", BLOCKS), ("/aid/emergency/", STEPS)):
        page = seen(where)
        for source in {one.source for block in blocks for one in block.sentences}:
            assert str(source.text) in page.replace("&amp;", "&")


def test_what_was_not_read_says_so():
    doubtful = {content.FIRST_AID, content.DEVICES, content.WEARS_OFF, content.SEDATIVES}
    assert all(source.status is SourceStatus.UNVERIFIED and "not read by Handrail" in str(source.text) for source in doubtful)


def test_no_dose_is_ever_computed():
    """No strength and no body: one dose is what the leaflet in the kit says."""
    said = " ".join(str(one.text) for block in (*BLOCKS, *STEPS) for one in block.sentences)
    assert not re.search(r"\d\s*(mg|ml|µg|kg)\b|weight|twice the|double", said)


def test_every_picture_can_be_read_by_who_does_not_see_it(db):
    for where in PAGES[:3]:
        drawings = re.findall(r"<svg class=\"drawing\"[^>]*>", seen(where))
        assert len(drawings) >= 5
        assert all(re.search(r'role="img" aria-label="[^"]{8,}"', drawing) for drawing in drawings)


# -- whose values -------------------------------------------------------------------------------------------------------------


def test_safety_values_are_clinical_or_legal_and_say_how_sure_we_are():
    mine = {value.key: value for value in vars(values).values() if isinstance(value, values.Value)}
    assert mine.keys() <= declared().keys()
    for key in ("naloxone_wait_nasal", "naloxone_wait_injected", "naloxone_wait_atomiser", "rescue_breath_seconds", "stay_after_naloxone_hours", "emergency_number"):
        assert mine[key].safety is SafetyClass.CLINICAL
    assert mine["overdose_law"].safety is SafetyClass.LEGAL
    assert mine["naloxone_wait_nasal"].source_status is SourceStatus.VERIFIED
    for key in ("naloxone_wait_injected", "naloxone_wait_atomiser", "rescue_breath_seconds", "stay_after_naloxone_hours"):
        assert mine[key].source_status is SourceStatus.UNVERIFIED


def test_with_several_programmes_and_none_named_the_start_values_hold(world):
    set_to(world, values.NASAL_MINUTES, "5")
    assert "Wait 3 minutes" in seen("/aid/training/")
    assert "Wait 5 minutes" not in seen("/aid/training/")
    assert "Wait 5 minutes" in seen(of(world, "training"))
    assert "Harbour" in seen(of(world, "training"))


def test_the_only_programme_needs_no_name_in_the_address(world, monkeypatch):
    set_to(world, values.NASAL_MINUTES, "5")
    monkeypatch.setattr(programme, "_only", lambda: world.harbour)
    assert "Wait 5 minutes" in seen("/aid/training/")


def test_a_programme_that_does_not_exist_is_a_page_that_is_not_here(world):
    for name in ("home", "training", "emergency", "leaflet", "leaflet-pdf", "worker"):
        assert Client().get(reverse(f"aid:{name}-of", args=[uuid.uuid4()])).status_code == 404


def test_a_number_nobody_confirmed_says_so_and_one_that_is_confirmed_does_not(world):
    said = "The programme has not confirmed this number yet"
    assert seen(of(world, "training")).count(said) == 3
    assert "3 minutes after an injection" in seen(of(world, "emergency"))
    for value, typed in ((values.INJECTED_MINUTES, "2"), (values.ATOMISER_MINUTES, "3"), (values.BREATH_SECONDS, "6"), (values.STAY_HOURS, "2")):
        set_to(world, value, typed)
    page = seen(of(world, "training"))
    assert said not in page
    assert "One breath every 6 seconds" in page
    assert "Stay for 2 hours" in page
    assert "has not confirmed" not in seen(of(world, "emergency"))


def test_a_clinical_number_that_waits_for_approval_is_not_used(world):
    set_to(world, values.INJECTED_MINUTES, "5", approve=False)
    assert "Wait 5 minutes" not in seen(of(world, "training"))


def test_each_device_has_its_own_wait_and_the_reminder_takes_the_shortest(world):
    assert seen(of(world, "emergency")).count("Wait 3 minutes.</p>") == 1, "one sentence where all waits are the same"
    set_to(world, values.INJECTED_MINUTES, "2")
    page = seen(of(world, "emergency"))
    assert "Wait 2 minutes." in page
    assert "Wait 3 minutes." in page
    assert 'data-remind="2"' in page


def test_the_law_is_said_where_it_is_set_and_in_the_language_it_is_set_in(world):
    assert "lang=\"en\">Who calls" not in seen(of(world, "training"))
    set_to(world, values.LEGAL_SENTENCE, "[en] Who calls for help is not charged. [es] A quien llama no se le acusa.", approve=False)
    assert "Who calls for help" not in seen(of(world, "training")), "it waits for approval"
    set_to(world, values.LEGAL_SENTENCE, "[en] Who calls for help is not charged. [es] A quien llama no se le acusa.")
    assert '<p class="notice" lang="en">Who calls for help is not charged.</p>' in seen(of(world, "training"))
    assert '<p class="notice" lang="es">A quien llama no se le acusa.</p>' in seen(of(world, "training") + "?in=es")
    assert "Who calls for help" not in seen("/aid/training/")


def test_a_text_with_one_language_is_shown_as_what_it_is():
    assert in_language("Nobody is charged.", "es") == ("Nobody is charged.", "")
    assert in_language("[en] Nobody is charged.", "es") == ("Nobody is charged.", "en")


def test_one_tap_calls_for_help_where_a_number_is_set(world):
    assert "tel:" not in seen(of(world, "emergency"))
    assert "Call the emergency number." in seen(of(world, "emergency"))
    set_to(world, values.EMERGENCY_NUMBER, "1 12")
    assert 'href="tel:112"' in seen(of(world, "emergency"))
    assert "Call 1 12." in seen(of(world, "training"))


@pytest.mark.parametrize(("value", "typed"), [
    (values.EMERGENCY_NUMBER, "javascript:1"), (values.LEAVE_TARGET, "http://example.org/"), (values.LEAVE_TARGET, "javascript:alert(1)"),
    (values.LEAVE_TARGET, "https://example.org/?from=handrail"), (values.LEAVE_TARGET, "https://me@example.org/"), (values.LEGAL_SENTENCE, "x" * 401),
    (values.NASAL_MINUTES, "0"), (values.BREATH_SECONDS, "60"), (values.STAY_HOURS, "1"),
])
def test_a_value_that_could_hurt_is_refused_with_a_sentence(world, value, typed):
    with scope.enter([world.harbour.key]), pytest.raises(SettingProblem, match="cannot be used") as refused:
        setting_changes.set_value(actor=world.actors["coordinator"], value=value, typed=typed, site=None, valid_from=date(2099, 1, 1), source="x")
    assert refused.value.problems[0][0] == "value"


# -- nothing is left behind ---------------------------------------------------------------------------------------------------


def rows_everywhere() -> dict[str, int]:
    """How many rows each table holds that the application can read."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND has_table_privilege(oid, 'SELECT') ORDER BY 1")
        tables = [name for (name,) in cursor.fetchall()]
        counts = {}
        for table in tables:
            cursor.execute(f'SELECT count(*) FROM "{table}"')
            counts[table] = cursor.fetchone()[0]
    return counts


def test_no_cookie_no_row_and_no_line_in_a_log(world, caplog):
    addresses = [*PAGES, "/aid/", "/aid/worker.js", *(of(world, name) for name in ("training", "emergency", "leaflet", "worker"))]
    with scope.enter([world.harbour.key]):
        before = rows_everywhere()
    with caplog.at_level(logging.DEBUG, logger="handrail"), caplog.at_level(logging.DEBUG, logger="django.request"):
        for where in addresses:
            client = Client()
            answer = client.get(where, headers={"User-Agent": "canary-browser", "Referer": "http://canary.example/"}, REMOTE_ADDR="203.0.113.77")
            assert answer.status_code in {200, 302}
            assert not answer.cookies
            assert "Set-Cookie" not in answer.headers
            assert not client.cookies
    with scope.enter([world.harbour.key]):
        assert rows_everywhere() == before
    assert not [line for line in caplog.records if "203.0.113.77" in line.getMessage() or "canary" in line.getMessage()]
    assert not caplog.records


def test_a_page_that_sets_a_cookie_would_be_seen(world):
    assert Client().get("/sign-in/").cookies


def test_it_is_the_same_page_whoever_asks(world):
    client = browser()
    sign_in(client, "coordinator")
    for where in (*PAGES, of(world, "emergency"), "/aid/worker.js"):
        assert client.get(where).content == browser().get(where).content


def test_nothing_comes_from_elsewhere_and_the_policy_stays_strict(world):
    for where in PAGES:
        answer = Client().get(where)
        assert not re.search(r"""(src|href|action)=["'](https?:)?//""", answer.content.decode())
        assert "<form" not in answer.content.decode()
        assert "unsafe" not in answer["Content-Security-Policy"]
        assert "worker-src 'self'" in answer["Content-Security-Policy"]
        assert answer["Referrer-Policy"] == "same-origin"


# -- fresh wherever there is a network ------------------------------------------------------------------------------------------


def test_a_browser_asks_again_each_time_and_is_told_when_nothing_changed(world):
    first = Client().get(of(world, "emergency"))
    assert first["Cache-Control"] == "no-cache"
    assert "Accept-Language" in first["Vary"]
    for tag in (first["ETag"], f"W/{first['ETag']}"):
        again = Client().get(of(world, "emergency"), headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
    set_to(world, values.STAY_HOURS, "4")
    assert Client().get(of(world, "emergency"), headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_the_worker_keeps_exactly_training_and_emergency_in_every_language(db):
    script = seen("/aid/worker.js")
    kept = [f"{name}/{asked}" for name in ("training", "emergency") for asked in ("", *(f"?in={code}" for code, _name in django_settings.LANGUAGES))]
    assert f"const PAGES = {kept!r};".replace("'", '"') in script
    files = re.search(r"const FILES = \[(.*)\];", script)
    assert files
    assert [name.strip('"').rpartition("/")[2] for name in files[1].split(", ")] == [name.rpartition("/")[2] for name in keep.FILES]
    needed = {name for where in PAGES[:2] for name in re.findall(r"(?:src|href)=\"/static/([^\"]+)\"", seen(where))}
    assert needed == set(keep.FILES), "everything a page needs is kept, and nothing more"


def test_the_worker_changes_with_every_word_value_and_style(world, monkeypatch):
    def version() -> str:
        found = re.search(r'const VERSION = "(\w{20})"', seen(of(world, "worker")))
        assert found
        return found[1]

    first = version()
    assert version() == first
    set_to(world, values.STAY_HOURS, "4")
    second = version()
    assert second != first
    monkeypatch.setattr(keep, "static", lambda name: f"/static/{name}?changed")
    third = version()
    reworded = dataclasses.replace(BLOCKS[0], sentences=(dataclasses.replace(BLOCKS[0].sentences[0], text="Another sentence."),))
    monkeypatch.setattr(pages, "BLOCKS", (reworded, *BLOCKS[1:]))
    assert len({first, second, third, version()}) == 4


def test_the_worker_is_served_where_it_may_only_see_its_own_pages(world):
    answer = Client().get(of(world, "worker"))
    assert answer["Content-Type"].startswith("text/javascript")
    assert answer["Cache-Control"] == "no-cache"
    assert "Service-Worker-Allowed" not in answer.headers


# -- leaving and the leaflet ----------------------------------------------------------------------------------------------------


def test_the_quick_exit_leads_to_a_calendar_or_where_the_programme_says(world):
    assert 'href="/leaving/"' in seen(of(world, "emergency"))
    calendar = seen("/leaving/").lower()
    for word in ("handrail<", "naloxon", "overdose", "/aid/", "<script"):
        assert word not in calendar
    set_to(world, values.LEAVE_TARGET, "https://weather.example.org/")
    assert 'href="https://weather.example.org/" rel="noreferrer"' in seen(of(world, "emergency"))


def test_the_calendar_knows_the_length_of_a_month(db, time_machine):
    for day, last in (("2026-02-10", 28), ("2028-02-10", 29), ("2026-12-31", 31)):
        time_machine.move_to(f"{day}T12:00:00Z")
        cells = re.findall(r"<td[^>]*>(\d*)</td>", seen("/leaving/"))
        assert [int(cell) for cell in cells if cell] == list(range(1, last + 1))
        assert len(cells) % 7 == 0


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "es"])
def test_the_leaflet_is_one_sheet_that_can_be_read_aloud(world, own_files, language):
    set_to(world, values.LEGAL_SENTENCE, "[en] Who calls for help is not charged. [es] A quien llama no se le acusa.")
    set_to(world, values.EMERGENCY_NUMBER, "112")
    answer = Client().get(f"{of(world, 'leaflet-pdf')}?in={language}")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    pdf = pypdf.PdfReader(io.BytesIO(answer.content))
    text = " ".join(pdf.pages[0].extract_text().split())
    assert len(pdf.pages) == 1
    assert paper.is_tagged(answer.content)
    for word in {"en": ("Call 112.", "One breath every 5 seconds", "Nasal spray", "is not charged"), "es": ("112", "5 segundos", "acusa")}[language]:
        assert word in text
    assert f"/aid/{world.harbour.id}/training/?in={language}" in text
    assert Client().get(f"{of(world, 'leaflet-pdf')}?in={language}").content == answer.content
    assert len(list((own_files / "released" / "aid").iterdir())) == 1


def test_a_machine_that_makes_no_pdf_shows_the_sheet_and_says_why(world, own_files, monkeypatch):
    def cannot(*_some, **_more):
        raise CannotExport("The library Pango is missing.")

    monkeypatch.setattr(paper, "to_pdf", cannot)
    answer = Client().get("/aid/leaflet/pdf/")
    assert answer.status_code == 503
    assert "Pango" in answer.content.decode()
    assert "One dose, as the leaflet says" in answer.content.decode()


def test_the_way_to_the_emergency_page_stands_where_people_arrive(world):
    assert 'href="/aid/emergency/"' in seen("/sign-in/")
