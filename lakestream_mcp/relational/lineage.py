"""Row lineage: which input row each output row came from, for the tester."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp

ROW = "__row"


def with_row(query: exp.Query, streams: Collection[str] = ("in_0", "in_1")) -> exp.Query:
    """The query with the hidden column `__row` of its stream input added to each SELECT over one.

    `streams` names the relations that carry `__row`; every `in_<n>` is one by default. A SELECT
    that reads none, or whose FROM is another query, is left as it is.
    """
    from sqlglot import exp

    traced = query.copy()
    for select in list(traced.find_all(exp.Select)):
        source = select.args.get("from_")
        table = source.this if source is not None else None
        if isinstance(table, exp.Table) and _is_stream(table.name, streams):
            row = exp.Column(
                this=exp.to_identifier(ROW), table=exp.to_identifier(table.alias_or_name)
            )
            select.append("expressions", exp.Alias(this=row, alias=exp.to_identifier(ROW)))
    return traced


def _is_stream(name: str, streams: Collection[str]) -> bool:
    return name in streams or (name.startswith("in_") and name[3:].isdecimal())
