"""`handrail`: run, demo, warehouse, indicators, rebuild, audit, selfcheck.

Each command prints plain sentences, or with `--format json` one JSON document; the exit code is 0 only when all is well.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import django

from handrail import cli_audit, cli_backup, cli_export, cli_gates, cli_keys, cli_numbers, cli_outside
from handrail.kernel import supervisor
from handrail.kernel.config import REPOSITORY, ConfigError
from handrail.kernel.embedded_postgres import PostgresError


def main(arguments: list[str] | None = None) -> None:
    """Entry point of the `handrail` program."""
    parsed = _parser().parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "handrail.settings")
    if parsed.command == "demo":
        os.environ.setdefault("HANDRAIL_VAR", str(REPOSITORY / "var" / "demo"))
    try:
        raise SystemExit(parsed.run(parsed))
    except (ConfigError, PostgresError, ValueError) as problem:
        raise SystemExit(f"handrail: {problem}") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="handrail", description="The system that harm reduction programmes run on.")
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, run: Any, help_text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=help_text, description=help_text)
        made.set_defaults(run=run)
        return made

    command("run", _run, "Start the server and its worker.")
    demo = command("demo", _demo, "Start with a living demonstration programme.")
    demo.add_argument("--no-serve", action="store_true", help="load it and exit")
    command("migrate", _migrate, "Bring the database to this version.")
    create = command("create", _create, "Create an organisation, its first place and its first account.")
    create.add_argument("--organisation", required=True, help="its name")
    create.add_argument("--country", required=True, help="two letters, such as KE")
    create.add_argument("--place", required=True, help="name of the first place, such as “Van 1”")
    create.add_argument("--kind", default="vehicle", help="kind of place, such as vehicle, drop_in, oat_clinic")
    create.add_argument("--time-zone", default="UTC", help="such as Africa/Nairobi")
    create.add_argument("--username", required=True, help="name to sign in with; not a legal name")
    worker = command("worker", _worker, "Run the jobs only.")
    worker.add_argument("--errands", action="store_true", help="only what somebody at a screen waits for, beside another worker")
    warehouse = command("warehouse", _warehouse, "Write new facts to the warehouse and compute the numbers.")
    warehouse.add_argument("action", choices=["build"])
    indicators = command("indicators", _indicators, "Print the numbers of a period.")
    indicators.add_argument("--period", required=True, help="such as 2026Q3, 2026-03, 2026H1, 2026")
    indicators.add_argument("--organisation", help="part of an organisation's name; needed when there are several")
    rebuild = command("rebuild", _rebuild, "Fold all facts again from the first.")
    rebuild.add_argument("--verify", action="store_true", help="change nothing; exit 0 only if replayed state equals live state")
    command("selfcheck", _selfcheck, "Check that this installation is safe to run.")
    cli_audit.add_command(commands, cli_gates.House(_open_house, _organisations, _say))
    cli_numbers.add_commands(commands, cli_gates.House(_open_house, _organisations, _say))
    cli_outside.add_command(commands, cli_gates.House(_open_house, _organisations, _say))
    cli_export.add_command(commands, cli_gates.House(_open_house, _organisations, _say))
    cli_backup.add_commands(commands, cli_backup.House(_open_house, _migrate_now))
    cli_keys.add_commands(commands, cli_keys.House(_open_house))
    cli_gates.add_commands(commands, cli_gates.House(_open_house, _organisations, _say))
    for made in (warehouse, indicators, rebuild, commands.choices["selfcheck"]):
        made.add_argument("--format", choices=["text", "json"], default="text")
    return parser


# -- the house is open: database up, Django ready ------------------------------------------------------------------------


@contextmanager
def _open_house() -> Iterator[Any]:
    """Start or join the database, set Django up; yields the settings' Config."""
    settings = importlib.import_module("handrail.settings")
    server = None
    if not settings.CONFIG.database_url:
        server = settings.embedded()
        server.start()
        for role, target in (("app", settings.DATABASES["default"]),):
            target.update(server.login(role).as_django())
    django.setup()
    try:
        yield settings.CONFIG
    finally:
        from_django("django.db").connections.close_all()
        if server is not None:
            server.release()


def from_django(module: str) -> Any:
    """A module that can only be imported once Django is set up."""
    return importlib.import_module(module)


def _migrate_now() -> None:
    with from_django("handrail.kernel.database").as_owner():
        from_django("django.core.management").call_command("migrate", verbosity=0)
        from_django("handrail.kernel.row_security").apply()
    from_django("handrail.vault.setting_up").prepare()


def _organisations() -> list[Any]:
    return list(from_django("handrail.facts.models").Organisation.objects.order_by("key"))


def _say(parsed: argparse.Namespace, value: Any, lines: list[str]) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str) if parsed.format == "json" else "\n".join(lines))


# -- commands -------------------------------------------------------------------------------------------------------------


def _migrate(_parsed: argparse.Namespace) -> int:
    with _open_house():
        _migrate_now()
        print("The database is up to date.")
    return 0


def _run(_parsed: argparse.Namespace) -> int:
    with _open_house() as config:
        _migrate_now()
        return _serve(config, [])


def _create(parsed: argparse.Namespace) -> int:
    with _open_house():
        _migrate_now()
        made = from_django("handrail.demo.first")
        password = made.create(
            organisation=parsed.organisation, country=parsed.country, place=parsed.place, kind=parsed.kind,
            time_zone=parsed.time_zone, username=parsed.username,
        )
    print(f"Created. Sign in as {parsed.username} with the password:\n\n  {password}\n\nIt is shown only now.")
    return 0


def _demo(parsed: argparse.Namespace) -> int:
    with _open_house() as config:
        _migrate_now()
        load = from_django("handrail.demo.load")
        file = config.var / "sign-ins.json"
        if not load.is_loaded():
            print("Loading eighteen months of an invented programme …", flush=True)
            started = time.monotonic()
            load.load(file)
            print(f"Loaded in {time.monotonic() - started:.0f} s. Computing the numbers …", flush=True)
            released = from_django("handrail.demo.released")
            released.compute()
            released.load()
        sign_ins = load.sign_ins(file)
        lines = ["", f"Handrail is at http://localhost:{config.port}", "", "Sign in as (the password is the same for all):"]
        lines += [f"  {name:<10} {does} · {organisation}" for name, does, organisation in sign_ins.people]
        lines += ["", f"  password   {sign_ins.password}", f"  a card     {sign_ins.card}", ""]
        if parsed.no_serve:
            print("\n".join(lines))
            return 0
        return _serve(config, lines)


def _serve(config: Any, lines: list[str]) -> int:
    """Static files, self-check, then the server and its workers until a signal; whoever dies is started again (`supervisor`)."""
    from_django("django.core.management").call_command("collectstatic", interactive=False, verbosity=0)
    failed = _report_selfcheck()
    if failed:
        return 1
    if _is_taken(config.host, config.port):
        print(f"Something already listens on port {config.port}. Stop it, or set HANDRAIL_PORT to another number.", file=sys.stderr)
        return 1
    from_django("django.db").connections.close_all()
    with cli_keys.nobody_runs(config):
        return supervisor.run(config, lines)


def _is_taken(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def _worker(parsed: argparse.Namespace) -> int:
    with _open_house():
        from_django("handrail.kernel.worker").run(only_errands=parsed.errands)
    return 0


def _build_all() -> list[dict[str, Any]]:
    return [from_django("handrail.insight.jobs").refresh(organisation) for organisation in _organisations()]


def _warehouse(parsed: argparse.Namespace) -> int:
    with _open_house():
        built = _build_all()
        _say(parsed, built, [f"{b['organisation']}: {b['new_facts']} new facts, {b['results']} numbers" for b in built])
    return 0


def _indicators(parsed: argparse.Namespace) -> int:
    with _open_house():
        results = from_django("handrail.insight.results")
        quarter = results.Period.parse(parsed.period)
        chosen = [o for o in _organisations() if (parsed.organisation or "").lower() in o.name.lower()]
        if len(chosen) != 1 and parsed.organisation:
            raise ValueError(f"“{parsed.organisation}” fits {len(chosen)} organisations; write more of the name.")
        found: list[dict[str, Any]] = []
        for organisation in chosen:
            with from_django("handrail.kernel.scope").enter([organisation.key]):
                found += [{"organisation": organisation.name, **row} for row in results.as_json(quarter)]
        _say(parsed, found, [f"{r['organisation']} · {r['code']} · {r['site']['name'] if r['site'] else 'all'}: {r['value']}" for r in found])
    if not found:
        print(f"Nothing is computed for {quarter} yet. Run `handrail warehouse build`; it computes the last six quarters and what reports ask for.", file=sys.stderr)
    return 0 if found else 1


def _rebuild(parsed: argparse.Namespace) -> int:
    found: list[dict[str, Any]] = []
    with _open_house():
        transaction, scope = from_django("django.db").transaction, from_django("handrail.kernel.scope")
        replay = from_django("handrail.facts.replay")
        with from_django("handrail.kernel.database").as_owner():
            for organisation in _organisations():
                with transaction.atomic(), scope.enter([organisation.key]):
                    found += [{"organisation": organisation.name, **d.__dict__} for d in replay.rebuild()]
                    if parsed.verify:
                        transaction.set_rollback(True)
        lines = [f"{d['organisation']}: {d['table']}: {d['only_live']} rows only live, {d['only_replayed']} only replayed" for d in found]
        _say(parsed, {"differences": found}, lines or ["Replayed state equals live state."])
    return 1 if found and parsed.verify else 0


def _report_selfcheck() -> int:
    selfcheck = from_django("handrail.kernel.selfcheck")
    findings = selfcheck.run()
    for finding in findings:
        if finding.problem:
            print(f"{'Warning' if finding.warning else 'Refused to start'}: {finding.name}: {finding.problem}", file=sys.stderr)
    return len(selfcheck.failures(findings))


def _selfcheck(parsed: argparse.Namespace) -> int:
    with _open_house():
        selfcheck = from_django("handrail.kernel.selfcheck")
        findings = selfcheck.run()
        _say(parsed, [f.__dict__ for f in findings], [f"{'ok ' if not f.problem else 'BAD'} {f.name} {f.problem}".rstrip() for f in findings])
    return 1 if selfcheck.failures(findings) else 0




if __name__ == "__main__":
    main()
