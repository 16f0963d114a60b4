"""Writes a deterministic stream of events and the exact counts of what patterns must find in it.

    python benchmarks/gen_workload.py --out DIR [--events 1000000] [--keys 10000] [--seed 7]
                                      [--span-s 3600] [--jitter-ms 2000]

Files (CSV without header: seq,key,type,ts_ms,value):
  DIR/arrival/part-0.csv, part-1.csv   in order of arrival, out of order by up to the jitter
  DIR/sorted.csv                       the same events by (ts_ms, seq)
  DIR/expected.json                    arguments and match counts

A fifth of the events belongs to the hottest 2 % of keys. Event times of a key are unique. Types:
A 35 %, B 20 %, C, D and E 15 % each. Per key and in order of event time, with exclusive windows:
  P1  A followed by B within 5 min, other events skipped, matches do not overlap
  P2  5 × A within 1 min, other events skipped, matches do not overlap
  P3  A without B in the 5 min after it, each A on its own
  P4  A B+ C directly one after the other, matches do not overlap
"""

from __future__ import annotations

import argparse
import bisect
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

Event = tuple[int, str, str, int, float]
TYPES = "ABCDE"
SHARES = [0.35, 0.55, 0.70, 0.85, 1.0]
P1_WITHIN_MS = P3_WITHIN_MS = 300_000
P2_WITHIN_MS = 60_000


def events(count: int, keys: int, seed: int, span_s: int, jitter_ms: int) -> Iterator[Event]:
    """Events in order of arrival."""
    draw = random.Random(seed)
    hot = max(1, keys // 50)
    taken: dict[int, set[int]] = defaultdict(set)
    step = span_s * 1000 / count
    for seq in range(count):
        if draw.random() < 0.2:
            key = draw.randrange(hot)
        else:
            key = hot + draw.randrange(max(1, keys - hot))
        kind = TYPES[bisect.bisect_right(SHARES, draw.random() * 0.999999)]
        ts_ms = int(seq * step) + draw.randrange(jitter_ms + 1)
        while ts_ms in taken[key]:
            ts_ms += 1
        taken[key].add(ts_ms)
        yield seq, f"k{key:05d}", kind, ts_ms, round(draw.random() * 100, 2)


def count_p1(timeline: list[tuple[int, str]]) -> int:
    """A followed by B; a B that ends nothing still discards the As before it."""
    found, opened = 0, []
    for ts, kind in timeline:
        if kind == "A":
            opened.append(ts)
        elif kind == "B":
            found += any(ts - start < P1_WITHIN_MS for start in opened)
            opened = []
    return found


def count_p2(timeline: list[tuple[int, str]]) -> int:
    """Five As."""
    found, opened = 0, []
    for ts in (ts for ts, kind in timeline if kind == "A"):
        opened = [start for start in opened if ts - start < P2_WITHIN_MS] + [ts]
        if len(opened) == 5:
            found += 1
            opened = []
    return found


def count_p3(timeline: list[tuple[int, str]]) -> int:
    """A without B."""
    answers = [ts for ts, kind in timeline if kind == "B"]
    found = 0
    for ts in (ts for ts, kind in timeline if kind == "A"):
        after = bisect.bisect_right(answers, ts)
        found += after == len(answers) or answers[after] - ts >= P3_WITHIN_MS
    return found


def count_p4(timeline: list[tuple[int, str]]) -> int:
    """A, one or more B, C, as an automaton: 1 after A, 2 after B."""
    found = state = 0
    for _, kind in timeline:
        if kind == "C" and state == 2:
            found += 1
            state = 0
        else:
            state = 1 if kind == "A" else 2 if kind == "B" and state else 0
    return found


COUNTS = {"P1": count_p1, "P2": count_p2, "P3": count_p3, "P4": count_p4}


def write(path: Path, rows: Iterable[Event]) -> None:
    """Rows as CSV."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{seq},{key},{kind},{ts},{value}\n" for seq, key, kind, ts, value in rows)


def generate(out: Path, count: int, keys: int, seed: int, span_s: int, jitter_ms: int) -> str:
    """Write all files; returns the text of expected.json on one line."""
    (out / "arrival").mkdir(parents=True, exist_ok=True)
    rows = list(events(count, keys, seed, span_s, jitter_ms))
    for part in (0, 1):
        path = out / "arrival" / f"part-{part}.csv"
        write(path, (row for row in rows if int(row[1][1:]) % 2 == part))
    rows.sort(key=lambda row: (row[3], row[0]))
    write(out / "sorted.csv", rows)
    timelines: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for _, key, kind, ts_ms, _ in rows:
        timelines[key].append((ts_ms, kind))
    counts = {name: sum(map(count_of, timelines.values())) for name, count_of in COUNTS.items()}
    arguments = {"events": count, "keys": keys, "seed": seed}
    expected = {**arguments, "span_s": span_s, "jitter_ms": jitter_ms, "counts": counts}
    (out / "expected.json").write_text(json.dumps(expected, indent=1), encoding="utf-8")
    return json.dumps(expected)


def main() -> None:
    """Read arguments, write files, print what was expected."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--keys", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--span-s", type=int, default=3600)
    parser.add_argument("--jitter-ms", type=int, default=2000)
    a = parser.parse_args()
    print(generate(a.out, a.events, a.keys, a.seed, a.span_s, a.jitter_ms))


if __name__ == "__main__":
    main()
