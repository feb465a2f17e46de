"""The demonstration, from an empty folder, by the command line alone: what a visitor of the README gets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from handrail.insight.periods import Period
from handrail.kernel import clock
from tests.plugin import ROOT

pytestmark = pytest.mark.slow


class Programme:
    """`handrail` on a folder of its own."""

    def __init__(self, var: Path) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("HANDRAIL_")}
        self._environment = kept | {"HANDRAIL_VAR": str(var)}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "handrail.cli", *arguments], env=self._environment, cwd=ROOT, capture_output=True, text=True, check=False
        )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Programme, str, float]:
    programme = Programme(tmp_path_factory.mktemp("demo") / "var")
    started = time.monotonic()
    done = programme.run("demo", "--no-serve")
    assert done.returncode == 0, done.stderr
    return programme, done.stdout, time.monotonic() - started


def test_it_prints_where_and_as_whom_to_sign_in(demo):
    _programme, said, _seconds = demo
    assert "http://localhost:8000" in said
    for name in ("naima", "samuel", "achieng", "grace", "otieno", "baraka", "halima", "zawadi", "luciana", "aigul", "dana"):
        assert name in said
    assert "password" in said


def test_it_holds_about_thirty_thousand_facts_in_five_organisations_and_its_chains_hold(demo):
    programme, _said, _seconds = demo
    done = programme.run("audit", "verify", "--format", "json")
    assert done.returncode == 0, done.stdout
    found = json.loads(done.stdout)
    assert [f["problems"] for f in found] == [[]] * 5
    assert 28_000 < sum(f["facts"] for f in found) < 40_000


def test_replayed_state_equals_live_state(demo):
    programme, _said, _seconds = demo
    done = programme.run("rebuild", "--verify")
    assert done.returncode == 0, done.stdout


def test_it_is_safe_to_run(demo):
    programme, _said, _seconds = demo
    done = programme.run("selfcheck", "--format", "json")
    assert done.returncode == 0, done.stdout


def test_each_funders_number_is_there_and_kept_apart(demo):
    programme, _said, _seconds = demo
    done = programme.run("indicators", "--period", "2026Q3", "--format", "json", "--organisation", "Riverside")
    assert done.returncode == 0, done.stderr
    whole = {row["key"]: row for row in json.loads(done.stdout) if row["site"] is None}
    per_person = {key: float(whole[key]["value"]) for key in ("kp_4", "prv_10a", "prv_10b", "gam_1_9")}
    assert per_person["kp_4"] >= per_person["prv_10a"] > per_person["prv_10b"] > per_person["gam_1_9"] > 0
    assert programme.run("indicators", "--period", "2026Q9").returncode != 0


def test_naloxone_has_a_reach_and_so_much_for_each_death(demo):
    programme, _said, _seconds = demo
    last = Period.of("quarter", clock.local_date(clock.now(), "Africa/Nairobi")).previous()
    done = programme.run("indicators", "--period", str(last), "--format", "json", "--organisation", "Riverside")
    assert done.returncode == 0, done.stderr
    whole = {row["key"]: row for row in json.loads(done.stdout) if row["site"] is None and not row["cell"]}
    assert whole["hr_nal_02"]["denominator"] == 780
    assert whole["hr_nal_04"]["denominator"] == whole["hr_nal_05"]["denominator"] == 11
    reach, percent, people, doses = (whole[key]["number"] for key in ("hr_nal_02", "hr_nal_02_percent", "hr_nal_04", "hr_nal_05"))
    assert percent > 0
    assert abs(reach - percent * 10) < 0.0001
    assert doses > people > 0


def test_two_quarters_are_released_for_everybody_and_the_last_one_is_due(demo):
    programme, _said, _seconds = demo
    listed = json.loads(programme.run("release", "list", "--format", "json", "--organisation", "Riverside").stdout)
    last = Period.of("quarter", clock.local_date(clock.now(), "Africa/Nairobi")).previous()
    first = sorted(listed, key=lambda one: one["number"])
    assert [(one["report"], one["period"]) for one in first[:2]] == [("everybody", str(last.previous().previous())), ("everybody", str(last.previous()))]
    assert [one for one in first[:4] if one["period"] == str(last)] == []


def test_a_report_is_released_once_and_shown_as_its_readers_see_it(demo):
    programme, _said, _seconds = demo
    here = ["--organisation", "Riverside"]
    due = programme.run("report", "--period", "2026Q3", "--format", "json", *here)
    assert {row["report"]: row["released"] for row in json.loads(due.stdout)} == {"everybody": None, "who": None}
    ahead = json.loads(programme.run("report", "--period", "2026Q3", "--report", "everybody", "--format", "json", *here).stdout)
    number = str(json.loads(programme.run("release", "make", "--report", "everybody", "--period", "2026Q3", "--format", "json", *here).stdout)["number"])
    shown = json.loads(programme.run("release", "show", "--number", number, "--format", "json", *here).stdout)
    assert (shown["whole"], shown["values"]) == (True, ahead)
    assert {row["value"] for row in shown["values"]} > {"suppressed"}
    again = programme.run("release", "make", "--report", "everybody", "--period", "2026Q3", *here)
    assert (again.returncode != 0, "Nothing has changed" in again.stderr) == (True, True)
    assert f"R-{number}" in programme.run("release", "list", *here).stdout
    told = programme.run("export", "--release", number, "--format", "dhis2", "--mapping", "own_dhis2", "--dry-run", "--json", *here)
    sent = {row["number"]["key"]: row["value"] for row in json.loads(told.stdout)["sent"] if not row["number"]["cell"]}
    whole: dict[str, str] = {}
    for row in ahead:
        if row["site"] is None:
            whole.setdefault(row["key"], row["value"])
    assert sent == {key: value for key, value in whole.items() if value not in {"suppressed", "no_data", "not_computable"}}
    assert programme.run("report", "--period", "2026Q3", "--report", "nobody", *here).returncode != 0


def test_starting_it_again_loads_nothing_twice(demo):
    programme, _said, _seconds = demo
    before = json.loads(programme.run("audit", "verify", "--format", "json").stdout)
    assert programme.run("demo", "--no-serve").returncode == 0
    after = json.loads(programme.run("audit", "verify", "--format", "json").stdout)
    assert [f["facts"] for f in before] == [f["facts"] for f in after]


def test_a_first_programme_of_ones_own_can_be_created(tmp_path):
    programme = Programme(tmp_path / "var")
    asked = ["create", "--organisation", "Riverside", "--country", "KE", "--place", "Van 1", "--username", "naima"]
    done = programme.run(*asked, "--time-zone", "Africa/Nairobi")
    assert done.returncode == 0, done.stderr
    assert "It is shown only now." in done.stdout
    again = programme.run(*asked)
    assert again.returncode != 0
    assert "already signs in" in again.stderr
