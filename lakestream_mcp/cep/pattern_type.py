"""What a pattern hands to both hosts: one plan, from which code and test are derived."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from ..graph.kept import Kept
from ..graph.model import Column, Relation
from ..graph.node_type import ColumnResolver, NodeType
from .match_row import match_relation
from .near_miss import KeyView, Miss, Part, ended_misses
from .scenario import Scenario


class Value(NamedTuple):
    """A value packed for the matcher: a SQL expression over the pattern's input `in_0`.

    `role`: `order` (tie-breaker, in declared order), `input` (which input the row came from, the
    last tie-breaker of a plan with several), `keep` (a column shown in the match's events) or
    `computed` (read by conditions and measures only). They come in this order.
    """

    name: str
    sql: str
    type: str
    role: str


class StateBound(NamedTuple):
    """The most that a pattern keeps for one key, rows that wait for the watermark apart.

    formula: in words, with the names of fields. events: their number; None where only a time bounds
    them. kept_for: how long after a key's last event its state may stay; None: for ever.
    """

    formula: str
    events: int | None
    kept_for: str | None


class Input(NamedTuple):
    """What one of several inputs gives for the parts of a plan, in the plan's order.

    key, event_time: its columns. conditions, values: SQL over its rows; a condition on another
    input is `FALSE`, a value of another input NULL.
    """

    key: tuple[str, ...]
    event_time: str
    conditions: tuple[str, ...]
    values: tuple[str, ...]


class PatternPlan(NamedTuple):
    """Everything the two hosts need to run one configured pattern.

    conditions: Spark SQL booleans over the current row; condition i sets bit i of the mask.
    all_rows: rows no condition wants are kept too (strict contiguity sees them).
    matcher: the pattern's folder name, whose `matcher.py` is carried; `construct`: the Python
    expression that builds it, made of names from that file, `functions` and literals only.
    functions: Python source of the parts of conditions and measures that read earlier events.
    steps: names by step index, as bound events name them. measures: extra output columns.
    inputs: what each of several inputs gives; () where there is one, whose columns the plan names.
    seeds: keys, as the matcher sees them, that have a state from `seeded_at` on (microseconds)
    without having had a row.
    state: what else, when it changes, makes stored state unreadable.
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
    inputs: tuple[Input, ...] = ()
    seeds: tuple[tuple[Any, ...], ...] = ()
    seeded_at: int = 0
    state: tuple[str, ...] = ()

    def parts(self) -> tuple[PatternPlan, ...]:
        """For each input the plan as if it were the only one."""
        if not self.inputs:
            return (self,)
        return tuple(
            self._replace(
                key=part.key,
                event_time=part.event_time,
                conditions=part.conditions,
                values=tuple(
                    value._replace(sql=sql)
                    for value, sql in zip(self.values, part.values, strict=True)
                ),
                inputs=(),
            )
            for part in self.inputs
        )

    @property
    def input_place(self) -> int | None:
        """Where a row, as the matcher sees it, says which input it came from; None with one."""
        roles = [value.role for value in self.values]
        return 1 + roles.index("input") if "input" in roles else None


class StatefulType(NodeType):
    """Keeps state per key; a streaming query has at most one. A pattern or a processor."""

    category = "pattern"
    stateful = True


_PLANS: Kept[Any, tuple[Any, PatternPlan]] = Kept(4096)
"""Each with its configuration, so that no other one takes the place that is its key."""


class PatternType(StatefulType):
    """A CEP pattern: `plan` says how it runs; the match row's shape is the same for all."""

    def plan(
        self, config: Any, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> PatternPlan:
        """Split conditions, choose packed values, name steps and measures. Raises InvalidSql."""
        raise NotImplementedError

    def relation(
        self, config: Any, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> Relation:
        """The match row, with the plan's measures as its last columns."""
        return match_relation(self.planned(config, inputs, resolver), inputs[0])

    def planned(
        self, config: Any, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> PatternPlan:
        """The plan, made once for a typed configuration: what validates a node, codes it later."""
        key = (self, id(config), tuple(inputs))
        known = _PLANS.get(key)
        if known is None:
            known = config, self.plan(config, inputs, resolver)
            _PLANS.put(key, known)
        return known[1]

    def step_conditions(self, config: Any) -> dict[str, str]:
        """The condition of each step, as given; explanations evaluate them."""
        raise NotImplementedError

    def labels(self, config: Any) -> tuple[str, ...]:
        """The steps, which name events."""
        return tuple(self.step_conditions(config))

    def event_conditions(self, config: Any, match: dict[str, Any]) -> list[str]:
        """What each event of a reported match satisfied; default: the condition of its step."""
        conditions = self.step_conditions(config)
        return [conditions.get(event["step"], "") for event in match["events"]]

    def event_parts(
        self, config: Any, match: dict[str, Any], view: Callable[[], KeyView]
    ) -> list[list[Part]] | None:
        """The parts of what each event of a reported match satisfied, where they take the other
        rows of its key to be worked out; default: None, the conditions say it all."""
        return None

    def open_partials(self, state: Any) -> list[tuple[Any, int | None]]:
        """The partial matches a matcher's state holds: bound events, and when each is decided."""
        raise NotImplementedError

    def verdict(self, config: Any, match: dict[str, Any]) -> str:
        """What decided a reported match, in one sentence."""
        raise NotImplementedError

    def state_bound(self, config: Any) -> StateBound:
        """The worst case of what is kept per key."""
        raise NotImplementedError

    def batch_sql(self, config: Any, inputs: Sequence[Relation], table: str) -> str | None:
        """The same over a table at rest as Databricks SQL; None: the type has no such form.

        Raises Unsupported, naming the construct that form lacks.
        """
        return None

    def scenarios(self, config: Any) -> Iterator[Scenario]:
        """Events that match, that just miss (per clause), and that lie at each boundary."""
        yield from ()

    def misses(self, config: Any, view: KeyView) -> Iterator[Miss]:
        """What of a key came close to a match, and what was missing; in any order.

        Default: where partial matches ended, as the matcher reported it.
        """
        yield from ended_misses(view)
