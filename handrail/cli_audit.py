"""`handrail audit`: whether anything was changed behind our back, and the heads that somebody outside keeps."""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path
from typing import Any

from handrail.cli_gates import House, from_django

LONGEST = 200
"""Letters of a file's name, at the most; a printed head is longer and is no file."""


def add_command(commands: Any, house: House) -> None:
    """Add the command to the program's."""
    said = "Check that nothing recorded was changed, removed or put in between; print the heads to keep elsewhere."
    audit = commands.add_parser("audit", help=said, description=said)
    actions = audit.add_subparsers(dest="action", required=True)
    verify = actions.add_parser("verify", help="Recompute both chains of every organisation.", description="Recompute both chains of every organisation.")
    verify.add_argument("--head", action="append", default=[], metavar="FILE|TEXT", help="a head that was kept elsewhere: the chains must go through it")
    heads = actions.add_parser("heads", help="Print the heads of the chains, to be kept elsewhere.", description="Print the heads of the chains, to be kept elsewhere.")
    for made, run, formats in ((verify, _verify, ["text", "json"]), (heads, _heads, ["text", "json", "csv"])):
        made.set_defaults(run=lambda parsed, run=run: run(parsed, house))
        made.add_argument("--format", choices=formats, default="text")


def _kept(given: list[str]) -> list[Any]:
    """The heads that were given, as text or as files; a wrong one ends the command with a sentence."""
    heads = from_django("handrail.facts.heads")
    return [heads.read_text(Path(text).read_text() if len(text) < LONGEST and Path(text).is_file() else text) for text in given]


def _verify(parsed: argparse.Namespace, house: House) -> int:
    found: list[dict[str, Any]] = []
    with house.open():
        kept, organisations = _kept(parsed.head), house.organisations()
        strange = [head for head in kept if head.organisation not in {organisation.id for organisation in organisations}]
        if strange:
            raise ValueError("A head that was given belongs to a programme that is not here.")
        for organisation in organisations:
            with from_django("handrail.kernel.scope").enter([organisation.key]):
                found.append(_one(organisation, [head for head in kept if head.organisation == organisation.id]))
        house.say(parsed, found, [_line(one) for one in found])
    return 1 if any(one["problems"] for one in found) else 0


def _one(organisation: Any, kept: list[Any]) -> dict[str, Any]:
    heads = from_django("handrail.facts.heads")
    verdict = from_django("handrail.kernel.audit").verify()
    count, head, problems = from_django("handrail.facts.replay").verify_chain()
    compared = [heads.compare(one) for one in kept]
    broken = [sentence for finding in compared if finding.standing is heads.Standing.BROKEN for sentence in finding.sentences]
    return {
        "organisation": organisation.name, "audit_lines": verdict.lines, "audit_head": verdict.head, "facts": count, "facts_head": head,
        "kept_heads": [finding.standing.value for finding in compared], "problems": [*verdict.problems, *problems, *broken],
    }


_SAYS = {"ok": "the kept head lies on the chains", "restored": "a signed restore lies between the kept head and now", "broken": "the kept head does not lie on the chains"}


def _line(one: dict[str, Any]) -> str:
    said = "; ".join(one["problems"]) or "nothing was changed, removed or put in between"
    kept = "".join(f"; {_SAYS[standing]}" for standing in one["kept_heads"])
    return f"{one['organisation']}: {one['audit_lines']} audit lines (head {one['audit_head'][:16]}), {one['facts']} facts (head {one['facts_head'][:16]}): {said}{kept}"


def _heads(parsed: argparse.Namespace, house: House) -> int:
    found: list[dict[str, Any]] = []
    with house.open():
        heads, clock = from_django("handrail.facts.heads"), from_django("handrail.kernel.clock")
        for organisation in house.organisations():
            with from_django("handrail.kernel.scope").enter([organisation.key]):
                now = heads.current()
            found.append(
                {
                    "organisation": organisation.name, "at": f"{clock.now():%Y-%m-%d %H:%M} UTC", "epoch": str(now.epoch), "facts": now.facts.number,
                    "facts_head": now.facts.digest, "audit_lines": now.audit.number, "audit_head": now.audit.digest, "head": now.as_text(),
                }
            )
        if parsed.format == "csv":
            writer = csv.DictWriter(sys.stdout, list(found[0]) if found else ["organisation"])
            writer.writeheader()
            writer.writerows(found)
        else:
            house.say(parsed, found, [f"{one['organisation']}, {one['at']}: {one['facts']} facts, {one['audit_lines']} audit lines\n{one['head']}" for one in found])
    return 0
