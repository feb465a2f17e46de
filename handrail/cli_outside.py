"""`handrail enter`: estimates and counted deaths from a file, with a dry run, as the console's page does it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from handrail.cli_gates import MOST_SHOWN, House, adder, from_django, one_organisation

SORTS = ("estimates", "deaths", "cdc")


def add_command(commands: Any, house: House) -> None:
    """Add the command to the program's."""
    load = adder(house)(commands, "enter", _enter, "Enter estimates or counted deaths from a CSV file; also the file that CDC publishes.")
    load.add_argument("file", type=Path, metavar="FILE.csv")
    load.add_argument("--what", choices=SORTS, required=True, help="what the file holds; cdc: deaths by drug overdose as published on data.cdc.gov")
    load.add_argument("--thousands", default="", help="how thousands are written in it, such as ,")
    load.add_argument("--area", action="append", default=[], metavar="STATE=AREA", help="cdc: which state is which of your areas; may be given again")
    load.add_argument("--cause", default="", help="cdc: codes of the cause; all opioids unless told otherwise")
    load.add_argument("--predicted", action="store_true", help="cdc: predicted numbers in the place of reported ones")
    load.add_argument("--dry-run", action="store_true", help="record nothing; show what would be")
    load.add_argument("--only-good", action="store_true", help="record the good rows although others are bad")


def _enter(parsed: argparse.Namespace, house: House) -> int:
    with house.open():
        outside, scope = from_django("handrail.gates.outside"), from_django("handrail.kernel.scope")
        try:
            data = parsed.file.read_bytes()
        except OSError as problem:
            raise ValueError(f"{problem.filename} cannot be read: {problem.strerror}.") from None
        organisation = one_organisation(parsed, house)
        said = {"cause": parsed.cause, "counts": "predicted" if parsed.predicted else "reported", "areas": "\n".join(parsed.area)}
        asked = {
            "actor": from_django("handrail.facts.organisations").system_actor(organisation), "sort": outside.SORTS[parsed.what], "data": data,
            "thousands": parsed.thousands, "said": said,
        }
        with scope.enter([organisation.key]):
            plan = outside.prepare(**asked)
            refused = bool(plan.bad and not parsed.only_good)
            done = not refused and not parsed.dry_run
            if done:
                try:
                    plan = outside.run(**asked, only_good=parsed.only_good)
                except from_django("handrail.insight.outside").Wrong as problem:
                    raise ValueError(str(problem)) from None
        house.say(parsed, _as_json(plan, done), _lines(plan, done, parsed.dry_run))
    return 1 if refused else 0


def _as_json(plan: Any, done: bool) -> dict[str, Any]:
    return {
        "rows": plan.rows, "new": len(plan.planned) - len(plan.corrections), "corrections": len(plan.corrections), "already_here": plan.known,
        "not_taken": plan.left, "bad": [bad.__dict__ for bad in plan.bad], "warnings": plan.warnings, "recorded": done,
    }


def _lines(plan: Any, done: bool, dry_run: bool) -> list[str]:
    lines = [f"Read {plan.rows} rows.", *(f"Note: {warning}" for warning in plan.warnings)]
    for bad in plan.bad[:MOST_SHOWN]:
        where = f"row {bad.row}" + (f", {bad.heading}" if bad.heading else "") + (f", “{bad.typed}”" if bad.typed else "")
        lines.append(f"Bad: {where}: {bad.reason} {bad.todo}")
    if len(plan.bad) > MOST_SHOWN:
        lines.append(f"… and {len(plan.bad) - MOST_SHOWN} more; --format json lists all.")
    new, bad_rows = len(plan.planned) - len(plan.corrections), len({bad.row for bad in plan.bad})
    lines.append(f"{new} new, {len(plan.corrections)} that correct what is here, {plan.known} already here, {bad_rows} bad rows.")
    if done:
        lines.append(f"Entered {len(plan.planned)}.")
    elif dry_run:
        lines.append("This was a dry run: nothing is recorded.")
    else:
        lines.append("Nothing was entered. Correct the rows, or enter the good ones alone with --only-good.")
    return lines
