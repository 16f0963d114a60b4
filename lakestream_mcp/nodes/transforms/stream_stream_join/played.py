"""A join on given rows, with the rows Spark drops and the times at which it tells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ....cep.events import ROW
from ....cep.stateful import Batch, Feed, LocalRun, numbered, times_us
from ....relational.sql import sql

if TYPE_CHECKING:
    from sqlglot import exp

HIDDEN = ("__left", "__right")


def played(
    query: exp.Query,
    feeds: Sequence[Feed],
    batches: Sequence[Batch],
    waits_ms: Sequence[int],
    engine: Any,
) -> LocalRun:
    """The rows of the join of what was not late.

    A row without partner is told once the watermark is more than the wait of its side past it:
    Spark then forgets it. waits_ms: by side.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    kept, late = zip(*(_on_time(feed, batches) for feed in feeds), strict=True)
    tables = {f"in_{i}": feed.table for i, feed in enumerate(kept)}
    now = batches[-1].now if batches else 0
    found = engine.run(sql(_traced(query)), tables)
    told = pa.repeat(True, found.num_rows)
    for name, other, feed, wait_ms in zip(HIDDEN, HIDDEN[::-1], kept, waits_ms, strict=True):
        alone = pc.is_null(found[other])
        open_rows = feed.table[ROW].filter(
            pc.greater(times_us(feed), (now // 1000 - wait_ms - 1) * 1000)
        )
        waiting = pc.is_in(found[name], value_set=open_rows.combine_chunks())
        told = pc.and_(told, pc.invert(pc.and_(alone, waiting)))
    rows = found.filter(told).sort_by([(name, "ascending") for name in HIDDEN])
    return LocalRun(
        numbered(rows.drop_columns(list(HIDDEN))),
        sorted(set().union(*late)),
        found.num_rows - rows.num_rows,
    )


def _traced(query: exp.Query) -> exp.Query:
    """The query with the row of each side."""
    from sqlglot import exp

    rows = [
        exp.Alias(this=exp.column(ROW, table=f"in_{i}"), alias=exp.to_identifier(name))
        for i, name in enumerate(HIDDEN)
    ]
    return query.select(*rows)


def _on_time(feed: Feed, batches: Sequence[Batch]) -> tuple[Feed, set[int]]:
    """The rows above the watermark of the batch before, and the arrival numbers of the others."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    marks = np.array([batch.late for batch in batches] or [0], dtype=np.int64)
    late = pc.fill_null(pc.less_equal(times_us(feed), pa.array(marks[feed.batch])), False)
    numbers = set(feed.table[ROW].filter(late).to_pylist())
    fresh = pc.invert(late)
    return Feed(feed.relation, feed.table.filter(fresh), feed.batch[fresh.to_numpy(False)]), numbers
