"""Which backups stay in a folder: never is the one just written taken for the oldest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import time_machine
from django.db import connection

from handrail.kernel import backup, crypto, selfcheck
from handrail.kernel.backup import Written
from tests import plugin


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with three backups of 2026."""
    for day in (1, 2, 3):
        (tmp_path / f"handrail-us-2026090{day}T010000Z.age").write_text("sealed")
    (tmp_path / "handrail-others-20200101T000000Z.age").write_text("of somebody else")
    return tmp_path


def written(folder: Path, at: str, keep: int | None) -> Written:
    """A real backup, made at a moment as the clock says."""
    login = plugin.SERVER.login("backup").as_django() | {"NAME": connection.settings_dict["NAME"]}
    with time_machine.travel(at, tick=False):
        return backup.write(folder, "us", login=login, keys=folder / "no-keys", recipients=[crypto.new_identity()[1]], keep=keep, about=lambda _open: {})


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("handrail-us-*.age"))


@pytest.mark.parametrize("keep", [1, 2, 3, 4, None])
def test_a_clock_that_was_set_back_never_costs_the_backup_just_written(db, folder, keep):
    made = written(folder, "2020-01-01T01:00:00Z", keep)
    assert made.path.exists()
    assert made.path.name == "handrail-us-20200101T010000Z.age"
    assert made.later == ("handrail-us-20260901T010000Z.age", "handrail-us-20260902T010000Z.age", "handrail-us-20260903T010000Z.age")
    assert len(names(folder)) == min(keep or 4, 4)
    assert (folder / "handrail-others-20200101T000000Z.age").exists()


def test_the_oldest_go_and_nobody_is_asked_about_a_clock_that_is_right(db, folder):
    made = written(folder, "2026-09-04T01:00:00Z", 2)
    assert names(folder) == ["handrail-us-20260903T010000Z.age", "handrail-us-20260904T010000Z.age"]
    assert made.removed == ("handrail-us-20260901T010000Z.age", "handrail-us-20260902T010000Z.age")
    assert made.later == ()


def test_selfcheck_names_a_missing_address_for_backups_at_once(db, settings):
    def said() -> list[str]:
        return [finding.problem for finding in selfcheck.run() if finding.name == "address for backups"]

    settings.CONFIG = replace(settings.CONFIG, database_url="", backup_database_url="")
    assert said() == [""]
    settings.CONFIG = replace(settings.CONFIG, database_url="postgresql://a@b/c", owner_database_url="postgresql://a@b/c")
    assert "HANDRAIL_BACKUP_DATABASE_URL is not set" in said()[0]
    settings.CONFIG = replace(settings.CONFIG, backup_database_url="postgresql://a@b/c")
    assert said() == [""]


def test_selfcheck_names_a_missing_address_for_the_purge(db, settings):
    def said() -> list[tuple[str, bool]]:
        return [(finding.problem, finding.warning) for finding in selfcheck.run() if finding.name == "address for the purge"]

    settings.CONFIG = replace(settings.CONFIG, database_url="", purge_database_url="")
    assert said() == [("", True)]
    settings.CONFIG = replace(settings.CONFIG, database_url="postgresql://a@b/c", owner_database_url="postgresql://a@b/c")
    assert "HANDRAIL_PURGE_DATABASE_URL is not set" in said()[0][0]
