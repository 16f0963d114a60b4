"""Synthetic streams: the same by seed, in order, with the keys and the share asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakestream_mcp.cep.host import Host, Options
from lakestream_mcp.deploy.benchmark.paced import run_paced
from lakestream_mcp.deploy.benchmark.run import UNSEARCHED, Asked, report_of
from lakestream_mcp.deploy.benchmark.stream import Pool, Shape, pool_of, stream
from lakestream_mcp.deploy.cost.shares import shares_of
from tests.codegen.bench import Bench

from .pipelines import PAYMENTS


@pytest.fixture(scope="module")
def payments() -> Iterator[tuple[Host, Pool]]:
    """The pipeline, ready to run, and rows for it."""
    bench = Bench()
    made = bench.make(PAYMENTS)
    host = Host(
        made.document, made.validation, bench.catalog, bench.engine, bench.resolver, _silent
    )
    yield host, pool_of(host, "burst", 0)
    bench.close()


def _silent(*_: Any) -> None:
    """Progress that nobody listens to."""


def rows(payments: tuple[Host, Pool], shape: Shape, rate: float, events: int) -> list[Any]:
    host, pool = payments
    listed: list[Any] = stream(host, pool, shape, rate, events)["feed"].to_pylist()
    return listed


def test_a_seed_gives_the_same_stream_and_another_seed_another(
    payments: tuple[Host, Pool],
) -> None:
    first = rows(payments, Shape(seed=1), 100, 500)
    assert first == rows(payments, Shape(seed=1), 100, 500)
    assert first != rows(payments, Shape(seed=2), 100, 500)


def test_a_report_of_spark_says_that_no_limit_was_looked_for(payments: tuple[Host, Pool]) -> None:
    host, pool = payments
    asked = Asked([100.0], 3.0, Shape())
    here, spark = (report_of(host, "burst", e, asked, pool, []) for e in ("host", "spark"))
    assert [note for note in spark["notes"] if note not in here["notes"]] == [UNSEARCHED]


@settings(max_examples=30, deadline=None)
@given(
    keys=st.integers(1, 2_000),
    skew=st.floats(0, 3),
    share=st.floats(0, 1),
    rate=st.floats(0.1, 1e6),
    events=st.integers(1, 300),
    seed=st.integers(0, 5),
)
def test_events_come_in_order_at_the_rate_and_of_as_many_keys_at_most(
    payments: tuple[Host, Pool],
    keys: int,
    skew: float,
    share: float,
    rate: float,
    events: int,
    seed: int,
) -> None:
    made = rows(payments, Shape(keys, skew, share, seed), rate, events)
    assert len(made) == events
    times = [row["at"].timestamp() * 1e6 for row in made]
    assert all(a < b for a, b in pairwise(times))
    assert abs((times[-1] - times[0]) - (events - 1) * 1e6 / rate) <= 2
    assert {row["card"] for row in made} <= {f"k{n}" for n in range(keys)}


def test_skew_makes_few_keys_frequent(payments: tuple[Host, Pool]) -> None:
    def top(skew: float) -> int:
        listed = rows(payments, Shape(100, skew), 1000, 5_000)
        return Counter(row["card"] for row in listed).most_common(1)[0][1]

    assert top(0.0) < 120
    assert top(1.5) > 1_500


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_the_pattern_wants_the_share_asked_for(payments: tuple[Host, Pool], share: float) -> None:
    host, pool = payments
    tables = stream(host, pool, Shape(share=share), 1000, 4_000)
    assert abs(shares_of(host, tables).wanted["burst"] - share) < 0.03


@settings(max_examples=15, deadline=None)
@given(
    keys=st.integers(1, 50),
    rate=st.floats(5, 5_000),
    events=st.integers(1, 800),
    seed=st.integers(0, 3),
)
def test_a_paced_run_finds_what_a_test_finds(
    payments: tuple[Host, Pool], keys: int, rate: float, events: int, seed: int
) -> None:
    host, pool = payments
    tables = stream(host, pool, Shape(keys, 1.0, 0.7, seed), rate, events)
    step, ids = run_paced(host, "burst", tables, rate, _silent)
    tested = host.run(tables, Options(traced=False))
    assert ids == sorted(row["match_id"] for row, _ in tested.patterns["burst"].found)
    assert step.matches == len(ids)
    assert step.events == events
    for parts in (step.latency_ms, step.batch_ms, step.lag_ms):
        assert parts is None or 0 <= parts.p50 <= parts.p95 <= parts.p99
    assert step.saturated == (step.busy >= 1)
    assert step.state.keys is not None and step.state.keys <= keys
