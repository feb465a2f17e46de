"""Pages of estimates, deaths and targets; and targets where the numbers stand."""

from __future__ import annotations

import html
import re
from datetime import date
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from handrail.facts.models import RoleAssignment
from handrail.insight import target_sets
from handrail.insight.models import Result, SizeEstimate, Target
from handrail.insight.spec import INDICATORS
from handrail.kernel import clock, scope
from handrail.kernel.models import AuditEntry
from tests import outside
from tests.signing_in import sign_in

QUARTER = "2026Q3"


def signed_in(who: str) -> Client:
    client = Client()
    sign_in(client, who)
    return client


def words(answer) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def result(world, key: str, value: str | None, *, hidden: bool = False) -> None:
    rolling = INDICATORS[key].window == "rolling_12_months"
    Result.objects.create(
        organisation=world.harbour, indicator=key, version=INDICATORS[key].version, period=QUARTER, starts_on=date(2025, 10, 1) if rolling else date(2026, 7, 1),
        ends_before=date(2026, 10, 1), status="ok" if value else "no_data", value=Decimal(value) if value else None, numerator=1, denominator=1, data_through=1,
        computed_at=clock.now(), is_hidden=hidden,
    )


@pytest.fixture
def entered(world):
    with scope.enter([world.harbour.key]):
        return outside.enter(world)


def test_the_list_says_what_is_there_what_is_missing_and_who_divides_by_it(world, entered):
    page = words(signed_in("coordinator").get(reverse("estimates")))
    assert "18,300 (15,000–21,000) · 2024" in page
    assert "harbour-area Enter it missing" in page
    assert "GAM 1.9 Syringes per person in the country" in page


def test_a_missing_estimate_leads_to_a_form_that_is_half_filled(world):
    client = signed_in("coordinator")
    link = re.search(r'href="(/estimates/new/\?[^"]*population=pwid[^"]*)"', client.get(reverse("estimates")).content.decode())
    page = client.get(link[1].replace("&amp;", "&")).content.decode()
    assert '<option value="pwid" selected>' in page
    assert 'name="area" value="harbour-area"' in page


def test_an_estimate_is_entered_corrected_and_taken_back_on_its_page(world):
    client = signed_in("coordinator")
    typed = {"population": "pwid", "level": "targeted_area", "area": "harbour-area", "value": "12,000", "method": "census", "year": "2024", "source": "Ministry"}
    refused = client.post(reverse("estimate-new"), typed)
    assert refused.status_code == 422
    assert "not 12,500 and not 12.500" in words(refused)
    assert 'value="12,000"' in refused.content.decode()
    entered = client.post(reverse("estimate-new"), typed | {"value": "12000"})
    here = entered["Location"]
    assert "Say in a few words why" in words(client.post(here, typed | {"value": "1200"}))
    newer = client.post(here, typed | {"value": "1200", "note": "A zero too many"})["Location"]
    assert "This one was corrected since" in words(client.get(here))
    page = words(client.get(newer))
    assert "1,200, harbour-area, 2024" in page
    assert "12,000, harbour-area, 2024" in page
    assert "A zero too many" in page
    late = client.post(here, typed | {"value": "1300", "note": "I too"})
    assert late.status_code == 422
    assert "in the meantime" in words(late)
    gone = client.post(newer, {"do": "withdraw", "note": "Of another town"})["Location"]
    assert "Taken back: nothing uses it" in words(client.get(gone))
    with scope.enter([world.harbour.key]):
        assert [line.action.split(".")[1] for line in AuditEntry.objects.filter(action__startswith="sizeestimate").order_by("number")] == [
            "entered", "corrected", "withdrawn",
        ]


def test_a_coordinator_of_one_place_reads_and_enters_nothing(world, entered):
    with scope.enter([world.harbour.key]):
        RoleAssignment.objects.create(staff=world.staff["naima"], role="coordinator", site=world.van)
    client = signed_in("naima")
    assert client.get(reverse("estimates")).status_code == 200
    one = reverse("estimate", args=entered["estimate"])
    assert "Correct it" not in words(client.get(one))
    for where in (reverse("estimate-new"), reverse("target-new"), reverse("estimates-import")):
        assert client.get(where).status_code == 404
    for where in (reverse("estimate-new"), reverse("target-new"), reverse("deaths-counted"), one, reverse("target", args=entered["target"][:1])):
        assert client.post(where, {"do": "withdraw", "note": "x"}).status_code == 404
    with scope.enter([world.harbour.key]):
        assert SizeEstimate.objects.count() == 1


def test_a_row_of_another_organisation_is_not_there(world, entered):
    with scope.enter([world.hillside.key]):
        RoleAssignment.objects.create(staff=world.staff["stranger"], role="coordinator", site=None)
    client = signed_in("stranger")
    for name, things in (("estimate", "estimate"), ("death-count", "count"), ("target", "target")):
        assert client.get(reverse(name, args=entered[things][:1])).status_code == 404
    assert "18,300" not in words(client.get(reverse("estimates")))


def test_targets_stand_in_the_quarter_beside_their_own_number_with_the_gap(world, entered):
    with scope.enter([world.harbour.key]):
        result(world, "gam_1_9", "15")
        result(world, "kp_4", "200")
        result(world, "prv_10b", "30")
    page = words(signed_in("coordinator").get(reverse("quarter", args=[QUARTER])))
    table = page.split("Targets GAM 1.9")[1].split("A target says something")[0]
    assert "15.0 > 200 UNAIDS 2025 · Read in the source 185.0 to go" in table
    assert "200.0 ≥ 150 KEN-H-2026 · Our own reached" in table
    assert "30.0 ≥ 200 WHO, viral hepatitis · Not verified n/a: another level" in table
    assert "15.0 low < 100 · middle 100 to under 200 · high ≥ 200 Technical guide · Not verified low" in table


def test_a_bar_is_marked_with_its_own_target_and_no_other(world, entered):
    with scope.enter([world.harbour.key]):
        result(world, "gam_1_9", "15")
        result(world, "prv_10a", "120")
    page = signed_in("coordinator").get(reverse("quarter", args=[QUARTER])).content.decode()
    chart = page.split('<svg class="chart chart-bars"')[1].split("</svg>")[0]
    assert chart.count('class="chart-target"') == 1
    assert "GAM 1.9: 15.0 (&gt; 200 · UNAIDS 2025)" in chart
    assert "PRV.10 (a): 120.0;" in chart or chart.split('aria-label="')[1].split('"')[0].rstrip(".").endswith("PRV.10 (a): 120.0")


def test_what_is_hidden_is_held_against_no_target(world, entered):
    with scope.enter([world.harbour.key]):
        result(world, "kp_4", "200", hidden=True)
    client = signed_in("coordinator")
    ours = words(client.get(reverse("quarter", args=[QUARTER])))
    assert "≥ 150 KEN-H-2026 · Our own reached" in ours
    shared = words(client.get(reverse("quarter", args=[QUARTER]) + "?view=share"))
    assert "hidden ≥ 150 KEN-H-2026 · Our own n/a: no number" in shared


def test_the_page_of_a_number_shows_its_targets(world, entered):
    with scope.enter([world.harbour.key]):
        result(world, "kp_4", "149.94")
    page = words(signed_in("coordinator").get(reverse("number", args=[QUARTER, "kp_4"])))
    assert "Targets ≥ 150 KEN-H-2026 · Our own 0.1 to go" in page


def test_a_shipped_target_is_corrected_without_leaving_its_set(world, entered):
    client = signed_in("coordinator")
    here = reverse("target", args=[entered["target"][1]])
    page = client.get(here).content.decode()
    assert 'id="indicator"' not in page
    said = {"op": "≥", "value": "250", "valid_from": "2026-01-01", "source": "National plan", "status": "verified", "note": "Our country asks for more"}
    assert client.post(here, said).status_code == 302
    with scope.enter([world.harbour.key]):
        target_sets.load(actor=world.system)
        row = Target.objects.get(target_set="unaids_2025", set_key="syringes", corrections=None)
    assert (row.value, row.op, row.indicator, row.level) == (250, "≥", "GAM 1.9", "country")
    page = words(client.get(reverse("targets")))
    assert "≥ 250" in page
    assert "UNAIDS 2030" in page
    assert "Nothing in it." in page


def test_deaths_that_their_source_hides_say_so(world):
    client = signed_in("coordinator")
    said = {"level": "country", "area": "", "months": "12", "ends": "2025-12", "deaths": "<10", "source": "CDC"}
    client.post(reverse("deaths-counted"), said)
    page = words(client.get(reverse("deaths-counted")))
    assert "1 Jan 2025 – 31 Dec 2025 hidden by its source: at most 9 CDC" in page
