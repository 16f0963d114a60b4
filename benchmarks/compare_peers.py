"""Our two engines and other engines on the same workload, interleaved, as ratios of CPU seconds.

    python benchmarks/compare_peers.py DIR [--flink RUN_SH] [--esper RUN_SH] [--rounds 3] [--json]

RUN_SH is called as `sh RUN_SH DIR PATTERN` and prints one line of JSON with its matches. CPU is
that of the whole process tree, start included, for everybody. The host is compared with Esper (no
durable state, in process), Spark with Flink. Ratios are medians over the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from workload import PATTERNS, measured

WORKLOAD = Path(__file__).with_name("workload.py")
Figures = dict[str, list[float]]


def ours(folder: Path, pattern: str, engine: str) -> float:
    """CPU seconds of one of our engines."""
    command = [sys.executable, str(WORKLOAD), str(folder), "--pattern", pattern]
    done = subprocess.run(
        [*command, "--engine", engine, "--json"], stdout=subprocess.PIPE, text=True, check=True
    )
    return float(json.loads(done.stdout)["cpu_s"])


def theirs(run: Path, folder: Path, pattern: str, expected: int) -> float:
    """CPU seconds of another engine, whose count must be right."""
    out, _, cpu = measured(["sh", str(run), str(folder.absolute()), pattern], warm=False)
    found = json.loads(out[out.index("{") :].splitlines()[0])["matches"]
    if found != expected:
        raise SystemExit(f"{run} found {found} matches of {pattern}, not {expected}")
    return cpu


def round_of(folder: Path, pattern: str, expected: int, peers: dict[str, Path]) -> dict[str, float]:
    """Every engine once, one after the other."""
    figures = {"host": ours(folder, pattern, "host")}
    if "esper" in peers:
        figures["esper"] = theirs(peers["esper"], folder, pattern, expected)
    figures["spark"] = ours(folder, pattern, "spark")
    if "flink" in peers:
        figures["flink"] = theirs(peers["flink"], folder, pattern, expected)
    return figures


def ratio(figures: Figures, ours_name: str, peer: str) -> float | None:
    """Median of the ratios round by round."""
    if peer not in figures:
        return None
    pairs = zip(figures[ours_name], figures[peer], strict=True)
    return round(statistics.median(a / b for a, b in pairs), 2)


def main() -> None:
    """Run the rounds and print medians and ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--flink", type=Path)
    parser.add_argument("--esper", type=Path)
    parser.add_argument("--pattern", action="append", choices=sorted(PATTERNS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    a = parser.parse_args()
    peers = {n: p for n, p in (("flink", a.flink), ("esper", a.esper)) if p is not None}
    counts = json.loads((a.folder / "expected.json").read_text(encoding="utf-8"))["counts"]
    answer = {}
    for pattern in a.pattern or sorted(PATTERNS):
        figures: Figures = {}
        for _ in range(a.rounds):
            for name, cpu in round_of(a.folder, pattern, counts[pattern], peers).items():
                figures.setdefault(name, []).append(cpu)
        medians = {name: statistics.median(values) for name, values in figures.items()}
        answer[pattern] = {
            "cpu_s": medians,
            "host/esper": ratio(figures, "host", "esper"),
            "spark/flink": ratio(figures, "spark", "flink"),
            "load": round(os.getloadavg()[0], 1),
        }
        if not a.json:
            print(pattern, answer[pattern], flush=True)
    if a.json:
        print(json.dumps(answer))


if __name__ == "__main__":
    main()
