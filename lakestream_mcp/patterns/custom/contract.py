"""Whether an author's class is what Spark's row API expects."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...cep.authored.safety import at
from ...cep.processor_type import TimeMode
from ...errors import InvalidArgument, nearest
from ...graph.model import Problem
from ...relational.column_types import parse_columns
from .code import BASE, Authored, Declaration

METHODS = {
    "init": ("self", "handle"),
    "handleInputRows": ("self", "key", "rows", "timerValues"),
    "handleExpiredTimer": ("self", "key", "timerValues", "expiredTimerInfo"),
    "handleInitialState": ("self", "key", "initialState", "timerValues"),
    "close": ("self",),
}
REQUIRED = ("init", "handleInputRows")
TIMER_CALLS = ("registerTimer", "deleteTimer", "listTimers")
CLOCKS = {
    "getCurrentProcessingTimeInMs": ("processing_time",),
    "getCurrentWatermarkInMs": ("event_time",),
}
TIMED = {"time_mode": "event_time"}
KEY_TYPES = ("float", "double", "array", "map", "struct")
IMPORT_BASE = f"from pyspark.sql.streaming import {BASE}\n"


def one_class(authored: Authored, code: str) -> Iterator[Problem]:
    """Exactly one subclass of StatefulProcessor, which can be made without arguments."""
    names = [c.name for c in authored.classes]
    if len(names) != 1:
        yield Problem(
            "ONE_CLASS",
            f"The code has {len(names)} subclasses of {BASE}; it needs exactly one.",
            "code",
            names,
            f"class Name({BASE})",
        )
        return
    imported = {
        a.asname or a.name
        for n in authored.tree.body
        if isinstance(n, ast.ImportFrom)
        for a in n.names
    }
    if BASE not in imported and any(
        isinstance(b, ast.Name) and b.id == BASE for b in authored.classes[0].bases
    ):
        fix = {"code": IMPORT_BASE + code}
        yield Problem("MISSING_IMPORT", f"{BASE} is not imported.", "code", fix=fix)
    made = authored.methods.get("__init__")
    if made is not None:
        needed = len(made.args.args) - 1 - len(made.args.defaults)
        if needed or any(d is None for d in made.args.kw_defaults):
            yield at(
                made.lineno,
                "METHOD_PARAMETERS",
                "the class is made without arguments, but `__init__` asks for some.",
                expected="__init__(self)",
            )


def methods(authored: Authored) -> Iterator[Problem]:
    """Names and parameters: Spark calls `handleExpiredTimer` by keyword."""
    for name in REQUIRED:
        if name not in authored.methods:
            near = nearest(name, [m for m in authored.methods if m not in METHODS])
            yield Problem(
                "MISSING_METHOD",
                f"The class has no method `{name}`.",
                "code",
                sorted(authored.methods),
                _signature(name),
                f"did you mean `{name}` by `{near}`?" if near else None,
            )
    for name, method in authored.methods.items():
        given = tuple(a.arg for a in (*method.args.posonlyargs, *method.args.args))
        if name in METHODS and (given != METHODS[name] or method.args.posonlyargs):
            yield at(
                method.lineno,
                "METHOD_PARAMETERS",
                f"the parameters of `{name}` have other names than Spark's.",
                got=f"{name}({', '.join(given)})",
                expected=_signature(name),
            )
        elif name not in METHODS and (near := _misspelt(name)):
            yield at(
                method.lineno,
                "METHOD_NAME",
                f"Spark never calls `{name}`.",
                got=name,
                expected=near,
                hint=f"did you mean `{near}`?",
            )
    if "handleInitialState" in authored.methods:
        yield at(
            authored.methods["handleInitialState"].lineno,
            "NEVER_CALLED",
            "no initial state is given here, so `handleInitialState` is never called.",
            severity="warning",
        )


def _misspelt(name: str) -> str | None:
    """A method of the contract that differs in case or underscores only, or in a letter or two."""
    plain = name.replace("_", "").lower()
    exact = next((m for m in METHODS if m.lower() == plain), None)
    return exact or (nearest(name, METHODS) if name.startswith("handle") else None)


def _signature(name: str) -> str:
    return f"def {name}({', '.join(METHODS[name])})"


def states(authored: Authored, time_mode: TimeMode) -> Iterator[Problem]:
    """State is declared in `init`, by literal name and DDL; TTL needs processing time."""
    seen: set[str] = set()
    for declared in authored.declarations:
        line = declared.call.lineno
        if declared.method != "init":
            message = f"state is declared in `init` only, not in `{declared.method}`."
            yield at(line, "STATE_OUTSIDE_INIT", message)
            continue
        name = declared.text("stateName", authored.constants)
        if name is None or not name:
            message = "the name of a state is a literal text."
            yield at(line, "STATE_NOT_LITERAL", message, expected="a text such as 'count'")
        elif name in seen:
            yield at(line, "STATE_TWICE", f"state `{name}` is declared twice.", got=name)
        seen.add(name or "")
        for argument in declared.schema_names:
            yield from _schema(authored, declared, argument)
        ttl = declared.arguments.get("ttlDurationMs")
        is_none = isinstance(ttl, ast.Constant) and ttl.value is None
        if ttl is not None and not is_none and time_mode != "processing_time":
            yield at(
                line,
                "TTL_WITHOUT_PROCESSING_TIME",
                "a time to live counts processing time, so it cannot be combined with this mode.",
                got=time_mode,
                expected="time_mode processing_time",
                hint="with event time, set a timer and clear the state when it expires",
                fix={"time_mode": "processing_time"},
            )


def _schema(authored: Authored, declared: Declaration, argument: str) -> Iterator[Problem]:
    line, text = declared.call.lineno, declared.text(argument, authored.constants)
    if text is None:
        yield at(
            line,
            "STATE_NOT_LITERAL",
            f"`{argument}` is no literal text.",
            expected="DDL such as 'n bigint, note string'",
        )
        return
    try:
        columns = parse_columns(text)
    except InvalidArgument as error:
        yield at(
            line,
            "STATE_SCHEMA",
            f"`{argument}`: {error.message}",
            got=text,
            expected=error.expected,
            hint=error.hint,
        )
        return
    for column in columns:
        yield from _state_type(line, column.type, argument, text)


def _state_type(line: int, kind: str, argument: str, text: str) -> Iterator[Problem]:
    words = kind.replace("timestamp_ntz", "").lower()
    if "timestamp" in words:
        yield at(
            line,
            "STATE_TYPE",
            "Spark gives a timestamp in state back without zone, in the worker's local time.",
            got=kind,
            expected="bigint with microseconds, or timestamp_ntz",
        )
    if any(word in text.lower().replace("(", " ").split() for word in ("varchar", "char")):
        yield at(line, "STATE_TYPE", "use string for text.", got=text, expected="string")
    if argument == "userKeySchema" and kind.startswith(KEY_TYPES):
        yield at(
            line,
            "STATE_TYPE",
            f"a map's key cannot be {kind}: Spark compares its bytes.",
            got=kind,
            expected="integers, text, boolean, date, decimal, binary or timestamp_ntz",
        )


def clocks(authored: Authored, time_mode: TimeMode) -> Iterator[Problem]:
    """Timers need a time mode; a clock that is not the mode's would make answers differ."""
    for node in ast.walk(authored.tree):
        if not isinstance(node, ast.Attribute):
            continue
        if node.attr in TIMER_CALLS and time_mode == "none":
            message = f"`{node.attr}` needs a time mode."
            yield at(node.lineno, "TIMERS_WITHOUT_TIME", message, got=time_mode, fix=TIMED)
        modes = CLOCKS.get(node.attr, (time_mode,))
        if time_mode not in modes:
            yield at(
                node.lineno,
                "OTHER_CLOCK",
                f"`{node.attr}` says nothing that could be relied on with time_mode {time_mode}.",
                got=time_mode,
                expected=f"time_mode {modes[0]}",
                fix={"time_mode": modes[0]},
            )
