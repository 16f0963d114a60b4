"""What is wrong with a state machine beyond the types of its fields, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ...errors import nearest
from ...graph.duration import duration_us
from ...graph.model import Problem
from .config import StateMachineConfig, Transition

MAX_ROUNDS = 10_000
UNMATCHED = "unmatched"
ALWAYS = "TRUE"


def check_machine(config: StateMachineConfig) -> Iterator[Problem]:
    """Unknown and repeated names first; what the machine does only where its names are right."""
    named = [*_names(config)]
    yield from named
    for place, transition in enumerate(config.transitions):
        yield from _kind(config, place, transition)
    yield from _repeated(config)
    if not named:
        yield from _unreachable(config)
        yield from _unbounded(config)


def timeout_of(config: StateMachineConfig, state: str) -> Transition | None:
    """The transition that leaves a state by time."""
    found = (t for t in config.transitions if t.after is not None and state in t.origins)
    return next(found, None)


def resting(config: StateMachineConfig) -> frozenset[str]:
    """The states in which nothing is kept for a key."""
    return frozenset((config.start, *config.terminal))


def reachable(config: StateMachineConfig) -> set[str]:
    """The states that some run can enter."""
    found, todo = {config.start}, [config.start]
    while todo:
        state = todo.pop()
        for transition in config.transitions:
            if state in transition.origins and transition.to not in found:
                found.add(transition.to)
                if transition.to not in config.terminal:
                    todo.append(transition.to)
    return found


def _names(config: StateMachineConfig) -> Iterator[Problem]:
    once = list(dict.fromkeys(config.states))
    if len(once) < len(config.states):
        repeated = next(name for name in once if config.states.count(name) > 1)
        message = f"Two states are called `{repeated}`."
        yield Problem("DUPLICATE_STATE", message, "states", repeated, fix={"states": once})
    if config.on_unmatched == "error" and UNMATCHED in once:
        yield Problem(
            "NAME_TAKEN",
            f"`{UNMATCHED}` is the step of events for which no transition holds.",
            "states",
            UNMATCHED,
            hint="Call the state something else.",
        )
    for field, name in _mentioned(config):
        if name not in once:
            yield _unknown(config, field, name)
    if config.start in config.terminal:
        yield Problem(
            "INITIAL_TERMINAL",
            f"`{config.start}` is where a key begins, so it cannot be where it ends.",
            "terminal",
            list(config.terminal),
            fix={"terminal": [name for name in config.terminal if name != config.start]},
        )
    if config.emit_on == "terminal" and not config.terminal:
        yield Problem(
            "NOTHING_EMITTED",
            "No state is terminal, so `emit_on: terminal` emits nothing.",
            "emit_on",
            "terminal",
            ["transition", "all", "a list of states"],
            fix={"emit_on": "transition"},
        )


def _mentioned(config: StateMachineConfig) -> Iterator[tuple[str, str]]:
    """Every name of a state with the field that holds it."""
    if config.initial is not None:
        yield "initial", config.initial
    for name in config.terminal:
        yield "terminal", name
    if not isinstance(config.emit_on, str):
        for name in config.emit_on:
            yield "emit_on", name
    for place, transition in enumerate(config.transitions):
        for name in transition.origins:
            yield f"transitions.{place}.from", name
        yield f"transitions.{place}.to", transition.to


def _unknown(config: StateMachineConfig, field: str, name: str) -> Problem:
    near = nearest(name, config.states)
    fix = None
    if near is not None:
        top = field.partition(".")[0]
        fix = {top: _renamed(_plain(config)[top], name, near)}
    return Problem(
        "UNKNOWN_STATE",
        f"There is no state `{name}`.",
        field,
        name,
        list(config.states),
        f"Did you mean `{near}`?" if near else "Add it to `states`.",
        fix,
    )


def _renamed(value: Any, name: str, near: str) -> Any:
    """The value with a state's name replaced; conditions and times are left as they are."""
    if isinstance(value, dict):
        return {k: _renamed(v, name, near) if k in ("from", "to") else v for k, v in value.items()}
    if isinstance(value, list):
        return [_renamed(item, name, near) for item in value]
    return near if value == name else value


def _plain(config: StateMachineConfig) -> dict[str, Any]:
    """The configuration as it is written."""
    return config.model_dump(mode="json", by_alias=True, exclude_none=True)


def _without(config: StateMachineConfig, place: int) -> dict[str, Any] | None:
    """The transitions but one, where others are left."""
    rest = _plain(config)["transitions"]
    del rest[place]
    return {"transitions": rest} if rest else None


def _kind(config: StateMachineConfig, place: int, transition: Transition) -> Iterator[Problem]:
    field = f"transitions.{place}"
    if (transition.when is None) == (transition.after is None):
        both = transition.when is not None
        yield Problem(
            "TRANSITION_CAUSE",
            f"The transition to `{transition.to}` has "
            + ("both `when` and `after`." if both else "neither `when` nor `after`."),
            f"{field}.after" if both else f"{field}.when",
            transition.after,
            "`when` for a transition by an event, or `after` for one by time",
            "Split it in two." if both else "For any event write `TRUE`.",
        )
    for name in transition.origins:
        if name in config.terminal and name != config.start:
            yield Problem(
                "TERMINAL_LEFT",
                f"`{name}` is terminal, so no transition leaves it.",
                f"{field}.from",
                name,
                hint="Take it out of `terminal`, or remove the transition.",
                fix={"terminal": [n for n in config.terminal if n != name]},
            )
    if transition.after is not None and config.start in transition.origins:
        yield Problem(
            "TIMEOUT_FROM_INITIAL",
            f"`{config.start}` is where a key is before its first event: nothing says since when.",
            f"{field}.from",
            config.start,
            "a state that an event leads into",
            "Enter another state by `when: TRUE` first, and let that one time out.",
            _without(config, place) if len(transition.origins) == 1 else None,
        )


def _repeated(config: StateMachineConfig) -> Iterator[Problem]:
    """Transitions that an earlier one always keeps from happening."""
    seen: dict[tuple[str, str | None], int] = {}
    for place, transition in enumerate(config.transitions):
        timed = transition.after is not None
        cause = None if timed else (transition.when or "").strip()
        for name in transition.origins:
            first = seen.setdefault((name, cause), place)
            if not timed:
                first = min(first, seen.get((name, ALWAYS), place))
            if first < place:
                yield _precluded(config, name, first, place)
            if cause is not None and cause.upper() == ALWAYS:
                seen.setdefault((name, ALWAYS), place)


def _precluded(config: StateMachineConfig, state: str, first: int, place: int) -> Problem:
    transition = config.transitions[place]
    timed = transition.after is not None
    return Problem(
        "SECOND_TIMEOUT" if timed else "DUPLICATE_TRANSITION",
        f"`{state}` has two transitions by time; only the shorter could ever happen."
        if timed
        else f"Transition {first} leaves `{state}` whenever this one could, so it never happens.",
        f"transitions.{place}.{'after' if timed else 'when'}",
        transition.after if timed else transition.when,
        hint=None if timed else "Put it before the other one, or remove it.",
        fix=_without(config, place) if len(transition.origins) == 1 else None,
    )


def _unreachable(config: StateMachineConfig) -> Iterator[Problem]:
    found = reachable(config)
    for name in config.states:
        if name not in found:
            rest = [state for state in config.states if state != name]
            used = any(name in (*t.origins, t.to) for t in config.transitions)
            removable = not used and len(rest) > 1
            yield Problem(
                "UNREACHABLE_STATE",
                f"No transition leads from `{config.start}` to `{name}`.",
                "states",
                name,
                hint=f"Add a transition to `{name}`, or remove it.",
                fix={"states": rest} if removable else None,
                severity="warning",
            )


def _unbounded(config: StateMachineConfig) -> Iterator[Problem]:
    for name in config.states:
        if name not in reachable(config):
            continue
        path = silent_path(config, name)
        looped = path[-1] in path[:-1]
        if path[-1] in resting(config):
            continue
        if config.forget_after is None:
            yield Problem(
                "UNBOUNDED_STATE",
                f"A key {'goes round' if looped else 'stays'} in `{path[-1]}` for ever when "
                "nothing more comes.",
                "forget_after",
                None,
                "how long after its last event a key is forgotten, or a transition by time to a "
                "terminal state or the initial one",
                fix={"forget_after": "1 day"},
            )
            return
        if looped:
            yield from _too_fast(config, config.forget_after, path)
            return


def silent_path(config: StateMachineConfig, state: str) -> list[str]:
    """The states a key passes through by time alone, up to rest, a state it stays in, or a loop."""
    path = [state]
    while path[-1] not in resting(config):
        timeout = timeout_of(config, path[-1])
        if timeout is None:
            break
        path.append(timeout.to)
        if timeout.to in path[:-1]:
            break
    return path


def _too_fast(
    config: StateMachineConfig, forget_after: str, path: Sequence[str]
) -> Iterator[Problem]:
    loop = path[path.index(path[-1]) : -1]
    timeouts = [timeout_of(config, name) for name in loop]
    length = sum(duration_us(t.after) for t in timeouts if t is not None and t.after is not None)
    if duration_us(forget_after) > MAX_ROUNDS * length:
        yield Problem(
            "ENDLESS_TIMEOUTS",
            f"Transitions by time would go round `{' > '.join(path)}` more than {MAX_ROUNDS} times "
            "before the key is forgotten.",
            "forget_after",
            forget_after,
            f"less than {MAX_ROUNDS} rounds",
            "Lengthen the times, or forget the key sooner.",
        )
