"""Made-up events have the statistics that are promised, and the faults that are asked for."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.relational.local import LocalEngine

NODE: Any = Catalog.load().get("stream-simulator")
EVENTS = ("page_view", "search", "add_to_cart", "purchase", "user_login")
FOLLOWS = {
    "user_login": (0.9, 0.1, 0.0, 0.0, 0.0),
    "page_view": (0.4, 0.2, 0.3, 0.1, 0.0),
    "search": (0.7, 0.2, 0.1, 0.0, 0.0),
    "add_to_cart": (0.3, 0.1, 0.2, 0.4, 0.0),
    "purchase": (0.8, 0.2, 0.0, 0.0, 0.0),
}
UNLIKELY = 4.5
"""Deviations from the mean: chance would be below one in a hundred thousand."""
Row = dict[str, Any]


def made(engine: LocalEngine, count: int, **config: Any) -> list[Row]:
    return list(NODE.simulate(NODE.Config.model_validate(config), count, engine).to_pylist())


def chi_square(counts: list[int], shares: tuple[float, ...]) -> tuple[float, int]:
    """How far counts are from shares, and the degrees of freedom."""
    pairs = [(c, s) for c, s in zip(counts, shares, strict=True) if s]
    assert sum(c for c, _ in pairs) == sum(counts), "nothing that has no share"
    expected = np.array([s for _, s in pairs]) * sum(counts)
    return float((((np.array([c for c, _ in pairs]) - expected) ** 2) / expected).sum()), (
        len(pairs) - 1
    )


def is_near(counts: list[int], shares: tuple[float, ...]) -> bool:
    """Whether chi-square is within what chance does: its mean is its degrees of freedom."""
    distance, freedom = chi_square(counts, shares)
    return distance < freedom + UNLIKELY * float(np.sqrt(2 * freedom))


@pytest.fixture(scope="module")
def visits(engine: LocalEngine) -> dict[str, list[Row]]:
    """Events by session, in order."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in made(engine, 60_000, profile="clickstream", keys=300, seed=11):
        found[row["session_id"]].append(row)
    return found


def test_clicks_follow_the_table(visits: dict[str, list[Row]]) -> None:
    seen = Counter(
        (a["event_type"], b["event_type"]) for rows in visits.values() for a, b in pairwise(rows)
    )
    for event, shares in FOLLOWS.items():
        assert is_near([seen[event, other] for other in EVENTS], shares), event


def test_visits_begin_and_end_as_promised(visits: dict[str, list[Row]]) -> None:
    first = Counter(rows[0]["event_type"] for rows in visits.values())
    assert is_near([first[event] for event in EVENTS], (0.7, 0.0, 0.0, 0.0, 0.3))
    by_user: dict[str, list[list[Row]]] = defaultdict(list)
    for rows in visits.values():
        by_user[rows[0]["user_id"]].append(rows)
    ended: dict[bool, Counter[bool]] = {True: Counter(), False: Counter()}
    for sessions in by_user.values():
        assert [s[0]["event_time"] for s in sessions] == sorted(
            s[0]["event_time"] for s in sessions
        )
        for rows in sessions[:-1]:
            turns = [int(rows[0]["session_id"].rpartition("_")[2]) + i for i in range(len(rows))]
            for turn, row in zip(turns, rows, strict=True):
                if turn % 64 != 63:  # the next turn begins a visit anyway
                    ended[row["event_type"] == "add_to_cart"][row is rows[-1]] += 1
    after_cart = 1 - 0.95 * 0.7
    assert is_near([ended[True][True], ended[True][False]], (after_cart, 1 - after_cart))
    assert is_near([ended[False][True], ended[False][False]], (0.05, 0.95))


def test_a_click_is_the_same_whatever_was_made_with_it(engine: LocalEngine) -> None:
    many = made(engine, 2000, profile="clickstream", keys=20)
    assert made(engine, 150, profile="clickstream", keys=20) == many[:150]
    assert made(engine, 150, profile="clickstream", keys=20, seed=1) != many[:150]


def test_planted_fraud_is_what_it_says(engine: LocalEngine) -> None:
    rows = made(engine, 20_000, profile="financial-transactions", planted_share=0.05)
    groups = [rows[i : i + 5] for i in range(0, len(rows), 5)]
    planted = [group for group in groups if group[0]["is_fraud"]]
    assert is_near([len(planted), len(groups) - len(planted)], (0.05, 0.95))
    for group in planted:
        assert len({row["account_id"] for row in group}) == 1
        assert all(row["amount"] <= 5.01 for row in group[:3])
        assert all(2000 <= row["amount"] <= 5000 for row in group[3:])
    honest = [row for group in groups for row in group if not group[0]["is_fraud"]]
    assert all(1 <= row["amount"] <= 1500 and not row["is_fraud"] for row in honest)
    assert not any(row["is_fraud"] for row in made(engine, 999, **_bank(planted_share=0)))


def _bank(**config: Any) -> Row:
    return {"profile": "financial-transactions", **config}


def test_changes_fit_together(engine: LocalEngine) -> None:
    rows = made(engine, 20_000, profile="cdc", keys=100)
    known: dict[int, Row] = {}
    for row in rows:
        before, after = row["before"], row["after"]
        key = (after or before)["user_id"]
        if row["op"] == "r":
            assert key not in known and before is None
        else:
            assert known.get(key) == before or (row["op"] == "d" and key not in known)
        if row["op"] == "u":
            assert sum(before[name] != after[name] for name in after) == 1
        assert (row["op"] == "d") == (after is None)
        known[key] = after
        if after is None:
            del known[key]
    ops = Counter(row["op"] for row in rows[100:])
    assert is_near([ops["c"], ops["u"], ops["d"]], (0.1, 0.8, 0.1))
    assert rows[5]["ts_ms"] == rows[5]["event_time"].timestamp() * 1000


def test_events_are_spoilt_on_request(engine: LocalEngine) -> None:
    good = made(engine, 10_000, seed=3)
    late = made(engine, 10_000, seed=3, late_share=0.1, late_by="20 seconds")
    behind = [a["event_time"] - b["event_time"] for a, b in zip(good, late, strict=True)]
    assert is_near([sum(1 for each in behind if each), behind.count(dt.timedelta())], (0.1, 0.9))
    assert max(behind) <= dt.timedelta(seconds=20)
    assert min(behind) >= dt.timedelta()

    doubled = made(engine, 10_000, seed=3, duplicate_share=0.1)
    same = [a == b for a, b in zip(good, doubled, strict=True)]
    assert is_near([same.count(False), same.count(True)], (0.1, 0.9))
    assert all(row in good[max(0, n - 10) : n + 1] for n, row in enumerate(doubled))

    broken = made(engine, 10_000, seed=3, malformed_share=0.1)
    missing = [[name for name, value in row.items() if value is None] for row in broken]
    assert is_near([sum(map(len, missing)), missing.count([])], (0.1, 0.9))
    columns = Counter(name for names in missing for name in names)
    assert is_near(list(columns.values()), (0.25,) * 4)


def test_generators_keep_to_their_bounds(engine: LocalEngine) -> None:
    columns = [
        {"name": "n", "type": "int", "generator": "sequence(100, -5)"},
        {"name": "x", "type": "double", "generator": "normal(20, 1.5)"},
        {"name": "at", "type": "timestamp", "generator": "timestamp(2026-01-01, 2026-01-02)"},
    ]
    rows = made(engine, 20_000, profile="custom", columns=columns)
    assert [row["n"] for row in rows[:3]] == [100, 95, 90]
    values = np.array([row["x"] for row in rows])
    assert abs(values.mean() - 20) < UNLIKELY * 1.5 / np.sqrt(len(values))
    assert abs(values.std() - 1.5) < 0.05
    assert abs((np.abs(values - 20) < 1.5).mean() - 0.683) < 0.02
    times = [row["at"] for row in rows]
    day = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    assert day <= min(times) and max(times) < day + dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("kind", "generator"),
    [
        ("bigint", "sequence(1)"),
        ("bigint", "sequence(1, 1.5)"),
        ("string", "normal(1, 2)"),
        ("double", "normal(1)"),
        ("timestamp", "timestamp(2026-02-01, 2026-01-01)"),
        ("timestamp", "timestamp(x, y)"),
        ("string", "timestamp(2026-01-01, 2026-02-01)"),
    ],
)
def test_a_generator_that_cannot_be_is_refused(kind: str, generator: str) -> None:
    columns = [{"name": "a", "type": kind, "generator": generator}]
    config = NODE.Config.model_validate({"profile": "custom", "columns": columns})
    assert [p.code for p in NODE.check(config, [])] == ["UNKNOWN_GENERATOR"]
