"""Packing a pattern's rows in this process.

The engine evaluates what `relational.pack` would have Spark evaluate: conditions and computed
values. Columns that are packed as they are never leave this process; Arrow changes their type.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..graph.model import Relation
from .events import ROW
from .physical import physical_type

if TYPE_CHECKING:
    from .pattern_type import PatternPlan

WORTH_SHARING = 1_000


def united_rows(
    plan: PatternPlan, relations: Sequence[Relation], tables: Sequence[Any], engine: Any
) -> Any:
    """The rows of `packing_query`, with `row`, in order of arrival."""
    import pyarrow as pa

    inputs = zip(plan.parts(), relations, tables, strict=True)
    packed = [pack_rows(part, relation, table, engine) for part, relation, table in inputs]
    return packed[0] if len(packed) == 1 else pa.concat_tables(packed).sort_by("row")


def pack_rows(plan: PatternPlan, relation: Relation, table: Any, engine: Any) -> Any:
    """The rows of `pack_query`, with `row`, in order of arrival."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from ..relational.pack import computed_query
    from ..relational.sql import sql

    query, needed = computed_query(plan, relation)
    found = evaluated(sql(query), table.select([*needed, ROW]), engine)
    sources = {f"key_{i}": name for i, name in enumerate(plan.key)}
    sources |= {"ts": plan.event_time, "mask": ""}
    sources |= {f"value_{i}": value.name for i, value in enumerate(plan.values)}
    columns = {
        name: found[name] if name in found.column_names else plain(table, relation, source)
        for name, source in sources.items()
    }
    packed = pa.table({**columns, "row": table[ROW]})
    if plan.all_rows:
        return packed
    return packed.filter(pc.or_(pc.not_equal(packed["mask"], 0), pc.is_null(packed["ts"])))


def evaluated(query: str, rows: Any, engine: Any) -> Any:
    """The query's answer for each row, in their order.

    What is computed depends on the row alone, so rows that read the same values share an answer.
    """
    shared = distinct(rows) if rows.num_rows >= WORTH_SHARING else None
    if shared is None:
        return in_order(engine.run(query, {"in_0": rows}), rows)
    once, place = shared
    return in_order(engine.run(query, {"in_0": once}), once).take(place)


def distinct(rows: Any) -> tuple[Any, Any] | None:
    """The distinct rows (but for `__row`), and for each row its place among them.

    None where there are too many, or values whose equality says too little (0.0 = -0.0).
    """
    import numpy as np
    import pyarrow as pa

    codes = np.zeros(rows.num_rows, dtype=np.int64)
    known = 1
    for name in rows.column_names:
        if name == ROW:
            continue
        column = rows[name].combine_chunks()
        if pa.types.is_floating(column.type) or pa.types.is_nested(column.type):
            return None
        encoded = column.dictionary_encode(null_encoding="encode")
        known *= len(encoded.dictionary)
        if known > rows.num_rows // 4:
            return None
        codes = codes * len(encoded.dictionary) + encoded.indices.to_numpy()
    first = np.full(known, -1, dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    seen = first >= 0
    place = (np.cumsum(seen) - 1)[codes]
    return rows.take(pa.array(first[seen])), pa.array(place)


def in_order(found: Any, table: Any) -> Any:
    """The engine's rows in the order of the table; SQL promises none."""
    import numpy as np

    rows, wanted = found[ROW].to_numpy(), table[ROW].to_numpy()
    if np.array_equal(rows, wanted):
        return found
    place = np.empty(len(wanted), dtype=np.int64)
    place[np.argsort(wanted, kind="stable")] = np.argsort(rows, kind="stable")
    return found.take(place)


def plain(table: Any, relation: Relation, name: str) -> Any:
    """A column in its physical type."""
    import pyarrow as pa

    column = table[name]
    wanted = {
        "string": pa.string(),
        "boolean": pa.bool_(),
        "bigint": pa.int64(),
        "double": pa.float64(),
    }[physical_type(relation.type_of(name) or "")]
    if pa.types.is_date32(column.type):
        column = column.cast(pa.int32())
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", tz="UTC"))
    return column.cast(wanted)
