"""Spark's own words: copied from its pipe into files that are rotated, so that they stay small."""

from __future__ import annotations

import logging.handlers
import os
import threading
from pathlib import Path
from typing import IO

from .restarts import Limits

LINE_BYTES_MAX = 16_384
NAME = "spark.log"


class SparkLog:
    """Where Spark writes to while it runs; its end comes when all writers have closed the pipe."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._handler = logging.handlers.RotatingFileHandler(
            folder / NAME,
            maxBytes=limits.log_bytes,
            backupCount=limits.log_files - 1,
            encoding="utf-8",
        )
        self._handler.setFormatter(logging.Formatter("%(message)s"))

    def pipe(self) -> IO[bytes]:
        """The writing end for one Spark process."""
        reading, writing = os.pipe()
        threading.Thread(target=self._copy, args=(reading,), daemon=True).start()
        return os.fdopen(writing, "wb")

    def _copy(self, reading: int) -> None:
        with os.fdopen(reading, "rb") as stream:
            while line := stream.readline(LINE_BYTES_MAX):
                self.say(line.decode("utf-8", "replace").rstrip("\r\n"))

    def say(self, text: str) -> None:
        """Write a line."""
        self._handler.handle(logging.makeLogRecord({"msg": text}))


def tail(folder: Path, lines: int) -> list[str]:
    """The last lines of the log, also where it was just rotated."""
    found: list[str] = []
    for file in (folder / NAME, folder / f"{NAME}.1"):
        if len(found) < lines and file.exists():
            found = file.read_text("utf-8", "replace").splitlines()[-(lines - len(found)) :] + found
    return found
