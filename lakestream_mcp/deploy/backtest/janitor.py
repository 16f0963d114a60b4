"""Cleans up after a process, however it ends: executed as a child that outlives it.

One line each comes in on stdin: `kill <process group>` and `remove <folder>`. When the input ends,
since the parent has closed it or is gone, groups are killed and folders are removed. This file
stands alone.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time

ATTEMPTS = 100
PAUSE_S = 0.1


def main() -> None:
    """Note what is to be done, wait, do it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    groups: list[int] = []
    folders: list[str] = []
    for line in sys.stdin:
        word, _, rest = line.rstrip("\n").partition(" ")
        if word == "kill":
            groups.append(int(rest))
        elif word == "remove":
            folders.append(rest)
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    for _ in range(ATTEMPTS):  # what has just been killed may still have written
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        if not any(map(os.path.exists, folders)):
            return
        time.sleep(PAUSE_S)


if __name__ == "__main__":
    main()
