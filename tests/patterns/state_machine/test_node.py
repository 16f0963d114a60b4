"""Configuration of `state-machine`: refusals with their fixes, earlier names."""

from __future__ import annotations

from typing import Any

import pytest

from lakestream_mcp.graph.config import canonical, parse
from lakestream_mcp.graph.model import Column, Problem, Relation
from lakestream_mcp.patterns.state_machine.node import NODE, StateMachineConfig

ROWS = Relation(
    (Column("kind", "string"), Column("cause", "string"), Column("at", "timestamp")), "at", 0
)
PAY = {"from": "new", "to": "paid", "when": "kind = 'pay'"}
SHIP = {"from": "paid", "to": "shipped", "when": "kind = 'ship'"}
LATE = {"from": "paid", "to": "new", "after": "1 hour"}
GOOD: dict[str, Any] = {
    "key": ["kind"],
    "states": ["new", "paid", "shipped"],
    "terminal": ["shipped"],
    "transitions": [PAY, SHIP, LATE],
}


def problems(**changes: Any) -> list[Problem]:
    parsed = parse(NODE, canonical(NODE, GOOD | changes))
    if parsed.config is None:
        return list(parsed.problems)
    return list(NODE.check(parsed.config, [ROWS]))  # type: ignore[arg-type]


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "two of one name": (
        {"states": ["new", "paid", "paid", "shipped"]},
        "DUPLICATE_STATE",
        "states",
    ),
    "unknown target": (
        {"transitions": [PAY | {"to": "payd"}, SHIP, LATE]},
        "UNKNOWN_STATE",
        "transitions.0.to",
    ),
    "unknown origin": (
        {"transitions": [PAY, SHIP | {"from": ["paid", "pad"]}, LATE]},
        "UNKNOWN_STATE",
        "transitions.1.from",
    ),
    "unknown initial": ({"initial": "neww"}, "UNKNOWN_STATE", "initial"),
    "unknown terminal": ({"terminal": ["shiped"]}, "UNKNOWN_STATE", "terminal"),
    "unknown emitted": ({"emit_on": "payed"}, "UNKNOWN_STATE", "emit_on"),
    "begins where it ends": (
        {"terminal": ["new", "shipped"]},
        "INITIAL_TERMINAL",
        "terminal",
    ),
    "nothing emitted": (
        {"terminal": [], "emit_on": "terminal", "forget_after": "1 day"},
        "NOTHING_EMITTED",
        "emit_on",
    ),
    "neither event nor time": (
        {"transitions": [{"from": "new", "to": "paid"}, SHIP, LATE]},
        "TRANSITION_CAUSE",
        "transitions.0.when",
    ),
    "both event and time": (
        {"transitions": [PAY, SHIP, LATE | {"when": "kind = 'x'"}]},
        "TRANSITION_CAUSE",
        "transitions.2.after",
    ),
    "terminal left": (
        {"transitions": [PAY, SHIP, LATE, {"from": "shipped", "to": "new", "when": "TRUE"}]},
        "TERMINAL_LEFT",
        "transitions.3.from",
    ),
    "time from initial": (
        {"transitions": [PAY, SHIP, LATE, {"from": "new", "to": "paid", "after": "1 hour"}]},
        "TIMEOUT_FROM_INITIAL",
        "transitions.3.from",
    ),
    "the same condition twice": (
        {"transitions": [PAY, SHIP, LATE, SHIP | {"to": "new"}]},
        "DUPLICATE_TRANSITION",
        "transitions.3.when",
    ),
    "after one that always holds": (
        {"transitions": [PAY, SHIP | {"to": "new", "when": "true"}, SHIP, LATE]},
        "DUPLICATE_TRANSITION",
        "transitions.2.when",
    ),
    "two times": (
        {"transitions": [PAY, SHIP, LATE, LATE | {"after": "2 hours"}]},
        "SECOND_TIMEOUT",
        "transitions.3.after",
    ),
    "unreachable": (
        {"states": ["new", "paid", "shipped", "lost"]},
        "UNREACHABLE_STATE",
        "states",
    ),
    "stays for ever": ({"transitions": [PAY, SHIP]}, "UNBOUNDED_STATE", "forget_after"),
    "round for ever": (
        {"transitions": [PAY, SHIP, LATE | {"to": "paid"}]},
        "UNBOUNDED_STATE",
        "forget_after",
    ),
    "round too often": (
        {"transitions": [PAY, SHIP, LATE | {"to": "paid", "after": "1s"}], "forget_after": "1 day"},
        "ENDLESS_TIMEOUTS",
        "forget_after",
    ),
    "step of that name": (
        {
            "states": ["new", "paid", "unmatched"],
            "terminal": ["unmatched"],
            "transitions": [PAY, SHIP | {"to": "unmatched"}, LATE],
            "on_unmatched": "error",
        },
        "NAME_TAKEN",
        "states",
    ),
    "key like a measure": ({"key": ["cause"]}, "NAME_TAKEN", "key"),
    "one state": ({"states": ["new"]}, "INVALID_CONFIG", "states"),
    "no origin": (
        {"transitions": [{"to": "paid", "when": "TRUE"}, SHIP, LATE]},
        "MISSING_CONFIG",
        "transitions.0.from",
    ),

}  # fmt: skip


def test_what_is_right_is_accepted() -> None:
    assert problems() == []
    assert problems(initial="new", emit_on=["paid"], on_unmatched="error", forget_after="9h") == []


@pytest.mark.parametrize("name", list(REFUSED))
def test_refused(name: str) -> None:
    changes, code, field = REFUSED[name]
    found = problems(**changes)
    assert [(p.code, p.field) for p in found] == [(code, field)]
    (problem,) = found
    if problem.fix is not None:
        left = problems(**{**changes, **problem.fix})
        assert problem.code not in [p.code for p in left], left


def test_an_unknown_field_of_a_transition_names_the_nearest() -> None:
    changed = {"form": "new", "to": "paid", "when": "kind = 'pay'"}
    found = {p.code: p for p in problems(transitions=[changed, SHIP, LATE])}
    assert found["UNKNOWN_CONFIG"].hint == "did you mean `from`?"
    assert found["UNKNOWN_CONFIG"].fix == {"transitions": [PAY, SHIP, LATE]}


def test_an_earlier_systems_fields() -> None:
    given = {
        "states": '["new", "paid", "shipped"]',
        "transitions": '[{"from": "new", "to": "paid", "condition": "kind = \'pay\'"}, '
        '{"from": "paid", "to": "shipped", "condition": "kind = \'ship\'"}]',
        "keyColumn": "kind",
        "emitOn": "all",
        "terminalStates": "shipped",
        "stateTimeout": {"value": 30, "unit": "minutes"},
    }
    parsed = parse(NODE, canonical(NODE, given))
    assert isinstance(parsed.config, StateMachineConfig), parsed.problems
    assert parsed.config.transitions[0].when == "kind = 'pay'"
    assert parsed.config.transitions[2].model_dump(by_alias=True) == {
        "from": ("paid",),
        "to": "new",
        "when": None,
        "after": "30 minutes",
    }
    assert list(NODE.check(parsed.config, [ROWS])) == []
