"""The shape of the house: rooms, registries, pages, sizes, and what stands in no file."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from handrail.conformance import reference, sizes
from handrail.facts.spec import Kind
from handrail.facts.values import declared
from handrail.kernel import crypto, ids, registry, row_security, selfcheck
from handrail.kernel.config import ConfigError, from_environment
from tests.words import PASSWORD

ROOT = Path(__file__).resolve().parents[2]
SERVICE_ROOM = {"__init__.py", "apps.py", "kinds", "models.py", "project.py", "rules.py", "commands.py", "queries.py", "views.py", "urls.py", "templates", "README.md", "tests", "migrations"}
MAY_HAVE = {"retention", "static", "stores"}
"""Folders that a room has only where it keeps or shows such things."""


def test_every_service_room_has_the_same_shape():
    rooms = [path for path in (ROOT / "handrail" / "services").iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert rooms
    for room in rooms:
        names = {path.name for path in room.iterdir()} - {"__pycache__"}
        assert names >= SERVICE_ROOM, room.name
        assert {name for name in names - SERVICE_ROOM - MAY_HAVE if not name.endswith(".py")} == set(), room.name  # no new kinds of folder
        assert any((room / "tests").glob("test_*.py")), f"{room.name} has no tests"


def test_files_and_functions_keep_their_size():
    assert sizes.problems() == []


def test_the_reference_pages_say_what_the_code_says():
    for name, page in reference.PAGES.items():
        assert (reference.FOLDER / name).read_text() == page(), f"{name} is stale: run make docs"


def test_the_database_is_what_the_models_say(db):
    assert row_security.problems() == []


def test_a_registry_refuses_a_file_without_its_object(tmp_path, monkeypatch):
    import handrail.services.exchange.kinds as package  # noqa: PLC0415

    (tmp_path / "empty_test.py").write_text("NOTHING = 1\n")
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    kinds = registry.Registry("KIND", Kind, lambda: [("exchange", "handrail.services.exchange.kinds")])
    with pytest.raises(registry.RegistryError, match="empty_test"):
        kinds.all()


def test_a_registry_scans_only_our_own_packages():
    outside = registry.Registry("KIND", object, lambda: [("x", "json")])
    with pytest.raises(registry.RegistryError):
        outside.all()


def test_nothing_in_the_tree_names_a_registry_host_or_a_path_of_a_machine():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    wrong = re.compile(r"--(extra-)?index-url|--find-links|https?://[^ ]*/(simple|packages)/|\"resolved\": *\"http|files\.python" + "hosted")
    for name in listed:
        path = ROOT / name
        if path.suffix in {".py", ".txt", ".in", ".toml", ".md", ".html", ".js", ".css", ".json"} and path.exists() and path != Path(__file__):
            assert not wrong.search(path.read_text()), name


A_DAY_OF_UTC = re.compile(r"clock\.now\(\)\.date\(\)|datetime\.now\([^)]*\)\.date\(\)|occurred_at\.date\(\)|date\.today\(\)")


def days_of_utc(text: str) -> list[str]:
    """Where code takes the day of UTC for the day people live in: at 22:00 in Nairobi they differ by one."""
    return A_DAY_OF_UTC.findall(text)


def test_a_day_is_the_day_of_a_place():
    files = {path.relative_to(ROOT / "handrail").as_posix(): path.read_text() for path in (ROOT / "handrail").rglob("*.py")}
    wrong = {name for name, text in files.items() if "/tests/" not in f"/{name}" and not name.rpartition("/")[2].startswith("test_") and days_of_utc(text)}
    assert wrong == set(), "ask Site.today, Recorded.day, or facts.queries.today()"
    assert days_of_utc("today = clock.now().date()") and days_of_utc("if fact.occurred_at.date() > limit:")  # noqa: PT018  planted
    assert not days_of_utc("clock.local_date(clock.now(), site.time_zone)")


def sources_nobody_finds(sources: dict[str, str]) -> list[str]:
    """Values whose source is empty or one of our own working papers."""
    return [key for key, source in sources.items() if not source.strip() or re.search(r"\.md\b|domain/", source)]


def test_every_value_says_where_it_comes_from_in_words_that_its_reader_can_look_up():
    assert sources_nobody_finds({key: value.source for key, value in declared().items()}) == []
    assert sources_nobody_finds({"planted": "domain/exchange.md 8", "empty": " ", "law": "42 CFR Part 2"}) == ["planted", "empty"]


def test_no_page_carries_inline_style_or_script():
    for path in (ROOT / "handrail").rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"\sstyle=|\son[a-z]+=\"|<style|<script(?![^>]*\bsrc=)", text), path.name


def test_every_answer_carries_the_strict_headers(world):
    answer = Client().get(reverse("sign-in"))
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_form_from_another_site_is_refused(world):
    answer = Client().post(reverse("sign-in"), {"username": "naima", "password": PASSWORD}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 404


def test_guessing_is_slowed_down_and_every_failure_says_the_same(world):
    client = Client()
    said = {client.post(reverse("sign-in"), {"username": name, "password": "wrong"}).content.decode().split("role=\"alert\">")[1].split("<")[0]
            for name in ("naima", "nobody-here")}
    assert len(said) == 1
    for _attempt in range(5):
        client.post(reverse("sign-in"), {"username": "naima", "password": "wrong"})
    answer = client.post(reverse("sign-in"), {"username": "naima", "password": PASSWORD})
    assert answer.status_code == 401
    assert "Wait five minutes" in answer.content.decode()


def test_an_ended_account_is_out_at_the_next_click(world):
    client = Client()
    client.post(reverse("sign-in"), {"username": "naima", "password": PASSWORD})
    assert client.get(reverse("start")).status_code == 200
    staff = world.staff["naima"]
    staff.is_active = False
    staff.save()
    assert client.get(reverse("start")).status_code == 302


def test_the_session_table_does_not_hold_the_cookie(world, db):
    from handrail.kernel.models import Session  # noqa: PLC0415

    client = Client()
    client.post(reverse("sign-in"), {"username": "naima", "password": PASSWORD})
    cookie = client.cookies["handrail"].value
    assert all(cookie.encode() not in bytes(s.digest) and cookie not in s.data for s in Session.objects.all())


def test_the_selfcheck_refuses_a_database_that_could_lose_records(db):
    refused = {finding.name for finding in selfcheck.failures(selfcheck.run())}
    assert refused == {"fsync on", "full_page_writes on", "synchronous_commit on"}  # the test server runs without them


def test_a_wrong_setting_is_a_sentence():
    with pytest.raises(ConfigError, match="whole number"):
        from_environment({"HANDRAIL_PORT": "many"})
    with pytest.raises(ConfigError, match="raised"):
        from_environment({"HANDRAIL_PUBLIC_THRESHOLD": "5"})


# -- codes (`domain/people.md`, worked example 3) ---------------------------------------------------------------------------


def test_the_check_symbol_is_that_of_the_worked_examples():
    assert crypto.read_code("7hr 9v4-99p 1") == "7HR99V499P1".replace("99V", "9V", 1)
    for code in ("7HR-9V4-99P-1", "QED-9MH-3NW-2", "AGK-YZW-H4N-R", "XE2-6NP-K8B-X"):
        assert crypto.read_code(code) is not None
    assert crypto.read_code("7HR-9V4-99P-2") is None
    assert crypto.read_code("H7R-9V4-99P-1") is None


def test_every_wrong_symbol_and_every_swap_is_noticed():
    code = "7HR9V499P1"
    changed = [code[:i] + s + code[i + 1 :] for i in range(10) for s in crypto.ALPHABET if s != code[i]]
    swapped = [code[:i] + code[j] + code[i + 1 : j] + code[i] + code[j + 1 :] for i in range(10) for j in range(i + 1, 10) if code[i] != code[j]]
    assert len(changed) == 300
    assert [c for c in changed + swapped if crypto.read_code(c)] == []


def test_new_codes_are_valid_and_look_ups_need_the_key():
    codes = {crypto.new_code() for _number in range(200)}
    assert len(codes) == 200
    assert all(crypto.read_code(code) for code in codes)
    assert crypto.token(b"a" * 32, "card", "x") != crypto.token(b"b" * 32, "card", "x")


def test_derived_ids_follow_from_the_form_and_differ_by_part():
    form = ids.new()
    assert ids.derived(form, "a") == ids.derived(form, "a") != ids.derived(form, "b")
    assert ids.derived(form, "a").version == 8
    assert ids.new().version == 7


def test_every_change_of_a_model_has_its_migration(db):
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
