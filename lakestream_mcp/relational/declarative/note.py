"""A remark on a statement that was read."""

from __future__ import annotations

from typing import NamedTuple


class Note(NamedTuple):
    """What is said of a part of a statement; `line` is an offset until it is placed."""

    code: str
    message: str
    line: int
    column: int = 0
