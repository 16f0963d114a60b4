"""CPU seconds of a command with all the processes it starts, from their start to their end.

The system adds up what parents wait for. It forgets processes whose parent ignores their end, as
pyspark's daemon does with its workers, which do half of the work: those are looked at while they
run, so that up to a fifth of a second of each may be missed.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

INTERVAL_S = 0.2
SET_CHILD_SUBREAPER = 36
SIGCHLD_BIT = 1 << 16
TICKS = os.sysconf("SC_CLK_TCK")


def measured(command: list[str], env: Mapping[str, str]) -> tuple[str, float, float]:
    """Output, wall and CPU seconds of a command and of all processes it leaves behind."""
    ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
    with _watching() as forgotten:
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=env)
        wall = time.time() - began
        with contextlib.suppress(ChildProcessError):
            while True:
                forgotten.pop(os.waitpid(-1, 0)[0], None)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    waited = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return done.stdout, round(wall, 2), round(waited + sum(forgotten.values()), 2)


@contextlib.contextmanager
def _watching() -> Iterator[dict[int, float]]:
    """CPU seconds by process, as last seen, of those that nobody will wait for."""
    seen: dict[int, float] = {}
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(INTERVAL_S):
            seen.update(_forgotten())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        watcher.join()


def _forgotten() -> Iterator[tuple[int, float]]:
    """Processes below this one whose parent ignores their end, with their CPU seconds."""
    fields = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            text = folder.joinpath("stat").read_text(encoding="utf-8", errors="replace")
            fields[int(folder.name)] = text.rpartition(")")[2].split()
    below, todo = set(), [os.getpid()]
    while todo:
        parent = todo.pop()
        children = {pid for pid, field in fields.items() if int(field[1]) == parent}
        todo += children
        below |= children
    for pid in below:
        if _ignores_children(int(fields[pid][1])):
            yield pid, (int(fields[pid][11]) + int(fields[pid][12])) / TICKS


def _ignores_children(pid: int) -> bool:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("SigIgn:"):
                return bool(int(line.split()[1], 16) & SIGCHLD_BIT)
    return False
