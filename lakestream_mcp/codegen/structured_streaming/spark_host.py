"""The Spark side of every pattern: a thin stateful processor around the kernel.

Rows are grouped into hash buckets, not by key: one load and one store of state per bucket and
micro-batch, at most one timer. All that follows the mark below is carried into generated code.
"""
# mypy: ignore-errors
# ruff: noqa: I001, N802, N803, N812

from lakestream_mcp.cep.kernel import (  # the kernel is carried before this text
    NEVER,
    advance,
    from_bytes,
    match_columns,
    seeded,
    to_bytes,
    uncollected,
)

# --- carried ---
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.sql import functions as F
from pyspark.sql.streaming import StatefulProcessor

ARROW_TYPES = {
    "bigint": pa.int64(),
    "double": pa.float64(),
    "string": pa.string(),
    "boolean": pa.bool_(),
}
COUNTERS = ("late_rows", "untimed_rows", "over_limit")
FLAG_BITS = 62


class PatternHost(StatefulProcessor):
    """Plays the rows of a bucket: its state is one blob of matcher states and waiting rows.

    build: makes the matcher. conditions: how many low bits of `mask` are conditions; the next ones
    say which numbers of the row are NULL. packed, matches: (name, type) of columns in and out.
    """

    def __init__(self, layout, build, conditions, packed, matches):
        self.layout = layout
        self.build = build
        self.conditions = conditions
        self.packed = packed
        self.matches = matches

    def init(self, handle):
        self.handle = handle
        self.blob = handle.getValueState("blob", "data binary")
        self.matcher = self.build()
        self.settled = set()  # buckets already played in this batch, whose timers need nothing more

    def handleInitialState(self, key, initialState, timerValues):
        # Spark calls this in the very first batch only, perhaps with a bucket's keys in parts.
        now_ms = timerValues.getCurrentWatermarkInMs()
        stored = self.blob.get()
        states, _, _ = self.opened(stored[0] if stored else None, now_ms * 1000)
        seeds = seeded(self.layout, self.matcher, initialState["place"].tolist())
        for seed, state in seeds.items():
            states.pop(seed, None)
            states[seed] = state
        self.filed(states, now_ms * 1000)
        timer_ms = now_ms + 1  # their deadlines are looked at then
        self.handle.registerTimer(timer_ms)
        self.blob.update((self.closed(states, b"", timer_ms),))

    def handleInputRows(self, key, rows, timerValues):
        self.settled.add(key)
        return self.play([self.table(frame) for frame in rows], timerValues)

    def handleExpiredTimer(self, key, timerValues, expiredTimerInfo):
        if key in self.settled:
            return iter(())
        self.settled.add(key)
        return self.play([], timerValues)

    def play(self, tables, timer_values):
        """Play a bucket up to the watermark; its matches as pandas."""
        out, counts = self.played(tables, timer_values.getCurrentWatermarkInMs())
        if out or any(counts):
            yield self.frame(match_columns(self.layout, out), len(out), counts)

    @uncollected
    def played(self, tables, now_ms):
        """The matches, and what was dropped; keeps the state and the time it needs attention."""
        now = now_ms * 1000
        stored = self.blob.get()
        states, waiting, timer_ms = self.opened(stored[0] if stored else None, now)
        fresh = pa.concat_tables(tables) if tables else self.no_rows()
        out = []
        left = advance(self.layout, self.matcher, states, from_bytes(waiting), fresh, now, out)
        deadline = min(left.deadline, self.filed(states, now))
        if deadline < NEVER and not now_ms < timer_ms <= -(-deadline // 1000):
            timer_ms = max(-(-deadline // 1000), now_ms + 1)
            self.handle.registerTimer(timer_ms)
        blob = self.closed(states, to_bytes(left.waiting), timer_ms)
        if blob is not None:
            self.blob.update((blob,))
        elif stored:
            self.blob.clear()
        return out, (left.late.num_rows, left.untimed.num_rows, left.over_limit)

    def opened(self, stored, watermark):
        """States, waiting rows and time of the timer, from the blob."""
        return pickle.loads(stored) if stored else ({}, b"", 0)

    def filed(self, states, watermark):
        """Keep what is kept apart from the blob; the next deadline of states not read."""
        return NEVER

    def closed(self, states, waiting, timer_ms):
        """The blob, or None where nothing is left to keep."""
        return pickle.dumps((states, waiting, timer_ms), 5) if states or waiting else None

    def no_rows(self):
        """An empty table of packed rows."""
        return pa.schema([(name, ARROW_TYPES[kind]) for name, kind in self.packed]).empty_table()

    def table(self, frame):
        """Packed rows from pandas. NULL numbers came as 0 and are made NULL again."""
        arrays, names, place = [], [], self.conditions
        for name, kind in self.packed:
            column = frame[name]
            absent = None
            if name == "mask":
                column = column & ((1 << self.conditions) - 1)
            elif kind in ("bigint", "double"):
                absent = flag(frame, place)
                place += 1
            if kind in ("bigint", "double"):
                array = pa.array(column.to_numpy(), ARROW_TYPES[kind], mask=absent)
            else:
                array = pa.array(column, ARROW_TYPES[kind], from_pandas=True)
            arrays.append(array)
            names.append(name)
        return pa.table(arrays, names=names)

    def frame(self, columns, rows, counts):
        """Matches as pandas, and one more row with what was dropped, which names no match."""
        more = [None] * any(counts)
        data = {name: column(kind, [*columns[name], *more]) for name, kind in self.matches}
        for name, count in zip(COUNTERS, counts):
            data[name] = np.array([0] * rows + [count] * len(more), dtype=np.int64)
        return pd.DataFrame(data)


def flag(frame, place):
    """Where a flag is set, as booleans, or None if it is set nowhere."""
    word, bit = divmod(place, FLAG_BITS)
    flags = frame["mask" if word == 0 else f"flags_{word}"].to_numpy() >> bit & 1
    return flags.astype(bool) if flags.any() else None


def column(kind, values):
    """A column of matches for pandas, which takes integers with a NULL only as objects."""
    if kind == "bigint" and None not in values:
        return np.array(values, dtype=np.int64)
    if kind == "bigint" or "double" in kind or kind.startswith("array<array<"):
        values = [plain(kind, value) for value in values]
    return pd.Series(values, dtype=object)


def plain(kind, value):
    """A value for pandas of exactly its type. Doubles go as text: pandas takes NaN for NULL."""
    if value is None:
        return None
    if kind.startswith("array<"):
        exact = "double" in kind or kind.startswith("array<array<")
        return [plain(kind[6:-1], item) for item in value] if exact else value
    if kind == "double":
        return repr(float(value))
    return int(value) if kind == "bigint" else value


def output_type(kind: str) -> str:
    """The type a match column has when it leaves Python."""
    return kind.replace("double", "string")


def with_flags(packed_rows: Any, conditions: int, packed: Any, buckets: int) -> Any:
    """Packed rows for Python: their bucket, and NULL numbers as 0 with a flag.

    pandas would turn a column of integers with a NULL into floating point.
    """
    numbers = [name for name, kind in packed if kind in ("bigint", "double") and name != "mask"]
    words: dict[int, Any] = {0: F.col("mask")}
    for place, name in enumerate(numbers, conditions):
        word, bit = divmod(place, FLAG_BITS)
        is_null = F.when(F.col(name).isNull(), F.lit(1 << bit)).otherwise(F.lit(0))
        words[word] = words[word] + is_null if word in words else is_null
    columns = [bucket_of(packed, buckets)]
    for name, kind in packed:
        if name == "mask":
            columns.append(words.pop(0).cast("bigint").alias("mask"))
        elif name in numbers:
            columns.append(F.coalesce(F.col(name), F.lit(0).cast(kind)).alias(name))
        else:
            columns.append(F.col(name))
    extra = [words[word].cast("bigint").alias(f"flags_{word}") for word in sorted(words)]
    return packed_rows.select(*columns, *extra)


def bucket_of(packed: Any, buckets: int) -> Any:
    """The column that says which bucket a key is in."""
    keys = [F.col(name) for name, _ in packed if name.startswith("key_")]
    bucket = F.pmod(F.hash(*keys), F.lit(buckets)) if keys else F.lit(0)
    return bucket.alias("bucket")


def seed_rows(spark_session: Any, layout: Any, packed: Any, buckets: int) -> Any:
    """The places of the keys that have a state from the start, by bucket."""
    schema = [f"{name} {kind}" for name, kind in packed if name.startswith("key_")]
    rows = [(*key, place) for place, key in enumerate(layout.seeds)]
    seeds = spark_session.createDataFrame(rows, ", ".join([*schema, "place bigint"]))
    return seeds.select(bucket_of(packed, buckets), "place").groupBy("bucket")


def detect(packed_rows, layout, build, conditions, packed, matches, buckets, host=PatternHost):
    """Run a pattern over packed rows. What it dropped is reported with the query's progress."""
    kinds = [(name, output_type(kind)) for name, kind in matches]
    kinds += [(name, "bigint") for name in COUNTERS]
    # Equal shuffles of two patterns would become one, and the second would never see a watermark:
    # counting under a name of its own keeps them apart.
    rows = with_flags(packed_rows, conditions, packed, buckets).observe(
        f"lakestream_{layout.pattern}: rows", F.count(F.lit(1)).alias("read")
    )
    seeds = None
    if layout.seeds:
        seeds = seed_rows(packed_rows.sparkSession, layout, packed, buckets)
    found = rows.groupBy("bucket").transformWithStateInPandas(
        statefulProcessor=host(layout, build, conditions, packed, matches),
        outputStructType=", ".join(f"{name} {kind}" for name, kind in kinds),
        outputMode="Append",
        timeMode="EventTime",
        initialState=seeds,
    )
    return found.observe(
        f"lakestream_{layout.pattern}",
        F.count("match_id").alias("matches"),
        *(F.coalesce(F.sum(name), F.lit(0)).alias(name) for name in COUNTERS),
    )
