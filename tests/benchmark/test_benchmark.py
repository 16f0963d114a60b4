"""`benchmark_pattern` as an agent uses it: figures, runs, comparison, refusal, cancellation."""

from __future__ import annotations

import asyncio
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from fastmcp import Client

from lakestream_mcp.deploy.benchmark.figures import State, Step
from lakestream_mcp.deploy.benchmark.plot import plot
from lakestream_mcp.deploy.benchmark.search import MAX_RATE, PROBES, saturation
from lakestream_mcp.surfaces.host import Host
from lakestream_mcp.surfaces.mcp import server
from tests.surfaces.callers import Caller

HERE = {"pipeline_id": "payments", "node": "burst"}


@pytest.fixture(scope="module")
def measured(agent: Caller) -> dict[str, Any]:
    """One benchmark, of the only pattern."""
    asked = {"pipeline_id": "payments", "rates": [1000, 100], "keys": 50, "seconds": 3}
    said = agent.call("benchmark_pattern", asked)
    assert said["node"] == HERE["node"]
    return said


def test_each_rate_is_measured_and_the_limit_is_found(measured: dict[str, Any]) -> None:
    assert [step["rate"] for step in measured["steps"]] == [100, 1000]
    assert [step["events"] for step in measured["steps"]] == [300, 3000]
    for step in measured["steps"]:
        latency = step.get("latency_ms")
        assert latency is None or latency["p50"] <= latency["p95"] <= latency["p99"]
        assert step["cpu_us_per_event"] > 0
        assert 0 < step["state"]["keys"] <= 50
    end = measured["saturation"]
    assert end["sustained"] >= 1000
    assert end.get("saturated") is None or end["saturated"] > end["sustained"]
    assert measured["notes"], "the watermark delay of the stream is not the declared one"


def test_a_benchmark_is_a_run_with_a_picture(agent: Caller, measured: dict[str, Any]) -> None:
    listed = agent.call("list_runs", {"pipeline_id": "payments", "kind": "benchmark"})["runs"]
    assert measured["run_id"] in {run["run_id"] for run in listed}


def test_the_picture_is_svg_and_the_same_each_time(host: Host, measured: dict[str, Any]) -> None:
    from tests.surfaces.callers import RestCaller

    rest = RestCaller(host)
    first = rest.call("plot_benchmark", {"run_id": measured["run_id"]})["svg"]
    assert first == rest.call("plot_benchmark", {"run_id": measured["run_id"]})["svg"]
    assert ET.fromstring(first).tag.endswith("svg")


def test_a_picture_of_nothing_is_one_too() -> None:
    step = {"rate": 10.0, "busy": 0.0, "latency_ms": None}
    assert ET.fromstring(plot({"steps": [step]}, "<&>")).tag.endswith("svg")


def test_benchmarks_of_the_same_stream_compare(agent: Caller, measured: dict[str, Any]) -> None:
    again = HERE | {"rates": [100, 1000], "keys": 50, "seconds": 3, "compare": measured["run_id"]}
    compared = agent.call("benchmark_pattern", again)["compared"]
    assert [rate["rate"] for rate in compared["rates"]] == [100, 1000]
    assert all(rate["same_matches"] for rate in compared["rates"])


@pytest.mark.parametrize(
    ("given", "argument", "got", "expected"),
    [
        ({"keys": 51}, "compare", {"keys": 51}, {"keys": 50}),
        ({"seconds": 4}, "compare", {"seconds": 4}, {"seconds": 3}),
        ({"engine": "spark"}, "compare", {"engine": "spark"}, {"engine": "host"}),
        ({"rates": [10, 20]}, "rates", [10, 20], [100, 1000]),
    ],
)
def test_another_stream_is_refused_before_anything_is_measured(
    host: Host,
    measured: dict[str, Any],
    given: dict[str, Any],
    argument: str,
    got: Any,
    expected: Any,
) -> None:
    again = HERE | {"rates": [100], "keys": 50, "seconds": 3, "compare": measured["run_id"]}
    heard: list[Any] = []

    async def hear(*told: Any) -> None:
        heard.append(told)

    async def ask() -> Any:
        async with Client(server(host)) as client:
            return await client.call_tool(
                "benchmark_pattern", again | given, raise_on_error=False, progress_handler=hear
            )

    error = asyncio.run(ask()).structured_content["error"]
    assert (error["code"], error["where"]["argument"]) == ("INVALID_ARGUMENT", argument)
    assert (error["got"], error["expected"]) == (got, expected)
    assert heard == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"node": "real"}, "INVALID_ARGUMENT"),
        ({"node": "brust"}, "NOT_FOUND"),
        ({"rates": []}, "INVALID_ARGUMENT"),
        ({"rates": [0]}, "INVALID_ARGUMENT"),
        ({"keys": 0}, "INVALID_ARGUMENT"),
        ({"skew": -1}, "INVALID_ARGUMENT"),
        ({"compare": "run_none"}, "RUN_NOT_FOUND"),
    ],
)
def test_bad_values_are_told(agent: Caller, arguments: dict[str, Any], code: str) -> None:
    assert agent.call("benchmark_pattern", HERE | arguments)["error"]["code"] == code


def test_authors_own_code_needs_spark(agent: Caller) -> None:
    agent.call("create_pipeline", {"template": "api-quota-leaky-bucket", "name": "Quota"})
    said = agent.call("benchmark_pattern", {"pipeline_id": "quota", "node": "bucket"})
    assert said["error"]["code"] == "UNSUPPORTED"
    assert said["error"]["expected"] == "spark"


def test_a_cancelled_benchmark_stops_and_leaves_no_run(host: Host, agent: Caller) -> None:
    before = agent.call("list_runs", {"pipeline_id": "payments", "kind": "benchmark"})["runs"]
    heard = asyncio.Event()

    async def hear(*_: Any) -> None:
        heard.set()

    async def ask() -> None:
        async with Client(server(host)) as client:
            long = HERE | {"rates": [n * 1000 for n in range(1, 11)], "seconds": 600}
            call = asyncio.create_task(
                client.call_tool("benchmark_pattern", long, progress_handler=hear)
            )
            await asyncio.wait_for(heard.wait(), 30)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call

    asyncio.run(ask())
    after = agent.call("list_runs", {"pipeline_id": "payments", "kind": "benchmark"})["runs"]
    assert after == before


@pytest.mark.parametrize("limit", [0.5, 40.0, 5_000.0, 123_456.0, 10 * MAX_RATE])
def test_the_search_ends_around_the_limit(limit: float) -> None:
    def step(rate: float) -> Step:
        busy = rate / limit
        return Step(
            rate=rate,
            interval_ms=1,
            events=1,
            batches=1,
            matches=0,
            matches_sha256="",
            latency_ms=None,
            batch_ms=None,
            lag_ms=None,
            busy=busy,
            backlog=0,
            saturated=busy >= 1,
            cpu_us_per_event=1,
            prepare_us_per_event=0,
            events_per_second=rate,
            state=State(keys=0, bytes=0, waiting=0, waiting_bytes=0),
        )

    found = saturation(step, [step(100.0)])
    assert len(found.probes) <= PROBES
    assert found.sustained < limit
    if limit <= MAX_RATE:
        assert found.saturated is not None
        assert found.sustained < limit <= found.saturated
    else:
        assert found.sustained == MAX_RATE
        assert found.saturated is None
