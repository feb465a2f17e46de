"""Reports due, a report, its release and what came of it: the way from a number to what left the house."""

from __future__ import annotations

import dataclasses
from datetime import date

import pytest
import time_machine
from django.urls import reverse

from handrail.facts import visits
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import RoleAssignment
from handrail.facts.record import Mode, record_many
from handrail.facts.spec import KINDS
from handrail.insight import due, errands, jobs
from handrail.insight.desk import draft
from handrail.insight.examples import SYRINGE, drafts, gets, says
from handrail.insight.models import Errand, Release, Result
from handrail.insight.periods import Period
from handrail.insight.report_spec import REPORTS
from handrail.kernel import clock, ids, scope
from handrail.kernel.models import AuditEntry
from handrail.ledgers.stock.commands import add_item
from handrail.screens.console import number
from tests import releases
from tests.signing_in import browser, hidden, sign_in

Q3 = Period.parse("2026Q3")
ADDRESS = {"report": "everybody", "period": "2026Q3"}
TODAY = "2026-10-12T09:00:00Z"


@pytest.fixture
def autumn(world):
    """The twelfth of October 2026: the third quarter is over, its reports are due."""
    with time_machine.travel(TODAY, tick=True):
        yield world


@pytest.fixture
def coordinator(autumn):
    client = browser()
    sign_in(client, "coordinator")
    return client


def page(client, name, *args, **kwargs):
    answer = client.get(reverse(name, args=args, kwargs=kwargs))
    assert answer.status_code == 200
    return answer.content.decode()


# -- what is due ----------------------------------------------------------------------------------------------------------


def test_a_report_is_due_some_days_after_its_period_and_says_who_is_silent_and_what_has_no_data(autumn, coordinator):
    with scope.enter([autumn.harbour.key]):
        releases.result(autumn, "contacts", 40)
        releases.result(autumn, "contacts", 40, site=autumn.van)
        releases.result(autumn, "contacts", 0, site=autumn.sites["Drop-in"])
        releases.result(autumn, "people_reached", None)
        found = next(one for one in due.due() if one.report.key == "everybody" and one.period == Q3)
    assert (found.due_on, found.days_left, found.is_open, found.is_soon, found.is_late) == (date(2026, 10, 31), 19, True, False, False)
    assert found.there == due.Reporting(("Van 1",), ("Clinic", "Drop-in"))
    assert [one.indicator.key for one in found.missing] == ["people_reached"]
    said = page(coordinator, "reports")
    for words in ("19 days left", "1 of 3 places recorded something", "Silent: Clinic, Drop-in", "No data", "Quarter 3, 2026"):
        assert words in said
    assert "Quarter 2, 2026" not in said, "nobody was met before: nothing is asked for"


def test_what_was_not_released_in_time_is_overdue_and_what_was_released_is_not(autumn, coordinator):
    with scope.enter([autumn.harbour.key]):
        releases.result(autumn, "contacts", 40, site=autumn.van)
    with time_machine.travel("2026-11-05T09:00:00Z"):
        client = browser()
        sign_in(client, "coordinator")
        assert "overdue by 5 days" in page(client, "reports")
        with scope.enter([autumn.harbour.key]):
            releases.made(autumn)
        said = page(client, "reports")
        assert "released as R-1" in said
        assert said.count("overdue") == 0


@pytest.mark.parametrize(("indicator", "noted", "words"), [
    ("prv_10b", [{"estimate": {"missing": True, "area": "riverside"}}], "how many people there are in riverside"),
    ("gam_1_9", [{"estimate": {"missing": True, "area": ""}}], "in the country"),
    ("hcv_tests", [], "was not recorded"),
])
def test_a_number_without_data_says_why(indicator, noted, words):
    assert words in due.missing_of(due.INDICATORS[indicator], "no_data", noted).why


def test_nothing_to_divide_by_is_not_the_same_as_no_data():
    found = due.missing_of(due.INDICATORS["kp_4"], "not_computable", [])
    assert "to divide by" in found.why
    assert not found.needs_estimate


# -- the report -------------------------------------------------------------------------------------------------------------


def test_a_report_shows_each_number_with_the_period_before_and_how_it_changed(autumn, coordinator):
    with scope.enter([autumn.harbour.key]):
        releases.result(autumn, "contacts", 60)
        releases.result(autumn, "contacts", 40, period="2026Q2")
    said = page(coordinator, "report", **ADDRESS)
    for words in ("60", "before: 40", "+50 %", "not worked out for these numbers yet", "not computed yet"):
        assert words in said


def test_numbers_open_and_lead_back_to_the_report(autumn, coordinator):
    with scope.enter([autumn.harbour.key]):
        releases.result(autumn, "people_reached", 30)
        releases.result(autumn, "people_reached", 12, cell="gender=female")
        releases.result(autumn, "people_reached", 20, site=autumn.van)
    said = page(coordinator, "report", report="everybody", period="2026Q3")
    assert "/quarter/2026Q3/people_reached/?report=everybody" in said
    opened = coordinator.get("/quarter/2026Q3/people_reached/?report=everybody&cell=gender=female").content.decode()
    assert "women" in opened
    assert "Back to the report" in opened
    assert 'href="/reports/everybody/2026Q3/"' in opened
    assert coordinator.get("/quarter/2026Q3/people_reached/?cell=gender=nobody").status_code == 404


@pytest.mark.parametrize("path", ["/reports/fax/2026Q3/", "/reports/everybody/2026-07/", "/reports/everybody/soon/", "/reports/unaids/2026Q3/", "/releases/99/", "/releases/1/fax/"])
def test_what_nobody_asks_for_is_not_here(autumn, coordinator, path):
    assert coordinator.get(path).status_code == 404


# -- visits behind a number -------------------------------------------------------------------------------------------------


def a_visit(world, at, given=10, site=None):
    visit = ids.new()
    basket = KINDS["exchange.given"].payload.model_validate({"lines": [{"item": "syringe-1ml-29g", "quantity": given}]}) if given else None
    visits.save(
        actor=world.system, visit=visit, site=(site or world.van).id, occurred_at=at, encounter=Encounter(),
        parts=[visits.Part("exchange.given", basket)] if basket else [], mode=Mode.CONFIRMED,
    )
    return visit


def test_the_visits_behind_a_number_are_those_of_its_days_that_count(autumn, coordinator):
    with scope.enter([autumn.harbour.key]):
        inside = a_visit(autumn, clock.midnight(date(2026, 9, 30), "Africa/Nairobi"))
        late = a_visit(autumn, clock.midnight(date(2026, 10, 1), "Africa/Nairobi"))
        empty = a_visit(autumn, clock.midnight(date(2026, 9, 29), "Africa/Nairobi"), given=0)
        gone = a_visit(autumn, clock.midnight(date(2026, 9, 28), "Africa/Nairobi"))
        visits.take_back(actor=autumn.system, visit=gone, correction=ids.new(), why="entered_twice")
    asked = "/visits/?from=2026-07-01&before=2026-10-01"
    every = coordinator.get(asked).content.decode()
    assert (str(inside) in every, str(late) in every, str(empty) in every, str(gone) in every) == (True, False, True, False)
    given = coordinator.get(f"{asked}&with=exchange.given&site={autumn.van.id}").content.decode()
    assert (str(inside) in given, str(empty) in given) == (True, False)
    assert "1 visit that counts" in given


def test_nobody_sees_visits_behind_a_number_that_they_may_not_see_anyway(autumn):
    with scope.enter([autumn.harbour.key]):
        visit = a_visit(autumn, clock.now(), site=autumn.sites["Drop-in"])
    here, there = browser(), browser()
    sign_in(here, "elsewhere")
    sign_in(there, "naima")
    asked = "/visits/?from=2026-10-01&before=2027-01-01"
    assert str(visit) in here.get(asked).content.decode()
    assert str(visit) not in there.get(asked).content.decode()


@pytest.mark.parametrize("query", ["from=x", "from=2026-07-01&before=2026-10-01&with=no.such", "from=2026-07-01&before=2026-10-01&site=1", "from=2026-07-01&before=2026-10-01&page=-1", "from=0001-01-01&before=2026-10-01"])
def test_an_address_that_names_no_visits_leads_nowhere(coordinator, query):
    assert coordinator.get(f"/visits/?{query}").status_code == 404


def test_every_measure_knows_which_visits_stand_behind_it():
    for indicator in due.INDICATORS:
        for measure in indicator.parts:
            assert all(KINDS.get(kind) for kind in number.kinds_of(measure)), indicator.key


# -- the release ------------------------------------------------------------------------------------------------------------


def come(world, prefix, count):
    events = [event for n in range(count) for event in (says(f"{prefix}{n}", "2026-07-01"), gets(f"{prefix}{n}", "2026-08-01", 10))]
    record_many(list(drafts(events, world.van)), actor=world.system, mode=Mode.CONFIRMED)


@pytest.fixture
def numbers(autumn, settings, tmp_path):
    """Forty people at the van, computed, with what would stay hidden worked out."""
    settings.CONFIG = dataclasses.replace(settings.CONFIG, var=tmp_path)
    with scope.enter([autumn.harbour.key]):
        add_item(actor=autumn.system, code=SYRINGE, name="Syringe", item_class="syringe_with_needle")
        come(autumn, "v", 40)
    compute_now(autumn)
    return autumn


def compute_now(world):
    """What the worker does every hour, for the one period that is looked at here."""
    jobs.refresh(world.harbour, ["2026Q3"])
    with scope.enter([world.harbour.key]):
        jobs.releases.keep_preview(REPORTS["everybody"], Q3)


def run_errands(world):
    """What the worker does."""
    with scope.enter([world.harbour.key]):
        waiting = list(Errand.objects.filter(state=Errand.State.WAITING))
    for errand in waiting:
        jobs.do_errand(world.harbour.key, errand.id)


def ask_release(client, note=""):
    where = reverse("report-release", kwargs=ADDRESS)
    return client.post(where, {"confirmed": hidden(client.get(where), "confirmed"), "note": note})


@pytest.mark.slow
def test_whoever_reads_that_it_is_released_also_reads_that_nothing_changed(numbers, coordinator, monkeypatch):
    monkeypatch.setattr(jobs, "keep_previews", lambda _organisation: 0)  # those of the other reports come later, and take a while
    ask_release(coordinator)
    run_errands(numbers)
    said = page(coordinator, "report", **ADDRESS)
    assert "Released as R-1" in said
    assert "Nothing has changed since" in said


@pytest.mark.slow
def test_a_release_is_asked_for_made_by_the_worker_and_revised_with_a_reason(numbers, coordinator):
    said = coordinator.get(reverse("report-release", kwargs=ADDRESS)).content.decode()
    assert "Nothing has to stay hidden" in said or "hidden number" in said
    assert ask_release(coordinator).status_code == 302
    said = page(coordinator, "report", **ADDRESS)
    assert "The release is being made" in said
    assert "Release it" not in coordinator.get(reverse("report-release", kwargs=ADDRESS)).content.decode(), "not asked for twice"
    run_errands(numbers)
    said = page(coordinator, "report", **ADDRESS)
    assert "Released as R-1" in said
    assert "Nothing has changed since" in said
    one = page(coordinator, "release", 1)
    assert "40" in one
    assert coordinator.get("/releases/1/csv/").content.startswith(b"\xef\xbb\xbf")
    with scope.enter([numbers.harbour.key]):
        come(numbers, "late", 20)
    assert coordinator.post(reverse("report-refresh", kwargs=ADDRESS)).status_code == 302
    assert "being brought up to date" in page(coordinator, "report", **ADDRESS)
    run_errands(numbers)
    assert "The numbers have changed since" in page(coordinator, "report", **ADDRESS)
    refused = ask_release(coordinator)
    assert refused.status_code == 422
    assert "Say why the numbers changed" in refused.content.decode()
    assert ask_release(coordinator, "Twenty visits arrived late <svg/onload=alert(1)>").status_code == 302
    run_errands(numbers)
    said = page(coordinator, "release", 2)
    for words in ("R-2 (revision 2)", "Twenty visits arrived late", "R-1", "40", "60"):
        assert words in said
    assert "<svg/onload" not in said
    assert "&lt;svg/onload=alert(1)&gt;" in said
    assert "There is a newer revision" in page(coordinator, "release", 1)
    with scope.enter([numbers.harbour.key]):
        assert AuditEntry.objects.filter(action="release.made").count() == 2
        assert AuditEntry.objects.filter(action="release.exported").count() == 1


@pytest.mark.slow
def test_what_was_looked_at_is_what_is_released(numbers, coordinator):
    assert ask_release(coordinator).status_code == 302
    with scope.enter([numbers.harbour.key]):
        come(numbers, "late", 20)
    compute_now(numbers)
    run_errands(numbers)
    said = page(coordinator, "report", **ADDRESS)
    assert "It was not released" in said
    assert "changed while you looked" in said
    with scope.enter([numbers.harbour.key]):
        assert Release.objects.count() == 0


@pytest.mark.slow
def test_whoever_lost_the_right_meanwhile_releases_nothing(numbers, coordinator):
    assert ask_release(coordinator).status_code == 302
    with scope.enter([numbers.harbour.key]):
        RoleAssignment.objects.filter(staff=numbers.staff["coordinator"]).delete()
    run_errands(numbers)
    with scope.enter([numbers.harbour.key]):
        assert Release.objects.count() == 0
        assert "may not release" in Errand.objects.get().sentence


@pytest.mark.slow
def test_what_would_be_hidden_is_what_is_hidden_and_is_not_known_for_other_numbers(numbers):
    with scope.enter([numbers.harbour.key]):
        found = draft(REPORTS["everybody"], Q3)
        assert found.hidden is not None
        made = jobs.releases.freeze(actor=numbers.system, report=REPORTS["everybody"], period=Q3, confirmed=found.digest)
        frozen = jobs.releases.open_release(made)
        assert {value.place for value in frozen if value.is_hidden} == found.hidden
        assert made.digest == found.digest
        assert draft(REPORTS["everybody"], Q3).hidden is None, "something was released since: what may be shown can be less"
        jobs.releases.keep_preview(REPORTS["everybody"], Q3)
        assert draft(REPORTS["everybody"], Q3).is_unchanged
        Result.objects.filter(indicator="contacts", site=None, cell="").update(people_behind=4)
        assert draft(REPORTS["everybody"], Q3).hidden is None


def test_what_somebody_waits_for_does_not_stand_behind_the_hourly_jobs(settings):
    assert errands.run_errand.queue_name == settings.ERRANDS
    assert jobs.refresh_numbers.queue_name != settings.ERRANDS


def test_an_errand_that_breaks_says_so_and_releases_nothing(autumn, monkeypatch):
    actor = autumn.actors["coordinator"]
    with scope.enter([autumn.harbour.key]):
        errand = errands.ask(actor=actor, what=Errand.What.RELEASE, report=REPORTS["everybody"], period=Q3)
        assert errands.ask(actor=actor, what=Errand.What.RELEASE, report=REPORTS["everybody"], period=Q3) == errand

    def breaks(**_more):
        raise RuntimeError("a planted fault")

    monkeypatch.setattr(jobs.releases, "freeze", breaks)
    jobs.do_errand(autumn.harbour.key, errand.id)
    with scope.enter([autumn.harbour.key]):
        found = Errand.objects.get(id=errand.id)
        assert (found.state, Release.objects.count()) == ("refused", 0)
        assert "nothing was released" in found.sentence
