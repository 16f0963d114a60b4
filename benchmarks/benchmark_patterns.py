"""Benchmarks of all patterns, with a picture each, and the page that shows them.

    python benchmarks/benchmark_patterns.py [--only absence,trend]

Each pattern's pipeline comes from the templates; rates and keys are the tool's defaults. Writes
`docs/benchmarks/<pattern>.svg` and the table in `docs/benchmarks.md`. An author's own code runs on
Spark only, so `custom` has its line from the calibration of costs.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from calibrate_cost import CALIBRATION, PIPELINES, bench, host_of

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "benchmarks"
PAGE = ROOT / "docs" / "benchmarks.md"
MARK = "<!-- made by benchmarks/benchmark_patterns.py -->"
RATES = (100.0, 1_000.0, 10_000.0)
SECONDS = 10.0
WAITING = {"absence", "heartbeat"}
"""Nothing comes of these before their time is over."""
WAITING_RATES, WAITING_SECONDS = (10.0, 10_000.0), 1_800.0


def measured(only: set[str]) -> dict[str, dict[str, Any]]:
    """A report per pattern."""
    from lakestream_mcp.deploy.benchmark.plot import plot
    from lakestream_mcp.deploy.benchmark.run import Asked, benchmark_on_host
    from lakestream_mcp.deploy.benchmark.stream import Shape

    found = {}
    with bench() as b:
        for kind, (template, node) in PIPELINES.items():
            if kind == "custom" or (only and kind not in only):
                continue
            host = host_of(b, template)
            waits = kind in WAITING
            rates, seconds = (WAITING_RATES, WAITING_SECONDS) if waits else (RATES, SECONDS)
            report = benchmark_on_host(host, node, Asked(rates, seconds, Shape()), lambda *_: None)
            title = f"{template}: {node} ({kind}) on host"
            (FOLDER / f"{kind}.svg").write_text(plot(report, title), encoding="utf-8")
            found[kind] = report
            print(kind, report["saturation"]["sustained"], file=sys.stderr)
    return found


def table(found: dict[str, dict[str, Any]]) -> str:
    """A line per pattern at 10,000 events per second, and what Spark takes."""
    spark = json.loads(CALIBRATION.read_text(encoding="utf-8"))["patterns"]
    lines = [
        "| pattern | pipeline | sustained, events/s | CPU µs/event | in reference turns "
        "| latency p50 / p95 / p99, ms | keys | bytes/key | Spark, µs/wanted event |",
        "|---|---|---:|---:|---:|---|---:|---:|---:|",
    ]
    for kind, (template, node) in PIPELINES.items():
        place = f"`{template}` / `{node}`"
        on_spark = f"{spark[kind]['spark_us']:.1f}"
        report = found.get(kind)
        if report is None:
            lines.append(f"| {kind} | {place} | | | | | | | {on_spark} |")
            continue
        step, end = report["steps"][-1], report["saturation"]
        more = "" if end["saturated"] else " and more"
        cells = [
            f"[{kind}](benchmarks/{kind}.svg)",
            place,
            f"{end['sustained']:,.0f}{more}",
            f"{step['cpu_us_per_event']:.2f}",
            f"{step['cpu_us_per_event'] / report['reference_us']:.0f}",
            _latency(report["steps"]),
            f"{step['state']['keys']:,}",
            f"{step['state']['bytes'] / max(step['state']['keys'], 1):,.0f}",
            on_spark,
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _latency(steps: list[dict[str, Any]]) -> str:
    """That of the fastest stream with matches; streams have so many events that slow ones last."""
    step = next((s for s in reversed(steps) if s["latency_ms"]), None)
    if step is None:
        return "no match"
    shown = step["latency_ms"]
    place = "" if step is steps[-1] else f" (at {step['rate']:,.0f} events/s)"
    return f"{shown['p50']:.0f} / {shown['p95']:.0f} / {shown['p99']:.0f}{place}"


def main() -> None:
    """Measure, draw, and write the page's table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default="")
    a = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    found = measured({name for name in a.only.split(",") if name})
    if a.only:
        print(table(found))
        return
    pictures = "\n".join(f"![{kind}](benchmarks/{kind}.svg)" for kind in found)
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(MARK)
    after = rest.partition(MARK)[2]
    text = f"{before}{MARK}\n\n{table(found)}\n\n{pictures}\n\n{MARK}{after}"
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
