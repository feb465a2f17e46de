"""Deaths as CDC publishes them: the shape of its file is real, every number in it is made up."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from handrail import cli_outside
from handrail.cli_gates import House
from handrail.facts.models import Organisation
from handrail.gates.outside import SORTS, prepare, run
from handrail.gates.spreadsheet.reading import NotReadable
from handrail.insight import deaths
from handrail.insight.models import DeathCount, Level
from handrail.insight.outside import history_of, in_force
from handrail.insight.periods import Period, Window
from handrail.kernel import scope
from tests.signing_in import sign_in

CDC = SORTS["cdc"]
HEAD = [
    "State", "Year", "Month", "Period", "Indicator", "Data Value", "Percent Complete", "Percent Pending Investigation", "State Name", "Footnote", "Footnote Symbol",
    "Predicted Value",
]
OPIOIDS, HEROIN = "Opioids (T40.0-T40.4,T40.6)", "Heroin (T40.1)"
FINAL = "Numbers may differ from published reports using final data. See Technical Notes."
SUPPRESSED, WITHHELD = f"{FINAL}  Data suppressed (<10).", f"{FINAL}  Data not shown due to low data quality."
KY = {"areas": "KY = harbour-area"}
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")


def row(month: str, number: str, *, year: str = "2025", state: str = "KY", name: str = "Kentucky", cause: str = OPIOIDS, footnote: str = FINAL, predicted: str = "", period: str = "12 month-ending") -> list[str]:
    return [state, year, month, period, cause, number, "100", "0.178521342", name, footnote, "*" if footnote else "", predicted]


def published(*rows: list[str], head: list[str] = HEAD) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows([head, *rows])
    return written.getvalue().encode()


def judged(world, *rows, **said):
    return prepare(actor=world.actors["coordinator"], sort=CDC, data=published(*rows), said=KY | said)


def imported(world, *rows, **said):
    return run(actor=world.actors["coordinator"], sort=CDC, data=published(*rows), said=KY | said)


def held() -> list[tuple[str, int | None, int | None]]:
    return [(f"{row.ends_before:%Y-%m-%d}", row.value, row.high) for row in in_force(DeathCount).order_by("ends_before")]


def test_each_row_of_the_chosen_cause_counts_the_twelve_months_that_end_with_its_month(in_harbour):
    plan = imported(
        in_harbour, row("December", "1,204"), row("November", "1198"), row("December", "310", cause=HEROIN), row("December", "2301", cause="Number of Drug Overdose Deaths"),
        row("December", "97.4", cause="Percent with drugs specified"), row("December", "640", state="TN", name="Tennessee"), row("December", "80670", state="US", name="United States"),
    )
    assert (plan.rows, len(plan.planned), plan.left, plan.bad) == (7, 2, 5, [])
    assert held() == [("2025-12-01", 1198, None), ("2026-01-01", 1204, None)]
    last = in_force(DeathCount).get(ends_before=date(2026, 1, 1))
    assert (last.starts_on, last.level, last.area) == (date(2025, 1, 1), Level.TARGETED_AREA, "harbour-area")
    assert last.method == "reported, provisional: T40.0-T40.4,T40.6"
    assert "xkb8-kh2a" in last.source_link
    assert last.note == f"From an imported file, row 2; Complete: 100 %; Pending investigation: 0.178521342 %; {FINAL}"
    assert "Rows of other states or causes, which are not taken: 5." in plan.warnings


def test_of_counts_that_overlap_a_year_takes_exactly_its_own_and_a_quarter_none(in_harbour):
    plan = imported(in_harbour, *(row(month, str(1000 + n)) for n, month in enumerate(MONTHS)), *(row(month, str(900 + n), year="2024") for n, month in enumerate(MONTHS)))
    assert "Counts for harbour-area overlap. Each is kept for itself; they are never added up." in plan.warnings
    asked = lambda written, kind="period": deaths.in_window(Level.TARGETED_AREA, "harbour-area", Period.parse(written).window(kind))  # noqa: E731
    assert (asked("2025"), asked("2024")) == (1011, 911)
    assert asked("2025Q3", "rolling_12_months") == 1008
    assert {asked(f"2025Q{n}") for n in (1, 2, 3, 4)} == {None}
    assert {asked("2025H1"), asked("2025-12")} == {None}
    both = Window(date(2024, 1, 1), date(2026, 1, 1))
    assert deaths.in_window(Level.TARGETED_AREA, "harbour-area", both) is None, "thirteen counts lie in it, and no two of them are added"


def test_a_count_that_cdc_suppresses_stays_hidden_and_is_never_nothing(in_harbour):
    plan = imported(
        in_harbour, row("December", "", footnote=SUPPRESSED), row("November", "", footnote=WITHHELD), row("October", "<10", footnote=""),
        row("September", "", footnote=f"Underreported due to incomplete data.  Data suppressed (<10).  {WITHHELD}"), row("August", "0"),
    )
    assert held() == [("2025-09-01", 0, None), ("2025-10-01", None, 9), ("2025-11-01", None, 9), ("2025-12-01", None, None), ("2026-01-01", None, 9)]
    assert deaths.in_window(Level.TARGETED_AREA, "harbour-area", Period.parse("2025").window("period")) is None
    assert "Counts that CDC hides or does not show: 4. They stay hidden, and are never taken as 0." in plan.warnings
    assert "Counts that CDC calls underreported, because causes of death are still pending: 1." in plan.warnings
    again = [deaths.as_typed(one) for one in in_force(DeathCount).order_by("ends_before")]
    assert [typed["deaths"] for typed in again] == ["0", "<10", "<10", "?", "<10"]
    assert [(one.value, one.high) for one in (deaths.read_typed(typed)[0] for typed in again)] == [(0, None), (None, 9), (None, 9), (None, None), (None, 9)]


def test_an_empty_number_that_nothing_explains_and_other_wrong_rows_are_said_row_by_row(in_harbour):
    plan = judged(
        in_harbour, row("December", "", footnote="Underreported due to incomplete data."), row("Decembre", "7"), row("March", "7", year="25"), row("March", "about 7"),
        row("April", "7", period="1 month"), row("May", "7"), row("May", "8"), row("June", "7.5"), row("July", "-7"),
    )
    assert [(bad.row, bad.heading, bad.typed) for bad in plan.bad] == [
        (2, "data value", ""), (3, "month", "Decembre"), (4, "year", "25"), (5, "data value", "about 7"), (6, "period", "1 month"), (8, "", ""), (9, "data value", "7.5"),
        (10, "data value", "-7"),
    ]
    assert "footnote does not say why" in plan.bad[0].reason
    assert "Row 7 asks the same" in plan.bad[5].reason
    assert [one.row for one in plan.planned] == [7]
    with pytest.raises(NotReadable, match="Nothing was imported"):
        imported(in_harbour, row("Decembre", "7"))
    assert not DeathCount.objects.exists()


def test_importing_again_changes_nothing_and_a_newer_edition_corrects_and_says_so(in_harbour):
    first = (row("December", "1,204"), row("November", "", footnote=SUPPRESSED), row("October", "1190"))
    assert len(imported(in_harbour, *first).planned) == 3
    assert (imported(in_harbour, *first).known, DeathCount.objects.count()) == (3, 3)
    newer = (row("December", "1,251"), row("November", "1212"), row("October", "1190", footnote=""), row("January", "1260", year="2026"))
    dry = judged(in_harbour, *newer)
    assert (dry.known, len(dry.planned), [(one.replaces.value, one.replaces.high, one.what.value) for one in dry.corrections]) == (1, 3, [(1204, None, 1251), (None, 9, 1212)])
    assert DeathCount.objects.count() == 3
    imported(in_harbour, *newer)
    assert held() == [("2025-11-01", 1190, None), ("2025-12-01", 1212, None), ("2026-01-01", 1251, None), ("2026-02-01", 1260, None)]
    assert [one.value for one in history_of(in_force(DeathCount).get(value=1251))] == [1251, 1204]


def test_predicted_numbers_are_taken_only_where_asked_for_and_never_silently(in_harbour):
    rows = (row("December", "1,204", predicted="1311"), row("November", "1198", predicted="1,274.0"))
    imported(in_harbour, *rows)
    assert [value for _ends, value, _high in held()] == [1198, 1204]
    plan = judged(in_harbour, *rows, counts="predicted")
    assert any("counted another way (reported, provisional" in warning for warning in plan.warnings)
    imported(in_harbour, *rows, counts="predicted")
    assert [value for _ends, value, _high in held()] == [1274, 1311]
    assert {one.method for one in in_force(DeathCount)} == {"predicted, provisional: T40.0-T40.4,T40.6"}
    unsaid = judged(in_harbour, row("October", "1190", predicted=""), counts="predicted")
    assert "footnote does not say why" in unsaid.bad[0].reason, "what is reported never stands in for what is predicted"
    with pytest.raises(NotReadable, match="predicted value"):
        prepare(actor=in_harbour.actors["coordinator"], sort=CDC, data=published(row("May", "7")[:-1], head=HEAD[:-1]), said=KY | {"counts": "predicted"})


def test_names_of_columns_causes_and_states_are_known_however_an_edition_writes_them(in_harbour):
    head = [name.lower().replace(" ", "_") for name in HEAD]
    rows = [row("december", "7", cause="opioids  (T40.0-T40.4, T40.6)"), row("11", "8", name="kentucky")]
    plan = prepare(actor=in_harbour.actors["coordinator"], sort=CDC, data=published(*rows, head=head), said={"areas": " Kentucky=harbour-area "})
    assert ([one.what.value for one in plan.planned], plan.bad) == ([7, 8], [])
    other = judged(in_harbour, row("December", "5", cause="Synthetic opioid analgesics other than methadone (T40.4)"), row("December", "7"), cause="T40.4")
    assert [one.what.value for one in other.planned] == [5]
    assert any("a part of all deaths by opioids" in warning for warning in other.warnings)


def test_areas_called_like_a_state_are_found_and_nothing_is_guessed(in_harbour):
    common = {"actor": in_harbour.actors["coordinator"], "sort": CDC}
    with pytest.raises(NotReadable, match="KY = harbour-area"):
        prepare(**common, data=published(row("May", "7")))
    plan = prepare(**common, data=published(row("May", "7", state="HA", name="Harbour-Area"), row("May", "9"), row("May", "99", state="US", name="United States")))
    assert [(one.what.area, one.what.value) for one in plan.planned] == [("harbour-area", 7)]
    Organisation.objects.filter(key=in_harbour.harbour.key).update(country="US")
    plan = prepare(**common, data=published(row("May", "99", state="US", name="United States")), said={"areas": "US\nKY = elsewhere"})
    assert [(one.what.level, one.what.area, one.what.value) for one in plan.planned] == [("country", "US", 99)]
    assert plan.warnings[:2] == ["There is no row of “KY” with this cause in the file.", "No place of yours is in “elsewhere”, so no number uses its deaths."]


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"areas": "KY harbour-area"}, "on a line of its own"), ({"areas": "= harbour-area"}, "on a line of its own"), ({"areas": "KY = a\nky = b"}, "twice"),
        ({"areas": "NY = a\nYC = a"}, "never added up"), ({"areas": "US"}, "Leave out that line"), ({"areas": "KY = a", "cause": "T40.5"}, "from the lists"),
        ({"areas": "KY = a", "counts": "both"}, "from the lists"), ({"areas": "KY = " + "a" * 41}, "on a line of its own"),
    ],
)
def test_what_cannot_be_meant_is_said_in_a_sentence(in_harbour, said, says):
    with pytest.raises(NotReadable, match=says):
        prepare(actor=in_harbour.actors["coordinator"], sort=CDC, data=published(row("May", "7")), said=said)


def test_the_page_shows_what_would_change_and_imports(world):
    client = Client()
    sign_in(client, "coordinator")

    def send(*rows, **more):
        return client.post(reverse("estimates-import"), {"file": SimpleUploadedFile("a.csv", published(*rows)), "sort": "cdc", "action": "check", **KY, **more})

    def said_yes(answer):
        packed = answer.content.decode().split('name="packed" value="')[1].split('"')[0]
        return client.post(reverse("estimates-import"), {"packed": packed, "action": "import"}, follow=True).content.decode()

    assert "New rows: 2" in said_yes(send(row("December", "1,204"), row("November", "", footnote=WITHHELD)))
    page = send(row("December", "1,251"), row("November", "1,200")).content.decode()
    assert "1,204 → <b>1,251</b>" in page
    assert "not shown by its source → <b>1,200</b>" in page
    assert 'name="areas" rows="3" placeholder="KY = harbour-area">KY = harbour-area</textarea>' in page
    refused = send(row("December", "7"), areas="KY harbour-area")
    assert refused.status_code == 422
    assert "KY harbour-area</textarea>" in refused.content.decode(), "what was typed is kept"


def test_the_command_line_does_the_same(in_harbour, tmp_path):
    file, told = tmp_path / "VSRR.csv", []
    file.write_bytes(published(row("December", "1,204"), row("Decembre", "7")))

    def command(**more):
        parsed = SimpleNamespace(
            file=file, what="cdc", thousands="", area=["KY=harbour-area"], cause="", predicted=False, dry_run=False, only_good=False, organisation="Harbour", **more
        )
        say = lambda _parsed, value, lines: told.append((json.loads(json.dumps(value)), lines))  # noqa: E731
        return parsed, House(lambda: scope.enter([in_harbour.harbour.key]), lambda: [in_harbour.harbour], say)

    parsed, house = command()
    assert cli_outside._enter(parsed, house) == 1
    assert not DeathCount.objects.exists()
    assert "Nothing was entered. Correct the rows, or enter the good ones alone with --only-good." in told[-1][1]
    parsed.only_good = parsed.dry_run = True
    assert cli_outside._enter(parsed, house) == 0
    assert (told[-1][0]["new"], told[-1][0]["recorded"], DeathCount.objects.count()) == (1, False, 0)
    parsed.dry_run = False
    assert cli_outside._enter(parsed, house) == 0
    assert (held(), told[-1][1][-1]) == ([("2026-01-01", 1204, None)], "Entered 1.")
    parsed.file = tmp_path / "nothing.csv"
    with pytest.raises(ValueError, match="cannot be read"):
        cli_outside._enter(parsed, house)
