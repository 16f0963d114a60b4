"""Cases of sequences: pattern, events and matches, with the meaning of Flink CEP."""

from __future__ import annotations

from typing import Any

from .case_file import Json, Verdict, code_of, compared
from .engines import Answer, Found, Trial

MS = 1000
BASE = 1_600_000_000_000_000
"""Where time 0 of a case lies: events at or before 1970 would be late before they come."""
MAX_PARTIALS = 1_000_000
COLUMNS = {
    "id": "bigint",
    "ts": "timestamp",
    "key": "string",
    "name": "string",
    "price": "double",
    "volume": "double",
    "kind": "string",
}
TYPES = {bool: "boolean", int: "double", float: "double", str: "string"}
CONTIGUITY = {
    "begin": "relaxed",
    "next": "strict",
    "followedBy": "relaxed",
    "followedByAny": "relaxed-any",
    "notNext": "strict",
    "notFollowedBy": "relaxed",
    "beginNotFor": "relaxed",
}
INNER = {"consecutive": "strict", "relaxed": "relaxed", "combinations": "relaxed-any"}
SKIP = {
    "noSkip": "no-skip",
    "skipToNext": "skip-to-next",
    "skipPastLastEvent": "skip-past-last",
    "skipToFirst": "skip-to-first",
    "skipToLast": "skip-to-last",
}
NO_SKIP: Json = {"strategy": "noSkip"}
ONCE: Json = {"min": 1, "max": 1}
NEGATED = ("notNext", "notFollowedBy", "beginNotFor")
WAITS = "beginNotFor"
PATTERN = "found"
ARRIVAL = "arrival"
CLOSING = -1
FAILS_AT_RUN_TIME = "FlinkRuntimeException"


def trial(case: Json) -> Trial:
    """The pipeline and the rows of a case."""
    events = sorted(case["events"], key=lambda event: event["ts"])
    columns = dict(COLUMNS)
    for event in events:
        columns |= {
            n: TYPES[type(v)] for n, v in event.items() if n not in columns and v is not None
        }
    rows = [{name: event.get(name) for name in columns} for event in events]
    if case["pattern"][0]["contiguity"] == WAITS:
        rows.insert(0, _clock_start(columns, rows))
    for number, row in enumerate(rows):
        row["ts"] = BASE + row["ts"] * MS
        row[ARRIVAL] = number
    end = case.get("end_of_input_ms")
    return Trial(
        node={"id": PATTERN, "type": "sequence", "name": "Sequence", "config": config_of(case)},
        columns=columns | {ARRIVAL: "bigint"},
        event_time="ts",
        rows=rows,
        until=None if end is None else BASE + end * MS,
        fails=FAILS_AT_RUN_TIME in (case.get("error") or ""),
    )


def _clock_start(columns: dict[str, str], rows: list[Json]) -> Json:
    """A row that fits no step: time runs from 0 in these cases, and so does the wait."""
    row: Json = dict.fromkeys(columns)
    row["ts"] = min([0, *(r["ts"] for r in rows)])
    row["key"] = rows[0]["key"] if rows else None
    return row


def config_of(case: Json) -> Json:
    """The configuration of the node that a case stands for."""
    steps = [_step(step) for step in case["pattern"]]
    config: Json = {
        "key": ["key"],
        "order_by": [ARRIVAL],
        "keep": ["id"],
        "steps": steps,
        "max_partial_matches": MAX_PARTIALS,
    }
    _bound_in_time(case, config)
    skip = case.get("skip") or NO_SKIP
    config["after_match"] = SKIP[skip["strategy"]]
    if skip.get("to"):
        config["skip_to"] = skip["to"]
        config["skip_to_missing"] = "fail" if skip.get("throw_if_missing") else "ignore"
    waits = case["pattern"][0]["contiguity"] == WAITS
    timed = "within" in config or any(map(_is_gapped, steps[1:] if waits else steps))
    if case.get("timed_out") is not None and timed:
        config["emit_timed_out"] = True
    return config


def _bound_in_time(case: Json, config: Json) -> None:
    steps, within = config["steps"], case.get("within_ms")
    if case["pattern"][0]["contiguity"] == WAITS and "within" not in steps[0] and within:
        steps[0]["within"] = f"{within} ms"
    elif within and case.get("within_scope") != "previous_and_current":
        config["within"] = f"{within} ms"
    elif within and _bounds_a_gap(case["pattern"]):
        steps[-1]["within"] = f"{within} ms"


def _bounds_a_gap(pattern: list[Json]) -> bool:
    """Flink bounds the gap to a single event only: not of a first step, `times` or a group."""
    last = pattern[-1]
    quantifier = last.get("quantifier") or ONCE
    times = (quantifier["min"], quantifier["max"])
    return len(pattern) > 1 and times == (1, 1) and "group" not in last


def _is_gapped(step: Json) -> bool:
    return bool({"within", "times_within"} & set(step)) or any(
        map(_is_gapped, step.get("steps", ()))
    )


def _step(step: Json) -> Json:
    quantifier = step.get("quantifier") or ONCE
    made: Json = {
        "name": step["name"],
        "contiguity": CONTIGUITY[step["contiguity"]],
        "min": quantifier["min"],
        "max": quantifier["max"],
        "optional": quantifier.get("optional", False),
        "greedy": quantifier.get("greedy", False),
        "inner": INNER[quantifier.get("inner") or "relaxed"],
        "negated": step["contiguity"] in NEGATED,
        "until": _condition(quantifier.get("until")),
    }
    window = quantifier.get("times_window_ms")
    if step["contiguity"] == WAITS:
        lengths = [v for k, v in (step | quantifier).items() if k.endswith("_ms") and v]
        made |= {"within": f"{lengths[0]} ms"} if lengths else {}
    elif window and quantifier["max"] != 1:
        made["times_within"] = f"{window} ms"
    if "group" in step:
        made["steps"] = [_step(inner) for inner in step["group"]]
    else:
        made["where"] = _condition(step.get("condition"))
    return made


def _condition(text: str | None) -> str | None:
    """A condition in Spark's SQL: names are delimited by another sign."""
    return None if text is None else text.replace('"', "`")


def judge(case: Json, answer: Answer) -> Verdict:
    """Whether the answer is what the case says."""
    if case.get("error"):
        return Verdict(
            "wrong", f"expected a refusal: {case['error']}; got {len(answer.found)} rows"
        )
    late = [one for one in answer.found if one.row.get("timed_out")]
    matches = [one for one in answer.found if not one.row.get("timed_out")]
    wrong = _compare_matches(case, matches) or _compare_timed_out(case, late)
    if wrong is None and answer.traced:
        wrong = _compare_emission(case, matches)
    return wrong or Verdict("pass")


def _compare_matches(case: Json, matches: list[Found]) -> Verdict | None:
    if case.get("expected_bindings") is not None:
        return compared("bindings", _named(case), [_bound(one) for one in matches])
    return compared(
        "events", _sets(case.get("expected") or []), _sets([_ids(one) for one in matches])
    )


def _compare_timed_out(case: Json, late: list[Found]) -> Verdict | None:
    wanted = case.get("timed_out")
    if wanted is None:
        return None
    if wanted and not isinstance(wanted[0], dict):
        return compared("timed out", _sets(wanted), _sets([_ids(one) for one in late]))
    return compared("timed out", wanted, [_bound(one) for one in late])


def _compare_emission(case: Json, matches: list[Found]) -> Verdict | None:
    """When and by what each match came out, beside its events where the case names them."""
    after, by = case.get("emitted_after"), case.get("emitted_by")
    if after is None or by is None:
        return None
    named: list[Any] = _named(case) or [None] * len(after)
    listed = [_bound(one) if case.get("expected_bindings") else None for one in matches]
    came = [(CLOSING if one.after is None else one.after["id"], one.by) for one in matches]
    wanted = [list(each) for each in zip(named, after, by, strict=True)]
    got = [[bound, *how] for bound, how in zip(listed, came, strict=True)]
    return compared("emission", wanted, got)


def refused(case: Json, error: Exception, at_run_time: bool) -> Verdict:
    """The verdict where there is no answer: a pass where the case says that there is none."""
    said = f"{code_of(error)}: {error}"
    expected = case.get("error")
    if expected and (not at_run_time or FAILS_AT_RUN_TIME in expected):
        return Verdict("pass", said)
    return Verdict("crash" if at_run_time else "refused", said)


def _named(case: Json) -> list[Json]:
    """The expected events by step, without steps that bind none."""
    listed = case.get("expected_bindings") or []
    return [{step: ids for step, ids in bound.items() if ids} for bound in listed]


def _bound(found: Found) -> dict[str, list[Any]]:
    bound: dict[str, list[Any]] = {}
    for event in found.row["events"]:
        bound.setdefault(event["step"], []).append(event["id"])
    return bound


def _ids(found: Found) -> list[Any]:
    return [event["id"] for event in found.row["events"]]


def _sets(listed: list[list[Any]]) -> list[list[Any]]:
    return [sorted(ids) for ids in listed]
