"""What a pattern hands to both hosts: one plan, from which code and test are derived."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..graph.model import Column, Relation
from ..graph.node_type import ColumnResolver, NodeType


class Value(NamedTuple):
    """A value packed for the matcher: a SQL expression over the pattern's input `in_0`.

    `role`: `order` (tie-breaker, in declared order), `keep` (a column shown in the match's events)
    or `computed` (read by conditions and measures only). Order values come first, then kept ones.
    """

    name: str
    sql: str
    type: str
    role: str


class PatternPlan(NamedTuple):
    """Everything the two hosts need to run one configured pattern.

    conditions: Spark SQL booleans over the current row; condition i sets bit i of the mask.
    all_rows: rows no condition wants are kept too (strict contiguity sees them).
    matcher: the pattern's folder name, whose `matcher.py` is carried; `construct`: the Python
    expression that builds it, made of names from that file, `functions` and literals only.
    functions: Python source of the parts of conditions and measures that read earlier events.
    steps: names by step index, as bound events name them. measures: extra output columns.
    """

    key: tuple[str, ...]
    event_time: str
    conditions: tuple[str, ...]
    values: tuple[Value, ...]
    all_rows: bool
    arrival: bool
    matcher: str
    construct: str
    functions: str
    steps: tuple[str, ...]
    measures: tuple[Column, ...]


class PatternType(NodeType):
    """A CEP pattern: `plan` says how it runs; the match row's shape is the same for all."""

    category = "pattern"

    def plan(
        self, config: Any, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> PatternPlan:
        """Split conditions, choose packed values, name steps and measures. Raises InvalidSql."""
        raise NotImplementedError

    def step_conditions(self, config: Any) -> dict[str, str]:
        """The condition of each step, as given; explanations evaluate them."""
        raise NotImplementedError

    def open_partials(self, state: Any) -> list[tuple[Any, int | None]]:
        """The partial matches a matcher's state holds: bound events, and when each is decided."""
        raise NotImplementedError

    def verdict(self, config: Any, match: dict[str, Any]) -> str:
        """What decided a reported match, in one sentence."""
        raise NotImplementedError
