"""Rows made up for a source: values its pipeline's conditions mention, in order of event time."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

from ..cep.host import Host
from ..cep.report import jsonable
from .candidates import Mentioned, texts
from .stage import START

LONGEST_GAP_S = 90
USUAL = 8
"""How many of a column's likely values are used: those that conditions mention come first."""


def made_up_rows(host: Host, source: str, count: int, seed: int) -> list[dict[str, Any]]:
    """Rows with the columns of a source; a seed gives the same ones each time."""
    relation = host.relations[source]
    mentioned = Mentioned(t for c in host.configs.values() for t in texts(c.model_dump()))
    only = host.only_values(source)
    pools = {n: pool[:USUAL] for n, pool in mentioned.pools(relation, only).items()}
    times = [c.name for c in relation.columns if c.type == "timestamp"]
    draw = random.Random(f"{seed}/{source}")
    rows, at = [], START
    for _ in range(count):
        row = {name: draw.choice(pool) for name, pool in pools.items()}
        rows.append(row | dict.fromkeys(times, at))
        at += dt.timedelta(seconds=draw.randint(1, LONGEST_GAP_S))
    found: list[dict[str, Any]] = jsonable(rows)
    return found
