"""When a run that broke is started again, and when it is given up."""

from __future__ import annotations

import re
from typing import NamedTuple

from pydantic import BaseModel, Field

SAME_ERROR_MAX = 3
DEATHS_MAX = 10


class Limits(BaseModel):
    """What bounds a run. Times in seconds, sizes in bytes."""

    first_wait_s: float = Field(1.0, ge=0)
    wait_max_s: float = Field(60.0, ge=0)
    healthy_s: float = Field(60.0, ge=0)
    begin_s: float = Field(600.0, ge=0)
    stop_s: float = Field(30.0, ge=0)
    disk_floor: int = Field(500_000_000, ge=0)
    log_bytes: int = Field(5_000_000, ge=1_000)
    log_files: int = Field(3, ge=1)


class Broken(NamedTuple):
    """How an attempt ended: with Spark's own words, or by the death of its process.

    progressed: whether a batch was finished. seconds: how long it ran.
    """

    said: str
    died: bool
    progressed: bool
    seconds: float


class Again(NamedTuple):
    """Start again after a wait; the how-manieth time in a row that is."""

    wait_s: float
    attempt: int


class GiveUp(NamedTuple):
    """Do not start again, and why."""

    reason: str


class Restarts:
    """Counts what broke in a row. A period of health forgets it."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._attempt = 0
        self._signature: str | None = None
        self._same = 0

    def after(self, broken: Broken) -> Again | GiveUp:
        """What to do after an attempt that ended badly."""
        if broken.progressed and broken.seconds >= self._limits.healthy_s:
            self._attempt = 0
        signature = "died" if broken.died else _signature(broken.said)
        is_same = signature == self._signature and not broken.progressed
        self._same = self._same + 1 if is_same else 1
        self._signature = signature
        if "LOCAL_RUN_IMPOSSIBLE" in broken.said:
            return GiveUp(broken.said)
        if self._same >= (DEATHS_MAX if broken.died else SAME_ERROR_MAX):
            return GiveUp(f"{self._same} times in a row, without a batch between: {broken.said}")
        self._attempt += 1
        doubled = self._limits.first_wait_s * 2.0 ** min(self._attempt - 1, 30)
        return Again(min(self._limits.wait_max_s, doubled), self._attempt)


def _signature(said: str) -> str:
    """An error without what differs from one time to the next: numbers and ids."""
    return re.sub(r"\b[0-9a-f]{8,}\b|\d+", "#", said.lower())[:300]
