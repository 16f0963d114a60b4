"""From a clause to what both hosts run."""

from __future__ import annotations

from typing import Any

from ...cep.match_row import MATCH_COLUMNS, quoted
from ...cep.pattern_type import PatternPlan
from ...cep.physical import is_packable
from ...errors import InvalidSql, LimitExceeded
from ...graph.duration import duration_us
from ...graph.model import Column, Relation
from ...graph.node_type import ColumnResolver
from ..common import (
    PatternConfig,
    event_time_of,
    packed_values,
)
from .analysis import Labels, analyze
from .clause import Clause
from .program import compile_pattern
from .reading import Reading, Written
from .tokens import FIELD

MAX_LABELS = 100


def clause_plan(
    clause: Clause, config: Any, relation: Relation, resolver: ColumnResolver
) -> PatternPlan:
    """The plan; `config` has the clause's key and order. Raises LakestreamError."""
    labels = analyze(clause)
    if len(labels.primary) > MAX_LABELS:
        raise LimitExceeded(
            f"A pattern has at most {MAX_LABELS} variables.",
            where={"field": FIELD},
            got=len(labels.primary),
            expected=MAX_LABELS,
        )
    program = compile_pattern(clause.pattern, labels.primary)
    reading = Reading(clause, labels, config, relation, resolver)
    written = reading.write(_may_be_empty(program))
    columns = shown_columns(clause, config, relation)
    places = tuple(
        None
        if column.name == event_time_of(config, relation)
        else reading.values.place(quoted(column.name), column.type, column.name)
        for column in columns
    )
    values = packed_values(config, relation, reading.values.computed)
    _check_names(config, written.measures, columns)
    output = _output(clause, labels, written, places, values)
    return PatternPlan(
        key=config.key,
        event_time=event_time_of(config, relation),
        conditions=written.conditions,
        values=values,
        all_rows=True,
        arrival=config.ordering == "arrival",
        matcher="match_recognize",
        construct=_construct(clause, config, labels, program, written, output),
        functions="\n\n".join(part for part in written.functions if part),
        steps=labels.primary,
        measures=(*columns, *written.measures),
        state=(repr((program, written.memory.slots, written.ahead, written.by_history)),),
    )


def shown_columns(clause: Clause, config: PatternConfig, relation: Relation) -> tuple[Column, ...]:
    """The columns of the input that ALL ROWS PER MATCH shows, besides the key."""
    if clause.rows == "one row":
        return ()
    time, keep = event_time_of(config, relation), config.keep
    return tuple(
        column
        for column in relation.columns
        if column.name not in config.key
        and is_packable(column.type)
        and (keep is None or column.name in (time, *keep))
    )


def _may_be_empty(program: tuple[Any, ...]) -> bool:
    """Whether the pattern can match no rows."""
    todo, seen = [0], set()
    while todo:
        place = todo.pop()
        if place in seen:
            continue
        seen.add(place)
        kind = program[place][0]
        if kind == "done":
            return True
        if kind in ("split", "jump"):
            todo += program[place][1:]
        elif kind in ("start", "end"):
            todo.append(place + 1)
    return False


def _check_names(
    config: PatternConfig, measures: tuple[Column, ...], shown: tuple[Column, ...]
) -> None:
    """Every output column has a name of its own."""
    taken = {name.lower(): "a match row" for name in (*MATCH_COLUMNS, *config.key)}
    taken |= {column.name.lower(): "the input" for column in shown}
    for column in (*shown, *measures):
        name = column.name.lower()
        mine = column in shown
        if name in taken and not (mine and taken[name] == "the input"):
            raise InvalidSql(
                f"{taken[name].capitalize()} has a column `{column.name}` already.",
                code="NAME_TAKEN",
                where={"field": FIELD},
                got=column.name,
                hint="rename the column before the pattern, or leave it out with `keep`"
                if mine
                else "give the measure another name",
            )
        if not mine:
            taken[name] = "the clause"


def _construct(
    clause: Clause,
    config: Any,
    labels: Labels,
    program: tuple[Any, ...],
    written: Written,
    output: str,
) -> str:
    """The Python expression that builds the matcher."""
    steps = "".join(f"        {step!r},\n" for step in program)
    tests = "".join(f"({bit}, {look}, {test}), " for bit, look, test in written.tests).rstrip()
    history = written.by_history
    given: dict[str, Any] = {
        "unmatched": clause.unmatched or None,
        "skip": repr(clause.skip.to),
        "skip_to": tuple(sorted(labels.numbers(clause.skip.label) or ()))
        if clause.skip.label
        else None,
        "within": clause.within_us,
        "forget_after": duration_us(config.forget_after) if config.forget_after else None,
        "numbered": written.numbered or None,
        "back": written.back or None,
        "ahead": written.ahead or None,
        "max_rows": config.max_rows_per_match,
        "memory": written.memory.construct() if history else None,
        "by_labels": (written.by_labels or None) if history else None,
        "max_threads": config.max_partial_matches if history else None,
    }
    return (
        f"{'RowHistoryMatcher' if history else 'RowPatternMatcher'}(\n"
        f"    program=(\n{steps}    ),\n    names={labels.primary!r},\n    tests=({tests}),\n"
        f"    output={output},\n{_arguments(given, 4)})"
    )


def _output(
    clause: Clause, labels: Labels, written: Written, places: tuple[int | None, ...], values: Any
) -> str:
    """The Python expression that builds what the matcher puts matches out with."""
    given: dict[str, Any] = {
        "measured": written.measured.construct() if written.measured.slots else None,
        "measures": "measures" if clause.measures else None,
        "measure_count": len(written.measures) or None,
        "all_rows": clause.rows == "all rows" or None,
        "columns": places or None,
        "show_empty": None if clause.show_empty else False,
        "identity": 1 + sum(value.role == "order" for value in values),
    }
    return f"RowOutput(\n        {labels.primary!r},\n{_arguments(given, 8)}    )"


def _arguments(given: dict[str, Any], indent: int) -> str:
    known = {name: value for name, value in given.items() if value is not None}
    return "".join(f"{' ' * indent}{name}={value},\n" for name, value in known.items())
