"""Tables that everybody can read, and jobs that run once."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django_tasks_db.models import DBTaskResult

from handrail.facts.organisations import system_actor
from handrail.kernel import audit, clock, jobs, scope
from handrail.kernel.models import AuditEntry
from handrail.kernel.tables import Cell, Column, table


def test_a_table_has_a_caption_scoped_headings_and_escapes_what_it_is_given():
    html = table("Visits", [Column("When"), Column("People", is_number=True)], [(Cell("<b>", "/x/"), 3)])
    assert "<caption>Visits</caption>" in html
    assert html.count('scope="col"') == 2
    assert '<th scope="row"><a href="/x/">&lt;b&gt;</a></th>' in html
    assert 'role="region"' in html


def test_an_empty_table_says_so():
    assert 'colspan="1">None yet.' in table("Looks", [Column("When")], [], when_empty="None yet.")


def test_a_due_job_is_enqueued_once_and_again_when_its_time_has_come(db, settings):
    first = jobs.enqueue_due()
    assert len(first) == len(settings.JOBS)
    assert jobs.enqueue_due() == []
    assert DBTaskResult.objects.count() == len(settings.JOBS)
    with time_machine.travel(clock.now() + timedelta(hours=2)):
        assert "handrail.facts.jobs.clear_sessions" not in jobs.enqueue_due()


def test_the_worker_seals_the_access_log_into_the_chain(own_database, world_as_built, settings):
    world = world_as_built
    with scope.enter([world.harbour.key]):
        audit.look("visit", actor=world.actors["naima"], object_id="x")
    settings.JOBS = [("handrail.facts.jobs.seal_access_logs", timedelta(hours=1))]
    jobs.enqueue_due()
    call_command("db_worker", verbosity=0, interval=0, batch=True, startup_delay=False)
    with scope.enter([world.harbour.key]):
        assert AuditEntry.objects.filter(action="access-log.sealed").count() == 1
        assert audit.verify().problems == ()


def test_work_that_fails_is_tried_again_and_the_last_failure_is_raised():
    tried: list[int] = []

    def failing() -> None:
        tried.append(1)
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        jobs.attempt(failing, what="test")
    assert len(tried) == 3


def test_an_audit_line_of_the_system_is_in_the_chain(in_harbour):
    audit.write("test.done", actor=system_actor(in_harbour.harbour))
    assert audit.verify().problems == ()
