"""The state machine against a simulation that goes through time tick by tick."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from lakestream_mcp.cep.carried import carried, load
from lakestream_mcp.graph.config import canonical, parse
from lakestream_mcp.graph.model import Column, Relation
from lakestream_mcp.patterns.state_machine.matcher import StateMachineMatcher
from lakestream_mcp.patterns.state_machine.node import NODE, StateMachineConfig
from lakestream_mcp.relational.columns import SailResolver
from lakestream_mcp.relational.local import LocalEngine

ROWS = Relation((Column("kind", "string"), Column("n", "int"), Column("at", "timestamp")), "at", 0)
MINUTE = 60_000_000
Json = dict[str, Any]
Path = list[tuple[str, int, Any]]


class Event(NamedTuple):
    """A row: minute, kind, number."""

    at: int
    kind: str
    n: int


def led_into(path: Path, state: str) -> list[Event]:
    return [event for name, _, event in path if name == state and event is not None]


CONDITIONS: dict[str, Callable[[Event, Path], bool]] = {
    "kind = 'a'": lambda e, p: e.kind == "a",
    "kind = 'b'": lambda e, p: e.kind == "b",
    "n > 1": lambda e, p: e.n > 1,
    "TRUE": lambda e, p: True,
    "n > one.n": lambda e, p: bool(led_into(p, "one")) and e.n > led_into(p, "one")[-1].n,
    "COUNT(one) >= 2 AND kind = 'a'": lambda e, p: len(led_into(p, "one")) >= 2 and e.kind == "a",
}


class Simulation:
    """One key, minute by minute. A key that rests has no path."""

    def __init__(self, config: Json) -> None:
        self.config = config
        self.state = config["states"][0]
        self.entered = self.seen = 0
        self.path: Path = []
        self.found: list[Any] = []

    def run(self, events: list[Event]) -> list[Any]:
        for now in range(60):
            while self.path and self.by_time(now):
                pass
            for event in events:
                if event.at == now:
                    self.take(event)
        return self.found

    def by_time(self, now: int) -> bool:
        for each in self.config["transitions"]:
            leaves = "after" in each and self.state in origins(each)
            if leaves and now - self.entered == minutes(each["after"]):
                self.enter(each["to"], now, None)
                return True
        forget = self.config.get("forget_after")
        if forget is not None and now - self.seen == minutes(forget):
            self.state, self.path = self.config["states"][0], []
        return False

    def take(self, event: Event) -> None:
        self.seen = event.at
        for each in self.config["transitions"]:
            leaves = "when" in each and self.state in origins(each)
            if leaves and CONDITIONS[each["when"]](event, self.path):
                self.enter(each["to"], event.at, event)
                return
        if self.config.get("on_unmatched") == "error":
            names = [self.config["states"][0], *(name for name, _, _ in self.path)]
            self.found.append((event.at, self.state, None, " > ".join(names), "unmatched"))

    def enter(self, state: str, now: int, event: Event | None) -> None:
        left, self.state, self.entered = self.state, state, now
        self.path = [*self.path, (state, now, event)]
        if self.emits(left):
            names = [self.config["states"][0], *(name for name, _, _ in self.path)]
            cause = "timeout" if event is None else "event"
            self.found.append((now, left, state, " > ".join(names), cause))
        if state == self.config["states"][0]:
            self.path = []
        if state in self.config.get("terminal", []):
            self.state, self.path = self.config["states"][0], []

    def emits(self, left: str) -> bool:
        on = self.config["emit_on"]
        if on == "terminal":
            return self.state in self.config.get("terminal", [])
        if on == "transition":
            return self.state != left
        return on == "all" or self.state in on


def origins(transition: Json) -> list[str]:
    given = transition["from"]
    return [given] if isinstance(given, str) else given


def minutes(text: str) -> int:
    return int(text.split()[0])


def random_machine(rng: random.Random) -> Json:
    states = ["idle", "one", "two", "end"]
    transitions: list[Json] = []
    for _ in range(rng.randrange(2, 9)):
        origin = rng.choice(["idle", "one", "two", ["one", "two"], ["idle", "one"]])
        transitions.append(
            {"from": origin, "to": rng.choice(states), "when": rng.choice(list(CONDITIONS))}
        )
    for origin in rng.choice([[], ["one"], ["two"], ["one", "two"]]):
        after = f"{rng.randrange(1, 12)} minutes"
        transitions.append({"from": origin, "to": rng.choice(states), "after": after})
    rng.shuffle(transitions)
    machine: Json = {
        "states": states,
        "transitions": transitions,
        "terminal": ["end"],
        "emit_on": rng.choice(["transition", "terminal", "all", ["one", "idle"]]),
        "on_unmatched": rng.choice(["ignore", "error"]),
    }
    if rng.random() < 0.7:
        machine["forget_after"] = f"{rng.randrange(2, 20)} minutes"
    return machine


@pytest.fixture(scope="module")
def resolver() -> Iterator[SailResolver]:
    """Types from a running engine."""
    engine = LocalEngine()
    yield SailResolver(engine)
    engine.close()


def played(machine: Json, events: list[Event], resolver: SailResolver) -> list[Any] | None:
    """What the matcher finds; None where the machine is refused."""
    parsed = parse(NODE, canonical(NODE, machine))
    assert isinstance(parsed.config, StateMachineConfig), parsed.problems
    if any(p.severity == "error" for p in NODE.check(parsed.config, [ROWS])):
        return None
    plan = NODE.plan(parsed.config, [ROWS], resolver)
    assert [v.name for v in plan.values[:2]] == ["kind", "n"]
    matcher = load(carried(plan, "p"), "p")[1]
    current = {"kind = 'a'", "kind = 'b'", "n > 1", "TRUE"}
    packed = []
    for event in events:
        holds = [c in current and CONDITIONS[c](event, []) for c in plan.conditions]
        mask = sum(1 << bit for bit, held in enumerate(holds) if held)
        if mask or plan.all_rows:
            packed.append((event.at * MINUTE, mask, (0, event.kind, event.n)))
    out: list[Any] = []
    state = matcher.initial()
    for row in packed:
        state = matcher.on_events(state, [row], out.append)
    if state:
        assert matcher.on_time(state, 1 << 50, out.append) is None
    return [(m[2] // MINUTE, m[4][0], m[4][1], m[4][2], m[4][5]) for m in out]


def test_agrees_with_the_simulation(resolver: SailResolver) -> None:
    compared = matches = 0
    for seed in range(1000):
        rng = random.Random(seed)
        machine = random_machine(rng)
        times = sorted(rng.randrange(30) for _ in range(rng.randrange(14)))
        events = [Event(t, rng.choice("abc"), rng.randrange(4)) for t in times]
        got = played(machine, events, resolver)
        if got is None:
            continue
        expected = Simulation(machine).run(events)
        compared += 1
        matches += len(expected)
        assert got == expected, (seed, machine, events)
    assert compared > 150 and matches > 500, (compared, matches)


def test_a_long_path_is_cut(resolver: SailResolver) -> None:
    machine = {
        "states": ["off", "one", "two"],
        "transitions": [
            {"from": ["off", "two"], "to": "one", "when": "kind = 'a'"},
            {"from": "one", "to": "two", "when": "kind = 'a'"},
        ],
        "forget_after": "1 day",
        "max_events_per_key": 2,
    }
    parsed = parse(NODE, canonical(NODE, machine))
    assert parsed.config is not None
    matcher = load(carried(NODE.plan(parsed.config, [ROWS], resolver), "p"), "p")[1]  # type: ignore[arg-type]
    out: list[Any] = []
    matcher.on_events(None, [(t, 1, (0, "a", 1)) for t in (0, 1, 2)], out.append)
    assert [m[4][2] for m in out] == ["off > one", "off > one > two", "… > two > one"]
    assert [json.loads(m[4][3]) for m in out] == [[None, 0], [None, 0, 1], [None, 1, 2]]
    assert [len(m[3]) for m in out] == [1, 2, 2]
    assert matcher.dropped == 1


def test_a_stored_state_follows_times_that_were_changed() -> None:
    def machine(after: int) -> StateMachineMatcher:
        return StateMachineMatcher(
            ("off", "on"), 0, (0,), (((0, None, 1),), ()), (None, (after, 0)), (0, 1)
        )

    out: list[Any] = []
    state = machine(10).on_events(None, [(0, 1, (0,))], out.append)
    state = machine(20).on_time(state, 10, out.append)
    assert machine(20).next_timer(state) == 20
    assert machine(20).on_time(state, 20, out.append) is None
    assert [(m[2], m[4][5]) for m in out] == [(0, "event"), (20, "timeout")]


def test_events_that_no_transition_takes_are_ignored_unless_asked_for() -> None:
    leaving = (((0, None, 1),), ((0, None, 0),))
    for asked, expected in (({}, 1), ({"unmatched": True}, 2)):
        out: list[Any] = []
        matcher = StateMachineMatcher(("a", "b"), 0, (0,), leaving, (None, None), (0, 1), **asked)
        matcher.on_events(matcher.initial(), [(1, 1, ()), (2, 0, ())], out.append)
        assert len(out) == expected
