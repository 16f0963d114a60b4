"""From a configured sequence to what both hosts run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...cep.expression import (
    PackedValues,
    Scope,
    function_source,
    measure_code,
    part_condition,
)
from ...cep.match_row import MATCH_COLUMNS
from ...cep.pattern_type import PatternPlan
from ...errors import InvalidSql, Unsupported
from ...graph.duration import duration_us
from ...graph.model import Column, Relation
from ...graph.node_type import ColumnResolver
from ..common import condition_place, event_time_of, packed_values, raise_first, scope_of
from .automaton import Automaton, Condition, Step, compile_steps
from .checks import TIMED_OUT, check_sequence
from .config import SequenceConfig, SequenceStep, leaves

if TYPE_CHECKING:
    from sqlglot import exp


def sequence_plan(
    config: SequenceConfig, relation: Relation, resolver: ColumnResolver
) -> PatternPlan:
    """The plan. Raises InvalidSql, Unsupported, InvalidArgument, LimitExceeded."""
    raise_first(check_sequence(config))
    reading = Reading(config, relation, resolver)
    steps = tuple(reading.step(step, config, f"steps.{i}") for i, step in enumerate(config.steps))
    within = duration_us(config.within) if config.within else None
    automaton = _compiled(steps, within)
    measures, columns = reading.measures(config)
    return PatternPlan(
        key=config.key,
        event_time=event_time_of(config, relation),
        conditions=tuple(reading.conditions),
        values=packed_values(config, relation, reading.values.computed),
        all_rows=_needs_all_rows(config, steps, automaton),
        arrival=config.ordering == "arrival",
        matcher="sequence",
        construct=_construct(config, steps, automaton, within, measures),
        functions="\n\n".join(reading.functions.values()),
        steps=automaton.steps,
        measures=columns,
    )


class Reading:
    """Reads the conditions of a sequence: bits, functions, packed values; equal ones are shared."""

    def __init__(
        self, config: SequenceConfig, relation: Relation, resolver: ColumnResolver
    ) -> None:
        self.values = PackedValues(packed_values(config, relation))
        self.conditions: list[str] = []
        self.functions: dict[str, str] = {}
        self._named: dict[str, str] = {}
        self.names = tuple(step.name for step in leaves(config.steps))
        self._config = config
        self._relation = relation
        self._resolver = resolver

    def step(self, step: SequenceStep, config: SequenceConfig, field: str) -> Step:
        """A step, its conditions read."""
        until = self._condition(step.until, f"{field}.until") if step.until else None
        where = Condition()
        if not step.steps:
            where = self._condition(step.where, f"{field}.where")
        waits = field == "steps.0" and step.negated
        if waits and where.test is not None:
            raise InvalidSql(
                f"`{step.name}` comes first, so its condition has no earlier step to read.",
                code="NOTHING_BEFORE",
                where={"field": f"{field}.where"},
                got=step.where,
                expected="a condition on the event alone",
            )
        return Step(
            name=step.name,
            where=where,
            contiguity=step.contiguity or config.contiguity,
            min=step.min,
            max=step.max,
            greedy=step.greedy,
            inner=step.inner,
            until=until,
            optional=step.optional,
            negated=step.negated and not waits,
            gap=duration_us(step.within) if step.within and not waits else None,
            repeat_gap=duration_us(step.times_within) if step.times_within else None,
            group=tuple(
                self.step(inner, config, f"{field}.steps.{i}") for i, inner in enumerate(step.steps)
            ),
            waits=waits,
        )

    def measures(self, config: SequenceConfig) -> tuple[str | None, tuple[Column, ...]]:
        """The name of the function that answers all measures, and their columns."""
        columns, codes = [], []
        for name, text in config.measures.items():
            field = f"measures.{name}"
            if name in (*MATCH_COLUMNS, *config.key):
                raise InvalidSql(
                    f"A match row has a column `{name}` already.",
                    code="NAME_TAKEN",
                    where={"field": field},
                    got=name,
                )
            scope = self._scope(field)._replace(current=False)
            code, column_type = measure_code(self._parsed(text, field), scope)
            columns.append(Column(name, column_type))
            codes.append(code)
        if config.emit_timed_out:
            columns.append(Column(TIMED_OUT, "boolean"))
        if not codes:
            return None, tuple(columns)
        told = ", ".join(f"{v} AS {k}" for k, v in config.measures.items())
        return self._function("measures", "bound", f"({', '.join(codes)},)", told), tuple(columns)

    def _condition(self, text: str | None, field: str) -> Condition:
        if text is None:
            return Condition()
        parted = part_condition(self._parsed(text, field), self._scope(field))
        test = None
        if parted.code is not None:
            test = self._function("condition", "bound, row", parted.code, text)
        return Condition(self._bit(parted.current, field), test)

    def _bit(self, current: str | None, field: str) -> int | None:
        if current is None or current == "TRUE":
            return None
        return condition_place(self.conditions, current, field)

    def _function(self, base: str, arguments: str, code: str, told: str) -> str:
        """Add a function and return its name: no text of the author's becomes a name."""
        if code not in self._named:
            name = f"{base}_{len(self._named) + 1}"
            self._named[code] = name
            self.functions[name] = function_source(name, arguments, code, told)
        return self._named[code]

    def _parsed(self, text: str, field: str) -> exp.Expr:
        from ...relational.sql import parse_expression

        return parse_expression(text, field, aggregates=True)

    def _scope(self, field: str) -> Scope:
        return scope_of(
            self._config, self._relation, self._resolver, self.names, field, self.values
        )


def _compiled(steps: tuple[Step, ...], within: int | None) -> Automaton:
    try:
        automaton = compile_steps(steps, within)
    except ValueError as error:
        raise Unsupported(f"{error} is not supported.", where={"field": "steps"}) from None
    todo, seen = [automaton.start], set()
    while todo:
        node = todo.pop()
        if automaton.nodes[node].kind == "stop":
            raise Unsupported(
                "A negated step that nothing is bound before is not supported.",
                where={"field": "steps"},
                hint="let the group before the negated step bind at least one event",
            )
        if node not in seen:
            seen.add(node)
            todo += [to for action, to, _ in automaton.nodes[node].edges if action == "proceed"]
    return automaton


def _needs_all_rows(config: SequenceConfig, steps: tuple[Step, ...], automaton: Automaton) -> bool:
    """Whether a row that no condition wants can still change what is found.

    It breaks strict contiguity, it satisfies a step without condition, and where a gap is bounded
    or timed-out partial matches are counted it decides how they are kept apart. It begins a wait.
    """
    if (
        steps[0].waits
        or config.emit_timed_out
        or any(node.gap is not None for node in automaton.nodes)
    ):
        return True
    return any(_wants_all_rows(step, at) for at, step in enumerate(steps))


def _wants_all_rows(step: Step, at: int) -> bool:
    if (step.contiguity == "strict" and at > 0) or step.inner == "strict":
        return True
    if step.until is not None and step.until.bit is None:
        return True
    if step.group:
        return any(_wants_all_rows(inner, i) for i, inner in enumerate(step.group))
    return step.where.bit is None


def _construct(
    config: SequenceConfig,
    steps: tuple[Step, ...],
    automaton: Automaton,
    within: int | None,
    measures: str | None,
) -> str:
    """The Python expression that builds the matcher."""
    nodes = "".join(
        f"    SequenceNode({n.kind!r}, {n.name!r}, {n.step}, {n.gap}, {n.edges!r}),\n"
        for n in automaton.nodes
    )
    conditions = "".join(f"({c.bit}, {c.test}), " for c in automaton.conditions).rstrip()
    given: dict[str, Any] = {"within": within, "after_match": repr(config.after_match)}
    if config.after_match in ("skip-to-first", "skip-to-last") and config.skip_to is not None:
        given["skip_to"] = automaton.steps.index(config.skip_to)
        given["skip_must_exist"] = config.skip_to_missing == "fail"
    if config.emit_timed_out:
        given["emit_timed_out"] = True
    given["max_partial_matches"] = config.max_partial_matches
    if measures is not None:
        given["measures"] = measures
    rest = "".join(f"    {name}={value},\n" for name, value in given.items())
    sequence = (
        f"SequenceMatcher(\n    nodes=(\n{nodes}    ),\n    start={automaton.start},\n"
        f"    conditions=({conditions}),\n{rest})"
    )
    first = config.steps[0]
    if not steps[0].waits or first.within is None:
        return sequence
    return f"SequenceAfterQuiet({sequence}, {duration_us(first.within)}, {steps[0].where.bit})"
