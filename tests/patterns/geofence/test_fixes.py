"""Which rows are fixes: positions on earth, accurate enough."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from typing import Any

import pytest

from tests.codegen.bench import Bench, chain, source

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
ZONES = [{"name": "half the earth", "latitude": 0, "longitude": 0, "radius_m": 10_000_000}]


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def entered(bench: Bench, rows: list[dict[str, Any]], **config: Any) -> list[int]:
    """The ids of the rows that enter, each a key of its own."""
    given = {"key": ["id"], "latitude": "amount", "longitude": "0", "zones": ZONES} | config
    node = {"id": "found", "type": "geofence", "name": "Found", "config": given}
    made = bench.make(chain(source(), node))
    events = [{"id": n, "at": START, **row} for n, row in enumerate(rows)]
    found = bench.on_host(made, bench.tables(made, {"events": events})).tables["found"]
    return sorted(found["id"].to_pylist())


def test_a_latitude_must_be_on_earth(bench: Bench) -> None:
    latitudes = [None, math.nan, math.inf, -math.inf, 90.5, -91.0, 1e300, 45.0, -0.0]
    assert entered(bench, [{"amount": latitude} for latitude in latitudes]) == [7, 8]


def test_a_longitude_must_be_on_earth(bench: Bench) -> None:
    longitudes = [None, math.nan, math.inf, 180.1, -181.0, 80.0, -80.0]
    rows = [{"amount": longitude} for longitude in longitudes]
    assert entered(bench, rows, latitude="0", longitude="amount") == [5, 6]


def test_an_accuracy_must_be_known_and_good_enough(bench: Bench) -> None:
    accuracies = [None, math.nan, math.inf, -1.0, 5.01, 5.0, 0.0]
    rows = [{"amount": accuracy} for accuracy in accuracies]
    given = {"latitude": "1", "accuracy": "amount", "max_accuracy_m": 5}
    assert entered(bench, rows, **given) == [5, 6]
