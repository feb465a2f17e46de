"""What everybody may see, and the poster of a place: made of releases for everybody, and of nothing else."""

from __future__ import annotations

import dataclasses
import io
import re
from datetime import date

import pypdf
import pytest
from django.test import Client
from django.urls import reverse

from handrail.gates.release_formats import FORMATS
from handrail.insight import public
from handrail.insight.models import Profile, Release
from handrail.kernel import scope
from handrail.screens import poster
from tests import releases
from tests.signing_in import browser, sign_in

Q2 = (date(2026, 4, 1), date(2026, 7, 1))


@pytest.fixture
def shown(world, settings, tmp_path):
    """Two quarters released for everybody, one report for a partner, and the page switched on."""
    settings.CONFIG = dataclasses.replace(settings.CONFIG, var=tmp_path)
    with scope.enter([world.harbour.key]):
        releases.show_to_everybody(world)
        releases.made(world, values=(("people_reached", None, "", 61, False), ("people_reached", world.van, "", 33, False)), period="2026Q2", starts=Q2)
        releases.made(world, report="who", profile=Profile.PARTNER, values=(("hep_2a", None, "", 5555, False),))
        world.told = releases.made(
            world, values=(
                ("people_reached", None, "", 70, False), ("people_reached", world.van, "", 40, False), ("people_reached", world.sites["Clinic"], "", 7, True),
                ("contacts", None, "", 812, False), ("contacts", world.van, "", 6, True),
            ),
        )
        releases.result(world, "needles_given", 98765)
    return world


def address(world, name="public-programme", *args):
    return reverse(name, args=[world.harbour.id, *args])


def seen(answer) -> str:
    assert answer.status_code == 200
    return answer.content.decode()


# -- the page -----------------------------------------------------------------------------------------------------------------


def test_nothing_is_public_until_a_programme_chooses_it(world):
    with scope.enter([world.harbour.key]):
        told = releases.made(world)
    for where in ("/public/", address(world), address(world, "public-release", told.number), address(world, "public-file", told.number, "csv")):
        assert Client().get(where).status_code == 404


def test_the_page_shows_the_newest_release_without_sign_in_and_without_a_cookie(shown):
    answer = Client().get("/public/", follow=True)
    said = seen(answer)
    for words in ("Harbour", "Quarter 3, 2026", "812", "hidden", "Van 1", "40", "SHA-256"):
        assert words in said
    assert not answer.cookies
    assert "no-store" not in answer["Cache-Control"]
    assert "max-age" in answer["Cache-Control"]
    assert "<script" not in said
    assert "<form" not in said


def test_it_is_the_same_page_whoever_asks(shown):
    client = browser()
    sign_in(client, "coordinator")
    where = address(shown)
    assert client.get(where).content == Client().get(where).content


def test_nothing_stands_on_it_that_is_not_released_for_everybody(shown):
    told = shown.told.number
    everything = [seen(Client().get(address(shown)))] + [seen(Client().get(address(shown, "public-release", number))) for number in (1, told)]
    everything.append(Client().get(address(shown, "public-file", told, "csv")).content.decode())
    for text in everything:
        assert "5,555" not in text and "5555" not in text, "a partner's release"  # noqa: PT018
        assert "98,765" not in text and "98765" not in text, "what is not released"  # noqa: PT018
        assert not re.search(r"(Clinic|Van 1)</th><td[^>]*>(6|7)<", text), "a hidden number"
    assert Client().get(address(shown, "public-release", 2)).status_code == 404
    assert Client().get(address(shown, "public-file", 2, "csv")).status_code == 404


def test_forgetting_for_whom_a_release_is_would_be_noticed(shown, monkeypatch):
    monkeypatch.setattr(public, "_all", lambda: Release.objects.all())
    assert "5,555" in seen(Client().get(address(shown, "public-release", 2))), "the planted fault: a partner's release stands on the page"


def test_a_correction_is_said_and_the_first_version_stays(shown):
    with scope.enter([shown.harbour.key]):
        releases.made(shown, values=(("people_reached", None, "", 90, False),), note="Twenty visits arrived late")
    newest, first = seen(Client().get(address(shown))), seen(Client().get(address(shown, "public-release", shown.told.number)))
    assert "Twenty visits arrived late" in newest
    assert "R-3" in newest
    assert "These numbers were corrected since" in first
    assert "70" in first


def test_the_page_has_a_chart_with_its_table_beside_it(shown):
    said = seen(Client().get(address(shown)))
    assert 'role="img"' in said
    assert "People reached. 2026Q2: 61; 2026Q3: 70." in said
    assert '<th scope="row">Quarter 2, 2026</th><td class="num">61</td>' in said


def test_a_chart_draws_no_bar_for_what_is_hidden(shown):
    with scope.enter([shown.harbour.key]):
        releases.made(shown, values=(("people_reached", None, "", 9, True),), note="Corrected")
    said = seen(Client().get(address(shown)))
    chart = next(part for part in re.findall(r"<svg class=\"chart.*?</svg>", said, re.DOTALL) if "2026Q3: hidden" in part)
    assert chart.count("<rect") == 1


def test_it_speaks_the_language_that_is_asked_for(shown):
    assert 'lang="es"' in seen(Client().get(address(shown) + "?in=es"))
    assert 'lang="es"' in seen(Client().get(address(shown), headers={"Accept-Language": "es-MX,es;q=0.9"}))
    assert 'lang="en"' in seen(Client().get(address(shown) + "?in=tlh"))
    assert Client().get(address(shown))["Vary"].count("Accept-Language")


def test_open_files_are_kept_and_told_apart_by_their_digest(shown, settings):
    where = address(shown, "public-file", shown.told.number, "csv")
    first = Client().get(where)
    assert first.content.startswith(b"\xef\xbb\xbf")
    again = Client().get(where)
    assert (again.content, again["ETag"]) == (first.content, first["ETag"])
    assert Client().get(where, headers={"If-None-Match": first["ETag"]}).status_code == 304
    assert "attachment" in first["Content-Disposition"]
    kept = next((settings.CONFIG.var / "released").iterdir())
    assert [path.stat().st_mode & 0o077 for path in kept.iterdir()] == [0]


def test_only_open_formats_are_offered_to_everybody(shown):
    for key in FORMATS.all():
        status = Client().get(address(shown, "public-file", shown.told.number, key)).status_code if key != "pdf" else 200
        assert status == (200 if key in {"csv", "xlsx", "pdf"} else 404), key


# -- the poster ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def naima(shown):
    client = browser()
    sign_in(client, "naima")
    return client


def test_a_place_gets_its_own_numbers_back_with_the_period_before(shown, naima):
    said = seen(naima.get(reverse("poster", args=[shown.van.id, "2026Q3"])))
    for words in ("Van 1", "40", "people came here", "More than in the period before: 33.", "40 people stand behind these numbers", "This number is hidden"):
        assert words in said
    assert not re.search(r">\s*6\s*<", said)
    assert ">70<" not in said, "the whole is no place's own number"


def test_it_names_no_people_where_that_number_is_hidden(shown, naima):
    said = seen(naima.get(reverse("poster", args=[shown.sites["Clinic"].id, "2026Q3"])))
    assert "This number is hidden" in said
    assert "stand behind these numbers" not in said


def test_what_is_not_released_yet_says_so(shown, naima):
    assert "Not released yet" in seen(naima.get(reverse("poster", args=[shown.van.id, "2026Q4"])))
    assert naima.get(reverse("poster-pdf", args=[shown.van.id, "2026Q4"])).status_code == 404
    assert naima.get(reverse("poster", args=[shown.van.id, "soon"])).status_code == 404


def test_it_is_in_the_language_of_the_place(shown, naima):
    said = seen(naima.get(reverse("poster", args=[shown.van.id, "2026Q3"]) + "?in=es"))
    assert "personas vinieron aquí" in said


@pytest.mark.slow
def test_it_is_one_sheet_of_paper(shown, naima):
    for language, words in (("en", "people came here"), ("es", "personas vinieron aquí")):
        answer = naima.get(reverse("poster-pdf", args=[shown.van.id, "2026Q3"]) + f"?in={language}")
        reader = pypdf.PdfReader(io.BytesIO(answer.content))
        assert len(reader.pages) == 1
        assert words in " ".join(reader.pages[0].extract_text().split())


def test_every_indicator_of_a_report_with_places_can_be_said_on_a_wall():
    for key, words in poster.PLAIN.items():
        assert poster.REPORTS["everybody"].indicators.count(key) == 1, key
        assert str(words)
