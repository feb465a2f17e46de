"""Facts to Parquet: incremental, idempotent, and whole at every moment. Only jobs and the command line import this.

    <warehouse>/<organisation>/facts/<kind>/<from>-<to>.g<generation>.parquet    facts with counter in (from, to]
    <warehouse>/<organisation>/dimensions/<name>.<digest>.parquet                sites, items, survivors, asides, estimates …
    <warehouse>/<organisation>/manifest.json                                     what is complete

A file never changes once the manifest names it. The manifest is written last and replaces the old one in one step, so
that a kill at any moment leaves either the old warehouse or the new one; files that no manifest names are removed by
the next build. Which facts count is not written into the fact files: readers leave out `asides`. The watermark and the
asides are read by one statement, so that they speak of the same moment.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
from django.conf import settings
from django.db import connection
from psycopg import sql

from handrail.facts.models import Head, Organisation
from handrail.facts.spec import KINDS, Kind
from handrail.insight import dimensions, values
from handrail.insight.arrows import READ, schema_of, table_of
from handrail.insight.columns import LINE_NUMBER
from handrail.insight.dimensions import DIMENSIONS
from handrail.kernel import scope

CHUNK = 50_000
"""Counters read at a time, and the most that one file covers: memory stays flat however many facts there are."""
MANY_FILES = 40
"""When a kind has gathered so many small files, they become one."""
_FORMAT = 5
_LOCK = 7_203_114
"""First number of the advisory lock that lets one build of an organisation run at a time."""

@dataclass(frozen=True)
class BuildReport:
    """What a build did. `facts_read` were read from the database; `rebuilt` names kinds that were written from zero although they had files."""

    watermark: int
    facts_read: int = 0
    rows_written: int = 0
    files_written: int = 0
    files_removed: int = 0
    rebuilt: tuple[str, ...] = ()
    seconds: float = 0.0


class NotBuilt(LookupError):
    """This organisation has no warehouse yet; `build` makes it."""


@dataclass(frozen=True)
class Manifest:
    """What is complete, as written in `manifest.json`."""

    folder: Path
    watermark: int
    epoch: str
    purges: int
    """How often facts had lost something when this was built."""
    generation: int
    country: str
    time_zones: Mapping[str, str]
    kinds: Mapping[str, Mapping[str, Any]]
    dimensions: Mapping[str, str]
    values: Mapping[str, Any]
    """What the programme had set when this was built: `ns_convention`, `pwid_window`."""

    def files(self, kind: str) -> list[Path]:
        """The files of a kind, oldest counters first; empty when the kind has no facts yet."""
        entry = self.kinds.get(kind)
        return [self.folder / found["path"] for found in entry["files"]] if entry else []

    def named(self) -> set[str]:
        """Every file the manifest names, relative to its folder."""
        return {f["path"] for entry in self.kinds.values() for f in entry["files"]} | set(self.dimensions.values())


def folder_of(organisation: str) -> Path:
    """The folder of an organisation's warehouse."""
    root: Path = settings.CONFIG.warehouse
    return root / organisation


def read_manifest(organisation: str) -> Manifest:
    """What the last build finished; raises `NotBuilt`."""
    folder = folder_of(organisation)
    try:
        raw = json.loads((folder / "manifest.json").read_text())
    except (FileNotFoundError, json.JSONDecodeError) as error:
        raise NotBuilt(f"There is no warehouse in {folder} yet; run `handrail warehouse build` first.") from error
    if raw.pop("format") != _FORMAT:
        raise NotBuilt(f"The warehouse in {folder} was written by another version; run `handrail warehouse build` again.")
    return Manifest(folder=folder, **raw)


def build(organisation_key: int) -> BuildReport:
    """Bring the warehouse of an organisation up to its newest fact. Running it again changes nothing."""
    started = time.monotonic()
    with scope.enter([organisation_key]):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s::integer, %s::integer)", [_LOCK, organisation_key])
        report = _Build(organisation_key).run()
    return BuildReport(**{**report.__dict__, "seconds": time.monotonic() - started})


def is_behind_a_purge(organisation_key: int) -> bool:
    """Whether files were written before the facts lost something last; also when a purge ended between the two."""
    with scope.enter([organisation_key]):
        head = Head.objects.select_related("organisation").get()
        folder = folder_of(str(head.organisation.id))
        try:
            return bool(read_manifest(str(head.organisation.id)).purges != head.purges)
        except NotBuilt:
            return folder.exists()


@dataclass
class _Table:
    """A kind's table, and what is written of it."""

    kind: Kind[Any]
    schema: pa.Schema
    fingerprint: str
    through: int
    files: list[dict[str, Any]]


class _Build:
    def __init__(self, organisation_key: int) -> None:
        self._key = organisation_key
        self._organisation = Organisation.objects.get(key=organisation_key)
        self._folder = folder_of(str(self._organisation.id))
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._facts_read = self._rows = self._files = 0
        self._rebuilt: list[str] = []
        self._zones: dict[str, ZoneInfo] = {}

    def run(self) -> BuildReport:
        try:
            old: Manifest | None = read_manifest(str(self._organisation.id))
        except NotBuilt:
            old = None
        watermark, epoch, purges, asides = self._moment()
        sites = dimensions.sites()
        zones = {str(site[0]): site[3] for site in sites} | {"": settings.CONFIG.time_zone}
        self._zones = {site: ZoneInfo(name) for site, name in zones.items()}
        fresh = old is None or old.epoch != epoch or old.purges != purges or old.watermark > watermark or any(
            zones.get(site) != zone for site, zone in old.time_zones.items()
        )
        tables = [self._table(kind, None if fresh else old) for kind in KINDS]
        if old is not None and fresh:
            self._rebuilt = [key for key in old.kinds if KINDS.get(key)]
        self._generation = (old.generation if old else 0) + (1 if fresh or self._rebuilt else 0)
        for start in sorted({t.through for t in tables}):
            self._append([t for t in tables if t.through == start], start, watermark)
        for table in tables:
            self._merge_small(table)
        manifest = {
            "format": _FORMAT, "watermark": watermark, "epoch": epoch, "purges": purges, "generation": self._generation,
            "country": self._organisation.country, "time_zones": zones,
            "kinds": {t.kind.key: {"fingerprint": t.fingerprint, "through": watermark, "files": t.files} for t in tables},
            "dimensions": self._dimensions(sites, asides),
            "values": {value.key: value.read().value for value in (values.NS_CONVENTION, values.PWID_WINDOW)},
        }
        self._publish(manifest)
        removed = self._sweep(old)
        return BuildReport(watermark, self._facts_read, self._rows, self._files, removed, tuple(self._rebuilt))

    def _moment(self) -> tuple[int, str, int, list[tuple[str, str, bool, int]]]:
        """Watermark, epoch and what does not count, by one statement: one snapshot of the database."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT h.counter, h.epoch::text, h.purges, a.fact::text, a.reason, a.is_open, f.counter FROM facts_head h"
                " LEFT JOIN facts_aside a ON a.organisation_id = h.organisation_id"
                " LEFT JOIN facts_fact f ON f.organisation_id = a.organisation_id AND f.id = a.fact"
                " WHERE h.organisation_id = %s::bigint ORDER BY a.fact",
                [self._key],
            )
            rows = cursor.fetchall()
        if not rows:
            raise RuntimeError("This organisation has no head; create it with facts.organisations.create().")
        return rows[0][0], rows[0][1], rows[0][2], [row[3:] for row in rows if row[3]]

    def _table(self, kind: Kind[Any], old: Manifest | None) -> _Table:
        schema = schema_of(kind)
        described = json.dumps([kind.version, [[f.name, str(f.type)] for f in schema]])
        fingerprint = hashlib.sha256(described.encode()).hexdigest()[:16]
        entry = old.kinds.get(kind.key) if old else None
        if entry and entry["fingerprint"] == fingerprint:
            return _Table(kind, schema, fingerprint, entry["through"], list(entry["files"]))
        if entry:
            self._rebuilt.append(kind.key)
        return _Table(kind, schema, fingerprint, 0, [])

    # -- facts ----------------------------------------------------------------------------------------------------

    def _append(self, tables: Sequence[_Table], start: int, watermark: int) -> None:
        """While one chunk is written the database is asked for the next; never are more than two in memory."""
        by_key = {table.kind.key: table for table in tables}
        with ThreadPoolExecutor(1) as writer:
            written: Future[None] | None = None
            for low in range(start, watermark, CHUNK):
                high = min(low + CHUNK, watermark)
                read = self._read(list(by_key), low, high)
                if written is not None:
                    written.result()
                written = writer.submit(self._write_chunk, by_key, read, low, high)
            if written is not None:
                written.result()

    def _write_chunk(self, by_key: Mapping[str, _Table], read: pa.Table, low: int, high: int) -> None:
        """Files of the facts with these counters. It asks the database nothing, so that it may run beside whatever does."""
        self._facts_read += read.num_rows
        for key in sorted(pc.unique(read.column("kind")).to_pylist()):
            table = by_key[key]
            content = table_of(table.kind, read.filter(pc.equal(read.column("kind"), key)), self._zones)
            if content.num_rows:
                self._write(table, low, high, content)

    def _read(self, kinds: list[str], low: int, high: int) -> pa.Table:
        """Facts in the order of time, by COPY: they are never objects of Python."""
        query = sql.SQL(
            "COPY (SELECT f.kind, f.id::text, f.root::text, s.id::text, f.encounter::text, f.participant::text, f.staff::text,"
            " (extract(epoch FROM f.occurred_at) * 1000000)::bigint, f.counter, f.kind_version, f.payload::text"
            " FROM facts_fact f LEFT JOIN facts_site s ON s.key = f.site_id"
            " WHERE f.organisation_id = {} AND f.counter > {} AND f.counter <= {} AND f.kind = ANY({})"
            " AND coalesce(f.door->>'quarantine', '') NOT IN ('bad_payload', 'unknown_kind') ORDER BY f.occurred_at, f.counter) TO STDOUT (FORMAT csv)"
        ).format(*map(sql.Literal, (self._key, low, high, kinds)))
        content = io.BytesIO()
        with connection.cursor() as cursor, cursor.copy(query) as out:
            for block in out:
                content.write(block)
        if not content.tell():
            return READ.empty_table()
        content.seek(0)
        return pcsv.read_csv(
            content, pcsv.ReadOptions(column_names=READ.names, use_threads=False),
            convert_options=pcsv.ConvertOptions(column_types=READ, strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""]),
        )

    def _write(self, table: _Table, low: int, high: int, content: pa.Table) -> None:
        path = Path("facts") / table.kind.key / f"{low}-{high}.g{self._generation}.parquet"
        _write_file(self._folder / path, content)
        table.files.append({"path": str(path), "from": low, "to": high, "rows": content.num_rows})
        self._rows += content.num_rows
        self._files += 1

    def _merge_small(self, table: _Table) -> None:
        """Nightly builds leave a small file each; the newest run of them becomes one, so that reading stays quick."""
        run: list[dict[str, Any]] = []
        for found in reversed(table.files):
            if sum(f["rows"] for f in run) + found["rows"] > CHUNK:
                break
            run.insert(0, found)
        if len(run) < MANY_FILES:
            return
        parts = [pq.read_table(self._folder / f["path"], schema=table.schema) for f in run]
        del table.files[-len(run):]
        order = [(n, "ascending") for n in ("occurred_at", "counter", LINE_NUMBER.name) if n in table.schema.names]
        self._write(table, run[0]["from"], run[-1]["to"], pa.concat_tables(parts).sort_by(order))

    # -- dimensions and manifest ----------------------------------------------------------------------------------

    def _dimensions(self, sites: Sequence[Sequence[Any]], asides: Sequence[Sequence[Any]]) -> dict[str, str]:
        found = dimensions.rows(sites, asides)
        return {name: self._dimension(name, found[name]) for name in DIMENSIONS}

    def _dimension(self, name: str, rows: Sequence[Sequence[Any]]) -> str:
        """Written whole; named by its content, so that what did not change is not written again."""
        content = pa.table([pa.array([r[i] for r in rows], f.type) for i, f in enumerate(DIMENSIONS[name])], schema=DIMENSIONS[name])
        digest = hashlib.sha256(json.dumps([list(map(str, row)) for row in rows]).encode()).hexdigest()[:12]
        path = Path("dimensions") / f"{name}.{digest}.parquet"
        if not (self._folder / path).exists():
            _write_file(self._folder / path, content)
        return str(path)

    def _publish(self, manifest: Mapping[str, Any]) -> None:
        target, text = self._folder / "manifest.json", json.dumps(manifest, indent=1, sort_keys=True)
        if target.exists() and target.read_text() == text:
            return
        _replace(target, text.encode())

    def _sweep(self, old: Manifest | None) -> int:
        """Remove what no manifest names. The manifest before this one keeps its files for one build: somebody may be reading."""
        keep = read_manifest(str(self._organisation.id)).named() | (old.named() if old else set()) | {"manifest.json"}
        removed = 0
        for path in sorted(self._folder.rglob("*")):
            if path.is_file() and str(path.relative_to(self._folder)) not in keep:
                path.unlink()
                removed += 1
        return removed


def _write_file(path: Path, content: pa.Table) -> None:
    """A Parquet file that is on the disk under its name only when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    sink = pa.BufferOutputStream()
    pq.write_table(content, sink, compression="zstd", row_group_size=CHUNK)
    _replace(path, sink.getvalue())


def _replace(path: Path, content: Any) -> None:
    """Write beside, flush to the disk, then take the name in one step."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    with beside.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    beside.replace(path)
    with suppress(OSError, PermissionError):  # folders cannot be opened everywhere (Windows)
        handle_of_folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(handle_of_folder)
        finally:
            os.close(handle_of_folder)
