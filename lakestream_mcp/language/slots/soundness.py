"""Signs that a draft does not say what its text does, whatever names and numbers it holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..rules.scene import joined_parts

if TYPE_CHECKING:
    from sqlglot import exp

    from ...graph.changes import Change
    from ..rules.phrase import Phrase

_CONDITIONS = ("condition", "where", "trigger", "expected", "left", "right", "end")


def contradictory(changes: Sequence[Change]) -> bool:
    """Whether rows would have to have two values of one column: `side = 'buy' AND side = 'sell'`,
    or a filter and what comes after it."""
    kept: dict[str, set[str]] = {}
    for change in changes:
        if change.op != "add_node":
            continue
        for condition in _conditions(change.node.config):
            values = _values(condition)
            if _is_empty(condition) or _is_repeated(condition):
                return True
            if any(len(told) > 1 or told.isdisjoint(kept.get(name, told)) for name, told in values):
                return True
            if change.node.type == "filter":
                kept |= dict(values)
    return False


def loose(changes: Sequence[Change]) -> bool:
    """Whether a source feeds nothing, or one filter another, which no text means."""
    types = {c.node.id: c.node.type for c in changes if c.op == "add_node"}
    edges = [(c.source, c.target) for c in changes if c.op == "connect"]
    fed = {source for source, _ in edges}
    idle = any(node not in fed and kind.endswith(_SOURCES) for node, kind in types.items())
    twice = any(types.get(a) == types.get(b) == "filter" for a, b in edges)
    return idle or twice or any(_empty_step(c.node.config) for c in changes if c.op == "add_node")


def _empty_step(config: Any) -> bool:
    """Whether a sequence denies whatever may come, which contiguity says, or counts it, and no
    other step reads what was counted."""
    steps = config.get("steps")
    told = [s for s in steps if isinstance(s, dict)] if isinstance(steps, list) else []
    read = " ".join(str(s.get("where")) for s in told)
    return any(
        not s.get("where")
        and (s.get("negated") or (s.get("min", 1) > 2 and f"{s.get('name')}." not in read))
        for s in told
    )


_SOURCES = (
    "-source", "kafka-topic", "mqtt", "auto-loader", "google-pubsub", "-kinesis", "cdc-stream",
    "-simulator",
)  # fmt: skip


def _conditions(config: Any) -> Iterator[exp.Expr]:
    """Every condition of a configuration, as a tree."""
    from ...errors import LakestreamError
    from ...relational.sql import parse_expression

    if isinstance(config, list):
        config = dict(enumerate(config))
    if not isinstance(config, dict):
        return
    for name, value in config.items():
        if name in _CONDITIONS and isinstance(value, str):
            try:
                yield parse_expression(value, None)
            except LakestreamError:
                continue
        else:
            yield from _conditions(value)


def _values(tree: exp.Expr) -> list[tuple[str, set[str]]]:
    """The texts that each column must be equal to, all at a time."""
    from sqlglot import exp

    found: dict[str, set[str]] = {}
    for part in joined_parts(tree, exp.And):
        both = isinstance(part, exp.EQ) and isinstance(part.this, exp.Column)
        if both and isinstance(part.expression, exp.Literal):
            found.setdefault(part.this.name, set()).add(part.expression.name)
    return list(found.items())


def _is_empty(tree: exp.Expr) -> bool:
    """Whether a number would have to be above one bound and below a lower one, or above two."""
    from sqlglot import exp

    low: dict[str, float] = {}
    high: dict[str, float] = {}
    whole = joined_parts(tree, exp.And) if isinstance(tree.unnest(), exp.And) else []
    parts = [half for part in whole for half in _halves(part)]
    ordered = exp.GT | exp.GTE | exp.LT | exp.LTE
    limits = [p for p in parts if isinstance(p, ordered) and _is_bound(p)]
    for part in limits:
        bounds = low if isinstance(part, exp.GT | exp.GTE) else high
        bounds[part.this.name] = float(part.expression.name)
    twice = len(limits) > len(low) + len(high)
    return twice or any(low[name] >= high[name] for name in low.keys() & high.keys())


def _is_repeated(tree: exp.Expr) -> bool:
    """Whether a list holds a value twice, as no one lists values: `IN ('a', 'a', 'b')`."""
    from sqlglot import exp

    told = [[item.sql() for item in found.expressions] for found in tree.find_all(exp.In)]
    return any(len({*items}) < len(items) for items in told)


def _halves(part: exp.Expr) -> list[exp.Expr]:
    """The bounds of `v BETWEEN 1 AND 5`; any other comparison as it is."""
    from sqlglot import exp

    if not isinstance(part, exp.Between):
        return [part]
    low, high = (part.args[name] for name in ("low", "high"))
    return [exp.GTE(this=part.this, expression=low), exp.LTE(this=part.this, expression=high)]


def nested(left: exp.Expr, right: exp.Expr) -> bool:
    """Whether of two bounds one holds wherever the other does: `v > 90` where `v > 99`."""
    from sqlglot import exp

    up, down = (exp.GT, exp.GTE), (exp.LT, exp.LTE)
    bounds = _is_bound(left) and _is_bound(right) and left.this == right.this
    return bounds and any(isinstance(left, way) and isinstance(right, way) for way in (up, down))


def _is_bound(part: exp.Expr) -> bool:
    """Whether a comparison bounds a column by a number."""
    from sqlglot import exp

    return isinstance(part.this, exp.Column) and isinstance(part.expression, exp.Literal)


def miscounted(phrase: Phrase, changes: Sequence[Change]) -> bool:
    """Whether `more than 5` became `5 or more`."""
    told = {int(f.groups["n"][0].value) for f in phrase.all(r"more than (?P<n>#num)")}
    return any(
        c.op == "add_node"
        and c.node.type == "count-threshold"
        and c.node.config.get("threshold") in told
        and c.node.config.get("comparison") == ">="
        for c in changes
    )
