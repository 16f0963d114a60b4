"""A folder that is gone when its process is: after success, failure, and `kill -9`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

JANITOR = Path(__file__).with_name("janitor.py")
PREFIX = "lakestream-backtest-"


class Scratch:
    """A folder, and the child that will remove it."""

    def __init__(self, folder: Path, janitor: subprocess.Popen[str]) -> None:
        self.folder = folder
        self._janitor = janitor
        self.also_remove(folder)

    def also_remove(self, folder: Path) -> None:
        """Another folder to remove at the end."""
        self._say(f"remove {folder}")

    def also_kill(self, process_group: int) -> None:
        """A process group that must not outlive this process."""
        self._say(f"kill {process_group}")

    def close(self) -> None:
        """Have everything done, and wait for it."""
        assert self._janitor.stdin is not None
        self._janitor.stdin.close()
        self._janitor.wait()

    def _say(self, line: str) -> None:
        assert self._janitor.stdin is not None
        self._janitor.stdin.write(f"{line}\n")
        self._janitor.stdin.flush()


@contextmanager
def scratch(parent: Path) -> Iterator[Scratch]:
    """A new folder below `parent` until the end of the block, or of this process."""
    parent.mkdir(parents=True, exist_ok=True)
    janitor = subprocess.Popen(
        [sys.executable, "-I", str(JANITOR)],
        stdin=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    made = Scratch(Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent)), janitor)
    try:
        yield made
    finally:
        made.close()
