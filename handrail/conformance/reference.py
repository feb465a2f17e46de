"""Writes `docs/reference/`: every kind, indicator, setting, command and address, from their own definitions.

`--check` changes nothing and fails when a page is not what it would write.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import django

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "reference"
HEAD = "<!-- Written by `make docs` from the code. Change the code, not this page. -->\n\n"


def _cell(text: object) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")


def _table(head: list[str], rows: list[list[object]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]) + "\n"


def kinds_page() -> str:
    """Every fact kind with its fields."""
    from handrail.facts.spec import KINDS
    from handrail.screens.console.reference import kind_entries

    parts = ["# Kinds of record\n\nEach is one file. Nothing here is ever edited; a correction is a new record.\n"]
    for entry in kind_entries():
        kind = KINDS[entry.key]
        parts.append(
            f"\n## `{entry.key}`: {entry.title}\n\n{entry.explain}\n\nVersion {entry.version}. Needs `{kind.may}`."
            f" {'Belongs to a visit.' if kind.needs_encounter else 'Stands alone.'}\n\n"
            + _table(["field", "name", "could reveal", "needed"], [[f"`{f.name}`", f.label, f.privacy, "yes" if f.needed else "no"] for f in entry.fields])
        )
    return HEAD + "".join(parts)


def indicators_page() -> str:
    """Every indicator with its definition and source."""
    from handrail.insight.spec import INDICATORS

    parts = ["# Numbers\n\nEach is one file with its source and a worked example that is a test.\n"]
    for i in INDICATORS:
        rows: list[list[object]] = [
            ["asks", i.question], ["unit", i.unit], ["numerator", i.numerator.title],
            ["denominator", i.denominator.title if i.denominator else "none"], ["level", i.level.value], ["period", i.window],
            ["asked for", f"every {i.asked}" if i.asked else "as often as one likes"], ["speaks of", "one day" if i.is_census else "what happened in the period"],
            ["told apart by", ", ".join(i.breakdowns) or "nothing"], ["by site", ("where people are held" if i.closed else "yes") if i.by_site else "no"], ["source", f"{i.source} ({i.source_status})"], ["take care", i.trap], ["version", i.version],
        ]
        parts.append(f"\n## `{i.key}`: {i.code} {i.name}\n\n" + _table(["", ""], rows))
        parts.append("".join(f"\n- {edge}" for edge in i.edge_cases) + ("\n" if i.edge_cases else ""))
    return HEAD + "".join(parts)


def targets_page() -> str:
    """Every target set that comes along, as its file says it."""
    from handrail.insight.models import Band, Level, Reading
    from handrail.insight.target_sets import row_of, shipped
    from handrail.insight.targets import asked

    parts = [
        "# Targets\n\nSets that come with Handrail, one file each in `handrail/insight/target_sets/`. They are loaded as rows; what a programme"
        " corrected stays as it wrote it. A target is held against the number of the same code, variant and level only.\n"
    ]
    for found in shipped().values():
        parts.append(f"\n## `{found.key}`: {found.title}\n\n{found.explains['en']}" + (f" Source: {found.source}.\n" if found.source else "\n"))
        rows: list[list[object]] = []
        for row in (row_of(found, one) for one in found.targets):
            code = f"{row.indicator} ({row.variant})" if row.variant else row.indicator
            days = f"{row.valid_from} – {row.valid_to or '…'}"
            rows.append([code, Level(row.level).label, Band(row.band).label if row.band else "", asked(row), days, Reading(row.status).label])
        if rows:
            parts.append("\n" + _table(["number", "level", "band", "asked", "holds", "read"], rows))
    return HEAD + "".join(parts)


def settings_page() -> str:
    """Every setting that a programme can make from outside."""
    from handrail.kernel.config import REPOSITORY, Config
    from handrail.kernel.rooms import rooms

    rows: list[list[object]] = []
    for item in fields(Config):
        default = str(item.default).replace(str(REPOSITORY), ".") if not isinstance(item.default, tuple) else ",".join(item.default)
        rows.append([f"`HANDRAIL_{item.name.upper()}`", f"`{default}`" if default else "", item.metadata["help"]])
    listed: list[list[object]] = [[f"`{room.key}`", room.title, f"`{room.package}`"] for room in rooms()]
    return (
        HEAD + "# Settings\n\nRead from the environment when Handrail starts.\n\n" + _table(["variable", "if not set", "what it does"], rows)
        + "\n## Rooms\n\n" + _table(["key", "name", "package"], listed)
    )


def commands_page() -> str:
    """Every command of the `handrail` program."""
    from handrail.cli import _parser

    parser = _parser()
    found: Any = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    rows: list[list[object]] = []
    for name, sub in found.choices.items():
        options = [a.option_strings[-1] if a.option_strings else "|".join(a.choices or []) for a in sub._actions if a.dest != "help"]
        rows.append([f"`handrail {name}`", " ".join(f"`{o}`" for o in options), sub.description])
    return HEAD + "# Commands\n\n" + _table(["command", "options", "what it does"], rows)


def addresses_page() -> str:
    """Every address with the permission it needs, and which role holds which permission."""
    from django.urls import URLPattern, URLResolver, get_resolver

    from handrail.kernel.rooms import permissions_of, roles

    def walk(resolver: URLResolver, prefix: str) -> Iterator[list[object]]:
        for pattern in resolver.url_patterns:
            where = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern, where)
            elif isinstance(pattern, URLPattern):
                view: Any = pattern.callback
                yield [f"`/{where}`", ", ".join(sorted(view.methods)), " or ".join(f"`{held}`" for held in (view.permission, view.instead) if held)]

    held: list[list[object]] = [[role, ", ".join(f"`{p}`" for p in sorted(permissions_of(role)))] for role in sorted(roles())]
    return (
        HEAD + "# Addresses\n\nAn address without a permission cannot be reached; what somebody may not see looks like a page that does not"
        " exist.\n\n" + _table(["address", "methods", "needs"], list(walk(get_resolver(), ""))) + "\n## Roles\n\n" + _table(["role", "may"], held)
    )


def formats_page() -> str:
    """Every format in which a release leaves the house."""
    from handrail.gates.release_formats import FORMATS

    rows: list[list[object]] = [
        [f"`{f.key}`", f.title, f"`{f.media_type}`", f"`.{f.suffix}`", "yes" if f.needs_mapping else "no", "yes" if f.has_words else "no", f.version] for f in FORMATS
    ]
    return (
        HEAD + "# Formats of a release\n\nEach is one file in `handrail/gates/formats/`. [How to send a report](../how-to/send-a-report.md).\n\n"
        + _table(["key", "name", "media type", "file", "needs a mapping", "in the reader's language", "version"], rows)
    )


PAGES: dict[str, Callable[[], str]] = {
    "kinds.md": kinds_page, "indicators.md": indicators_page, "targets.md": targets_page, "settings.md": settings_page, "commands.md": commands_page,
    "addresses.md": addresses_page, "formats.md": formats_page,
}


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` compare them."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "handrail.settings")
    django.setup()
    stale = []
    for name, page in PAGES.items():
        path, text = FOLDER / name, page()
        if "--check" in arguments:
            if not path.exists() or path.read_text() != text:
                stale.append(name)
        else:
            FOLDER.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    if stale:
        print(f"Not up to date: {', '.join(stale)}. Run `make docs`.")
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
