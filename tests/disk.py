"""A disk that fails: at one change of a file below a folder, by an error or by sudden death.

Python tells of each change before it makes it (audit events), so the product's own code runs as
ever and the file system is the real one.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

How = Literal["full", "death", "kill"]
CHANGES = {"os.mkdir": 0, "os.rename": 1, "os.remove": 0, "os.rmdir": 0}
"""Events of Python that tell of a change, and which of their arguments names what is changed."""
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Death(BaseException):
    """The process is no more: nothing of it comes to an end."""


class Disk:
    """What fails, and what was changed since then. There is one, as hooks stay for good."""

    def __init__(self) -> None:
        self.below: str | None = None
        self.at: int | str = 0
        self.how: How = "full"
        self.failed = False
        self.seen: list[str] = []
        sys.addaudithook(self._told)

    def _told(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.below is None or (event != "open" and event not in CHANGES):
            return
        path = arguments[CHANGES.get(event, 0)]
        if isinstance(path, int) or not os.fsdecode(path).startswith(self.below):
            return
        if event == "open" and not arguments[2] & WRITING:
            return
        self.seen.append(f"{event} {path}")
        told = len(self.seen) if isinstance(self.at, int) else os.fsdecode(path).rpartition("/")[2]
        if told == self.at and not self.failed:
            self._fail()

    def _fail(self) -> None:
        self.failed = True
        if self.how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.how == "death":
            raise Death
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


_disks: list[Disk] = []


@contextmanager
def failing(folder: Path, at: int | str, how: How) -> Iterator[Disk]:
    """Below this folder the nth change fails, or the first one of a file of this name."""
    if not _disks:
        _disks.append(Disk())
    disk = _disks[0]
    disk.at, disk.how, disk.failed, disk.seen = at, how, False, []
    disk.below = f"{folder}{os.sep}"
    try:
        yield disk
    finally:
        disk.below = None
