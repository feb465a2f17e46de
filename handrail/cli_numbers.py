"""`handrail report` and `handrail release`: what is due, what would leave the house, and what left it."""

from __future__ import annotations

import argparse
from typing import Any

from handrail.cli_gates import House, adder, from_django, one_organisation


def add_commands(commands: Any, house: House) -> None:
    """Add both commands to the program's."""
    command = adder(house)
    report = command(commands, "report", _report, "Show which reports are due for a period, or one of them as it would be released now.")
    report.add_argument("--period", required=True, help="such as 2026Q3, 2026-03, 2026H1, 2026")
    report.add_argument("--report", default="", help="one report, by its key")
    release = commands.add_parser("release", help="Freeze a report, list releases, show one.", description="Freeze a report, list releases, show one.")
    actions = release.add_subparsers(dest="action", required=True)
    make = command(actions, "make", _make, "Freeze a report: numbered, and never changed again.")
    make.add_argument("--report", required=True, help="its key")
    make.add_argument("--period", required=True, help="such as 2026Q3, 2026-03, 2026H1, 2026")
    make.add_argument("--audience", default="", help="which partner it is for")
    make.add_argument("--note", default="", help="why there is a revision")
    command(actions, "list", _list, "List the releases, the newest first.")
    command(actions, "show", _show, "Show a release as its readers see it.").add_argument("--number", type=int, required=True)


def _chosen(key: str) -> Any:
    reports = from_django("handrail.insight.report_spec").REPORTS
    found = reports.get(key)
    if found is None:
        raise ValueError(f"There is no report “{key}”. There are: {', '.join(reports.all())}.")
    return found


def _lines(values: list[dict[str, Any]]) -> list[str]:
    return [f"{v['code']} · {v['site'] or 'all'}: {v['value']}" for v in values]


def _value(value: Any) -> dict[str, Any]:
    return {
        "key": value.indicator.key, "code": value.indicator.code, "variant": value.indicator.variant, "version": value.version,
        "from": value.window.starts_on, "before": value.window.ends_before, "site": value.site_name or None, "value": value.plain,
    }


def _report(parsed: argparse.Namespace, house: House) -> int:
    with house.open():
        releases, owed = from_django("handrail.insight.releases"), from_django("handrail.insight.due")
        period = from_django("handrail.insight.periods").Period.parse(parsed.period)
        with from_django("handrail.kernel.scope").enter([one_organisation(parsed, house).key]):
            if parsed.report:
                found = [_value(value) for value in releases.would_be(_chosen(parsed.report), period)]
                house.say(parsed, found, _lines(found) or ["Nothing is computed for this period yet. Run `handrail warehouse build`."])
                return 0 if found else 1
            due = [
                {"report": report.key, "title": str(report.title), "due_on": report.due_on(period), "released": releases.latest(report, period)}
                for report in owed.asked_of_us() if report.due_on(period)
            ]
        said = {d["report"]: "not released" if d["released"] is None else f"R-{d['released']}" for d in due}
        house.say(parsed, due, [f"{d['report']} · {d['title']} · due {d['due_on']} · {said[d['report']]}" for d in due])
    return 0


def _make(parsed: argparse.Namespace, house: House) -> int:
    with house.open():
        releases = from_django("handrail.insight.releases")
        period = from_django("handrail.insight.periods").Period.parse(parsed.period)
        organisation = one_organisation(parsed, house)
        actor = from_django("handrail.facts.organisations").system_actor(organisation)
        with from_django("handrail.kernel.scope").enter([organisation.key]):
            try:
                made = releases.freeze(actor=actor, report=_chosen(parsed.report), period=period, audience=parsed.audience, note=parsed.note)
            except releases.CannotRelease as problem:
                raise ValueError(str(problem)) from None
            said = {"number": made.number, "revision": made.revision, "sha256": made.digest}
        house.say(parsed, said, [f"Released as R-{made.number}, revision {made.revision}, SHA-256 {made.digest}."])
    return 0


def _list(parsed: argparse.Namespace, house: House) -> int:
    with house.open():
        with from_django("handrail.kernel.scope").enter([one_organisation(parsed, house).key]):
            found = [
                {"number": r.number, "report": r.report, "period": r.period, "profile": r.profile, "revision": r.revision, "released_at": r.released_at, "note": r.note}
                for r in from_django("handrail.insight.models").Release.objects.all()
            ]
        house.say(parsed, found, [f"R-{r['number']} · {r['report']} {r['period']} · revision {r['revision']} · {r['released_at']:%Y-%m-%d}" for r in found] or ["Nothing was released yet."])
    return 0


def _show(parsed: argparse.Namespace, house: House) -> int:
    with house.open():
        releases = from_django("handrail.insight.releases")
        with from_django("handrail.kernel.scope").enter([one_organisation(parsed, house).key]):
            release = from_django("handrail.insight.models").Release.objects.filter(number=parsed.number).first()
            if release is None:
                raise ValueError(f"There is no release {parsed.number}.")
            frozen = releases.open_release(release)
            found, whole = [_value(value) for value in frozen], frozen.is_whole
        house.say(parsed, {"number": parsed.number, "whole": whole, "values": found}, [*_lines(found), "Whole." if whole else "Its digest does not fit: it was changed."])
    return 0 if whole else 1
