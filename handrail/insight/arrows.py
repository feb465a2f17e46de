"""Facts of one kind as an Arrow table. Only `warehouse.py` imports it.

Payloads are read by Arrow's own JSON reader, a column at a time. What it cannot read exactly as we would (an old version of a
kind, a number where text is expected) is read fact by fact: slower, and the reference that the quick way is tested against.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from handrail.facts.fold import as_json
from handrail.facts.spec import Kind
from handrail.insight.columns import LINE_NUMBER, Column, Origin, Type, columns_of

READ = pa.schema(
    [("kind", pa.string()), *((name, pa.string()) for name in ("id", "root", "site", "encounter", "participant", "staff")),
     ("occurred_at", pa.int64()), ("counter", pa.int64()), ("kind_version", pa.int64()), ("payload", pa.string())]
)
"""What is read of facts, in this order; moments as microseconds since 1970."""

_ARROW: dict[Type, pa.DataType] = {
    Type.TEXT: pa.string(), Type.WHOLE: pa.int64(), Type.NUMBER: pa.float64(), Type.DECIMAL: pa.decimal128(38, 9),
    Type.YES_NO: pa.bool_(), Type.DATE: pa.date32(), Type.MOMENT: pa.timestamp("us", "UTC"), Type.TEXTS: pa.list_(pa.string()),
}
_WRITTEN = {Type.DECIMAL: pa.string(), Type.DATE: pa.string(), Type.MOMENT: pa.string()}
"""What JSON writes as text."""
_DAY = 86_400_000_000


class _OneByOne(ValueError):
    """The quick way cannot be sure to read these payloads as they are meant."""


def schema_of(kind: Kind[Any]) -> pa.Schema:
    """Arrow schema of a kind's table."""
    return pa.schema([(column.name, _ARROW[column.type]) for column in columns_of(kind)])


def table_of(kind: Kind[Any], facts: pa.Table, zones: Mapping[str, ZoneInfo], *, quick: bool = True) -> pa.Table:
    """Facts of a kind, as read (`READ`), as its table; a kind with lines has a row for each line."""
    schema, columns = schema_of(kind), columns_of(kind)
    common = {name: facts.column(name).combine_chunks() for name in READ.names[1:-1]}
    common["local_date"] = local_dates(common["occurred_at"], common["site"], zones)
    common["occurred_at"] = common["occurred_at"].cast(_ARROW[Type.MOMENT])
    raws = facts.column("payload").combine_chunks()
    try:
        if not quick or pc.any(pc.not_equal(common["kind_version"], kind.version)).as_py():
            raise _OneByOne
        found = _quickly(kind, columns, raws)
    except (_OneByOne, pa.ArrowInvalid, pa.ArrowNotImplementedError):
        found = _one_by_one(kind, columns, raws, common["kind_version"])
    owners = found.pop("", None)
    if owners is not None:
        common = {name: values.take(owners) for name, values in common.items()}
    return pa.Table.from_arrays([(common | found)[name] for name in schema.names], schema=schema)


# -- local days ----------------------------------------------------------------------------------------------------------


def local_dates(moments: pa.Array, sites: pa.Array, zones: Mapping[str, ZoneInfo]) -> pa.Array:
    """The day it was at each site. Clocks are looked up once for each day of a zone, not for each fact."""
    at = moments.to_numpy(zero_copy_only=False)
    coded = pc.fill_null(sites, "").dictionary_encode()
    names = sorted({zone.key for zone in zones.values()})
    of_site = np.array([names.index(zones[site].key) for site in coded.dictionary.to_pylist()], np.int64)
    of_fact, days = of_site[coded.indices.to_numpy(zero_copy_only=False)], np.empty(len(at), np.int64)
    for index, name in enumerate(names):
        here = of_fact == index
        days[here] = (at[here] + _offsets(at[here], ZoneInfo(name))) // _DAY
    return pa.array(days.astype(np.int32), pa.int32()).cast(pa.date32())


def _offsets(at: Any, zone: ZoneInfo) -> Any:
    """How far the clocks of a zone are ahead at each moment; on a day on which they change it is asked for each."""
    days, place = np.unique(at // _DAY, return_inverse=True)
    first = np.array([_offset(int(day) * _DAY, zone) for day in days], np.int64)
    last = np.array([_offset((int(day) + 1) * _DAY - 1, zone) for day in days], np.int64)
    found, changes = first[place], (first != last)[place]
    found[changes] = [_offset(int(moment), zone) for moment in at[changes]]
    return found


def _offset(moment: int, zone: ZoneInfo) -> int:
    """In microseconds."""
    ahead = datetime.fromtimestamp(moment // 1_000_000, zone).utcoffset()
    return 0 if ahead is None else int(ahead.total_seconds()) * 1_000_000


# -- the quick way -------------------------------------------------------------------------------------------------------


def _quickly(kind: Kind[Any], columns: Sequence[Column], raws: pa.Array) -> dict[str, Any]:
    payload = [column for column in columns if column.origin is Origin.PAYLOAD]
    of_line = [column for column in columns if column.origin is Origin.LINE]
    fields = [pa.field(column.field, _read_as(column)) for column in payload]
    if kind.line_field:
        fields.append(pa.field(kind.line_field, pa.list_(pa.struct([pa.field(column.field, _read_as(column)) for column in of_line]))))
    if not fields:
        return {}
    text = pc.binary_join(pa.ListArray.from_arrays(pa.array([0, len(raws)], pa.int32()), raws), "\n")[0].as_buffer()
    read = pj.read_json(
        pa.BufferReader(text), pj.ReadOptions(use_threads=False, block_size=text.size + 1),
        pj.ParseOptions(explicit_schema=pa.schema(fields), unexpected_field_behavior="ignore"),
    )
    if read.num_rows != len(raws):
        raise _OneByOne
    found = {column.name: _defaulted(column, read.column(column.field).combine_chunks(), raws) for column in payload}
    if not kind.line_field:
        return found
    lists = read.column(kind.line_field).combine_chunks()
    owners = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
    lines = pc.list_flatten(lists)
    starts = np.searchsorted(owners, owners)
    found = {name: values.take(pa.array(owners)) for name, values in found.items()}
    found |= {column.name: _defaulted(column, pc.struct_field(lines, column.field), None) for column in of_line}
    return found | {LINE_NUMBER.name: pa.array(np.arange(len(owners)) - starts + 1, pa.int64()), "": pa.array(owners)}


def _read_as(column: Column) -> pa.DataType:
    return _WRITTEN.get(column.type, _ARROW[column.type])


def _defaulted(column: Column, values: pa.Array, raws: pa.Array | None) -> pa.Array:
    """The values in their type; what a payload does not name has the default, what it names as null stays null."""
    if column.default is not None and values.null_count:
        if raws is None or pc.any(pc.and_(values.is_null(), pc.match_substring(raws, f'"{column.field}"'))).as_py():
            raise _OneByOne
        values = pc.fill_null(values, pa.scalar(_value(column.default, column.type), _ARROW[column.type]).cast(values.type))
    return values.cast(_ARROW[column.type])


# -- one by one ----------------------------------------------------------------------------------------------------------


def _one_by_one(kind: Kind[Any], columns: Sequence[Column], raws: pa.Array, versions: pa.Array) -> dict[str, Any]:
    payloads = [as_json(raw) for raw in raws.to_pylist()]
    payloads = [p if v == kind.version else kind.upcast(p, v) for p, v in zip(payloads, versions.to_pylist(), strict=True)]
    found: dict[str, Any] = {}
    lines: list[Any] = []
    if kind.line_field:
        lists = [payload.get(kind.line_field) or () for payload in payloads]
        owners = [index for index, each in enumerate(lists) for _line in each]
        lines = [line for each in lists for line in each]
        payloads = [payloads[owner] for owner in owners]
        found = {LINE_NUMBER.name: pa.array([number for each in lists for number in range(1, len(each) + 1)], pa.int64()), "": pa.array(owners, pa.int64())}
    sources = {Origin.PAYLOAD: payloads, Origin.LINE: lines}
    for column in columns:
        if column.origin is not Origin.COMMON:
            name, default = column.field, column.default
            found[column.name] = pa.array([_value(source.get(name, default), column.type) for source in sources[column.origin]], _ARROW[column.type])
    return found


def _value(value: Any, column: Type) -> Any:
    """A value of a stored payload (JSON) as the column's Python value."""
    if value is None or (column is Type.WHOLE and type(value) is int):
        return value
    match column:
        case Type.TEXT:
            return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        case Type.TEXTS:
            return [_value(part, Type.TEXT) for part in value]
        case Type.DATE:
            return value if isinstance(value, date) else date.fromisoformat(value)
        case Type.MOMENT:
            return value if isinstance(value, datetime) else datetime.fromisoformat(value)
        case Type.DECIMAL:
            return Decimal(str(value))
        case _:
            return value
