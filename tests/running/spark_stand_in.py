"""Speaks as Spark's child process does, and behaves as a file says: fast, and as bad as wanted.

`behaviour.json` in the run's folder is read at each start:
{"batches": n, "first": id, "pause_s": s, "query": sink, "pattern": node}  report batches, and go
on until interrupted
{"fail": sentence}  answer so · {"die": true}  die · {"mute": true}  never come to run
{"deaf": true}  do not stop · {"noise": bytes}  write so much to the log · {"end": true}  be done
"""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

interrupted = threading.Event()


def answer(**event: Any) -> None:
    print(json.dumps(event), flush=True)


def report(folder: Path, behaviour: dict[str, Any], batch_id: int, rows: int) -> None:
    """One line of progress."""
    name, pattern = behaviour.get("query", "kept"), behaviour.get("pattern", "quiet")
    now = dt.datetime.now(dt.UTC).isoformat().replace("+00:00", "Z")
    progress = {
        "name": name,
        "timestamp": now,
        "batchId": batch_id,
        "numInputRows": rows,
        "durationMs": {"triggerExecution": 10},
        "stateOperators": [{"numRowsTotal": 5, "numRowsDroppedByWatermark": 1}],
        "observedMetrics": {f"lakestream_{pattern}": {"matches": 2, "late_rows": 1}},
    }
    with (folder / "000-000.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(progress) + "\n")


def follow(progress: Path) -> None:
    behaviour = json.loads((progress.parent / "behaviour.json").read_text(encoding="utf-8"))
    if "noise" in behaviour:
        line = "x" * 99 + "\n"
        sys.stderr.write(line * (behaviour["noise"] // len(line)))
        sys.stderr.flush()
    if "fail" in behaviour:
        return answer(event="failed", message=behaviour["fail"], detail="a trace")
    if behaviour.get("die"):
        os.killpg(0, signal.SIGKILL)
    if behaviour.get("mute"):
        return None
    answer(event="running", queries=["kept"])
    first = behaviour.get("first", 0)
    for batch_id in range(first, first + behaviour.get("batches", 0)):
        report(progress, behaviour, batch_id, rows=10)
        time.sleep(behaviour.get("pause_s", 0))
    while not behaviour.get("end") and (not interrupted.wait(0.05) or behaviour.get("deaf")):
        time.sleep(0.01)
    answer(event="done", result={"interrupted": interrupted.is_set()})
    return None


def python(folder: Path) -> Path:
    """A Python that starts this file where Spark's child is asked for."""
    from lakestream_mcp.deploy import spark_env

    real, script = spark_env.find_python(), folder / "bin" / "python"
    script.parent.mkdir()
    script.write_text(
        f'#!/bin/sh\ncase "$1" in */spark_child.py) exec {sys.executable} {__file__};; '
        f'*) exec {real} "$@";; esac\n'
    )
    script.chmod(0o755)
    (folder / "lib").symlink_to(real.parents[1] / "lib")
    return script


def main() -> None:
    signal.signal(signal.SIGINT, lambda *_: interrupted.set())
    threading.Thread(target=serve, daemon=True).start()
    while True:
        time.sleep(0.05)
        if done.is_set():
            return


done = threading.Event()
requests: list[str] = []


def serve() -> None:
    """Answer each request in a thread; end when the other side has gone."""
    for line in sys.stdin:
        request = json.loads(line)
        if request["request"] == "start":
            answer(event="done", result={})
        else:
            threading.Thread(target=follow, args=(Path(request["progress"]),), daemon=True).start()
    done.set()


if __name__ == "__main__":
    main()
