"""Benchmarks through generated code: what Spark finds is what the host finds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lakestream_mcp.cep.host import Host, Options
from lakestream_mcp.deploy import spark_env
from lakestream_mcp.deploy.benchmark.on_spark import (
    INTERVAL_S,
    Session,
    benchmark_on_spark,
    cuts_of,
    run_batches,
    with_short_delays,
)
from lakestream_mcp.deploy.benchmark.run import UNSEARCHED, Asked
from lakestream_mcp.deploy.benchmark.stream import Shape, pool_of, stream
from lakestream_mcp.deploy.spark_process import SparkProcess
from lakestream_mcp.graph.model import PipelineDocument
from tests.codegen.bench import Bench

from .pipelines import PAYMENTS

pytestmark = pytest.mark.spark
RATE, EVENTS, SHAPE = 500.0, 3_000, Shape(keys=40, share=0.8)


def silent(*_: Any) -> None:
    """Progress that nobody listens to."""


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """The pipeline on a running Spark."""
    bench = Bench()
    document = with_short_delays(PipelineDocument.model_validate(PAYMENTS))
    made = bench.make(document.model_dump())
    host = Host(made.document, made.validation, bench.catalog, bench.engine, bench.resolver, silent)
    with SparkProcess(spark_env.find()) as spark:
        yield Session(spark, made.generated, host, "burst", pool_of(host, "burst", 0))
    bench.close()


def test_spark_finds_the_hosts_matches(session: Session) -> None:
    tables = stream(session.host, session.pool, SHAPE, RATE, EVENTS)
    done = run_batches(session, tables, cuts_of(EVENTS, RATE), silent)
    assert sum(done.rows) == EVENTS
    assert len(done.cpu_s) == len(done.rows) == len(done.found)
    assert all(cpu >= 0 for cpu in done.cpu_s)
    found = [i for t in done.found if t is not None for i in t["match_id"].to_pylist()]
    run = session.host.run(tables, Options(traced=False, advance_to=None))
    assert sorted(found) == sorted(row["match_id"] for row, _ in run.patterns["burst"].found)
    assert found


def test_its_report_is_like_the_hosts(session: Session) -> None:
    report = benchmark_on_spark(session, Asked([RATE], 4.0, SHAPE), silent)
    (step,) = report["steps"]
    assert report["engine"] == "spark"
    assert "saturation" not in report and UNSEARCHED in report["notes"]
    assert step["events"] == 2_000
    assert step["matches"] > 0
    assert step["interval_ms"] == INTERVAL_S * 1000
    assert 0 < step["latency_ms"]["p50"] <= step["latency_ms"]["p95"] <= step["latency_ms"]["p99"]
    assert step["cpu_us_per_event"] > 0
    assert sum(batch["rows"] for batch in report["batches"][0]) == 2_000
