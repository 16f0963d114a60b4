"""Configuration of `state-machine`, and how an earlier system wrote it."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ...graph.duration import Duration
from ..common import Condition, Names, PatternConfig

EMIT_ON = ("transition", "terminal", "all")


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _emit_on(value: Any) -> Any:
    if isinstance(value, str) and value not in EMIT_ON:
        return [part.strip() for part in value.split(",")]
    return value


class Transition(BaseModel):
    """From one state, or any of several, to another: by an event, or by time."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    origins: Annotated[tuple[str, ...], BeforeValidator(_one_or_more)] = Field(
        alias="from", min_length=1, description="The state it leaves, or a list of states"
    )
    to: str = Field(description="The state it enters; the same one: its time starts anew")
    when: Condition | None = Field(
        default=None,
        description="SQL condition of the event that causes it; it may read the events that led "
        "into states, e.g. `amount < paid.amount`",
    )
    after: Duration | None = Field(
        default=None, description="Or: how long after entering `from` it happens by itself"
    )


class StateMachineConfig(PatternConfig):
    """States, and what moves a key from one to another."""

    states: Names = Field(min_length=2, max_length=200, description="Names of all states")
    transitions: tuple[Transition, ...] = Field(
        min_length=1,
        max_length=500,
        description="In order: an event takes the first one that leaves the present state and "
        'whose condition is true. [{"from": "new", "to": "paid", "when": "kind = \'pay\'"}, '
        '{"from": "paid", "to": "late", "after": "2 hours"}]',
    )
    initial: str | None = Field(
        default=None, description="Where every key begins; default: the first state"
    )
    terminal: Names = Field(
        default=(), description="States that end a run: the key begins anew after them"
    )
    emit_on: Annotated[
        Literal["transition", "terminal", "all"] | tuple[str, ...], BeforeValidator(_emit_on)
    ] = Field(
        default="transition",
        description="What is a match: `transition`: each change of state; `terminal`: entering a "
        "terminal state; `all`: re-entries too; or a list of states: entering one of them",
    )
    on_unmatched: Literal["ignore", "error"] = Field(
        default="ignore",
        description="An event for which no transition holds: `ignore` it, or emit it as an "
        "`error`, without a change of state",
    )
    forget_after: Duration | None = Field(
        default=None,
        description="How long after its last event of any kind a key is forgotten; needed where a "
        "key could stay in a state for ever",
    )
    max_events_per_key: int = Field(
        default=100,
        ge=1,
        le=100_000,
        description="Entries of the path kept per key; beyond it the oldest is dropped and counted",
    )

    @property
    def start(self) -> str:
        """The state every key begins in."""
        return self.states[0] if self.initial is None else self.initial


def migrated(config: dict[str, Any]) -> dict[str, Any]:
    """States and transitions as JSON text, `condition` for `when`, one timeout for all states."""
    found = dict(config)
    for field in ("states", "transitions"):
        if isinstance(found.get(field), str) and found[field].lstrip().startswith(("[", "{")):
            found[field] = json.loads(found[field])
    if isinstance(found.get("states"), list):
        found["states"] = [_state_name(state) for state in found["states"]]
    if isinstance(found.get("transitions"), list):
        found["transitions"] = [_transition(each) for each in found["transitions"]]
    timeout = found.pop("stateTimeout", None)
    if timeout is not None:
        found["transitions"] = [*found.get("transitions", []), *_timeouts(found, timeout)]
    return found


def _state_name(state: Any) -> Any:
    return (
        state["name"] if isinstance(state, dict) and isinstance(state.get("name"), str) else state
    )


def _transition(given: Any) -> Any:
    if not isinstance(given, dict) or "when" in given or "condition" not in given:
        return given
    return {"when" if name == "condition" else name: value for name, value in given.items()}


def _timeouts(found: dict[str, Any], timeout: Any) -> list[dict[str, Any]]:
    """The earlier `stateTimeout`: back to the first state from every state that is left."""
    states, terminal = found.get("states", []), found.get("terminal", [])
    if isinstance(states, str):
        states = [name.strip() for name in states.split(",")]
    if isinstance(terminal, str):
        terminal = [name.strip() for name in terminal.split(",")]
    first = found.get("initial", states[0] if states else None)
    left = [name for name in states if name != first and name not in terminal]
    return [{"from": left, "to": first, "after": timeout}] if left else []
