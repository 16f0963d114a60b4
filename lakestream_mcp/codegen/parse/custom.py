"""A query that no chain of nodes says: one node that keeps it as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .draft import Draft, Place, Port
from .shapes import Shape

if TYPE_CHECKING:
    from sqlglot import exp

CUSTOM = "custom-sql"


def custom(draft: Draft, shape: Shape, ports: Sequence[Port], wanted: str, place: Place) -> Port:
    """The query as the author wrote it, in one node; a finding says why, and what is wrong."""
    from ...nodes.transforms.custom_sql.streaming import refusals
    from ...relational.sql import sql

    query = _with_tables(shape)
    node_id = draft.add(draft.id(wanted), CUSTOM, {"query": sql(query)}, ports)
    refused = {refusal.reason: refusal for refusal in refusals(shape.query)}
    for refusal in refused.values():
        draft.say(
            "NOT_STREAMING", refusal.reason, place, "error",
            node=node_id, got=sql(refusal.part)[:200], hint=refusal.hint,
        )  # fmt: skip
    if shape.tables:
        draft.say(
            "TABLE_NOT_READ",
            f"`{node_id}` reads a table beside its streams in a way that no node has",
            place,
            "error",
            node=node_id,
            got=sorted(shape.tables.values()),
            hint="join by equal keys, so that it becomes a stream-static-join",
        )
    elif not ports and not refused:
        draft.say(
            "NOT_STREAMING", "no stream is read, so nothing flows", place, "error",
            node=node_id, got=sql(query)[:200],
            hint="read one: FROM STREAM catalog.schema.table, or a streaming table of this code",
        )  # fmt: skip
    elif not refused:
        draft.say(
            "KEPT_AS_SQL",
            f"no chain of other nodes says what `{node_id}` does, so it keeps its SQL",
            place,
            "info",
            node=node_id,
        )
    return node_id, "out"


def _with_tables(shape: Shape) -> exp.Query:
    """The query with the tables that no edge brings under their own names again."""
    from sqlglot import exp

    from ...relational.declarative.trees import table as named_table

    query = shape.query.copy()
    for table in list(query.find_all(exp.Table)):
        if table.name in shape.tables:
            table.replace(named_table(shape.tables[table.name], table.name))
    return query
