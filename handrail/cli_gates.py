"""`handrail import` and `handrail device`: what comes from outside, once from a file or again and again from a program."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOST_SHOWN = 50


@dataclass(frozen=True)
class House:
    """How `handrail.cli` opens the house, finds its organisations and prints."""

    open: Callable[[], AbstractContextManager[Any]]
    organisations: Callable[[], list[Any]]
    say: Callable[[argparse.Namespace, Any, list[str]], None]


Run = Callable[[argparse.Namespace, House], int]


def adder(house: House) -> Callable[[Any, str, Run, str], argparse.ArgumentParser]:
    """What adds a command about an organisation to a group: it knows which is meant, and prints text or JSON."""

    def command(group: Any, name: str, run: Run, help_text: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = group.add_parser(name, help=help_text, description=help_text)
        made.set_defaults(run=lambda parsed: run(parsed, house))
        made.add_argument("--organisation", default="", help="part of its name; needed when there are several")
        made.add_argument("--format", choices=["text", "json"], default="text")
        return made

    return command


def add_commands(commands: Any, house: House) -> None:
    """Add both commands to the program's."""
    command = adder(house)
    load = command(commands, "import", _import, "Import last year's spreadsheet, saved as CSV.")
    load.add_argument("file", type=Path, metavar="FILE.csv")
    load.add_argument("--mapping", required=True, help="a mapping file (TOML), or the name of one that comes with Handrail")
    load.add_argument("--site", default="", help="where all rows happened, if no column says so")
    load.add_argument("--dry-run", action="store_true", help="record nothing; show what would be")
    load.add_argument("--only-good", action="store_true", help="record the good rows although others are bad")
    device = commands.add_parser("device", help="Enrol a device, list them, end one.", description="Enrol a device, list them, end one.")
    actions = device.add_subparsers(dest="action", required=True)
    enrol = command(actions, "enrol", _enrol, "Enrol a device and print its token, once.")
    enrol.add_argument("--label", required=True, help="what it is, such as “till at the drop-in”")
    enrol.add_argument("--role", required=True, help="what it may record: a role such as outreach or storekeeper")
    enrol.add_argument("--site", required=True, help="name of its place")
    command(actions, "list", _list, "List the devices.")
    command(actions, "end", _end, "End a device: its next request is refused.").add_argument("--label", required=True)


def from_django(module: str) -> Any:
    """A module that can only be imported once Django is set up."""
    return importlib.import_module(module)


def one_organisation(parsed: argparse.Namespace, house: House) -> Any:
    """The organisation that is meant."""
    chosen = [o for o in house.organisations() if parsed.organisation.lower() in o.name.lower()]
    if len(chosen) != 1:
        raise ValueError(f"“{parsed.organisation}” fits {len(chosen)} organisations; name one with --organisation.")
    return chosen[0]


def _place(name: str) -> Any:
    found = [s for s in from_django("handrail.facts.models").Site.objects.all() if name.lower() in {s.name.lower(), str(s.id)}]
    if not found:
        raise ValueError(f"There is no place “{name}”.")
    return found[0]


# -- import -----------------------------------------------------------------------------------------------------------


def _mapping(parsed: argparse.Namespace) -> Any:
    module = from_django("handrail.gates.spreadsheet.mapping")
    text = module.shipped().get(parsed.mapping)
    return module.parse(text if text is not None else Path(parsed.mapping).read_text(encoding="utf-8"), site=parsed.site)


def _import(parsed: argparse.Namespace, house: House) -> int:
    with house.open():
        load = from_django("handrail.gates.spreadsheet.load")
        try:
            mapping, data = _mapping(parsed), parsed.file.read_bytes()
        except OSError as problem:
            raise ValueError(f"{problem.filename} cannot be read: {problem.strerror}.") from None
        organisation = one_organisation(parsed, house)
        actor = from_django("handrail.facts.organisations").system_actor(organisation)
        with from_django("handrail.kernel.scope").enter([organisation.key]):
            plan = load.prepare(actor=actor, mapping=mapping, data=data)
        refused = bool(plan.problems or (plan.bad and not parsed.only_good))
        done = None
        if not refused and not parsed.dry_run:
            done = load.run(actor=actor, plan=plan, data=data, only_good=parsed.only_good)
        house.say(parsed, _as_json(plan, done), _lines(plan, done, parsed.dry_run))
    return 1 if refused else 0


def _as_json(plan: Any, done: Any) -> dict[str, Any]:
    return {
        "encoding": plan.sheet.encoding, "delimiter": plan.sheet.delimiter, "rows": len(plan.sheet.rows), "problems": plan.problems,
        "warnings": plan.warnings, "bad_rows": plan.bad_rows, "bad": [bad.__dict__ for bad in plan.bad], "new_visits": len(plan.visits),
        "already_here": len(plan.known), "totals": plan.totals(), "recorded": done.__dict__ if done else None,
    }


def _lines(plan: Any, done: Any, dry_run: bool) -> list[str]:
    delimiter = from_django("handrail.gates.spreadsheet.reading").DELIMITERS.get(plan.sheet.delimiter, plan.sheet.delimiter)
    lines = [f"Read {len(plan.sheet.rows)} rows ({plan.sheet.encoding}, {delimiter})."]
    lines += [f"Stop: {problem}" for problem in plan.problems] + [f"Note: {warning}" for warning in plan.warnings]
    for bad in plan.bad[:MOST_SHOWN]:
        where = f"row {bad.row}" + (f", {bad.heading}" if bad.heading else "") + (f", “{bad.typed}”" if bad.typed else "")
        lines.append(f"Bad: {where}: {bad.reason} {bad.todo}")
    if len(plan.bad) > MOST_SHOWN:
        lines.append(f"… and {len(plan.bad) - MOST_SHOWN} more; --format json lists all.")
    lines.append(f"{len(plan.visits)} new visits, {len(plan.known)} already here, {plan.bad_rows} bad rows.")
    if done:
        lines.append(f"Imported {done.visits} visits: {done.facts} records, {done.people} new people.")
    elif plan.problems:
        lines.append("Nothing was imported. Mend what is marked “Stop” first.")
    elif dry_run:
        lines.append("This was a dry run: nothing is recorded.")
    else:
        lines.append("Nothing was imported. Correct the rows, or import the good ones alone with --only-good.")
    return lines


# -- devices ------------------------------------------------------------------------------------------------------------


def _enrol(parsed: argparse.Namespace, house: House) -> int:
    with house.open():
        organisation = one_organisation(parsed, house)
        actor = from_django("handrail.facts.organisations").system_actor(organisation)
        with from_django("handrail.kernel.scope").enter([organisation.key]):
            device, token = from_django("handrail.facts.devices").enrol(
                actor=actor, label=parsed.label, role=parsed.role, site=_place(parsed.site)
            )
            found = {"label": device.label, "id": str(device.id), "role": device.role, "site": device.site.name, "token": token}
        house.say(parsed, found, [f"Enrolled {device.label}. Its token, shown only now:", "", f"  {token}"])
    return 0


def _list(parsed: argparse.Namespace, house: House) -> int:
    with house.open():
        organisation = one_organisation(parsed, house)
        actor = from_django("handrail.facts.organisations").system_actor(organisation)
        with from_django("handrail.kernel.scope").enter([organisation.key]):
            found = [
                {"label": d.label, "role": d.role, "site": d.site.name, "last_seen_at": d.last_seen_at, "ended_at": d.revoked_at}
                for d in from_django("handrail.facts.devices").listed(actor)
            ]
        lines = [f"{d['label']} · {d['role']} at {d['site']} · {'ended' if d['ended_at'] else d['last_seen_at'] or 'never heard of'}" for d in found]
        house.say(parsed, found, lines or ["No device is enrolled."])
    return 0


def _end(parsed: argparse.Namespace, house: House) -> int:
    with house.open():
        organisation = one_organisation(parsed, house)
        actor = from_django("handrail.facts.organisations").system_actor(organisation)
        devices = from_django("handrail.facts.devices")
        with from_django("handrail.kernel.scope").enter([organisation.key]):
            found = [d for d in devices.listed(actor) if d.label == parsed.label and d.revoked_at is None]
            if not found:
                raise ValueError(f"There is no device “{parsed.label}” in use.")
            devices.end(actor=actor, device=found[0])
        house.say(parsed, {"ended": parsed.label}, [f"Ended {parsed.label}. Its next request is refused."])
    return 0
