"""A join of a stream with a table, read back from its query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp

from ....graph.model import Column, Relation
from ....graph.node_parts import Reading
from ....relational.column_types import ddl


def reading(
    query: exp.Query, inputs: Sequence[Relation], tables: Mapping[str, str]
) -> Reading | None:
    """The configuration of `SELECT … FROM in_0 [LEFT] JOIN in_1 ON …`, or None.

    `inputs` ends with the table, as far as it is known. Its keys have the types of the stream's.
    """
    joins = query.args.get("joins") or []
    if not isinstance(query, exp.Select) or len(joins) != 1 or list(tables) != ["in_1"]:
        return None
    extra = {k for k, v in query.args.items() if v} - {"expressions", "from_", "joins"}
    kind = (joins[0].side or "inner").lower()
    pairs = key_pairs(joins[0].args.get("on"))
    if extra or joins[0].kind not in ("", "OUTER", "INNER") or not pairs:
        return None
    added = [item for item in query.expressions if _table_of(item) == "in_1"]
    names = [_value(item).name for item in added]
    config: dict[str, Any] = {"table": tables["in_1"], "keys": [_key(pair) for pair in pairs]}
    config |= {"join": kind} if kind != "left" else {}
    config |= {"select": names} if names else {}
    prefixes = {prefix_of(item.alias_or_name, _value(item).name) for item in added}
    if len(prefixes) > 1 or None in prefixes:
        return None
    config |= {"prefix": prefixes.pop()} if prefixes - {""} else {}
    return Reading(config, {"static_columns": ddl(_columns(pairs, names, inputs))})


def key_pairs(on: exp.Expr | None) -> list[tuple[str, str]]:
    """Columns of stream and table that a condition says are equal; empty if it says more."""
    pairs: list[tuple[str, str]] = []
    for part in on.flatten() if isinstance(on, exp.And) else [on]:
        sides = [part.this, part.expression] if isinstance(part, exp.EQ) else []
        by_table = {side.table: side.name for side in sides if isinstance(side, exp.Column)}
        if set(by_table) != {"in_0", "in_1"}:
            return []
        pairs.append((by_table["in_0"], by_table["in_1"]))
    return pairs


def prefix_of(output: str, name: str) -> str | None:
    """What stands before a column's name in the output; None if it has quite another name."""
    return output.removesuffix(name) if output.endswith(name) else None


def _value(item: exp.Expr) -> exp.Expr:
    return item.this if isinstance(item, exp.Alias) else item


def _table_of(item: exp.Expr) -> str:
    value = _value(item)
    return value.table if isinstance(value, exp.Column) else ""


def _key(pair: tuple[str, str]) -> Any:
    ours, theirs = pair
    return ours if ours == theirs else {"stream": ours, "static": theirs}


def _columns(
    pairs: Sequence[tuple[str, str]], names: Sequence[str], inputs: Sequence[Relation]
) -> list[Column]:
    stream, static = inputs[0], inputs[1]
    types = {theirs: stream.type_of(ours) or "string" for ours, theirs in pairs}
    known = {name: static.type_of(name) or "string" for name in names}
    return [Column(name, kind) for name, kind in ({**known, **types}).items()]
