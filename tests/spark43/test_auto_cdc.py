"""AUTO CDC as generated, run on Spark 4.3: the newest rows, and their history.

What must come out is worked out here from all events of a key, whatever their order.
"""

from __future__ import annotations

import json
import random
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from tests.codegen.bench import Bench
from tests.sdp.cases import Json, code_for, graph, node
from tests.sdp.harness import Pipelines

pytestmark = [pytest.mark.spark, pytest.mark.soak]
COLUMNS = "id bigint, name string, op string, at timestamp"
MERGE: Json = {
    "mode": "merge",
    "merge_keys": ["id"],
    "sequence_by": "at",
    "delete_when": "op = 'd'",
    "except_columns": ["op"],
}
Event = dict[str, Any]


def event(key: int, name: str | None, op: str, minute: int) -> Event:
    at = f"2026-03-01T{minute // 60:02d}:{minute % 60:02d}:00Z"
    return {"id": key, "name": name, "op": op, "at": at}


TOLD: list[list[Event]] = [
    [
        event(1, "ann", "c", 1),
        event(2, "bob", "c", 2),
        event(3, "cid", "c", 3),
        event(1, "anna", "u", 10),
        event(1, "anna", "u", 10),  # twice
        event(3, "late", "u", 1),  # older than what is known
    ],
    [
        event(2, None, "d", 20),
        event(2, "ghost", "u", 15),  # of before the deletion
        event(1, "anja", "u", 25),
        event(1, "anne", "u", 18),  # between two that are known
        event(4, "dan", "c", 30),
        event(3, None, "d", 40),
        event(3, "cid again", "c", 50),
    ],
]


def made_up(seed: int) -> list[list[Event]]:
    """Events of a few keys in any order, some twice, in two runs."""
    draw = random.Random(seed)
    minutes = draw.sample(range(600), 60)
    events = [
        event(draw.randrange(5), draw.choice("abcd"), "d" if draw.random() < 0.2 else "u", m)
        for m in minutes
    ]
    events += draw.choices(events, k=10)
    draw.shuffle(events)
    return [events[:35], events[35:]]


def instant(text: str | None) -> str | None:
    return text and text.replace("T", " ").removesuffix("Z")


def history(events: list[Event]) -> list[tuple[Any, ...]]:
    """Each version of a row with its start and end; a deletion only ends one."""
    versions = []
    for key in {e["id"] for e in events}:
        mine = {e["at"]: e for e in events if e["id"] == key}
        times = sorted(mine)
        for at, following in zip(times, [*times[1:], None], strict=True):
            if mine[at]["op"] != "d":
                versions.append((key, mine[at]["name"], instant(at), instant(following)))
    return sorted(versions, key=str)


def tracked(events: list[Event]) -> list[tuple[Any, ...]]:
    """The same where only another name begins a version: what comes between changes it."""
    versions: list[tuple[Any, ...]] = []
    for key in {e["id"] for e in events}:
        mine = {e["at"]: e for e in events if e["id"] == key}
        in_order = sorted(mine.values(), key=lambda e: e["at"])
        runs = groupby(in_order, lambda e: (e["op"] == "d", e["name"]))
        parts = [(gone, list(run)) for (gone, _), run in runs]
        for at, (gone, run) in enumerate(parts):
            after = parts[at + 1][1][0]["at"] if at + 1 < len(parts) else None
            if not gone:
                versions.append((key, run[0]["name"], instant(run[0]["at"]), instant(after)))
    return sorted(versions, key=str)


def current(events: list[Event]) -> list[tuple[Any, ...]]:
    """The newest row of each key that was not deleted."""
    return sorted((key, name) for key, name, _, end in history(events) if end is None)


@pytest.mark.parametrize("case", ["told", 1, 2, 3])
def test_the_newest_rows_and_their_history(
    bench: Bench, merging: Pipelines, tmp_path: Path, case: str | int
) -> None:
    runs = TOLD if case == "told" else made_up(int(case))
    folder = tmp_path / "in"
    folder.mkdir()
    source = node("feed", "auto-loader", path=str(folder), columns=COLUMNS)
    sinks = [
        node(f"to_{kind}", "delta-table-sink", table=f"main.out.scd{kind}_{case}", **MERGE)
        for kind in (1, 2, 3)
    ]
    sinks[1]["config"]["scd_type"] = 2
    sinks[2]["config"] |= {"scd_type": 2, "track_history": ["name"]}
    code = code_for(bench, graph(*([source, sink] for sink in sinks)), "sdp")
    seen: list[Event] = []
    for run, events in enumerate(runs):
        (folder / f"{run}.json").write_text("".join(json.dumps(e) + "\n" for e in events))
        merging.run(code, tmp_path / "state")
        seen += events
        newest = merging.rows(f"SELECT id, name FROM ice.db.main__out__scd1_{case}")
        assert sorted((r["id"], r["name"]) for r in newest) == current(seen)
        for number, expected in ((2, history(seen)), (3, tracked(seen))):
            kept = merging.rows(
                "SELECT id, name, CAST(__START_AT AS STRING) AS began, CAST(__END_AT AS STRING) AS "
                f"ended FROM ice.db.main__out__scd{number}_{case}"
            )
            found = [(r["id"], r["name"], r["began"], r["ended"]) for r in kept]
            assert sorted(found, key=str) == expected, number
