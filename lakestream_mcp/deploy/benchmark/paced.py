"""A stream through one pattern's kernel, micro-batch by micro-batch, at the stream's own pace.

The clock is computed: each batch takes the events that have arrived by then, and the processor time
that its work really took passes before the next one. So a rate that is too high shows as a growing
backlog, and nothing waits for events to arrive. A batch begins at least an interval after the one
before; streams of less than a few seconds have shorter intervals, and shorter watermark delays.
"""

from __future__ import annotations

import hashlib
import pickle
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from ...cep.carried import carried
from ...cep.host import Host, Options, final_watermark
from ...cep.packing import united_rows
from ...cep.pattern_type import PatternType
from ...cep.replay import FAR, Batch, Session
from ...cep.scenario import BEGINS_US
from ...cep.watermark import watermark_before
from ...errors import Unsupported
from ...explain.path import upstream_of
from .figures import Percentiles, State, Step
from .stream import DELAY_MS, SECOND_US

INTERVAL_MS = 200.0
BATCHES = 20
DELAYS = 4
"""How many intervals, and how many watermark delays, the shortest stream has."""
Tell = Callable[[float, str], None]


class Prepared(NamedTuple):
    """A stream as the kernel gets it."""

    session: Session
    packed: Any  # in order of arrival
    arrived: Any  # numpy: arrival of each packed row, µs since the stream began
    points: list[Any]
    cpu_s: float
    events: int
    rate: float

    @property
    def interval_us(self) -> float:
        """Between the begins of two batches."""
        return 1000 * min(INTERVAL_MS, self.events / self.rate * 1000 / BATCHES)


class Clocked(NamedTuple):
    """What the batches took, and when each match came out (µs since the stream began)."""

    took_ms: list[float]
    lags_ms: list[float]
    latencies_ms: list[float]
    backlog: int
    ended_us: float


def refuse_engine(host: Host, node: str) -> None:
    """Raise Unsupported where only Spark can be measured."""
    kind = host.catalog.get(host.type_of(node))
    if not isinstance(kind, PatternType):
        raise Unsupported(
            f"`{node}` is an author's own code, which a child process runs here.",
            where={"node": node, "argument": "engine"},
            got="host",
            expected="spark",
            hint='benchmark_pattern(engine="spark") runs its generated code',
        )
    for name in upstream_of(host, node):
        if host.catalog.get(host.type_of(name)).stateful:
            raise Unsupported(
                f"What `{node}` reads is put out by `{name}`, at times of its own.",
                where={"node": node},
                got=name,
                expected="a pattern that reads events",
                hint=f"benchmark `{name}`",
            )


def run_paced(
    host: Host, node: str, tables: dict[str, Any], rate: float, tell: Tell
) -> tuple[Step, list[str]]:
    """The figures of one stream and the ids of its matches, those of the end included."""
    ready = _prepared(host, node, tables, rate)
    clocked = _played(ready, tell)
    session = ready.session
    state = State(
        keys=len(session.states),
        bytes=len(pickle.dumps(session.states, 5)),
        waiting=0 if session.waiting is None else session.waiting.num_rows,
        waiting_bytes=len(session.kernel.to_bytes(session.waiting)),
    )
    session.take(Batch(session.empty, FAR))
    ids = match_ids(session)
    spent_us = sum(clocked.took_ms) * 1000
    busy = spent_us / (ready.events / rate * SECOND_US)
    step = Step(
        rate=rate,
        interval_ms=round(ready.interval_us / 1000, 3),
        events=ready.events,
        batches=len(clocked.took_ms),
        matches=len(ids),
        matches_sha256=digest(ids),
        latency_ms=Percentiles.of(clocked.latencies_ms),
        batch_ms=Percentiles.of(clocked.took_ms),
        lag_ms=Percentiles.of(clocked.lags_ms),
        busy=round(busy, 4),
        backlog=clocked.backlog,
        saturated=busy >= 1,
        cpu_us_per_event=round(spent_us / ready.events, 3),
        prepare_us_per_event=round(ready.cpu_s * 1e6 / ready.events, 3),
        events_per_second=round(ready.events / (clocked.ended_us / SECOND_US), 1),
        state=state,
        over_limit=session.over_limit,
    )
    return step, ids


def match_ids(session: Session) -> list[str]:
    """The ids of the matches so far, in order."""
    made = (
        session.kernel.match_id(session.layout, key, match[3], match[5])
        for key, match in session.out
    )
    return sorted(made)


def digest(ids: list[str]) -> str:
    """The hash that tells two sets of matches apart."""
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()


def _prepared(host: Host, node: str, tables: dict[str, Any], rate: float) -> Prepared:
    """The rows that reach the kernel, made at once by the engine."""
    began = time.perf_counter()
    kind, config = host.catalog.get(host.type_of(node)), host.configs[node]
    relations = host.input_relations(node)
    options = Options(traced=False)
    run = host.run(tables, options, upstream_of(host, node))
    inputs = [run.along(edge) for edge in host.inputs(node)]
    plan = kind.plan(config, relations, host.resolver)
    packed = united_rows(plan, relations, inputs, host.engine).combine_chunks()
    spent = time.perf_counter() - began
    events = sum(table.num_rows for table in tables.values())
    session = Session(carried(plan, node), node, packed.slice(0, 0), False)
    delay = min(DELAY_MS, int(events / rate * 1000 / DELAYS))
    arrived = packed["row"].to_numpy() * (SECOND_US / rate)
    points = [
        point._replace(delay_ms=min(point.delay_ms, delay))
        for point in host.watermark_points(node, run.tables, options)
    ]
    return Prepared(session, packed, arrived, points, spent, events, rate)


def _played(ready: Prepared, tell: Tell) -> Clocked:
    """Batch after batch until all events have been taken and the watermark has come to its end."""
    import numpy as np

    took: list[float] = []
    lags: list[float] = []
    latencies: list[float] = []
    clock, taken, seen, backlog = 0.0, 0, 0, 0
    last_us = ready.events / ready.rate * SECOND_US
    while seen < ready.events:
        clock = max(clock, (len(took) + 1) * ready.interval_us)
        until = min(ready.events, int(clock * ready.rate / SECOND_US))
        mark = int(watermark_before(ready.points, np.array([seen]))[0])
        place = int(np.searchsorted(ready.arrived, clock, side="right"))
        place = ready.packed.num_rows if until == ready.events else place
        before = len(ready.session.out)
        spent = _taken(ready.session, ready.packed.slice(taken, place - taken), mark)
        backlog = max(backlog, until - seen) if clock <= last_us else backlog
        lags.append((BEGINS_US + clock - max(mark, BEGINS_US)) / 1000)
        clock += spent * SECOND_US
        took.append(spent * 1000)
        latencies += _latencies(ready.session.out[before:], clock)
        taken, seen = place, until
        tell(seen / ready.events, f"{ready.rate:g} events/s: {seen} of {ready.events} events")
    before = len(ready.session.out)
    spent = _taken(ready.session, ready.session.empty, final_watermark(ready.points))
    took.append(spent * 1000)
    ended = clock + spent * SECOND_US
    latencies += _latencies(ready.session.out[before:], ended)
    return Clocked(took, lags, latencies, backlog, max(ended, last_us))


def _taken(session: Session, rows: Any, watermark: int) -> float:
    """Seconds of this thread's processor that a batch took, whatever else the machine does."""
    began = time.thread_time()
    session.take(Batch(rows, watermark))
    return time.thread_time() - began


def _latencies(found: list[Any], clock: float) -> list[float]:
    """Milliseconds from when each match could be decided to when it came out."""
    return [
        max(0.0, clock - (max(match[2], match[3][-1][1] if match[3] else 0) - BEGINS_US)) / 1000
        for _, match in found
    ]
