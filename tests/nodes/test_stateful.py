"""Windows and joins of streams: what is told, dropped and refused, in the tester."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.cep.host import Host, Options
from lakestream_mcp.cep.testing import TestRequest as Request
from lakestream_mcp.cep.testing import test_pipeline as run_test
from lakestream_mcp.graph.apply import apply
from lakestream_mcp.graph.config import canonical
from lakestream_mcp.graph.model import PipelineDocument
from lakestream_mcp.graph.validate import Validation, validate
from tests.codegen.bench import Bench, Made, chain, joined, sink, source

COUNT = [{"function": "count", "name": "n"}]
WINDOW = {"id": "w", "type": "window-aggregate", "name": "W"}
JOIN = {"id": "j", "type": "stream-stream-join", "name": "J"}


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def window(**config: Any) -> dict[str, Any]:
    return {**WINDOW, "config": {"duration": "10 seconds", "aggregations": COUNT, **config}}


def at(*seconds: int, key: str = "k") -> list[dict[str, Any]]:
    times = {s: f"2026-03-01T00:{s // 60:02d}:{s % 60:02d}Z" for s in seconds}
    return [{"id": s, "key": key, "at": times[s]} for s in seconds]


def host_of(bench: Bench, made: Made) -> Host:
    return Host(
        made.document,
        made.validation,
        bench.catalog,
        bench.engine,
        bench.resolver,
        lambda *_: None,
    )


def report_for(
    bench: Bench, document: dict[str, Any], events: Any, **options: Any
) -> dict[str, Any]:
    made = bench.make(document)
    return run_test(
        made.document,
        made.validation,
        Request(events, Options(**options), check_order=True),
        catalog=bench.catalog,
        engine=bench.engine,
        resolver=bench.resolver,
        find_file=Path,
        progress=lambda *_: None,
    )


def told(bench: Bench, config: dict[str, Any], seconds: list[int], **options: Any) -> list[Any]:
    """Seconds at which windows start, and how many rows each has."""
    made = bench.make(chain(source("2 seconds"), window(**config)))
    tables = bench.tables(made, {"events": at(*seconds)})
    rows = host_of(bench, made).run(tables, Options(**options)).tables["w"].to_pylist()
    return [(row["window_start"].second, row["n"]) for row in rows]


def test_a_window_is_told_once_the_watermark_has_passed_its_end(bench: Bench) -> None:
    seconds = [1, 9, 11, 12]
    assert told(bench, {}, seconds, advance_to=None) == [(0, 2)]
    assert told(bench, {}, seconds[:-1], advance_to=None) == []
    assert told(bench, {}, seconds) == [(0, 2), (10, 2)]


def test_a_late_row_counts_while_its_window_is_open(bench: Bench) -> None:
    """Rows two batches after the one that closed the window are dropped, as Spark does it."""
    assert told(bench, {}, [1, 11, 11, 2]) == [(0, 2), (10, 2)]
    assert told(bench, {}, [1, 15, 2]) == [(0, 2), (10, 1)]
    assert told(bench, {}, [1, 15, 15, 2]) == [(0, 1), (10, 2)]
    assert told(bench, {}, [1, 12, 12, 2]) == [(0, 1), (10, 2)]
    assert told(bench, {}, [1, 11, 11, 2]) == [(0, 2), (10, 2)]


def test_sessions_merge_until_they_are_told(bench: Bench) -> None:
    config = {"window_type": "session", "duration": None, "gap": "3 seconds"}
    assert told(bench, config, [1, 4, 8]) == [(1, 2), (8, 1)]
    assert told(bench, config, [4, 1, 8]) == [(1, 2), (8, 1)]
    assert told(bench, config, [1, 5, 3]) == [(1, 3)]
    assert told(bench, config, [1, 8, 8, 4]) == [(1, 1), (4, 1), (8, 2)]


def test_a_report_counts_what_was_late_and_what_waits(bench: Bench) -> None:
    document = chain(source("2 seconds"), window())
    report = report_for(bench, document, at(1, 15, 15, 2), advance_to=None)
    said = report["nodes"]["w"]
    assert (said["late_rows"], said["waiting"]) == (1, 1)
    assert {n: report["counts"][n] for n in ("rows", "late", "waiting")} == {
        "rows": 1,
        "late": 1,
        "waiting": 1,
    }
    assert [row["n"] for row in report["rows"]["w"]] == [1]
    assert report["watermark"]["w"] == "2026-03-01T00:00:13Z"
    assert report["late"] == [{"pattern": "w", "event": 3}]
    assert report["order"]["w"]["depends_on_order"]
    assert len(report["warnings"]) == 2
    on_time = report_for(bench, document, at(1, 15, 14, 16))
    assert not on_time["order"]["w"]["depends_on_order"]


def join(**config: Any) -> dict[str, Any]:
    given = {"keys": ["key"], "within_before": "5 seconds", "right_prefix": "r_", **config}
    feeds = {side: [source("2 seconds", node_id=side)] for side in ("left", "right")}
    return joined({**JOIN, "config": given}, feeds)


def pairs(bench: Bench, config: dict[str, Any], left: Any, right: Any, **options: Any) -> list[Any]:
    made = bench.make(join(**config))
    tables = bench.tables(made, {"left": left, "right": right})
    rows = host_of(bench, made).run(tables, Options(**options)).tables["j"].to_pylist()
    return sorted(((row["id"], row["r_id"]) for row in rows), key=repr)


def test_partners_are_within_the_bounds(bench: Bench) -> None:
    found = pairs(bench, {"within_after": "1 second"}, at(10, 20, 31), at(15, 19, 29, 37))
    assert found == [(10, 15), (20, 19)]


def test_a_row_at_the_watermark_is_late(bench: Bench) -> None:
    assert pairs(bench, {}, at(10, 30, 30, 17), at(19, 30)) == [(30, 30), (30, 30)]
    assert pairs(bench, {}, at(10, 30, 30, 18), at(19, 30)) == [(18, 19), (30, 30), (30, 30)]


def test_rows_without_any_partner_are_no_pair(bench: Bench) -> None:
    assert pairs(bench, {}, at(10), at(30)) == []


def test_a_row_alone_is_told_when_no_partner_can_come(bench: Bench) -> None:
    """Ten is forgotten once the watermark is more than five seconds past it: two after both are."""
    config = {"join": "left"}
    left = at(10, 18)
    assert pairs(bench, config, left, at(12, 17), advance_to=None) == [(10, 12)]
    assert pairs(bench, config, left, at(17), advance_to=None) == []
    assert pairs(bench, config, left, at(17, 18), advance_to=None) == [(10, None), (18, 18)]
    assert pairs(bench, config, left, at(17)) == [(10, None), (18, None)]


def test_keys_of_one_name_go_out_once(bench: Bench) -> None:
    relation = bench.make(join()).validation.relations["j"]
    assert relation.names[:2] == ("key", "id")
    assert (relation.event_time, relation.delay_ms) == ("at", None)


def findings(bench: Bench, document: dict[str, Any]) -> Validation:
    parsed = PipelineDocument.model_validate(document)
    return validate(parsed, bench.catalog, bench.resolver)


@pytest.mark.parametrize(
    ("config", "code", "field"),
    [
        ({"aggregations": [{"function": "sum", "column": "note"}]}, "UNSUPPORTED_TYPE", "0.column"),
        ({"aggregations": [{"function": "sum", "column": "amont"}]}, "UNKNOWN_COLUMN", "0.column"),
        ({"group_by": ["amount"]}, "UNSUPPORTED_TYPE", "group_by"),
        ({"order_by": ["id"]}, "UNUSED_CONFIG", "order_by"),
        ({"aggregations": COUNT * 2}, "DUPLICATE_COLUMN", ""),
        ({"window_type": "sliding"}, "INVALID_CONFIG", "needs `slide`"),
        ({"window_type": "session", "duration": None}, "INVALID_CONFIG", "needs `gap`"),
        ({"slide": "1 second"}, "INVALID_CONFIG", "no `slide`"),
        ({"window_type": "sliding", "slide": "11 seconds"}, "INVALID_CONFIG", "longer"),
        ({"duration": "1 month"}, "INVALID_CONFIG", "month"),
    ],
)
def test_wrong_windows(bench: Bench, config: dict[str, Any], code: str, field: str) -> None:
    errors = findings(bench, chain(source(), window(**config))).errors
    assert [e.code for e in errors] == [code]
    assert field in f"{errors[0].field} {errors[0].message}"


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"keys": ["amount"]}, "UNSUPPORTED_TYPE"),
        ({"keys": [{"left": "key", "right": "id"}]}, "TYPES_DIFFER"),
        ({"keys": ["kex"]}, "UNKNOWN_COLUMN"),
        ({"right_prefix": None}, "DUPLICATE_COLUMN"),
        ({"condition": "amount > 1"}, "UNKNOWN_COLUMN"),
        ({"condition": "left.amount"}, "NOT_A_CONDITION"),
        ({"condition": "left.amont > 1"}, "UNKNOWN_COLUMN"),
    ],
)
def test_wrong_joins(bench: Bench, config: dict[str, Any], code: str) -> None:
    assert [e.code for e in findings(bench, join(**config)).errors] == [code]


def test_without_a_watermark_the_source_is_told_to_declare_one(bench: Bench) -> None:
    feed = source()
    del feed["config"]["watermark_delay"]
    document = PipelineDocument.model_validate(chain(feed, window()))
    (error,) = validate(document, bench.catalog, bench.resolver).errors
    assert error.code == "MISSING_WATERMARK"
    fixed = apply(document, error.fix or [], bench.catalog).document
    assert validate(fixed, bench.catalog, bench.resolver).ok


def test_without_event_time_only_that_is_told(bench: Bench) -> None:
    feed = source()
    for name in ("watermark_delay", "event_time"):
        del feed["config"][name]
    last = [{"function": "last", "column": "id"}]
    found = findings(bench, chain(feed, window(aggregations=last)))
    assert [e.code for e in found.errors] == ["MISSING_EVENT_TIME"]
    assert found.errors[0].fix
    sides: dict[str, Any] = {s: [{**feed, "id": s}] for s in ("left", "right")}
    given = {"keys": ["key"], "within_before": "5 seconds", "right_prefix": "r_"}
    both = findings(bench, joined({**JOIN, "config": given}, sides))
    assert [e.code for e in both.errors] == ["MISSING_EVENT_TIME"] * 2


DISTINCT = {"id": "d", "type": "deduplicate", "name": "D", "config": {"key": ["n"]}}
WATERMARK = {"event_time": "window_end", "delay": "1 minute"}
BEHIND = {
    "watermark": {"id": "m", "type": "watermark", "name": "M", "config": WATERMARK},
    "pattern": DISTINCT,
}


@pytest.mark.parametrize("kind", ["watermark", "pattern", "before"])
def test_a_table_comes_between_two_stateful_nodes(bench: Bench, kind: str) -> None:
    first, second = (DISTINCT, window()) if kind == "before" else (window(), BEHIND[kind])
    document = PipelineDocument.model_validate(chain(source(), first, second))
    errors = validate(document, bench.catalog, bench.resolver).errors
    (error,) = (e for e in errors if e.code == "STATEFUL_AFTER_STATEFUL")
    assert (error.node, error.got) == (second["id"], first["id"])
    fixed = apply(document, error.fix or [], bench.catalog).document
    left = validate(fixed, bench.catalog, bench.resolver).errors
    assert [e.code for e in left] == (["WATERMARK_TWICE"] if kind == "watermark" else [])


@pytest.mark.parametrize(
    ("given", "ours"),
    [
        (
            {
                "windowType": "sliding",
                "duration": {"value": 5, "unit": "minutes"},
                "slideInterval": "1 minute",
                "groupByKeys": "a, b",
                "aggregations": '[{"function": "COUNT", "column": "*", "alias": "n"}]',
            },
            {
                "window_type": "sliding",
                "duration": {"value": 5, "unit": "minutes"},
                "slide": "1 minute",
                "group_by": "a, b",
                "aggregations": COUNT,
            },
        ),
        (
            {"windowType": "session", "duration": "5m", "aggregations": '{"total": "sum(x)"}'},
            {
                "window_type": "session",
                "gap": "5m",
                "aggregations": [{"name": "total", "function": "sum", "column": "x"}],
            },
        ),
    ],
)
def test_earlier_windows_are_read(bench: Bench, given: Any, ours: Any) -> None:
    assert canonical(bench.catalog.get("window-aggregate"), given) == ours


def test_earlier_joins_are_read(bench: Bench) -> None:
    given = {"joinCondition": "left.id = right.order_id AND left.a > 1", "joinType": "full"}
    assert canonical(bench.catalog.get("stream-stream-join"), given) == {
        "keys": [{"left": "id", "right": "order_id"}],
        "condition": "left.a > 1",
        "join": "full",
    }


def test_a_sink_of_its_own_for_each_is_no_second_state(bench: Bench) -> None:
    document = chain(source(), window())
    document["nodes"] += [{**window(), "id": "w2", "name": "W2"}, sink("also")]
    document["edges"] += [
        {"source": "events", "target": "w2"},
        {"source": "w2", "target": "also"},
    ]
    assert findings(bench, document).ok
