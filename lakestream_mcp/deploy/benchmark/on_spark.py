"""A stream through generated code on the local Spark: one file of each source per micro-batch.

Batches are cut every `interval_s` of the stream. What each took is measured; when it would have
begun follows from the clock of the stream, as in `paced`. A first run, whose figures are thrown
away, lets the JVM compile what it runs.
"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from ...cep.events import ROW
from ...cep.host import Host
from ...cep.physical import EPOCH
from ...cep.scenario import BEGINS_US
from ...codegen import Generated
from ...graph.model import Relation
from ..replay import schema_text
from ..spark_files import read_arrow, write_batch
from ..spark_process import SparkProcess
from .figures import Percentiles, State, Step
from .paced import Tell, digest
from .run import Asked, events_of, report_of
from .stream import DELAY_MS, Pool, Shape, pool_of, stream

INTERVAL_S = 2.0
MAX_EVENTS = 200_000
WARM_UP = (2_000, 4)


class Session(NamedTuple):
    """A running Spark with the code of one pattern's pipeline, and rows to draw from."""

    spark: SparkProcess
    generated: Generated
    host: Host
    node: str
    pool: Pool


class Batches(NamedTuple):
    """What Spark did, batch by batch: rows read, seconds, processor seconds; and the matches."""

    rows: list[int]
    took_s: list[float]
    cpu_s: list[float]
    found: list[Any]  # a pyarrow.Table or None per batch
    state_bytes: list[int]  # by stateful operator, at the end


def opened(
    spark: SparkProcess, generated: Generated, host: Host, node: str, asked: Asked
) -> Session:
    """What a benchmark on a running Spark needs. Raises Unsupported."""
    return Session(spark, generated, host, node, pool_of(host, node, asked.shape.seed))


def benchmark_on_spark(session: Session, asked: Asked, tell: Tell) -> dict[str, Any]:
    """The report of a benchmark on Spark. Raises EngineFailed."""
    tell(0.05, "warming up")
    warm_up(session, asked.shape)
    steps: list[Step] = []
    batches: list[Batches] = []
    for number, rate in enumerate(asked.rates):
        tell(0.1 + 0.9 * number / len(asked.rates), f"{rate:g} events/s on Spark")
        events = events_of(rate, asked.seconds, MAX_EVENTS)
        tables = stream(session.host, session.pool, asked.shape, rate, events)
        done = run_batches(session, tables, cuts_of(events, rate), tell)
        steps.append(_step(done, rate, events))
        batches.append(done)
    report = report_of(session.host, session.node, "spark", asked, session.pool, steps)
    return report | {"batches": [_told(b) for b in batches]}


def with_short_delays(document: Any) -> Any:
    """The document with watermark delays that a stream of seconds can pass."""
    from ...graph.duration import delay_ms

    made = document.model_copy(deep=True)
    for node in made.nodes:
        name = "delay" if node.type == "watermark" else "watermark_delay"
        given = node.config.get(name)
        if isinstance(given, str) and delay_ms(given) > DELAY_MS:
            node.config[name] = f"{DELAY_MS // 1000} second"
    return made


def warm_up(session: Session, shape: Shape) -> None:
    """Run a small stream, so that what follows runs compiled."""
    events, parts = WARM_UP
    tables = stream(session.host, session.pool, shape, events / parts, events)
    places = [events * n // parts for n in range(parts + 1)]
    run_batches(session, tables, places, lambda *_: None)


def cuts_of(events: int, rate: float) -> list[int]:
    """The arrival numbers at which batches are cut."""
    size = max(1, round(rate * INTERVAL_S))
    return [*range(0, events, size), events]


def run_batches(
    session: Session,
    tables: Mapping[str, Any],
    places: list[int],
    tell: Callable[..., None],
    other: str | None = None,
) -> Batches:
    """Run the pattern of a notebook on a stream that is cut at these arrival numbers.

    other: a node to run instead, whose rows go nowhere.
    """
    frame = session.generated.frames[other or session.node]
    work = Path(tempfile.mkdtemp(prefix="lakestream-benchmark-"))
    try:
        sources = {
            name: _written(work, name, session, tables.get(name), places)
            for name in session.host.sources
        }
        results = work / "results"
        results.mkdir()
        kept = None if other else str(results)
        answer = _requested(session, work, tell, sources=sources, frame=frame, results=kept)
        progress = answer["progress"]
        found = [read_arrow(results / f"{frame}-{n:06d}.arrow") for n in range(len(progress))]
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return Batches(
        [p["numInputRows"] for p in progress],
        [p["durationMs"]["triggerExecution"] / 1000 for p in progress],
        answer["cpu_s"],
        found,
        answer["state_bytes"],
    )


def _requested(session: Session, work: Path, tell: Callable[..., None], **asked: Any) -> Any:
    """The child's answer."""
    return session.spark.work_through(
        "benchmark",
        lambda event: tell(0.5, f"batch {event['progress']['batchId']} on Spark"),
        notebook=next(iter(session.generated.files.values())),
        parameters={"checkpoints": str(work / "checkpoints"), "tables": str(work / "tables")},
        **asked,
    )


def _written(
    work: Path, name: str, session: Session, table: Any, places: list[int]
) -> dict[str, str]:
    """One file per batch of a source, and what the child needs to read them."""
    import numpy as np

    folder = work / "in" / name
    folder.mkdir(parents=True)
    relation: Relation = session.host.relations[name]
    if table is not None:
        bounds = np.searchsorted(table[ROW].to_numpy(), places).tolist()
        rows = table.drop_columns([ROW])
        for number, (start, end) in enumerate(pairwise(bounds)):
            write_batch(rows.slice(start, end - start), relation, folder, number)
    return {
        "frame": session.generated.frames[name],
        "folder": str(folder),
        "schema": schema_text(relation),
    }


def _step(done: Batches, rate: float, events: int) -> Step:
    """The figures of one rate: each batch begins when it is full, and when the one before ended."""
    clock, backlog, newest = 0.0, 0, 0
    latencies: list[float] = []
    lags: list[float] = []
    ids: list[str] = []
    for number, (rows, took, found) in enumerate(
        zip(done.rows, done.took_s, done.found, strict=True), 1
    ):
        full = number * INTERVAL_S
        backlog = max(backlog, round((clock - full) * rate))
        lags.append((max(clock, full) - newest / rate) * 1000 + DELAY_MS)
        clock = max(clock, full) + took
        newest += rows
        ids += _ids(found)
        latencies += _latencies(found, clock)
    cpu = sum(done.cpu_s)
    busy = sum(done.took_s) / (events / rate)
    return Step(
        rate=rate,
        interval_ms=INTERVAL_S * 1000,
        events=events,
        batches=len(done.rows),
        matches=len(ids),
        matches_sha256=digest(sorted(ids)),
        latency_ms=Percentiles.of(latencies),
        batch_ms=Percentiles.of([took * 1000 for took in done.took_s]),
        lag_ms=Percentiles.of(lags),
        busy=round(busy, 4),
        backlog=backlog,
        saturated=busy >= 1,
        cpu_us_per_event=round(cpu * 1e6 / events, 3),
        prepare_us_per_event=0.0,
        events_per_second=round(events / max(clock, events / rate), 1),
        state=State(keys=None, bytes=sum(done.state_bytes), waiting=None, waiting_bytes=None),
    )


def _ids(found: Any) -> list[str]:
    """The ids of a batch's matches; of an author's own rows, the rows as text."""
    if found is None:
        return []
    if "match_id" in found.column_names:
        return [str(value) for value in found["match_id"].to_pylist()]
    return [repr(row) for row in found.to_pylist()]


def _latencies(found: Any, clock_s: float) -> list[float]:
    """Milliseconds from when each match could be decided to the end of its batch."""
    if found is None or "detected_at" not in found.column_names:
        return []
    latencies = []
    for detected, events in zip(
        found["detected_at"].to_pylist(), found["events"].to_pylist(), strict=True
    ):
        last = max([detected, *(event["event_time"] for event in events[-1:])])
        at_us = physical(last) - BEGINS_US
        latencies.append(max(0.0, clock_s * 1000 - at_us / 1000))
    return latencies


def physical(moment: Any) -> int:
    """Microseconds since 1970."""
    microseconds: int = (moment - EPOCH) // dt.timedelta(microseconds=1)
    return microseconds


def _told(batches: Batches) -> list[dict[str, float]]:
    """What each batch cost."""
    return [
        {"rows": rows, "seconds": took, "cpu_s": round(cpu, 4)}
        for rows, took, cpu in zip(batches.rows, batches.took_s, batches.cpu_s, strict=True)
    ]
