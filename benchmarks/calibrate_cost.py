"""What events, micro-batches and state cost: measures what `estimate_cost` counts with.

    python benchmarks/calibrate_cost.py [--host | --state] [--out FILE]

One pipeline per pattern type, from the templates, on the host and on the local Spark; what reading
costs without the pattern is taken off. Each is run with small and with large micro-batches, so that
the cost of a batch and that of an event come apart. `--host` measures the host's part again, and
leaves what Spark took; `--state` measures only what kept keys cost Spark. `check_cost.py` compares.
"""

from __future__ import annotations

import argparse
import datetime as dt
import itertools
import json
import os
import pickle
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
CALIBRATION = HERE.parent / "lakestream_mcp" / "deploy" / "cost" / "calibration.json"
PIPELINES = {
    "absence": ("sla-breach-detection", "unanswered"),
    "count-threshold": ("smart-meter-tampering", "fiddling"),
    "custom": ("api-quota-leaky-bucket", "bucket"),
    "deduplicate": ("player-behavior-analytics", "once"),
    "geofence": ("fleet-monitoring", "depots"),
    "heartbeat": ("telecom-network-anomaly", "silent"),
    "match-recognize": ("market-flash-crash", "crash"),
    "outlier": ("realtime-anomaly", "anomaly"),
    "sequence": ("clickstream-funnel", "funnel"),
    "session": ("user-session-analytics", "sessions"),
    "state-machine": ("machine-downtime-tracking", "states"),
    "temporal-correlation": ("ad-impression-attribution", "attributed"),
    "trend": ("predictive-maintenance", "warming"),
    "velocity": ("card-testing-detection", "refusals"),
}
KEYS = 1_000
MANY_KEYS = 40_000
SMALL, LARGE = 2_000, 30_000
SLOW = {"custom"}
"""Run with a tenth of the events: an author's own code talks to Spark's state row by row."""
BATCHES = 2
RATE = 5_000.0
Figures = dict[str, float]


class Bench(NamedTuple):
    """What every measurement needs."""

    catalog: Any
    engine: Any
    resolver: Any


@contextmanager
def bench() -> Iterator[Bench]:
    """Catalogue and local engine."""
    from lakestream_mcp.catalog import Catalog
    from lakestream_mcp.relational.columns import SailResolver
    from lakestream_mcp.relational.local import LocalEngine

    engine = LocalEngine()
    try:
        yield Bench(Catalog.load(), engine, SailResolver(engine))
    finally:
        engine.close()


def host_of(b: Bench, template: str) -> Any:
    """A host for a template's pipeline, with watermark delays that short streams pass."""
    from lakestream_mcp.cep.host import Host
    from lakestream_mcp.deploy.benchmark.on_spark import with_short_delays
    from lakestream_mcp.graph.validate import validate
    from lakestream_mcp.templates.library import built_in

    document = with_short_delays(built_in()[template].pipeline)
    validation = validate(document, b.catalog, b.resolver)
    return Host(document, validation, b.catalog, b.engine, b.resolver, lambda *_: None)


def on_host(b: Bench, template: str, node: str) -> Figures:
    """Microseconds of the kernel per event wanted, and bytes per event that is kept of a key."""
    from lakestream_mcp.deploy.benchmark.paced import run_paced
    from lakestream_mcp.deploy.benchmark.stream import Shape, pool_of, stream
    from lakestream_mcp.deploy.cost.flows import kept_events

    host = host_of(b, template)
    pool = pool_of(host, node, 0)
    share, seconds, rate = wanted_share(pool), 10.0, RATE * 2
    tables = stream(host, pool, Shape(KEYS), rate, round(rate * seconds))
    step, _ = run_paced(host, node, tables, rate, lambda *_: None)
    bound = host.catalog.get(host.type_of(node)).state_bound(host.configs[node])
    keys = step.state.keys or 0
    kept = keys * kept_events(bound, rate * share, KEYS, seconds)
    return {
        "host_us": step.cpu_us_per_event / share,
        "bytes_per_event": step.state.bytes / kept if kept else 0.0,
    }


def wanted_share(pool: Any, share: float = 0.5) -> float:
    """The share of a stream's events that the pattern wants: all, where no others were found."""
    mixed = [bool(pool.wanted[name]) + 2 * bool(pool.others[name]) for name in pool.tables]
    return statistics.fmean({1: 1.0, 2: 0.0, 3: share}[kind] for kind in mixed)


def on_spark(b: Bench, spark: Any, template: str, node: str, keys: int = KEYS) -> Figures:
    """Processor time of a batch and of an event, with the pattern and of what it reads alone."""
    session, host = opened(b, spark, template, node)
    (before, *_) = [edge.source for edge in host.inputs(node)]
    times = 10 if host.type_of(node) in SLOW else 1
    batch, event = parted(session, keys, None, times)
    read_batch, read_event = parted(session, keys, before)
    share = wanted_share(session.pool)
    return {
        "share": share,
        "batch_ms": batch * 1000,
        "event_us": event * 1e6,
        "read_batch_ms": read_batch * 1000,
        "read_us": read_event * 1e6,
        "spark_us": max(event - read_event, 0.0) * 1e6 / share,
    }


def opened(b: Bench, spark: Any, template: str, node: str, warm: bool = False) -> tuple[Any, Any]:
    """A session on a running Spark, and its host."""
    from lakestream_mcp.codegen import generate
    from lakestream_mcp.deploy.benchmark.on_spark import Session, warm_up
    from lakestream_mcp.deploy.benchmark.stream import Shape, pool_of
    from lakestream_mcp.graph.validate import validate

    host = host_of(b, template)
    validation = validate(host.document, b.catalog, b.resolver)
    made = generate(host.document, validation, b.catalog, template, 1, b.resolver, "sss")
    session = Session(spark, made, host, node, pool_of(host, node, 0))
    if warm:
        warm_up(session, Shape(KEYS))
    return session, host


def parted(session: Any, keys: int, other: str | None, times: int = 1) -> tuple[float, float]:
    """Processor seconds of a batch, and of an event, from batches of two sizes."""
    small, large = batches_of(session, keys, other, times)
    event = max(large - small, 0.0) / (LARGE - SMALL) * times
    return max(small - event * SMALL / times, 0.0), event


def batches_of(
    session: Any, keys: int, other: str | None = None, times: int = 1
) -> tuple[float, float]:
    """Processor seconds of a small and of a large batch; the first and the last do not count.

    times: how much smaller than usual batches are.
    """
    from lakestream_mcp.deploy.benchmark.on_spark import run_batches
    from lakestream_mcp.deploy.benchmark.stream import Shape, stream

    sizes = [SMALL // times] * (BATCHES + 1) + [LARGE // times] * BATCHES
    places = [0, *itertools.accumulate(sizes)]
    tables = stream(session.host, session.pool, Shape(keys), RATE, places[-1])
    done = run_batches(session, tables, places, lambda *_: None, other)
    small, large = done.cpu_s[1 : BATCHES + 1], done.cpu_s[BATCHES + 1 : 2 * BATCHES + 1]
    return statistics.median(small), statistics.median(large)


def state_on_spark(b: Bench, spark: Any) -> float:
    """Microseconds that a key with one event kept costs a micro-batch on Spark."""
    session, _ = opened(b, spark, *PIPELINES["absence"], warm=True)
    few, many = (after_filling(session, keys) for keys in (KEYS, MANY_KEYS))
    return max(many - few, 0.0) * 1e6 / (MANY_KEYS - KEYS)


def after_filling(session: Any, keys: int) -> float:
    """Processor seconds of a small batch, once nearly every key has a state."""
    from lakestream_mcp.deploy.benchmark.on_spark import run_batches
    from lakestream_mcp.deploy.benchmark.stream import Shape, stream

    fill = 4 * MANY_KEYS
    places = [0, fill, *(fill + SMALL * n for n in range(1, 8))]
    tables = stream(session.host, session.pool, Shape(keys, share=0.9), fill / 10, places[-1])
    done = run_batches(session, tables, places, lambda *_: None)
    return statistics.median(done.cpu_s[3:8])


def state_on_host(b: Bench) -> Figures:
    """What it takes here to read, look through and write a key, and each event kept of it."""
    one, _ = state_in_process(b, *PIPELINES["absence"])
    several, kept = state_in_process(b, *PIPELINES["count-threshold"])
    return {"key_us_host": one, "kept_event_us_host": (several - one) / max(kept - 1, 1)}


def state_in_process(b: Bench, template: str, node: str) -> tuple[float, float]:
    """Microseconds per key, and how many events are kept of one."""
    from lakestream_mcp.cep.carried import carried
    from lakestream_mcp.cep.host import Options
    from lakestream_mcp.cep.packing import united_rows
    from lakestream_mcp.cep.replay import Batch, Session
    from lakestream_mcp.deploy.benchmark.stream import Shape, pool_of, stream
    from lakestream_mcp.explain.path import upstream_of

    host = host_of(b, template)
    tables = stream(host, pool_of(host, node, 0), Shape(KEYS * 5), RATE, 100_000)
    relations = host.input_relations(node)
    plan = host.catalog.get(host.type_of(node)).plan(host.configs[node], relations, b.resolver)
    run = host.run(tables, Options(traced=False), upstream_of(host, node))
    packed = united_rows(plan, relations, [run.along(e) for e in host.inputs(node)], b.engine)
    session = Session(carried(plan, node), node, packed.slice(0, 0), False)
    session.take(Batch(packed, 0))
    mark = int(packed["ts"][-1].as_py())
    session.take(Batch(session.empty, mark))
    keys, rounds = len(session.states), 5
    began = time.thread_time()
    for _ in range(rounds):
        session.states = pickle.loads(pickle.dumps(session.states, 5))
        session.take(Batch(session.empty, mark))
    return (time.thread_time() - began) * 1e6 / rounds / max(keys, 1), packed.num_rows / keys


def calibrated() -> dict[str, Any]:
    """What Spark takes: of each pattern, and of state."""
    from lakestream_mcp.deploy import spark_env
    from lakestream_mcp.deploy.spark_process import SparkProcess

    found: dict[str, Figures] = {}
    with bench() as b, SparkProcess(spark_env.find()) as spark:
        opened(b, spark, *PIPELINES["absence"], warm=True)
        for kind, (template, node) in PIPELINES.items():
            found[kind] = rounded(on_spark(b, spark, template, node))
            print(kind, found[kind], file=sys.stderr)
        key_us = round(state_on_spark(b, spark), 4)
    return {
        "measured_on": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, local Spark 4.2.0",
        "read_us": middle(found, "read_us"),
        "read_batch_ms": middle(found, "read_batch_ms"),
        "batch_ms": middle(found, "batch_ms"),
        "state": {"key_us_spark": key_us},
        "patterns": found,
    }


def state_alone() -> float:
    """What kept keys cost Spark, measured by itself."""
    from lakestream_mcp.deploy import spark_env
    from lakestream_mcp.deploy.spark_process import SparkProcess

    with bench() as b, SparkProcess(spark_env.find()) as spark:
        return round(state_on_spark(b, spark), 4)


def with_host(found: dict[str, Any]) -> dict[str, Any]:
    """What the host takes, added; and what a turn of the reference loop is on this machine."""
    from lakestream_mcp.deploy.benchmark.reference import reference_us

    with bench() as b:
        for kind, (template, node) in PIPELINES.items():
            if kind != "custom":
                found["patterns"][kind] |= rounded(on_host(b, template, node))
                print(kind, found["patterns"][kind], file=sys.stderr)
        found["state"] |= rounded(state_on_host(b))
    return found | {"reference_us": round(reference_us(), 5)}


def rounded(figures: Figures) -> Figures:
    """Four digits are more than enough."""
    return {name: float(f"{value:.4g}") for name, value in figures.items()}


def middle(found: dict[str, Figures], name: str) -> float:
    """The median of a figure over all patterns."""
    return round(statistics.median(figures[name] for figures in found.values()), 3)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--host", action="store_true")
    parser.add_argument("--state", action="store_true")
    parser.add_argument("--out", type=Path, default=CALIBRATION)
    a = parser.parse_args()
    if a.state:
        found = json.loads(a.out.read_text("utf-8"))
        found["state"]["key_us_spark"] = state_alone()
        a.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        return
    found = with_host(json.loads(a.out.read_text("utf-8")) if a.host else calibrated())
    a.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
