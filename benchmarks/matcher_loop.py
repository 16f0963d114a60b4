"""How long the sequence matcher takes for a million events, apart from reading and sorting.

    python benchmarks/matcher_loop.py [--events 1000000] [--keys 10000] [--seed 7] [--json]

Events are made here: types A to E of a hot-and-cold mix of keys over an hour. Prints CPU seconds;
nothing is asserted.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import time
from typing import Any

from lakestream_mcp.patterns.sequence.automaton import Condition, Step, compile_steps
from lakestream_mcp.patterns.sequence.matcher import SequenceMatcher

MINUTE = 60_000_000
A, B, C = Condition(0), Condition(1), Condition(2)
PATTERNS: dict[str, tuple[tuple[Step, ...], int | None, str, int | None]] = {
    "a, then b within 5 min": (
        (Step("a", A), Step("b", B)), 5 * MINUTE, "skip-past-last", 3
    ),
    "5 a within 1 min": ((Step("a", A, min=5, max=5),), MINUTE, "skip-past-last", 1),
    "a b+ c, strict": (
        (
            Step("a", A),
            Step("b", B, "strict", max=None, greedy=True, inner="strict"),
            Step("c", C, "strict"),
        ),
        None,
        "skip-past-last",
        None,
    ),
    "a, no c, then b, every combination": (
        (Step("a", A), Step("c", C, negated=True), Step("b", B, "relaxed-any")),
        MINUTE,
        "no-skip",
        7,
    ),
    "a then no b for 5 min": (
        (Step("a", A), Step("b", B, negated=True)), 5 * MINUTE, "no-skip", 3
    ),
}  # fmt: skip
Rows = list[list[tuple[int, int, tuple[int]]]]


def made(events: int, keys: int, seed: int) -> Rows:
    """Events of each key in order: (time, mask of its type, row)."""
    draw = random.Random(seed)
    hot = max(1, keys // 50)
    by_key: Rows = [[] for _ in range(keys)]
    for n in range(events):
        key = draw.randrange(hot) if draw.random() < 0.2 else draw.randrange(hot, keys)
        kind = draw.choices(range(5), (35, 20, 15, 15, 15))[0]
        by_key[key].append((n * 60 * MINUTE // events, 1 << kind, (0,)))
    return by_key


def measured(rows: Rows, name: str) -> dict[str, Any]:
    """One pattern over all keys, rows that no step wants left out first."""
    steps, within, after_match, wanted = PATTERNS[name]
    automaton = compile_steps(steps, within)
    conditions = tuple((c.bit, None) for c in automaton.conditions)
    matcher = SequenceMatcher(automaton.nodes, automaton.start, conditions, within, after_match)
    fed = [[e for e in key if wanted is None or e[1] & wanted] for key in rows]
    matches: list[Any] = []
    gc.collect()
    gc.freeze()
    began = time.process_time()
    for key in fed:
        state = matcher.on_events(matcher.initial(), key, matches.append)
        if state:
            matcher.on_time(state, 1 << 60, matches.append)
    spent = time.process_time() - began
    gc.unfreeze()
    count = sum(map(len, fed))
    return {
        "pattern": name,
        "events": count,
        "matches": len(matches),
        "cpu_s": round(spent, 3),
        "events_per_cpu_s": round(count / spent) if spent else None,
    }


def main() -> None:
    """Measure every pattern."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--keys", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = made(given.events, given.keys, given.seed)
    for name in PATTERNS:
        figures = measured(rows, name)
        if given.json:
            print(json.dumps(figures))
        else:
            print(
                "{pattern:36} {events:9,} events {matches:9,} matches {cpu_s:7} CPU-s".format(
                    **figures
                )
            )


if __name__ == "__main__":
    main()
