"""`handrail export`: a release as a file for somebody, kept in the books; or first what it would hold."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handrail.cli_gates import MOST_SHOWN, House, from_django, one_organisation

SENT_AS = ("dhis2", "dhis2_csv", "adx")


@dataclass(frozen=True)
class _Asked:
    """What the command was asked for, looked up."""

    frozen: Any
    mapping: Any
    opened: Any
    actor: Any


def add_command(commands: Any, house: House) -> None:
    """Add the command to the program's."""
    help_text = "Make a file of a release for somebody: CSV, XLSX, DHIS2, ADX, FHIR."
    made: argparse.ArgumentParser = commands.add_parser("export", help=help_text, description=help_text)
    made.set_defaults(run=lambda parsed: _export(parsed, house))
    made.add_argument("--organisation", default="", help="part of its name; needed when there are several")
    made.add_argument("--release", type=int, required=True, help="number of the release")
    made.add_argument("--format", dest="made_as", required=True, help="key of a format, such as csv, xlsx, dhis2, adx, fhir")
    made.add_argument("--mapping", default="", help="what the receiver calls everything: a TOML file, or the name of one that comes with Handrail")
    made.add_argument("--output", type=Path, default=Path(), metavar="FILE", help="where to write it; if left out, here under its own name")
    made.add_argument("--recipient", default="", help="for whom it is, if not whom the mapping names")
    made.add_argument("--language", default="", help="of files for people, such as es")
    made.add_argument("--dry-run", action="store_true", help="write and keep nothing; show what would be sent")
    made.add_argument("--withdraw", action="store_true", help="DHIS2: a file that deletes what was sent before and is hidden or gone now")
    made.add_argument("--send", default="", metavar="URL", help="DHIS2: send it there, dry first; such as https://dhis2.example.org/api/dataValueSets")
    made.add_argument("--secret-file", type=Path, metavar="FILE", help="file with the personal access token, or user:password, of that DHIS2")
    made.add_argument("--json", dest="format", action="store_const", const="json", default="text", help="answer as JSON")


def _export(parsed: argparse.Namespace, house: House) -> int:
    with house.open():
        organisation = one_organisation(parsed, house)
        with from_django("handrail.kernel.scope").enter([organisation.key]):
            asked = _look_up(parsed, organisation)
            if parsed.dry_run:
                return _dry_run(parsed, house, asked)
            made, kept = _make(parsed, asked)
            path = _path(parsed.output, made)
            beside = _write_beside(path, made.content)
            found = _preview(parsed, asked)
        os.replace(beside, path)  # only now: what is not kept in the books was not written
        answer = _send(parsed, asked, organisation, made) if parsed.send else ""
        said = {"file": str(path), "sha256": made.sha256, "media_type": made.media_type, "export": str(kept.id), "recipient": kept.recipient, "answer": answer, **_as_json(found)}
        house.say(parsed, said, [f"Wrote {path}, SHA-256 {made.sha256}.", *([f"Sent: {answer}"] if answer else []), *_after(parsed, found)])
    return 0


def _send(parsed: argparse.Namespace, asked: _Asked, organisation: Any, made: Any) -> str:
    """Offer the file to a DHIS2, and keep what it answered."""
    sending, exports = from_django("handrail.gates.dhis2_send"), from_django("handrail.gates.exports")
    problem = None
    try:
        secret = parsed.secret_file.read_text(encoding="utf-8", errors="replace").strip() if parsed.secret_file else ""
        _dry, done = sending.send(url=parsed.send, secret=secret, content=made.content, media_type=made.media_type, mapping=asked.mapping, delete=parsed.withdraw)
        said = done.sentence
    except OSError as error:
        raise ValueError(f"{parsed.secret_file} cannot be read: {error.strerror}. The file is written and was not sent.") from None
    except sending.NotTaken as error:
        problem = said = str(error)
    with from_django("handrail.kernel.scope").enter([organisation.key]):
        exports.note_sent(actor=asked.actor, frozen=asked.frozen, made=made, host=sending.host_of(parsed.send), said=said, taken=problem is None)
    if problem:
        raise ValueError(f"the file is written, but not taken.\n{problem}")
    return str(said)


def _look_up(parsed: argparse.Namespace, organisation: Any) -> _Asked:
    opened = from_django("handrail.insight.releases").open_release
    release = from_django("handrail.insight.models").Release.objects.filter(number=parsed.release).first()
    if release is None:
        raise ValueError(f"There is no release {parsed.release}. `handrail release list` shows those there are.")
    if parsed.withdraw and not from_django("handrail.gates.exports").is_dhis2(parsed.made_as):
        raise ValueError("--withdraw is for DHIS2: other receivers take each file as a whole.")
    mapping = from_django("handrail.gates.receivers").load(parsed.mapping) if parsed.mapping else None
    if parsed.send and (parsed.made_as not in SENT_AS or mapping is None):
        raise ValueError(f"--send is for DHIS2: --format {', '.join(SENT_AS)}, with a mapping.")
    if parsed.withdraw and mapping is None:
        raise ValueError("--withdraw needs the mapping.")
    return _Asked(opened(release), mapping, opened, from_django("handrail.facts.organisations").system_actor(organisation))


def _make(parsed: argparse.Namespace, asked: _Asked) -> Any:
    exports = from_django("handrail.gates.exports")
    try:
        if parsed.withdraw:
            return exports.withdraw(actor=asked.actor, frozen=asked.frozen, mapping=asked.mapping, recipient=parsed.recipient, opened=asked.opened)
        return exports.export(
            actor=asked.actor, frozen=asked.frozen, format=parsed.made_as, mapping=asked.mapping, recipient=parsed.recipient, language=parsed.language
        )
    except from_django("handrail.gates.release_formats").CannotExport as problem:
        raise ValueError("\n".join(["nothing was written.", *problem.sentences])) from None


def _preview(parsed: argparse.Namespace, asked: _Asked) -> Any:
    return from_django("handrail.gates.exports").preview(asked.frozen, parsed.made_as, asked.mapping, recipient=parsed.recipient, opened=asked.opened)


def _path(output: Path, made: Any) -> Path:
    """Where the file goes; never over another one."""
    path = output / made.filename if output.is_dir() else output
    if path.exists() and path.read_bytes() != made.content:
        raise ValueError(f"{path} exists and is something else. Name another file with --output.")
    return path


def _write_beside(path: Path, content: bytes) -> Path:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
    except OSError as problem:
        raise ValueError(f"{path} cannot be written: {problem.strerror}.") from None
    return beside


# -- saying what would be, and what was ------------------------------------------------------------------------------------


def _dry_run(parsed: argparse.Namespace, house: House, asked: _Asked) -> int:
    found = _preview(parsed, asked)
    shown = _withdrawn(found, asked.frozen) if parsed.withdraw else _sentences(found, parsed.made_as, asked.frozen)
    lines = [*shown, *(f"Stop: {problem}" for problem in found.problems), *_after(parsed, found)]
    lines.append("This was a dry run: nothing is written and nothing is kept." if not found.problems else "Nothing can be written. Mend what is marked “Stop” first.")
    house.say(parsed, _as_json(found), lines)
    return 1 if found.problems else 0


def _said(where: tuple[str, str, str]) -> str:
    key, place, cell = where
    return ", ".join(part for part in (key, cell, place or "all places") if part)


def _sentences(found: Any, made_as: str, frozen: Any) -> list[str]:
    lines = [f"{frozen.name}, {frozen.report.key} {frozen.period}, as {made_as}:", f"Would send {len(found.sent)} numbers."]
    lines += _few([f"  {_said(where)}{f' → {spot}' if spot else ''}: {number}" for where, spot, number in found.sent])
    for title, places in (("Hidden, left out", found.hidden), ("No number, left out", found.without), ("Not wanted by the receiver", found.ignored)):
        if places:
            lines += [f"{title}: {len(places)}.", *_few([f"  {_said(where)}" for where in places])]
    return lines


def _withdrawn(found: Any, frozen: Any) -> list[str]:
    return [f"{frozen.name}, {frozen.report.key} {frozen.period}: would delete {len(found.withdrawn)} numbers.", *_few([f"  {' · '.join(filter(None, key))}" for key in found.withdrawn])]


def _few(lines: list[str]) -> list[str]:
    return lines if len(lines) <= MOST_SHOWN else [*lines[:MOST_SHOWN], f"  … and {len(lines) - MOST_SHOWN} more; --json lists all."]


def _after(parsed: argparse.Namespace, found: Any) -> list[str]:
    """What to do besides."""
    lines = []
    if found.newer:
        lines.append(f"Note: release {found.newer} is a newer revision of it.")
    if parsed.withdraw and not parsed.send:
        lines.append("Send it with importStrategy=DELETE.")
    elif found.withdrawn and not parsed.withdraw:
        lines.append(f"Note: the receiver holds {len(found.withdrawn)} numbers that are hidden or gone now. Make a file that deletes them with --withdraw, and send it too.")
    return lines


def _as_json(found: Any) -> dict[str, Any]:
    return {
        "sent": [{"number": _where(where), "at": spot, "value": number} for where, spot, number in found.sent],
        "hidden": [_where(where) for where in found.hidden], "no_number": [_where(where) for where in found.without],
        "ignored": [_where(where) for where in found.ignored], "problems": list(found.problems), "to_withdraw": [list(key) for key in found.withdrawn],
        "complete": found.is_complete, "newer_release": found.newer or None,
    }


def _where(where: tuple[str, str, str]) -> dict[str, str]:
    return {"key": where[0], "place": where[1], "cell": where[2]}
