"""When to start again, when to give up, and that no line of progress counts twice or not at all."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from lakestream_mcp.deploy.running.record import Record
from lakestream_mcp.deploy.running.restarts import (
    DEATHS_MAX,
    SAME_ERROR_MAX,
    Again,
    Broken,
    GiveUp,
    Limits,
    Restarts,
)

LIMITS = Limits(first_wait_s=1, wait_max_s=60, healthy_s=60)
broken = st.builds(
    Broken,
    said=st.sampled_from(["row 7 is bad", "row 8 is bad", "no such table"]),
    died=st.booleans(),
    progressed=st.booleans(),
    seconds=st.sampled_from([1.0, 59.0, 61.0]),
)


@given(st.lists(broken, max_size=40))
def test_waits_grow_up_to_a_bound_and_health_forgets(history: list[Broken]) -> None:
    restarts, attempt = Restarts(LIMITS), 0
    for one in history:
        verdict = restarts.after(one)
        if isinstance(verdict, GiveUp):
            assert not one.progressed
            return
        attempt = 1 if one.progressed and one.seconds >= LIMITS.healthy_s else attempt + 1
        assert verdict.attempt == attempt
        assert verdict.wait_s == min(60.0, 2.0 ** (attempt - 1))


@given(st.booleans(), st.lists(broken, max_size=5))
def test_what_never_works_is_given_up(died: bool, before: list[Broken]) -> None:
    restarts = Restarts(LIMITS)
    for one in before:
        restarts.after(one)
    verdicts = [
        restarts.after(Broken(f"part-{n:08x} is bad", died, False, 1.0)) for n in range(DEATHS_MAX)
    ]
    wanted = DEATHS_MAX if died else SAME_ERROR_MAX
    first = next(n for n, verdict in enumerate(verdicts, 1) if isinstance(verdict, GiveUp))
    assert first <= wanted


def test_what_cannot_run_here_is_given_up_at_once() -> None:
    said = "LOCAL_RUN_IMPOSSIBLE: kinesis is read on Databricks only"
    assert isinstance(Restarts(LIMITS).after(Broken(said, False, False, 1)), GiveUp)


def test_progress_between_is_no_repetition() -> None:
    restarts = Restarts(LIMITS)
    for _ in range(20):
        assert isinstance(restarts.after(Broken("bad", False, True, 1)), Again)


def line(batch_id: int) -> bytes:
    progress = {
        "name": "kept",
        "timestamp": f"2026-01-01T00:{batch_id // 60 % 60:02d}:{batch_id % 60:02d}.000Z",
        "batchId": batch_id,
        "numInputRows": batch_id + 1,
        "inputRowsPerSecond": "NaN",
        "durationMs": {"triggerExecution": 5},
        "observedMetrics": {"lakestream_quiet": {"matches": 1, "late_rows": 0}},
    }
    return json.dumps(progress).encode() + b"\n"


@settings(max_examples=12)  # every piece waits for the disk
@given(
    st.integers(1, 12),
    st.sets(st.integers(0, 11), max_size=4),
    st.lists(st.integers(1, 400), max_size=12),
    st.integers(1, 8),
)
def test_each_line_counts_once(
    count: int, missing: set[int], cuts: list[int], per_file: int
) -> None:
    """However lines come in pieces, files are begun, the reader is reopened, or reads again."""
    batches = [n for n in range(count) if n not in missing]
    with tempfile.TemporaryDirectory() as name:
        folder, pieces = Path(name), iter(cuts)
        (folder / "progress").mkdir()
        for number, batch_id in enumerate(batches):
            file, rest = folder / "progress" / f"{number // per_file:03d}.jsonl", line(batch_id)
            while rest:
                size = next(pieces, len(rest))
                with file.open("ab") as stream:
                    stream.write(rest[:size])
                rest = rest[size:]
                record = Record.writing(folder / "run.db")
                record.take_in(folder / "progress")
                record.take_in(folder / "progress")
                record.close()
        if not batches:
            return
        with Record.reading(folder / "run.db") as record:
            totals = record.totals()
            assert [b.batch_id for b in record.recent(100)] == batches
        assert totals["kept", "", "batches"] == len(batches)
        assert totals["kept", "", "rows"] == sum(n + 1 for n in batches)
        assert totals["kept", "quiet", "matches"] == len(batches)
        assert totals.get(("kept", "", "unmeasured"), 0) == batches[-1] + 1 - len(batches)


def test_a_batch_that_was_written_before_spark_died_is_not_measured(tmp_path: Path) -> None:
    """Its sink skips it: no row is read though its sources had moved on, and no state is opened."""
    (tmp_path / "progress").mkdir()
    skipped = json.loads(line(1)) | {
        "numInputRows": 0,
        "sources": [{"startOffset": {"log": 0}, "endOffset": {"log": 1}, "numInputRows": 0}],
        "stateOperators": [{"numRowsTotal": 0, "numStateStoreInstances": 0}],
    }
    waits = skipped | {"batchId": 2, "stateOperators": [{"numStateStoreInstances": 2}]}
    waits["sources"] = [{"startOffset": {"log": 1}, "endOffset": {"log": 1}, "numInputRows": 0}]
    lines = [line(0), *(json.dumps(each).encode() + b"\n" for each in (skipped, waits))]
    (tmp_path / "progress" / "000.jsonl").write_bytes(b"".join(lines))
    record = Record.writing(tmp_path / "run.db")
    record.take_in(tmp_path / "progress")
    totals = record.totals()
    record.close()
    assert (totals["kept", "", "batches"], totals["kept", "", "unmeasured"]) == (3, 1)
