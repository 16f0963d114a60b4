"""The batch cycle: what Spark was measured to do, restated batch by batch."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from typing import Any

import pytest

from lakestream_mcp.cep.processor.run import processor_order_check
from lakestream_mcp.cep.processor.schedule import SCHEDULES, Schedule
from lakestream_mcp.errors import InvalidPipeline
from tests.codegen.bench import Bench, chain, source
from tests.patterns.events import events

from .processors import HEAD, config
from .runs import processor, run, said

MINUTE = 60_000


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def batch(rows: list[tuple[str | None, int | None]], watermark: int = 0, time: int = 0) -> Any:
    return {"rows": [list(row) for row in rows], "watermark_ms": watermark, "time_ms": time}


def lines(code: str, batches: list[Any], mode: Any = "event_time") -> list[str]:
    return [row["said"] for row in said(run(code, batches, time_mode=mode))]


TELL = "yield Row(said=f'{key[0]} {[row.n for row in rows]}')"
TIMER = "yield Row(said=f'timer {key[0]} {expiredTimerInfo.getExpiryTimeInMs()}')"


def test_keys_are_sorted_and_null_is_one() -> None:
    rows = [("b", 1), (None, 2), ("a", 3), ("é", 4), (None, 5), ("Z", 6)]
    assert lines(processor(TELL), [batch(rows)]) == [
        "None [2, 5]",
        "Z [6]",
        "a [3]",
        "b [1]",
        "é [4]",
    ]


def test_timers_expire_after_all_rows_by_expiry_across_keys() -> None:
    body = "for row in rows:\n    self.handle.registerTimer(row.n)\n" + TELL
    rows = [("b", 5), ("a", 7), ("b", 3), ("c", 4), ("a", 10)]
    assert lines(processor(body, timer=TIMER), [batch(rows, 8), batch([], 10)])[3:] == [
        "timer b 3",
        "timer c 4",
        "timer b 5",
        "timer a 7",
        "timer a 10",
    ]


def test_what_a_timer_sets_in_the_past_comes_one_batch_later() -> None:
    body = "self.handle.registerTimer(5)\nyield Row(said='rows')"
    timer = (
        "at = expiredTimerInfo.getExpiryTimeInMs()\n"
        "if at == 5:\n    self.handle.registerTimer(2)\n    self.handle.registerTimer(5)\n" + TIMER
    )
    batches = [batch([("a", 1)], 9), batch([], 9), batch([], 9)]
    assert lines(processor(body, timer=timer), batches) == ["rows", "timer a 5", "timer a 2"]


def test_deleting_due_timers() -> None:
    body = (
        "for n in (1, 2, 3):\n    self.handle.registerTimer(n)\n"
        "self.handle.deleteTimer(1)\nself.handle.deleteTimer(99)\nyield Row(said='rows')"
    )
    timer = "self.handle.deleteTimer(3)\n" + TIMER
    assert lines(processor(body, timer=timer), [batch([("a", 1)], 9)]) == [
        "rows",
        "timer a 2",
        "timer a 3",
    ]


def test_a_time_to_live_ends_to_the_millisecond() -> None:
    init = (
        "self.v = handle.getValueState('v', 'n bigint', 1000)\n"
        "self.l = handle.getListState('l', 'n bigint', 1000)\n"
        "self.m = handle.getMapState('m', 'n bigint', 'n bigint', 1000)"
    )
    body = (
        "(row,) = rows\n"
        "text = f'{self.v.get()} {list(self.l.get())} {list(self.m.keys())}'\n"
        "if row.n:\n    self.v.update((row.n,))\n    self.l.appendValue((row.n,))\n"
        "    self.m.updateValue((row.n,), (row.n,))\n"
        "yield Row(said=text)"
    )
    times = [(0, 1), (999, 0), (500 + 999, 2), (2498, 0), (2499, 0)]
    batches = [batch([("a", n)], 0, time) for time, n in times]
    assert lines(processor(body, init), batches, "processing_time") == [
        "None [] []",
        "(1,) [(1,)] [(1,)]",
        "None [] []",
        "(2,) [(2,)] [(2,)]",
        "None [] []",
    ]


def test_processing_timers_expire_between_batches() -> None:
    body = (
        "self.handle.registerTimer(timerValues.getCurrentProcessingTimeInMs() + 10)\n"
        "yield Row(said='rows')"
    )
    timer = "yield Row(said=f'timer {timerValues.getCurrentProcessingTimeInMs()}')"
    batches = [batch([("a", 1)], 0, 100), batch([("a", 1)], 0, 105), batch([], 0, 500)]
    code = processor(body, timer=timer)
    assert lines(code, batches, "processing_time") == ["rows", "rows", "timer 110", "timer 115"]


def test_a_timer_that_always_sets_the_next_is_cut_off_at_the_end() -> None:
    body = "self.handle.registerTimer(10)\nyield Row(said='rows')"
    timer = (
        "at = expiredTimerInfo.getExpiryTimeInMs()\nself.handle.registerTimer(at + 10)\n"
        "yield Row(said=str(at))"
    )
    batches = [batch([("a", 1)], 0, 5), batch([], 0, 10**12) | {"closing": True}]
    outcome = run(processor(body, timer=timer), batches, time_mode="processing_time")
    assert [row["said"] for row in said(outcome)][:3] == ["rows", "10", "20"]
    assert (len(outcome.rows), outcome.timers) == (1001, 1)
    endless = [batch([("a", 1)], 0, 5), batch([], 0, 10**12)]
    with pytest.raises(InvalidPipeline) as caught:
        run(processor(body, timer=timer), endless, time_mode="processing_time")
    assert caught.value.code == "TOO_MANY_TIMERS"


def test_a_new_object_for_each_batch_and_close_at_its_end() -> None:
    init = "self.v = handle.getValueState('v', 'n bigint')"
    body = "n = (self.v.get() or (0,))[0] + 1\nself.v.update((n,))\nyield Row(said=str(n))"
    code = processor(body, init) + "    def close(self):\n        self.closed = True\n"
    assert lines(code, [batch([("a", 1)]), batch([("a", 1), ("b", 1)])]) == ["1", "2", "1"]


ABSENT = (
    HEAD
    + """
class Absent(StatefulProcessor):
    def init(self, handle):
        self.handle = handle
        self.pending = handle.getMapState("pending", "at bigint", "id bigint")

    def handleInputRows(self, key, rows, timerValues):
        for row in rows:
            at = int(row.at.timestamp() * 1000)
            if row.kind == "A":
                self.pending.updateValue((at,), (row.id,))
                self.handle.registerTimer(at + 600_000)
            elif row.kind == "B":
                self.pending.clear()
        yield from ()

    def handleExpiredTimer(self, key, timerValues, expiredTimerInfo):
        for (at,) in list(self.pending.keys()):
            yield Row(id=self.pending.getValue((at,))[0])
            self.pending.removeKey((at,))
"""
)


def made_of(bench: Bench, given: dict[str, Any], delay: str, rows: list[Any]) -> Any:
    node = {"id": "it", "type": "custom", "name": "It", "config": given}
    made = bench.make(chain(source(delay), node))
    return made, bench.tables(made, {"events": rows})


@pytest.mark.parametrize(
    ("schedule", "expected"), [("backlog", []), ("live", [1]), ("restart", [])]
)
def test_the_same_batches_give_other_answers_live(
    bench: Bench, schedule: Schedule, expected: list[int]
) -> None:
    """A at 0; B at 5 minutes comes late, but one batch too early to be dropped from a backlog."""
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    rows = [("k", "A", 0), ("z", "X", 20), ("k", "B", 5), ("k", "Y", 5), ("z", "X", 40)]
    listed = [
        {"id": n, "key": key, "kind": kind, "at": start + dt.timedelta(minutes=minute)}
        for n, (key, kind, minute) in enumerate(rows, 1)
    ]
    given = {"code": ABSENT, "key": ["key"], "output": "id bigint"}
    made, tables = made_of(bench, given, "1 millisecond", listed)
    got = bench.on_host(made, tables, 2, schedule).tables["it"]
    assert got["id"].to_pylist() == expected


@pytest.mark.parametrize("seed", range(6))
def test_code_that_waits_for_the_watermark_depends_on_no_schedule(bench: Bench, seed: int) -> None:
    draw = random.Random(seed)
    rows = [row for row in events(draw, 50) if row["at"] is not None]
    made, tables = made_of(bench, config("ordered"), draw.choice(("2 minutes", "9 minutes")), rows)
    reference = None
    for schedule in SCHEDULES:
        for size in (1, 7, 100):
            got = sorted(
                map(
                    repr,
                    bench.on_host(made, tables, size, schedule)
                    .tables["it"]
                    .drop_columns(["__row"])
                    .to_pylist(),
                )
            )
            reference = reference or got
            assert got == reference
    found = bench.on_host(made, tables, 4)
    host_points = points(bench, made, found)
    check = processor_order_check(found.processors["it"], "it", host_points, seed)
    assert check["depends_on_order"] is False, check


def test_code_that_counts_batches_is_found_out(bench: Bench) -> None:
    made, tables = made_of(bench, config("totals"), "2 minutes", events(random.Random(1), 50))
    found = bench.on_host(made, tables)
    check = processor_order_check(found.processors["it"], "it", points(bench, made, found), 1)
    assert check["depends_on_order"] is True
    assert "batches" in check["reason"]


def points(bench: Bench, made: Any, found: Any) -> Any:
    from lakestream_mcp.cep.host import Host, Options

    host = Host(
        made.document, made.validation, bench.catalog, bench.engine, bench.resolver, lambda *_: None
    )
    return host.watermark_points("it", found.tables, Options())


def test_state_is_empty_again_where_the_code_cleans_up(bench: Bench) -> None:
    made, tables = made_of(bench, config("absence"), "2 minutes", events(random.Random(3), 60))
    outcome = bench.on_host(made, tables, 5).processors["it"].outcome
    assert (outcome.timers, outcome.states) == (0, {"pending": 0})
