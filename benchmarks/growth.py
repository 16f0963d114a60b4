"""Whether the tester's host costs the same per event, and keeps as much, after ten times as many.

    python benchmarks/growth.py [--events 10000000] [--keys 10000] [--pattern P1] [--json]

A stream without end, in batches of 100,000 events of which a tenth come out of order, through the
kernel and the matcher of a pattern of the workload. For every tenth of the events: CPU seconds, the
process's memory at the end, keys with state. Ratios are of the last tenth to the second one, since
the first fills windows and memory pools.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from workload import planned

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
BATCH = 100_000
STEP_US = 3_600  # between two events: a million an hour, as in the workload
DELAY_US = 2_000_000
START_US = 1_700_000_000_000_000


def batch(number: int, keys: int, draw: Any) -> Any:
    """Packed rows: key, time, conditions of a third of the rows each, number of the event."""
    import numpy as np
    import pyarrow as pa

    seq = np.arange(number * BATCH, (number + 1) * BATCH)
    jitter = np.where(draw.random(BATCH) < 0.1, draw.integers(-DELAY_US, 0, BATCH), 0)
    named = pa.array([f"key-{key}" for key in draw.integers(0, keys, BATCH).tolist()])
    times = pa.array(START_US + DELAY_US + seq * STEP_US + jitter)
    masks = pa.array(1 << draw.integers(0, 3, BATCH))
    return pa.table([named, times, masks, pa.array(seq)], ["key_0", "ts", "mask", "value_0"])


def resident_mb() -> float:
    """What the process holds now."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * 4096 / 1e6


def tenths(pattern: str, events: int, keys: int) -> list[dict[str, float]]:
    """Figures of every tenth of the stream."""
    import numpy as np

    from lakestream_mcp.cep.carried import carried, load
    from lakestream_mcp.relational.local import LocalEngine

    engine = LocalEngine()
    try:
        plan, _ = planned(pattern, engine)
    finally:
        engine.close()
    kernel, matcher, layout = load(carried(plan, "found"), "found")
    states: dict[Any, Any] = {}
    waiting, watermark = None, 0
    draw, found = np.random.default_rng(7), []
    for tenth in range(10):
        spent = 0.0
        for number in range(tenth * events // 10 // BATCH, (tenth + 1) * events // 10 // BATCH):
            rows, out = batch(number, keys, draw), list[Any]()
            began = time.process_time()
            left = kernel.advance(layout, matcher, states, waiting, rows, watermark, out)
            spent += time.process_time() - began
            waiting = left.waiting
            watermark = int(rows["ts"].to_numpy().max()) - DELAY_US
        found.append({"cpu_s": round(spent, 2), "mb": round(resident_mb(), 1), "keys": len(states)})
    return found


def main() -> None:
    """Play the stream and print figures and ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--keys", type=int, default=10_000)
    parser.add_argument("--pattern", default="P1")
    parser.add_argument("--json", action="store_true")
    a = parser.parse_args()
    found = tenths(a.pattern, a.events, a.keys)
    ratios = {name: round(found[-1][name] / found[1][name], 2) for name in ("cpu_s", "mb", "keys")}
    answer = {"tenths": found, "last/second": ratios}
    print(json.dumps(answer) if a.json else "\n".join(f"{k}: {v}" for k, v in answer.items()))


if __name__ == "__main__":
    main()
