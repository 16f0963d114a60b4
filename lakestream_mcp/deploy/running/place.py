"""Where a local run lives: its files, and the locks that say which of its processes are alive.

A lock is held by the kernel for a process and goes with it, however it ends: by `kill -9`, by a
power cut, at a reboot. So who is alive is asked of locks; process numbers are only for signals.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from ...errors import Unsupported

POLL_S = 0.05


class RunFolder:
    """The files of one pipeline's local run."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.job = self.root / "job.json"
        self.notebook = self.root / "notebook.py"
        self.claim = self.root / "pipeline.json"
        self.record = self.root / "run.db"
        self.stop_request = self.root / "stop.json"
        self.progress = self.root / "progress"
        self.checkpoints = self.root / "checkpoints"
        self.tables = self.root / "tables"
        self.inputs = self.root / "inputs"
        self.earlier = self.root / "earlier"
        self.logs = self.root / "logs"
        self.starter_lock = self.root / "starter.lock"
        self.supervisor_lock = self.root / "supervisor.lock"
        self.spark_lock = self.root / "spark.lock"

    @property
    def exists(self) -> bool:
        """Whether a run was ever started here."""
        return self.job.exists()

    @property
    def supervised(self) -> bool:
        """Whether a supervisor is alive."""
        return is_held(self.supervisor_lock)


class Lock:
    """A lock on a file, held until it is released and every process that got it has ended."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    @classmethod
    def take(cls, path: Path, wait_s: float = 0) -> Lock | None:
        """The lock, or None where others keep it all the time."""
        flock, exclusive = _flock()
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        give_up_at = time.monotonic() + wait_s
        while not flock(fd, exclusive):
            if time.monotonic() >= give_up_at:
                os.close(fd)
                return None
            time.sleep(POLL_S)
        return cls(fd)

    def sign(self) -> None:
        """Write into the file who holds it, for `kill_holder`."""
        text = json.dumps({"pid": os.getpid(), "mark": process_mark(os.getpid())}).encode()
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, text, 0)

    def release(self) -> None:
        """Give the lock up for this process."""
        os.close(self.fd)


def _flock() -> tuple[Any, int]:
    """A lock attempt that says whether it succeeded, and the mode of an exclusive lock."""
    try:
        import fcntl
    except ImportError:
        raise Unsupported(
            "Local runs are supervised on Linux and macOS only.", where={"platform": os.name}
        ) from None

    def attempt(fd: int, mode: int) -> bool:
        try:
            fcntl.flock(fd, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    return attempt, fcntl.LOCK_EX


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    flock, _ = _flock()
    import fcntl

    try:
        # Shared, so that those who ask do not stand in each other's way.
        return not flock(fd, fcntl.LOCK_SH)
    finally:
        os.close(fd)


def kill_holder(path: Path) -> None:
    """End the process that holds the lock, if it is still the one that signed it."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        holder = json.loads(path.read_text(encoding="utf-8"))
        # While the lock is held its holder lives, so that the number cannot be another's.
        if is_held(path) and process_mark(holder["pid"]) == holder["mark"]:
            os.kill(holder["pid"], signal.SIGKILL)


def kill_group(leader: int) -> None:
    """End a process and those it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def kill_group_if(leader: int, mark: str | None) -> None:
    """The same, unless the number has meanwhile gone to another process."""
    if mark is not None and process_mark(leader) == mark:
        kill_group(leader)


def process_mark(pid: int) -> str | None:
    """What tells a process from a later one of the same number: its boot and its start."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
        return f"{boot} {stat.rpartition(')')[2].split()[19]}"
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return None
    told = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return told.stdout.strip() or None


def write_json(path: Path, value: Any) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    with part.open("w", encoding="utf-8") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
