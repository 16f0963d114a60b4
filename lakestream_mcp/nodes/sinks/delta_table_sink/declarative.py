"""A Delta table in a declarative pipeline, from the same variables as the streaming code.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from ....errors import Unsupported
from ....relational.declarative.statements import AutoCdc, Dataset, Query, Statement
from ....relational.declarative.trees import streamed_name
from ....relational.sql import column, find_column
from ...conditions import condition
from .node import TRACKED

if TYPE_CHECKING:
    from ....graph.model import Relation
    from .node import DeltaTableSinkConfig


def appended(made: Mapping[str, Any], rows: exp.Query) -> tuple[Statement, ...]:
    """A streaming table that grows by the rows."""
    return (_table(made)._replace(query=Query(rows)),)


def merged(
    made: Mapping[str, Any],
    node_id: str,
    rows: exp.Query,
    config: DeltaTableSinkConfig,
    relation: Relation,
) -> tuple[Statement, ...]:
    """A streaming table, and the flow that keeps the newest row of each key in it."""
    if made["sequence_by"] is None:
        raise Unsupported(
            "AUTO CDC has to know which of two rows with one key is the newer.",
            where={"field": "sequence_by"},
            expected="a column that grows with time",
            hint="Set `sequence_by`.",
        )
    flow = AutoCdc(
        name=node_id,
        target=made["table"],
        source=streamed_name(rows),
        keys=tuple(made["keys"]),
        sequence_by=column(made["sequence_by"]),
        delete_when=deleted(config, relation),
        scd_type=config.scd_type,
        **{
            field: tuple(find_column(n, relation, field) for n in getattr(config, field) or ())
            for field in ("except_columns", *TRACKED)
        },
    )
    return _table(made), flow


def deleted(config: DeltaTableSinkConfig, relation: Relation) -> exp.Expr | None:
    """The condition of a row that deletes its key, by bare column names."""
    if config.delete_when is None:
        return None
    tree = condition(config.delete_when, relation, "delete_when").copy()
    for read in tree.find_all(exp.Column):
        read.set("table", None)
    return tree


def _table(made: Mapping[str, Any]) -> Dataset:
    return Dataset(
        "streaming_table",
        made["table"],
        partition_by=tuple(made["partition_by"]),
        cluster_by=tuple(made["cluster_by"]),
    )
