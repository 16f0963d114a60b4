"""Random configurations of `deduplicate`."""

from __future__ import annotations

import random
from typing import Any

from ..events import duration, shared_fields


def config(draw: random.Random) -> dict[str, Any]:
    """One configuration."""
    return {**shared_fields(draw), "within": duration(draw)}
