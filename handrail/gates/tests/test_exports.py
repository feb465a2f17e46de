"""Every file that left is kept and can be made again; what a receiver must not keep is withdrawn; the command says what it does."""

from __future__ import annotations

import json

import pytest
from django.db import DatabaseError, transaction

from handrail.gates import exports
from handrail.gates.models import Export, What
from handrail.gates.receivers import parse
from handrail.gates.release_formats import FORMATS, CannotExport, make
from handrail.gates.tests.frozen import at_random, made_up
from handrail.gates.tests.stored import PLACES, store
from handrail.insight.releases import open_release
from handrail.kernel import scope
from handrail.kernel.access import Denied
from handrail.kernel.models import AuditEntry


def sent(world, frozen, format="dhis2", mapping=None, **more):
    return exports.export(actor=world.system, frozen=frozen, format=format, mapping=mapping or world.mapping, **more)


# -- keeping -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", [f.key for f in FORMATS])
def test_an_export_is_kept_and_can_be_made_again_to_the_same_bytes(two, format):
    made, kept = sent(two, two.first, format)
    again = make(open_release(kept.release), kept.format, parse(kept.mapping) if kept.mapping else None, language=kept.language)
    assert (again.content, again.sha256) == (made.content, kept.sha256)
    assert (kept.format, kept.format_version, kept.what) == (format, FORMATS[format].version, What.NUMBERS)
    assert bool(kept.mapping_digest) is FORMATS[format].needs_mapping
    line = AuditEntry.objects.get(action="release.exported")
    assert (line.detail["number"], line.detail["sha256"], line.detail["recipient"]) == (1, made.sha256, kept.recipient)


def test_every_export_is_a_row_of_its_own_and_nobody_changes_one(two):
    kept = [sent(two, two.first, recipient="Ministry")[1] for _time in range(2)]
    assert kept[0].sha256 == kept[1].sha256
    assert Export.objects.count() == 2
    with pytest.raises(DatabaseError), transaction.atomic():
        Export.objects.filter(pk=kept[0].pk).update(recipient="Somebody else")
    with pytest.raises(DatabaseError), transaction.atomic():
        Export.objects.filter(pk=kept[0].pk).delete()


def test_only_whoever_may_share_exports_and_others_see_nothing_of_it(two):
    with pytest.raises(Denied):
        exports.export(actor=two.actors["naima"], frozen=two.first, format="csv")
    sent(two, two.first)
    with scope.enter([two.hillside.key]):
        assert list(Export.objects.all()) == []


def test_a_refused_export_leaves_no_row(two):
    with pytest.raises(CannotExport):
        sent(two, two.first, mapping=parse(two.text.replace('organisation = "HR_ALL"', "")))
    assert (Export.objects.count(), AuditEntry.objects.filter(action="release.exported").count()) == (0, 0)


# -- withdrawing ---------------------------------------------------------------------------------------------------------------


def withdrawn(world, frozen=None, mapping=None, **more):
    made, _kept = exports.withdraw(actor=world.system, frozen=frozen or world.second, mapping=mapping or world.mapping, opened=open_release, **more)
    return json.loads(made.content)["dataValues"]


def test_a_number_that_is_hidden_now_is_deleted_at_the_receiver_without_saying_it(two):
    sent(two, two.first)
    clinic = two.mapping.sites["Clinic"]
    assert withdrawn(two) == [{"dataElement": "NEEDLES_GIVEN", "period": "2026Q1", "orgUnit": clinic, "categoryOptionCombo": "default", "deleted": True}]


def test_what_was_never_sent_to_them_is_not_withdrawn(two):
    sent(two, two.first, recipient="Somebody else")
    with pytest.raises(CannotExport, match="nothing to withdraw"):
        withdrawn(two)
    assert len(withdrawn(two, recipient="Somebody else")) == 1
    with pytest.raises(CannotExport, match="nothing to withdraw"):
        withdrawn(two, recipient="Nobody")


def test_a_withdrawal_is_the_same_again_and_what_is_withdrawn_is_withdrawn_once(two):
    sent(two, two.first)
    first = withdrawn(two)
    sent(two, two.second)
    assert exports.to_withdraw(two.second, two.mapping, opened=open_release) == set()
    assert withdrawn(two) == first
    sent(two, two.first)
    assert withdrawn(two) == first, "sent again by mistake, it must go again"


def test_a_number_that_was_sent_under_another_name_is_withdrawn_under_that_name(two):
    sent(two, two.first, recipient="M")
    renamed = parse(two.text.replace('"NEEDLES_GIVEN"', '"NS_OUT"'))
    found = withdrawn(two, mapping=renamed, recipient="M")
    assert {(one["dataElement"], one["orgUnit"]) for one in found} == {("NEEDLES_GIVEN", unit) for unit in ("HR_ALL", *two.mapping.sites.values())}


def test_forgetting_that_a_number_was_hidden_would_be_seen(two, monkeypatch):
    sent(two, two.first)
    monkeypatch.setattr(exports.dhis2, "keys_sent", lambda frozen, mapping, real=exports.dhis2.keys_sent: real(two.first, mapping))
    with pytest.raises(CannotExport, match="nothing to withdraw"):
        withdrawn(two)


# -- the command -----------------------------------------------------------------------------------------------------------------


DHIS2 = ("--format", "dhis2", "--mapping", "mapping.toml")


def test_a_dry_run_says_what_would_be_sent_and_what_not_and_writes_nothing(run, tmp_path):
    out, code = run("--release", "2", *DHIS2, "--dry-run")
    assert code == 0
    assert "Would send 23 numbers." in out
    assert "needles_given, Van 1 → " in out
    assert "Hidden, left out: 1.\n  needles_given, Clinic" in out
    assert "nothing is written" in out
    assert [path.name for path in tmp_path.iterdir()] == ["mapping.toml"]
    assert Export.objects.count() == 0


def test_a_dry_run_names_what_the_mapping_lacks(run, tmp_path):
    (tmp_path / "less.toml").write_text((tmp_path / "mapping.toml").read_text().replace('"Clinic" = ', '"Klinik" = '))
    out, code = run("--release", "1", "--format", "dhis2", "--mapping", "less.toml", "--dry-run")
    assert code == 1
    assert "Stop: The mapping has no organisation unit for the place “Clinic”" in out
    with pytest.raises(ValueError, match="“Clinic”"), transaction.atomic():
        run("--release", "1", "--format", "dhis2", "--mapping", "less.toml")
    assert Export.objects.count() == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["less.toml", "mapping.toml"]


def test_the_file_is_written_and_kept_and_the_next_revision_says_what_to_withdraw(run, tmp_path):
    out, code = run("--release", "1", *DHIS2)
    assert (code, "Wrote everybody-2026Q1-R1.dhis2.json" in out) == (0, True)
    assert "Note: release 2 is a newer revision" in out
    kept = Export.objects.get()
    assert kept.sha256 in out
    assert json.loads((tmp_path / "everybody-2026Q1-R1.dhis2.json").read_text())["dataSet"] == "HR_SET"
    out, _code = run("--release", "2", *DHIS2)
    assert "holds 1 numbers that are hidden or gone now" in out
    out, _code = run("--release", "2", *DHIS2, "--withdraw", "--dry-run")
    assert "would delete 1 numbers.\n  NEEDLES_GIVEN · 2026Q1 · " in out
    out, _code = run("--release", "2", *DHIS2, "--withdraw")
    assert "importStrategy=DELETE" in out
    assert [row["deleted"] for row in json.loads((tmp_path / "everybody-2026Q1-R2-withdraw.dhis2.json").read_text())["dataValues"]] == [True]
    out, _code = run("--release", "2", *DHIS2, "--json", "--dry-run")
    assert json.loads(out)["to_withdraw"] == []


def test_another_file_is_never_written_over_and_the_same_one_may_be(run, tmp_path):
    for _time in range(2):
        run("--release", "1", "--format", "csv", "--output", "out.csv")
    assert Export.objects.count() == 2
    (tmp_path / "out.csv").write_text("mine")
    with pytest.raises(ValueError, match="is something else"), transaction.atomic():
        run("--release", "1", "--format", "csv", "--output", "out.csv")
    assert (tmp_path / "out.csv").read_text() == "mine"
    with pytest.raises(ValueError, match="cannot be written"), transaction.atomic():
        run("--release", "1", "--format", "csv", "--output", "nowhere/out.csv")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--release", "9", "--format", "csv"), "no release 9"), (("--release", "1", "--format", "fax"), "There are: adx, csv"), (("--release", "1", "--format", "dhis2"), "needs a mapping"),
        (("--release", "1", "--format", "csv", "--withdraw"), "is for DHIS2"), (("--release", "1", "--format", "dhis2", "--withdraw"), "needs the mapping"),
        (("--release", "1", "--format", "dhis2", "--mapping", "nothing.toml"), "cannot be read"), (("--release", "1", *DHIS2, "--withdraw"), "nothing to withdraw"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(run, words, said):
    with pytest.raises(ValueError, match=said):
        run(*words)


def test_a_random_release_goes_out_as_everything(two, run, tmp_path):
    places = {two.sites[name].id: name for name in PLACES}
    store(two, made_up("everybody", at_random(9), places=places), 3, revision=3)
    for found in FORMATS:
        run("--release", "3", "--format", found.key, *(("--mapping", "mapping.toml") if found.needs_mapping else ()))
    assert len(list(tmp_path.glob("everybody-2026Q1-R3.*"))) == len(FORMATS.all())
