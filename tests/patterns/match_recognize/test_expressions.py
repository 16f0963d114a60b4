"""Measures and definitions against their meaning, written out over a match's rows and labels."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from tests.codegen.bench import Bench, chain, source

from .oracle import Path, Rules, recognize
from .test_engine import parsed

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
COLUMNS = "at timestamp, id bigint, value int, ratio double, name string, price decimal(8,2)"
UNIONS = {"U": ("A", "B")}
Row = dict[str, Any]


class Match(NamedTuple):
    """A match seen from its row `at` (a place in `path`); `rows` are the whole partition."""

    rows: list[Row]
    start: int
    path: Path
    at: int
    number: int

    def of(self, label: str | None, final: bool = False) -> list[int]:
        """Row numbers of a label, up to the current row unless final."""
        wanted = UNIONS.get(label or "", (label,))
        upto = len(self.path) if final else self.at + 1
        places = enumerate(self.path[:upto])
        return [self.start + k for k, (each, _) in places if label is None or each in wanted]

    def value(self, row: int | None, column: str, shift: int = 0) -> Any:
        """A value of a row, NULL outside of the partition."""
        if row is None or not 0 <= row + shift < len(self.rows):
            return None
        return self.rows[row + shift][column]

    def label(self, row: int | None, shift: int = 0) -> Any:
        """The label of a row, NULL outside of the match."""
        place = -1 if row is None else row + shift - self.start
        return self.path[place][0] if 0 <= place < len(self.path) else None


def last(m: Match, label: str | None, n: int = 0, final: bool = False) -> int | None:
    found = m.of(label, final)
    return found[-1 - n] if n < len(found) else None


def nth(m: Match, label: str | None, n: int = 0) -> int | None:
    """FIRST sees the whole match in measures."""
    found = m.of(label, final=True)
    return found[n] if n < len(found) else None


def known(m: Match, label: str | None, column: str, final: bool = False) -> list[Any]:
    values = [m.rows[i][column] for i in m.of(label, final)]
    return [value for value in values if value is not None]


def add(values: list[Any]) -> Any:
    return sum(values) if values else None


def mean(values: list[Any]) -> Any:
    return sum(values) / len(values) if values else None


def product(left: Any, right: Any) -> Any:
    return None if left is None or right is None else left * right


def joined(*texts: Any) -> Any:
    return None if None in texts else "".join(texts)


def seconds(m: Match, sign: int) -> Any:
    """From the last A to the current row."""
    start = m.value(last(m, "A"), "at")
    here = m.value(last(m, None), "at")
    return None if start is None else sign * int((here - start).total_seconds())


MEASURES: dict[str, Callable[[Match], Any]] = {
    "value": lambda m: m.value(last(m, None), "value"),
    "A.value": lambda m: m.value(last(m, "A"), "value"),
    "U.name": lambda m: m.value(last(m, "U"), "name"),
    "LAST(B.value)": lambda m: m.value(last(m, "B"), "value"),
    "LAST(value, 2)": lambda m: m.value(last(m, None, 2), "value"),
    "FINAL LAST(U.id, 1)": lambda m: m.value(last(m, "U", 1, True), "id"),
    "FIRST(B.id)": lambda m: m.value(nth(m, "B"), "id"),
    "RUNNING FIRST(id, 1)": lambda m: m.value(nth(m, None, 1), "id"),
    "PREV(id)": lambda m: m.value(last(m, None), "id", -1),
    "PREV(B.id, 2)": lambda m: m.value(last(m, "B"), "id", -2),
    "NEXT(U.id, 3)": lambda m: m.value(last(m, "U"), "id", 3),
    "PREV(FIRST(A.value + A.id, 1), 1)": lambda m: (
        None
        if (row := m.value(nth(m, "A", 1), "id", -1)) is None
        or (value := m.value(nth(m, "A", 1), "value", -1)) is None
        else row + value
    ),
    "NEXT(FINAL LAST(B.id), 1)": lambda m: m.value(last(m, "B", 0, True), "id", 1),
    "CLASSIFIER()": lambda m: m.label(last(m, None)),
    "CLASSIFIER(U)": lambda m: m.label(last(m, "U")),
    "PREV(CLASSIFIER())": lambda m: m.label(last(m, None), -1),
    "NEXT(CLASSIFIER(), 1)": lambda m: m.label(last(m, None), 1),
    "LAST(CLASSIFIER(U), 1)": lambda m: m.label(last(m, "U", 1)),
    "LAST(name || CLASSIFIER(), 1)": lambda m: joined(
        m.value(last(m, None, 1), "name"), m.label(last(m, None, 1))
    ),
    "A.value * 2 + B.value": lambda m: (
        None
        if None in (both := (m.value(last(m, "A"), "value"), m.value(last(m, "B"), "value")))
        else both[0] * 2 + both[1]
    ),
    "MATCH_NUMBER()": lambda m: m.number,
    "COUNT(*)": lambda m: m.at + 1,
    "COUNT(U.*)": lambda m: len(m.of("U")),
    "FINAL COUNT(A.value)": lambda m: len(known(m, "A", "value", True)),
    "SUM(U.value)": lambda m: add(known(m, "U", "value")),
    "FINAL SUM(value)": lambda m: add(known(m, None, "value", True)),
    "AVG(B.ratio)": lambda m: mean(known(m, "B", "ratio")),
    "MIN(A.name)": lambda m: min(known(m, "A", "name"), default=None),
    "MAX(ratio)": lambda m: max(known(m, None, "ratio"), default=None),
    "MAX(value, 2)": lambda m: sorted(known(m, None, "value"), reverse=True)[:2] or None,
    "ARRAY_AGG(value)": lambda m: [m.rows[i]["value"] for i in m.of(None)],
    "ARRAY_AGG(CLASSIFIER(B))": lambda m: ["B" for _ in m.of("B")] or None,
    "COLLECT_LIST(A.name)": lambda m: known(m, "A", "name"),
    "MIN_BY(id, value)": lambda m: min(
        ((m.rows[i]["value"], i) for i in m.of(None) if m.rows[i]["value"] is not None),
        default=(None, None),
    )[1],
    "SUM(MATCH_NUMBER() * 10)": lambda m: m.number * 10 * (m.at + 1),
    "LISTAGG(name, '-')": lambda m: "-".join(known(m, None, "name")) or None,
    "LOWER(CLASSIFIER())": lambda m: m.label(last(m, None)).lower(),
    "COALESCE(B.value, -1)": lambda m: (
        -1 if (value := m.value(last(m, "B"), "value")) is None else value
    ),
    "A.value IS NULL": lambda m: m.value(last(m, "A"), "value") is None,
    "CASE WHEN COUNT(B.*) > 1 THEN 'many' ELSE 'few' END": lambda m: (
        "many" if len(m.of("B")) > 1 else "few"
    ),
    "CARDINALITY(ARRAY_AGG(id))": lambda m: m.at + 1,
    "ARRAY_AGG(id)[0]": lambda m: m.start,
    "HISTOGRAM(CLASSIFIER())['A']": lambda m: len(m.of("A")) or None,
    "MAP_AGG(name, id)['x']": lambda m: next(
        (i for i in m.of(None) if m.rows[i]["name"] == "x"), None
    ),
    "ELEMENT_AT(MULTIMAP_AGG(CLASSIFIER(), id), 'B')": lambda m: m.of("B") or None,
    "MAP_KEYS(HISTOGRAM(name))": lambda m: list(dict.fromkeys(known(m, None, "name"))) or None,
    "price": lambda m: m.value(last(m, None), "price"),
    "value * 1.5": lambda m: product(m.value(last(m, None), "value"), Decimal("1.5")),
    "A.price * A.value - 0.3": lambda m: (
        None
        if (p := product(m.value(last(m, "A"), "price"), m.value(last(m, "A"), "value"))) is None
        else p - Decimal("0.3")
    ),
    "SUM(price)": lambda m: add(known(m, None, "price")),
    "ARRAY_AGG(price)": lambda m: [m.rows[i]["price"] for i in m.of(None)],
    "SUM(price) = 0.3": lambda m: (
        None if (s := add(known(m, None, "price"))) is None else s == Decimal("0.3")
    ),
    "price < ratio": lambda m: (
        None
        if (p := m.value(last(m, None), "price")) is None
        or (r := m.value(last(m, None), "ratio")) is None
        else float(p) < r
    ),
    "1.50": lambda _: Decimal("1.50"),
    "ROUND(AVG(value))": lambda m: (
        None
        if (a := mean(known(m, None, "value"))) is None
        else float(Decimal(a).quantize(Decimal(1), "ROUND_HALF_UP"))
    ),
    "POWER(value, 2)": lambda m: (
        None if (v := m.value(last(m, None), "value")) is None else float(v * v)
    ),
    "UNIX_SECONDS(at) - UNIX_SECONDS(A.at)": lambda m: seconds(m, 1),
    "(UNIX_MICROS(A.at) - UNIX_MICROS(at)) DIV 1000000": lambda m: seconds(m, -1),
    "at > A.at + INTERVAL '2' SECOND": lambda m: (
        None if (gap := seconds(m, 1)) is None else gap > 2
    ),
    "A.at - INTERVAL '1 minute 30 seconds'": lambda m: (
        None if (t := m.value(last(m, "A"), "at")) is None else t - dt.timedelta(seconds=90)
    ),
    "SET_AGG(value)": lambda m: list(dict.fromkeys(m.rows[i]["value"] for i in m.of(None))),
    "'it''s'": lambda _: "it's",
}
DEFINITIONS: dict[str, Callable[[Match], Any]] = {
    "value > 0": lambda m: (v := m.value(last(m, None), "value")) is not None and v > 0,
    "value <= PREV(value)": lambda m: (
        None not in (both := (m.value(last(m, None), "value"), m.value(last(m, None), "value", -1)))
        and both[0] <= both[1]
    ),
    "NEXT(id) IS NOT NULL": lambda m: m.value(last(m, None), "id", 1) is not None,
    "SUM(value) < 4": lambda m: (s := add(known(m, None, "value"))) is not None and s < 4,
    "COUNT(A.*) <= 2": lambda m: len(m.of("A")) <= 2,
    "name = FIRST(name)": lambda m: (
        (n := m.value(last(m, None), "name")) is not None and n == m.value(m.of(None)[0], "name")
    ),
    "id > LAST(id, 1) + 1 OR ratio < 1": lambda m: (
        (
            (p := m.value(last(m, None, 1), "id")) is not None
            and m.value(last(m, None), "id") > p + 1
        )
        or ((r := m.value(last(m, None), "ratio")) is not None and r < 1)
    ),
    "CLASSIFIER(U) = 'A'": lambda m: m.label(last(m, "U")) == "A",
    "MATCH_NUMBER() < 4": lambda m: m.number < 4,
    "TRUE": lambda _: True,
}
PATTERNS = (
    "A B* C",
    "(A | B)+ C?",
    "A (B A?)*? C",
    "B? (A{2} | C)",
    "PERMUTE(A, B) C*",
    "(U0 | A)+",
)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def some_rows(draw: random.Random) -> list[Row]:
    return [
        {
            "at": START + dt.timedelta(seconds=n),
            "id": n,
            "value": draw.choice((None, -1, 0, 1, 2, 3)),
            "ratio": draw.choice((None, 0.5, 1.25, 3.0)),
            "name": draw.choice((None, "x", "y")),
            "price": draw.choice((None, Decimal("0.10"), Decimal("0.20"), Decimal("-1.30"))),
        }
        for n in range(draw.randint(1, 14))
    ]


class Clause:
    """A random clause, and what it gives by its meaning."""

    def __init__(self, draw: random.Random) -> None:
        text = draw.choice(PATTERNS)
        self.pattern = parsed(text.replace("U0", "C"))
        labels = self.pattern.labels
        both = "B" if "B" in labels else "A"
        self.measures = draw.sample([*MEASURES], 12)
        if "B" not in labels:
            self.measures = [m for m in self.measures if "B" not in m]
        self.defined = {label: draw.choice([*DEFINITIONS]) for label in labels}
        self.text = " ".join(
            (
                "ORDER BY at MEASURES",
                ", ".join(f"{m} AS m{n}" for n, m in enumerate(self.measures)) or "1 AS m0",
                "ALL ROWS PER MATCH AFTER MATCH SKIP TO NEXT ROW",
                f"PATTERN ({text.replace('U0', 'C')}) SUBSET U = (A, {both})",
                f"DEFINE {', '.join(f'{k} AS {v}' for k, v in self.defined.items())}",
            )
        )

    def expected(self, rows: list[Row]) -> list[tuple[Any, ...]]:
        def fits(start: int, path: Path, number: int) -> bool:
            match = Match(rows, start, path, len(path) - 1, number)
            return DEFINITIONS[self.defined[path[-1][0]]](match) is True

        rules = Rules("next row", frozenset(), True, True, False)
        out = []
        for _, start, path, number, k in recognize(self.pattern, len(rows), fits, rules):
            match = Match(rows, start, path, k, number)
            out.append((start + k, *(MEASURES[m](match) for m in self.measures)))
        return out


def run(bench: Bench, clause: str, rows: list[Row]) -> list[Row]:
    config = {"clause": clause, "keep": ["id"]}
    node = {"id": "found", "type": "match-recognize", "name": "Found", "config": config}
    made = bench.make(chain(source("1 second", COLUMNS), node))
    ran = bench.on_host(made, bench.tables(made, {"events": rows}))
    return [
        {name: in_utc(value) for name, value in row.items()}
        for row in ran.tables["found"].to_pylist()
    ]


def in_utc(value: Any) -> Any:
    """A time as the oracle writes it."""
    return value.astimezone(dt.UTC) if isinstance(value, dt.datetime) else value


@pytest.mark.parametrize("seed", range(40))
def test_expressions_mean_what_they_say(bench: Bench, seed: int) -> None:
    draw = random.Random(seed)
    clause, rows = Clause(draw), some_rows(draw)
    wanted = sorted(map(repr, clause.expected(rows)))
    names = [f"m{n}" for n in range(len(clause.measures))]
    got = sorted(repr((r["id"], *(r[n] for n in names))) for r in run(bench, clause.text, rows))
    assert got == wanted, (clause.text, rows)
