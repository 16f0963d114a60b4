"""Room on the disk."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path


def free_bytes(folder: Path) -> int:
    """Room for tables and checkpoints, and for what Spark keeps while it runs."""
    places = (folder, Path(tempfile.gettempdir()))
    return min(shutil.disk_usage(place).free for place in places)


def disk_text(free: int, floor: int) -> str:
    """How much there is, and how much is needed."""
    return f"{free / 1e6:,.0f} MB are free, {floor / 1e6:,.0f} MB are the least"
