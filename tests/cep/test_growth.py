"""State does not grow: over a thousand windows it stays as large as after a few, then is empty."""

from __future__ import annotations

import importlib
import pickle
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.cep.carried import carried
from lakestream_mcp.cep.host import Host, Options
from lakestream_mcp.cep.packing import united_rows
from lakestream_mcp.cep.pattern_type import PatternType
from lakestream_mcp.cep.replay import FAR, Batch, Session
from lakestream_mcp.cep.watermark import watermark_before
from tests.codegen.bench import Bench, Made, joined, source
from tests.patterns.events import events

CATALOG = Catalog.load()
PATTERNS = [t.type for t in CATALOG if isinstance(t, PatternType)]
WINDOW_S = 300
WINDOWS = 1_000
LONG = ("10 minutes", "1 hour", "2 hours", "1 day")
BATCHES = 60


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def shortened(value: Any) -> Any:
    """A configuration whose times are at most one window."""
    if isinstance(value, dict):
        return {
            k: "6 minutes" if k == "forget_after" and v else shortened(v) for k, v in value.items()
        }
    if isinstance(value, list):
        return [shortened(v) for v in value]
    return "5 minutes" if value in LONG else value


def made_of(bench: Bench, kind: str, seed: int) -> tuple[Made, random.Random]:
    """A valid random configuration with short times: the first from this seed on."""
    ports = CATALOG.get(kind).input_ports
    strategies = importlib.import_module(f"tests.patterns.{kind.replace('-', '_')}.strategies")
    for attempt in range(seed * 1000, seed * 1000 + 200):
        draw = random.Random(f"{kind}/{attempt}")
        config = shortened(strategies.config(draw))
        node = {"id": "found", "type": kind, "name": "Found", "config": config}
        feeds = {port: [source("2 seconds", node_id=f"from_{port}")] for port in ports}
        made = bench.attempt(joined(node, feeds))
        if made is not None:
            return made, draw
    raise AssertionError(bench.said)


def sizes(bench: Bench, made: Made, draw: random.Random) -> tuple[list[int], Session]:
    """Bytes of states and waiting rows after each batch, and the session after closing."""
    feeds = [n.id for n in made.document.nodes if n.id.startswith("from_")]
    span = WINDOW_S * WINDOWS
    rows = {n: events(draw, count=2 * WINDOWS, span_s=span) for n in feeds}
    tables = bench.tables(made, rows)
    host = Host(
        made.document, made.validation, bench.catalog, bench.engine, bench.resolver, lambda *_: None
    )
    kind: Any = CATALOG.get(host.type_of("found"))
    relations = [made.validation.relations[e.source] for e in host.inputs("found")]
    plan = kind.plan(made.validation.configs["found"], relations, bench.resolver)
    inputs = [tables[e.source] for e in host.inputs("found")]
    packed = united_rows(plan, relations, inputs, bench.engine)
    points = host.watermark_points("found", tables, Options())
    total = sum(t.num_rows for t in tables.values())
    cuts = np.linspace(0, total, BATCHES + 1).astype(np.int64)
    marks = watermark_before(points, cuts)
    numbers = packed["row"].to_numpy()
    session = Session(carried(plan, "found"), "found", packed.slice(0, 0), traced=False)
    found = []
    for lo, hi, mark in zip(cuts, cuts[1:], marks, strict=False):
        batch = packed.filter((numbers >= lo) & (numbers < hi))
        session.take(Batch(batch, int(mark)))
        waiting = 0 if session.waiting is None else session.waiting.nbytes
        found.append(len(pickle.dumps(session.states, 5)) + waiting)
    session.take(Batch(packed.slice(0, 0), FAR))
    return found, session


def check(bench: Bench, kind: str, seed: int) -> None:
    made, draw = made_of(bench, kind, seed)
    found, session = sizes(bench, made, draw)
    half = len(found) // 2
    config = made.validation.configs["found"]
    assert max(found[half:]) <= 2 * max(found[:half]) + 4_000, f"{kind} {seed}: {config}\n{found}"
    assert not session.states, f"{kind} {seed}: {config}"
    assert session.waiting is None


@pytest.mark.parametrize("kind", PATTERNS)
def test_a_thousand_windows(bench: Bench, kind: str) -> None:
    for seed in (0, 1):
        check(bench, kind, seed)


@pytest.mark.soak
@pytest.mark.parametrize("kind", PATTERNS)
def test_a_thousand_windows_soak(bench: Bench, kind: str) -> None:
    for seed in range(2, 40):
        check(bench, kind, seed)
