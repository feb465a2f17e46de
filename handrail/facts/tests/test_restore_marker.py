"""Half a restore may be removed by the next one, but only from the database it was begun in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from handrail.facts import accounts, backups
from handrail.kernel import scope
from handrail.kernel.models import SetUpCode


def test_a_restore_that_broke_off_elsewhere_gives_no_leave_to_empty_this_database(world, settings, tmp_path):
    server = replace(settings.CONFIG, var=tmp_path, database_url="postgresql://app@db.example/handrail")
    settings.CONFIG = replace(server, database_url="")
    with pytest.raises(KeyboardInterrupt), backups.unfinished():
        raise KeyboardInterrupt
    assert backups.was_interrupted()
    assert backups.may_go_on()
    settings.CONFIG = server
    assert backups.was_interrupted()
    assert not backups.may_go_on()


def test_no_set_up_code_comes_back_with_a_restore(world):
    with scope.enter([world.harbour.key]):
        code = accounts.new_set_up_code(actor=world.system, staff=world.staff["naima"])
    backups.begin_again("a-file.age", {"made_at": "2026-09-01"})
    assert accounts.who_sets_up(username="naima", code=code) is None
    assert not SetUpCode.objects.exists()
