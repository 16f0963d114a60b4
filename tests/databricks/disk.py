"""A disk that fails: at the nth change of a file below a folder, by an error or by sudden death.

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
        self.nth = 0
        self.how: How = "full"
        self.seen: list[str] = []
        sys.addaudithook(self._told)

    @property
    def failed(self) -> bool:
        """Whether it came to the nth change."""
        return len(self.seen) >= self.nth > 0

    def _told(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.below is None or (event != "open" and event not in CHANGES):
            return
        path = arguments[CHANGES.get(event, 0)]
        if isinstance(path, int) or not os.fsdecode(path).startswith(self.below):
            return
        if event == "open" and not arguments[2] & WRITING:
            return
        self.seen.append(f"{event} {path}")
        if len(self.seen) == self.nth:
            self._fail()

    def _fail(self) -> None:
        if self.how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.how == "death":
            raise Death
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


_disks: list[Disk] = []


@contextmanager
def failing(folder: Path, nth: int, how: How) -> Iterator[Disk]:
    """Below this folder the nth change fails."""
    if not _disks:
        _disks.append(Disk())
    disk = _disks[0]
    disk.nth, disk.how, disk.seen, disk.below = nth, how, [], f"{folder}{os.sep}"
    try:
        yield disk
    finally:
        disk.below = None
