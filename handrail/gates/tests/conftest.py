"""Fixtures of the files that leave: two releases of one report, and the command that makes files of them."""

from __future__ import annotations

import argparse
import json
from contextlib import nullcontext

import pytest

from handrail import cli_export
from handrail.cli_gates import House
from handrail.gates.receivers import parse
from handrail.gates.tests.frozen import mapping_text
from handrail.gates.tests.stored import hidden_at, store


@pytest.fixture
def two(in_harbour):
    """Release 1, and release 2 that revises it: the needles of the clinic are hidden now."""
    in_harbour.first = store(in_harbour, hidden_at(in_harbour), 1)
    in_harbour.second = store(in_harbour, hidden_at(in_harbour, "Clinic"), 2, revision=2)
    in_harbour.text = mapping_text(in_harbour.first)
    in_harbour.mapping = parse(in_harbour.text)
    return in_harbour


@pytest.fixture
def run(two, tmp_path, capsys, monkeypatch):
    """Runs `handrail export`; gives what it printed and its exit code."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mapping.toml").write_text(two.text)
    house = House(nullcontext, lambda: [two.harbour], lambda parsed, value, lines: print(json.dumps(value, default=str) if parsed.format == "json" else "\n".join(lines)))  # noqa: T201

    def run(*words):
        parser = argparse.ArgumentParser()
        cli_export.add_command(parser.add_subparsers(), house)
        parsed = parser.parse_args(["export", *words])
        code = parsed.run(parsed)
        return capsys.readouterr().out, code

    return run
