"""Releases: frozen, numbered, revised with a reason, and never two that can be subtracted."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import DatabaseError, transaction

from handrail.facts.record import Mode, record_many
from handrail.insight import compute, releases
from handrail.insight.disclose import share
from handrail.insight.examples import SYRINGE, drafts, gets, says
from handrail.insight.models import Profile, Release, ReleasedValue
from handrail.insight.periods import Period
from handrail.insight.releases import CannotRelease, freeze, open_release, published
from handrail.insight.report_spec import REPORTS
from handrail.insight.results import read
from handrail.insight.spec import INDICATORS
from handrail.kernel.access import Denied
from handrail.kernel.models import AuditEntry
from handrail.ledgers.stock.commands import add_item

Q3 = Period.parse("2026Q3")


def come(world, prefix, count, place="Van 1", on="2026-08-01"):
    events = [event for n in range(count) for event in (says(f"{prefix}{n}", "2026-07-01"), gets(f"{prefix}{n}", on, 10))]
    record_many(list(drafts(events, world.sites[place])), actor=world.system, mode=Mode.CONFIRMED)
    compute.refresh(world.harbour.key, [str(Q3)])


@pytest.fixture
def told(warehouse):
    """Forty people at the van and thirty at the drop-in, computed."""
    add_item(actor=warehouse.system, code=SYRINGE, name="Syringe", item_class="syringe_with_needle")
    come(warehouse, "v", 40)
    come(warehouse, "d", 30, "Drop-in")
    return warehouse


def release(world, report="everybody", **more):
    return freeze(actor=world.system, report=REPORTS[report], period=Q3, **more)


def people(found, site=None):
    return open_release(found).get("people_reached", site).plain


def test_a_release_is_numbered_whole_and_says_what_it_stands_on(told):
    first, second = release(told), release(told, "who")
    assert (first.number, second.number, first.revision) == (1, 2, 1)
    frozen = open_release(first)
    assert frozen.is_whole
    assert (people(first), frozen.name) == ("70", "R-1")
    assert (first.sites_reporting, first.sites_expected > 2) == (2, True)
    assert first.data_through == read(Q3).data_through
    assert AuditEntry.objects.filter(action="release.made").count() == 2


def test_what_is_recorded_later_changes_nothing_that_was_released_and_comes_as_a_revision_with_a_reason(told):
    first = release(told)
    with pytest.raises(CannotRelease, match="Nothing has changed"):
        release(told)
    come(told, "late", 20)
    assert people(first) == "70"
    with pytest.raises(CannotRelease, match="why"):
        release(told)
    second = release(told, note="Twenty visits of a van without a network arrived")
    assert (people(second), second.revision, open_release(second).name, people(first)) == ("90", 2, "R-2 (revision 2)", "70")


def test_a_revision_by_a_few_people_does_not_give_them_away(told):
    release(told)
    come(told, "late", 3)
    second = release(told, note="Three visits arrived late")
    assert people(second) == "suppressed"
    assert people(second, told.van.id) == "suppressed"


def test_partners_know_what_everybody_knows(told):
    release(told)
    come(told, "late", 3)
    assert open_release(release(told, "global_fund")).get("people_reached").plain == "suppressed"


def test_a_change_in_what_was_released_is_seen_and_the_application_cannot_make_one(told):
    found = release(told)
    with pytest.raises(DatabaseError), transaction.atomic():
        ReleasedValue.objects.filter(release=found, indicator="people_reached", site=None).update(value=71)
    with pytest.raises(DatabaseError), transaction.atomic():
        Release.objects.filter(pk=found.pk).delete()
    frozen = open_release(found)
    object.__setattr__(frozen, "values", frozen.values[1:])
    assert not frozen.is_whole


def test_what_is_hidden_is_kept_for_the_next_audit_and_left_out_of_what_is_read_back(told):
    come(told, "c", 4, "Clinic")
    found = release(told)
    hidden = ReleasedValue.objects.get(release=found, indicator="people_reached", site__name="Clinic")
    assert (hidden.is_hidden, int(hidden.value)) == (True, 4)
    assert {people(found, hidden.site.id), people(found, told.sites["Drop-in"].id)} == {"suppressed"}
    assert all(value.value is None for value in open_release(found) if value.is_hidden)
    assert {entry.shown for entry in published(Profile.PUBLIC)} == {True, False}


def test_only_whoever_may_share_releases_and_nothing_is_released_before_it_is_computed(told):
    with pytest.raises(Denied):
        freeze(actor=told.actors["naima"], report=REPORTS["everybody"], period=Q3)
    with pytest.raises(CannotRelease, match="computed"):
        freeze(actor=told.system, report=REPORTS["everybody"], period=Period.parse("2019Q1"))


def test_every_report_names_indicators_that_exist_and_is_due_sometimes():
    for report in REPORTS:
        assert all(INDICATORS.get(key) for key in report.indicators), report.key
        asked = Period.of(report.period, date(2026, 1, 1))
        assert any(report.due_on(period) for period in (asked, asked.next(), asked.next().next(), asked.next().next().next())), report.key
        told_apart = {written for key in report.indicators for written in INDICATORS[key].breakdowns}
        assert set(report.breakdowns) <= told_apart, f"{report.key}: none of its numbers is told apart so"
        assert report.profile in {Profile.PUBLIC, Profile.PARTNER}


def test_forgetting_what_was_released_before_would_be_noticed(told, monkeypatch):
    release(told)
    come(told, "late", 3)
    monkeypatch.setattr(releases, "share", lambda pack, threshold, *, partner, before: share(pack, threshold))
    assert people(release(told, note="late")) == "73", "the planted fault: three people can be subtracted"
