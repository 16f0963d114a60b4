"""What a test's report says of a pattern, to the last field; lists are capped, counts are not."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from lakestream_mcp.cep import testing
from lakestream_mcp.cep.host import Host, Options
from lakestream_mcp.cep.report import jsonable, report_of
from lakestream_mcp.errors import LakestreamError
from lakestream_mcp.graph.model import PipelineDocument
from lakestream_mcp.graph.validate import refuse_errors, validate
from tests.codegen.bench import Bench, Made, chain, source

Json = dict[str, Any]
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
WAIT: Json = {
    "trigger": "kind = 'A'",
    "expected": "kind = 'B'",
    "within": "10 seconds",
    "key": ["key"],
    "order_by": ["id"],
    "keep": ["note"],
    "on_repeat": "each",
}


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def row(number: int, second: float, kind: str = "A", **more: Any) -> Json:
    at = START + dt.timedelta(seconds=second)
    return {"id": number, "key": "k", "kind": kind, "note": f"n{number}", "at": at} | more


def made_of(bench: Bench, kind: str, config: Json, delay: str = "0 seconds") -> Made:
    return bench.make(
        chain(source(delay), {"id": "it", "type": kind, "name": "It", "config": config})
    )


def told(bench: Bench, made: Made, rows: list[Json], **options: Any) -> Json:
    """The report, and how far the run said it was."""
    steps: list[tuple[float, str]] = []
    host = Host(made.document, made.validation, bench.catalog, bench.engine, bench.resolver,
                lambda *step: steps.append(step))  # fmt: skip
    tables = bench.tables(made, {"events": rows})
    run = host.run(dict(tables), Options(**options))
    nodes = made.validation.order
    assert steps == [(n / len(nodes), f"running {name}") for n, name in enumerate(nodes)]
    return report_of(host, run, tables, run.patterns)


def test_every_field(bench: Bench) -> None:
    rows = [
        row(1, 0), row(2, 3), row(3, 5, "B", key="other"), row(4, 12, "C"), row(5, 11.5),
        row(6, 12.5, "B"), row(7, 20), row(8, 21, "C"), row(9, 0, at=None),
    ]  # fmt: skip
    report = told(bench, made_of(bench, "absence", WAIT), rows, advance_to=None)
    (match,) = report["matches"]
    shown = match["events"][0].pop("row")
    assert (shown["id"], shown["note"], "__row" in shown) == (1, "n1", False)
    assert len(match.pop("match_id")) == 64
    assert match == {
        "pattern": "it",
        "key": {"key": "k"},
        "started_at": "2026-01-01T00:00:00Z",
        "ended_at": "2026-01-01T00:00:10Z",
        "detected_at": "2026-01-01T00:00:10Z",
        "events": [{"step": "trigger", "at": "2026-01-01T00:00:00Z", "event": 0}],
        "measures": {},
        "state": [
            {
                "events": [{"step": "trigger", "at": "2026-01-01T00:00:03Z", "event": 1}],
                "deadline": "2026-01-01T00:00:13Z",
            }
        ],
    }
    (ended,) = report["ended"]
    assert ended["events"].pop()["row"]["id"] == 2
    assert ended == {
        "pattern": "it", "key": {"key": "k"}, "reason": "forbidden event",
        "at": "2026-01-01T00:00:12.500Z", "by_event": 5, "events": [],
    }  # fmt: skip
    (waiting,) = report["waiting"]
    assert waiting["events"][0]["event"] == 6
    assert (waiting["pattern"], waiting["key"]) == ("it", {"key": "k"})
    assert waiting["deadline"] == "2026-01-01T00:00:30Z"
    assert report["late"] == [{"pattern": "it", "event": 4}]
    assert report["counts"] == {
        "events": 9, "matches": 1, "late": 1, "skipped": 1, "waiting": 1, "over_limit": 0,
    }  # fmt: skip
    assert report["nodes"]["events"] == {"rows_in": 0, "rows_out": 9}
    assert report["nodes"]["it"] == {"rows_in": 9, "rows_out": 1}
    assert report["watermark"] == {"it": "2026-01-01T00:00:21Z"}
    assert [len(code) for code in report["code_hash"].values()] == [64]


def test_lists_are_capped_and_counts_are_not(bench: Bench) -> None:
    config = {"key": ["id"], "within": "1 hour"}
    rows = [row(n % 1_010, n / 100) for n in range(1_600)]
    rows += [row(5_000 + n, 0) for n in range(120)]
    report = told(bench, made_of(bench, "deduplicate", config), rows)
    assert report["counts"]["matches"] == len(rows) - 120 - 590
    assert report["counts"]["late"] == 120
    assert [len(report[name]) for name in ("matches", "ended", "late")] == [1_000, 500, 100]
    many = [row(n, n / 20) for n in range(260)]
    report = told(bench, made_of(bench, "absence", WAIT), many, advance_to=None)
    assert len(report["waiting"]) == 100
    assert report["counts"]["waiting"] == 200
    assert [len(match["state"]) for match in report["matches"]] == [20] * 60
    capped = told(bench, made_of(bench, "absence", WAIT | {"max_waiting": 190}), many)
    assert capped["counts"]["over_limit"] == 70


def test_values_are_plain_json() -> None:
    given = {
        1: [START, dt.date(2026, 1, 2), Decimal("1.50"), b"\x01", math.nan, -math.inf, 0.5],
        "b": (True, None, "x", {"c": dt.datetime(2026, 1, 1, 0, 0, 0, 5, tzinfo=dt.UTC)}),
    }
    assert jsonable(given) == {
        "1": ["2026-01-01T00:00:00Z", "2026-01-02", "1.50", "01", "nan", "-inf", 0.5],
        "b": [True, None, "x", {"c": "2026-01-01T00:00:00.000005Z"}],
    }


def whole(bench: Bench, made: Made, events: Any, **given: Any) -> Json:
    """A whole test, as the operation runs it."""
    return testing.test_pipeline(
        made.document, made.validation, testing.TestRequest(events, **given), catalog=bench.catalog,
        engine=bench.engine, resolver=bench.resolver, find_file=dt.datetime.fromisoformat,  # type: ignore[arg-type]
        progress=lambda *_: None,
    )  # fmt: skip


def test_a_test_warns_and_checks_the_order(bench: Bench) -> None:
    made = made_of(bench, "absence", WAIT | {"max_waiting": 1})
    rows = [row(1, 0), row(2, 1), row(3, 0.5), row(4, 2, "C")]
    options = Options(advance_to=None)
    report = whole(bench, made, rows, options=options, node="it", check_order=True, seed=7)
    assert report["order"]["it"]["seed"] == 7
    assert report["order"]["it"]["depends_on_order"] is True
    assert "later than the watermark delay" in report["order"]["it"]["reason"]
    assert len(report["warnings"]) == 2
    assert report["warnings"][0].startswith("it: 1 late rows were dropped with each row in a batch")
    assert report["warnings"][1] == "1 partial matches were dropped at the cap"
    by_two = whole(bench, made, rows, options=Options(batch_rows=2))
    assert not [w for w in by_two["warnings"] if "each row" in w]
    assert "order" not in by_two
    extra = whole(bench, made, [{**rows[0], "nte": 1}])
    assert ["did you mean `note`" in w for w in extra["warnings"]] == [True]


def test_a_pipeline_with_errors_is_not_run(bench: Bench) -> None:
    made = made_of(bench, "absence", WAIT)
    config = {k: v for k, v in WAIT.items() if k != "expected"}
    node = {"id": "it", "type": "absence", "name": "It", "config": config}
    broken = PipelineDocument.model_validate(chain(source(), node))
    found = validate(broken, bench.catalog, bench.resolver, bench.cache)
    with pytest.raises(LakestreamError, match=r"has 1 error, so") as raised:
        whole(bench, made._replace(validation=found), [])
    told = raised.value
    assert (told.where, told.got) == ({"node": "it", "field": "expected"}, "MISSING_CONFIG")
    assert "validate_pipeline" in (told.hint or "")
    with pytest.raises(LakestreamError) as raised:
        whole(bench, made._replace(validation=found), [], columns=[{"op": "x"}])
    assert (raised.value.fix, "events show" in (raised.value.hint or "")) == ([{"op": "x"}], True)
    warned = found.findings[0].model_copy(update={"severity": "warning"})
    refuse_errors(replace(found, findings=[warned]))


def test_the_messages_of_sinks_are_told(bench: Bench) -> None:
    document = chain(source(), {"id": "it", "type": "absence", "name": "It", "config": WAIT})
    hook = {"url": "https://example.com/hook"}
    document["nodes"].append(
        {"id": "hook", "type": "rest-webhook-sink", "name": "H", "config": hook}
    )
    document["edges"].append({"source": "it", "target": "hook"})
    report = whole(bench, bench.make(document), [row(n, n) for n in range(3)])
    assert {node: len(made) for node, made in report["messages"].items()} == {"hook": 3}
    assert "messages" not in whole(bench, made_of(bench, "absence", WAIT), [])


@pytest.mark.parametrize("count", [0, 100_001, "5", 2])
def test_so_many_events_are_simulated(bench: Bench, count: Any) -> None:
    config = {"profile": "iot-sensors"}
    made = bench.make(
        chain({"id": "it", "type": "stream-simulator", "name": "It", "config": config})
    )
    if count == 2:
        assert whole(bench, made, {"simulate": count})["counts"]["events"] == 2
        return
    with pytest.raises(LakestreamError, match="how many events to simulate") as raised:
        whole(bench, made, {"simulate": count})
    assert raised.value.got == count


REFUSED: list[tuple[Any, Json, str]] = [
    ([], {"node": "itt"}, "`itt` is no pattern"),
    ({"evnts": []}, {}, "`evnts` is no source"),
    (5, {}, "Events are a list of rows"),
    ({"events": 5}, {}, "Events of `events` are not a list"),
    ({"simulate": 5}, {}, "`events` is no stream-simulator"),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_what_cannot_be_tested_is_told(bench: Bench, number: int) -> None:
    events, given, message = REFUSED[number]
    made = made_of(bench, "absence", WAIT)
    with pytest.raises(LakestreamError) as raised:
        whole(bench, made, events, **given)
    assert message in raised.value.message
    if "`" in message and "no " in message and "stream" not in message:
        assert raised.value.expected in (["events"], ["it"])
