"""What a micro-batch costs that touches few of many keys, by state layout.

    python benchmarks/state_layouts.py [--keys 1000000] [--touched 0.01] [--batches 5]
                                       [--engine process|spark] [--json]

Every key has an open trigger of an absence; then each batch brings another one for some keys.
`process` runs what a bucket's operator runs, with maps in memory in place of Spark's state: CPU
seconds, bytes of state written and calls to the state per batch. `spark` runs generated code: wall
seconds of a batch as Spark reports them, medians.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
BUCKETS = 16
HOUR = 3_600_000_000
SECOND = 1_000_000
COLUMNS = "key string, ts timestamp"
Figures = dict[str, dict[str, float]]


class Map(dict[Any, bytes]):
    """A map state in memory, which counts calls and bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = self.written = 0

    def get(self, key: Any, default: Any = None) -> Any:
        self.calls += 1
        return super().get(key, default)

    def put(self, key: Any, data: bytes) -> None:
        self.calls += 1
        self.written += len(data)
        self[key] = data

    def remove(self, key: Any) -> None:
        self.calls += 1
        del self[key]


def matcher() -> Any:
    """Triggers without an expected event within a day; each waits on its own."""
    from lakestream_mcp.patterns.absence.matcher import AbsenceMatcher

    return AbsenceMatcher(24 * HOUR, "each", None, 1000)


class Buckets:
    """One bucket whose states are one blob."""

    def __init__(self) -> None:
        self.matcher, self.store = matcher(), Map()

    def batch(self, layout: Any, rows: Any, watermark: int) -> None:
        """Play one batch from stored bytes to stored bytes."""
        from lakestream_mcp.cep.kernel import advance, from_bytes, to_bytes

        stored = self.store.get("blob")
        states, waiting = pickle.loads(stored) if stored else ({}, b"")
        done = advance(layout, self.matcher, states, from_bytes(waiting), rows, watermark, [])
        self.store.put("blob", pickle.dumps((states, to_bytes(done.waiting)), 5))

    def spent(self) -> tuple[int, int]:
        """Calls and bytes so far."""
        return self.store.calls, self.store.written


class Keys:
    """One bucket whose states have entries of their own."""

    def __init__(self) -> None:
        self.matcher = matcher()
        self.entries, self.due, self.store = Map(), Map(), Map()

    def batch(self, layout: Any, rows: Any, watermark: int) -> None:
        """The same, reading and writing what is touched or due."""
        from lakestream_mcp.cep.kernel import advance, from_bytes, to_bytes
        from lakestream_mcp.codegen.structured_streaming.key_states import KeyStates

        stored = self.store.get("blob")
        waiting, times = pickle.loads(stored) if stored else (b"", ())
        states = KeyStates(self.entries, self.due, times)
        states.wake(watermark)
        done = advance(layout, self.matcher, states, from_bytes(waiting), rows, watermark, [])
        states.save(self.matcher, watermark)
        data = pickle.dumps((to_bytes(done.waiting), sorted(states.times)), 5)
        self.store.put("blob", data)

    def spent(self) -> tuple[int, int]:
        """Calls and bytes so far."""
        maps = (self.entries, self.due, self.store)
        return sum(m.calls for m in maps), sum(m.written for m in maps)


def in_process(keys: int, touched: float, batches: int) -> Figures:
    """Both layouts, batch after batch, from and to stored bytes."""
    made: dict[str, list[Any]] = {
        "buckets": [Buckets() for _ in range(BUCKETS)],
        "keys": [Keys() for _ in range(BUCKETS)],
    }
    figures: dict[str, list[tuple[float, ...]]] = {name: [] for name in made}
    for number, named in enumerate(key_batches(keys, touched, batches)):
        tables = [packed(number, named, bucket) for bucket in range(BUCKETS)]
        for name, parts in made.items():
            spent = played(parts, tables, HOUR if number else 0)
            if number:
                figures[name].append(spent)
    columns = ("cpu_s", "state_calls", "state_bytes")
    return {
        name: dict(zip(columns, map(statistics.median, zip(*rows, strict=True)), strict=True))
        for name, rows in figures.items()
    }


def packed(number: int, named: list[int], bucket: int) -> Any:
    """The rows of a batch that fall into a bucket."""
    import pyarrow as pa

    mine = [key for key in named if key % BUCKETS == bucket]
    times = [HOUR + number * 10 * SECOND + n + 1 for n in range(len(mine))]
    columns = ([f"key-{key}" for key in mine], times, [1] * len(mine), mine)
    return pa.table(list(map(pa.array, columns)), ["key_0", "ts", "mask", "value_0"])


def played(parts: list[Any], tables: list[Any], watermark: int) -> tuple[float, ...]:
    """CPU seconds, calls and bytes that a batch costs all buckets."""
    from lakestream_mcp.cep.kernel import Layout, uncollected

    layout = Layout("p", 1, 0, (0,), 0, True)
    before = [part.spent() for part in parts]
    began = time.process_time()
    for part, table in zip(parts, tables, strict=True):
        uncollected(part.batch)(layout, table, watermark)
    cpu = time.process_time() - began
    pairs = list(zip((part.spent() for part in parts), before, strict=True))
    return cpu, *(sum(after[i] - earlier[i] for after, earlier in pairs) for i in (0, 1))


def key_batches(keys: int, touched: float, batches: int) -> Iterator[list[int]]:
    """All keys, then some of them at random, batch by batch."""
    draw = random.Random(7)
    yield list(range(keys))
    for _ in range(batches):
        yield sorted(draw.sample(range(keys), max(1, round(keys * touched))))


def on_spark(keys: int, touched: float, batches: int) -> Figures:
    """Both layouts through generated code on a local Spark."""
    from lakestream_mcp.deploy import setup
    from lakestream_mcp.deploy.spark_process import SparkProcess

    environment = setup.prepare()
    answer = {}
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        write_files(folder / "in", keys, touched, batches)
        for name in ("buckets", "keys"):
            with SparkProcess(environment) as spark:
                done = spark.request(
                    "measure",
                    notebook=notebook(name),
                    parameters={"checkpoints": f"{work}/{name}", "tables": f"{work}/tables"},
                    sources={"feed": {"frame": "feed", "folder": f"{work}/in", "schema": COLUMNS}},
                    frame="found",
                )
            took = [p["durationMs"]["triggerExecution"] / 1000 for p in done["progress"]]
            answer[name] = {
                "first_s": max(took[:3]),
                "batch_s": statistics.median(took[3 : 2 + batches]),
            }
    return answer


def write_files(folder: Path, keys: int, touched: float, batches: int) -> None:
    """One Parquet file per batch, ten seconds of event time apart."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir()
    for number, named in enumerate(key_batches(keys, touched, batches)):
        at = [HOUR + number * 10 * SECOND + n % SECOND for n in range(len(named))]
        columns = [pa.array([f"key-{k}" for k in named]), pa.array(at, pa.timestamp("us", "UTC"))]
        path = folder / f"{number:03d}.parquet"
        pq.write_table(pa.table(columns, ["key", "ts"]), path)
        os.utime(path, (1_700_000_000 + number,) * 2)


def notebook(state_layout: str) -> str:
    """Generated code of the pattern."""
    from workload import generated_text

    feed = {"path": "in", "format": "parquet", "columns": COLUMNS, "event_time": "ts"}
    waits = {"key": ["key"], "trigger": "true", "expected": "false", "within": "1 day"}
    nodes: list[tuple[str, str, dict[str, Any]]] = [
        ("feed", "auto-loader", {**feed, "watermark_delay": "2 seconds"}),
        ("found", "absence", {**waits, "on_repeat": "each"}),
        ("out", "file-sink", {"path": "out"}),
    ]
    document = {
        "name": "State",
        "settings": {"buckets": BUCKETS, "state_layout": state_layout},
        "nodes": [{"id": i, "type": t, "name": i, "config": c} for i, t, c in nodes],
        "edges": [{"source": a, "target": b} for a, b in (("feed", "found"), ("found", "out"))],
    }
    return generated_text(document, "state")


def main() -> None:
    """Run both layouts and print figures and ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--touched", type=float, default=0.01)
    parser.add_argument("--batches", type=int, default=5)
    parser.add_argument("--engine", choices=["process", "spark"], default="process")
    parser.add_argument("--json", action="store_true")
    a = parser.parse_args()
    run = on_spark if a.engine == "spark" else in_process
    figures = run(a.keys, a.touched, a.batches)
    ratios = {
        name: round(figures["keys"][name] / figures["buckets"][name], 4)
        for name in figures["buckets"]
    }
    answer = {**figures, "keys/buckets": ratios}
    print(json.dumps(answer) if a.json else "\n".join(f"{k}: {v}" for k, v in answer.items()))


if __name__ == "__main__":
    main()
