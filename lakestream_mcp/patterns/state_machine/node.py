"""Node type `state-machine`: what moves a key from state to state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ...cep.expression import PackedValues, function_source, part_condition
from ...cep.near_miss import KeyView, Miss, span
from ...cep.pattern_type import PatternPlan, PatternType, StateBound
from ...cep.scenario import Scenario
from ...graph.duration import duration_us
from ...graph.model import Column, Problem, Relation
from ...graph.node_type import ColumnResolver
from ..common import (
    FIELD_ALIASES,
    MOVED_FIELDS,
    by_key,
    check_common,
    check_measures,
    condition_place,
    event_time_of,
    packed_values,
    scope_of,
)
from .checks import UNMATCHED, check_machine, resting, timeout_of
from .config import StateMachineConfig, Transition, migrated
from .reach import longest_path, longest_silence, transition_name

MEASURES = (
    Column("from_state", "string"),
    Column("to_state", "string"),
    Column("path", "string"),
    Column("path_micros", "string"),
    Column("time_in_state_ms", "bigint"),
    Column("cause", "string"),
)


class StateMachine(PatternType):
    """A finite machine per key."""

    type = "state-machine"
    title = "State machine"
    summary = "Move each key through states by events and timeouts; emit entries with their path"
    Config = StateMachineConfig
    field_aliases = {
        **FIELD_ALIASES,
        "keyColumn": "key",
        "terminalStates": "terminal",
        "initialState": "initial",
        "stateTtl": "forget_after",
    }
    moved = {k: v for k, v in MOVED_FIELDS.items() if k != "stateTtl"}

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        """JSON in text, `condition`, and one `stateTimeout` for all states."""
        return migrated(config)

    def sentence(self, config: StateMachineConfig) -> str:
        """`from new through 4 states, by order_id`."""
        by = by_key(config.key)
        return f"from {config.start} through {len(config.states)} states{by}"

    def check(self, config: StateMachineConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        """Shared fields, then what the machine could never do or would never end."""
        yield from check_common(config, inputs[0])
        yield from check_measures(config, [column.name for column in MEASURES])
        yield from check_machine(config)

    def plan(
        self, config: StateMachineConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> PatternPlan:
        """Each condition is a bit of the mask, and perhaps a test over the path."""
        reading = _Reading(config, inputs[0], resolver)
        construct = _construct(config, reading)
        unmatched = (UNMATCHED,) if config.on_unmatched == "error" else ()
        return PatternPlan(
            key=config.key,
            event_time=event_time_of(config, inputs[0]),
            conditions=tuple(reading.conditions),
            values=packed_values(config, inputs[0], reading.values.computed),
            # An event that moves nothing still shows that the key is alive, or is an error.
            all_rows=config.forget_after is not None or bool(unmatched),
            arrival=config.ordering == "arrival",
            matcher="state_machine",
            construct=construct,
            functions="\n\n".join(reading.functions),
            steps=(*config.states, *unmatched),
            measures=MEASURES,
            state=(config.start,),
        )

    def step_conditions(self, config: StateMachineConfig) -> dict[str, str]:
        """The conditions of transitions by event."""
        return {
            transition_name(config, place): transition.when
            for place, transition in enumerate(config.transitions)
            if transition.when is not None
        }

    def labels(self, config: StateMachineConfig) -> tuple[str, ...]:
        """The states."""
        return config.states

    def event_conditions(self, config: StateMachineConfig, match: dict[str, Any]) -> list[str]:
        """An event led into a state by one of the conditions of the transitions to it."""
        found: dict[str, list[str]] = {}
        for transition in config.transitions:
            if transition.when is not None:
                found.setdefault(transition.to, []).append(transition.when)
        either = {to: whens[0] if len(whens) == 1 else _any(whens) for to, whens in found.items()}
        return [either.get(event["step"], "") for event in match["events"]]

    def open_partials(self, state: Any) -> list[tuple[Any, int | None]]:
        """The events on the path of a key that does not rest, and when a time is next due."""
        return [(tuple(e for e in state[4] if e[2] is not None), state[0])] if state else []

    def state_bound(self, config: StateMachineConfig) -> StateBound:
        """The path of a key up to where it rests."""
        longest, silence = longest_path(config), longest_silence(config)
        ends = [] if silence is None else [(silence, span(silence))]
        if config.forget_after:
            ends.append((duration_us(config.forget_after), config.forget_after))
        kept = min(ends)[1] if ends else None
        if longest is not None and longest < config.max_events_per_key:
            return StateBound(f"the longest path, {longest} entries", longest, kept)
        most = config.max_events_per_key
        return StateBound("the path, max_events_per_key entries", most, kept)

    def scenarios(self, config: StateMachineConfig) -> Iterator[Scenario]:
        """The way to each transition that is emitted, and what keeps it away."""
        from .scenarios import machine_scenarios

        yield from machine_scenarios(config)

    def misses(self, config: StateMachineConfig, view: KeyView) -> Iterator[Miss]:
        """What nearly moved the key, and what it waits for."""
        from .why import machine_misses

        yield from machine_misses(config, view)

    def verdict(self, config: StateMachineConfig, match: dict[str, Any]) -> str:
        """What moved the machine."""
        measures = match["measures"]
        left, entered, path = measures["from_state"], measures["to_state"], measures["path"]
        if measures["cause"] == "unmatched":
            return f"No transition from `{left}` holds for the last event (path {path})."
        if measures["cause"] == "timeout":
            timeout = timeout_of(config, left)
            assert timeout is not None, left
            return (
                f"`{left}` had lasted {timeout.after} at {match['detected_at']}: the timer moved "
                f"the key to `{entered}` (path {path})."
            )
        return f"The last event moved the key from `{left}` to `{entered}` (path {path})."


def _any(conditions: list[str]) -> str:
    return f"({') OR ('.join(conditions)})"


class _Reading:
    """Reads the conditions: bits of the mask, functions, packed values; equal ones are shared."""

    def __init__(
        self, config: StateMachineConfig, relation: Relation, resolver: ColumnResolver
    ) -> None:
        self.values = PackedValues(packed_values(config, relation))
        self.conditions: list[str] = []
        self.functions: list[str] = []
        self._known: dict[str, str] = {}
        self._config = config
        self._relation = relation
        self._resolver = resolver

    def condition(self, text: str, field: str) -> tuple[int, str | None]:
        """The bit and the name of the test of a condition. Raises InvalidSql, Unsupported."""
        from ...relational.sql import parse_expression

        tree = parse_expression(text, field, aggregates=True)
        scope = scope_of(
            self._config, self._relation, self._resolver, self._config.states, field, self.values
        )
        parted = part_condition(tree, scope)
        bit = condition_place(self.conditions, parted.current or "TRUE", field)
        return bit, None if parted.code is None else self._test(parted.code, text)

    def _test(self, code: str, text: str) -> str:
        if code not in self._known:
            name = f"condition_{len(self._known) + 1}"
            self._known[code] = name
            self.functions.append(function_source(name, "bound, row", code, text))
        return self._known[code]


def _construct(config: StateMachineConfig, reading: _Reading) -> str:
    """The Python expression that builds the matcher."""
    number = {name: n for n, name in enumerate(config.states)}
    leaving: dict[str, str] = dict.fromkeys(config.states, "")
    for place, transition in enumerate(config.transitions):
        if transition.when is None or transition.to not in number:
            continue
        bit, test = reading.condition(transition.when, f"transitions.{place}.when")
        for name in transition.origins:
            if name in number:
                leaving[name] += f"({bit}, {test}, {number[transition.to]}), "
    emitted = {"terminal": config.terminal, "transition": config.states, "all": config.states}
    entered = emitted[config.emit_on] if isinstance(config.emit_on, str) else config.emit_on
    given = {
        "names": repr(config.states),
        "initial": number.get(config.start, 0),
        "resting": repr(tuple(sorted(number[n] for n in resting(config) if n in number))),
        "transitions": f"({' '.join(f'({each}),' for each in leaving.values())})",
        "timeouts": repr(tuple(_timeout(timeout_of(config, n), number) for n in config.states)),
        "emitted": repr(tuple(sorted({number[n] for n in entered if n in number}))),
        "changes_only": config.emit_on == "transition",
        "unmatched": config.on_unmatched == "error",
        "forget_after": duration_us(config.forget_after) if config.forget_after else None,
        "max_path": config.max_events_per_key,
    }
    return f"StateMachineMatcher({', '.join(f'{k}={v}' for k, v in given.items())})"


def _timeout(transition: Transition | None, number: dict[str, int]) -> tuple[int, int] | None:
    if transition is None or transition.after is None or transition.to not in number:
        return None
    return duration_us(transition.after), number[transition.to]


NODE = StateMachine()
