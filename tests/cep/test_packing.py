"""The tester packs rows as the generated packing query does."""

from __future__ import annotations

import datetime as dt
import decimal
import random
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from lakestream_mcp.cep import packing
from lakestream_mcp.cep.packing import pack_rows, united_rows
from lakestream_mcp.cep.pattern_type import Input, PatternPlan, Value
from lakestream_mcp.graph.model import Column, Relation
from lakestream_mcp.relational.arrow_types import arrow_type
from lakestream_mcp.relational.local import LocalEngine
from lakestream_mcp.relational.pack import pack_query, packing_query
from lakestream_mcp.relational.sql import sql

TYPES = {
    "s": "string",
    "flag": "boolean",
    "tiny": "tinyint",
    "n": "int",
    "big": "bigint",
    "f": "float",
    "d": "double",
    "money": "decimal(12,3)",
    "day": "date",
    "at": "timestamp",
}
RELATION = Relation(tuple(Column(n, t) for n, t in TYPES.items()), "at", 0)


@pytest.fixture(scope="module")
def engine() -> Iterator[LocalEngine]:
    engine = LocalEngine()
    yield engine
    engine.close()


def value(kind: str, rng: random.Random) -> Any:
    if rng.random() < 0.2:
        return None
    makers = {
        "string": lambda: rng.choice(["", "a", "it's", "ü\n"]),
        "boolean": lambda: rng.random() < 0.5,
        "tinyint": lambda: rng.randrange(-128, 128),
        "int": lambda: rng.randrange(-(2**31), 2**31),
        "bigint": lambda: rng.randrange(-(2**63), 2**63),
        "float": lambda: rng.choice([0.5, -2.0, 1e10]),
        "double": lambda: rng.choice([0.1, -0.0, 1e300, float("inf")]),
        "decimal(12,3)": lambda: decimal.Decimal(rng.randrange(-(10**11), 10**11)).scaleb(-3),
        "date": lambda: dt.date(1900, 1, 1) + dt.timedelta(days=rng.randrange(90_000)),
        "timestamp": lambda: (
            dt.datetime(1950, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=rng.randrange(2**52))
        ),
    }
    return makers[kind]()


def plan(rng: random.Random) -> PatternPlan:
    order = [n for n in ("s", "big", "day") if rng.random() < 0.4]
    kept = [n for n in TYPES if rng.random() < 0.6]
    computed = [("n + 1", "bigint"), ("upper(s)", "string"), ("d * 2", "double")]
    values = [Value(n, f"`{n}`", TYPES[n], "order") for n in order]
    values += [Value(n, f"`{n}`", TYPES[n], "keep") for n in kept]
    values += [Value(t, t, k, "computed") for t, k in computed if rng.random() < 0.5]
    return PatternPlan(
        key=tuple(n for n in ("s", "tiny", "money", "day") if rng.random() < 0.5),
        event_time="at",
        conditions=tuple(
            rng.sample(["d > 0 OR flag", "s = 'it\\'s'", "flag", "tiny > 3"], rng.randrange(1, 4))
        ),
        values=tuple(values),
        all_rows=rng.random() < 0.3,
        arrival=False,
        matcher="",
        construct="",
        functions="",
        steps=(),
        measures=(),
    )


def random_table(rng: random.Random, size: int) -> pa.Table:
    return pa.table(
        {n: pa.array([value(t, rng) for _ in range(size)], arrow_type(t)) for n, t in TYPES.items()}
    )


@pytest.mark.parametrize("sharing", [False, True])
def test_same_rows_as_the_generated_query(
    engine: LocalEngine, sharing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "WORTH_SHARING", 1 if sharing else 10**9)
    for seed in range(40):
        rng = random.Random(seed)
        size = rng.randrange(1, 300 if sharing else 30)
        table = random_table(rng, size)
        made = plan(rng)
        wanted = engine.run(sql(pack_query(made, RELATION)), {"in_0": table})
        rows = table.append_column("__row", pa.array(rng.sample(range(1000), size), pa.int64()))
        got = pack_rows(made, RELATION, rows, engine)
        assert got.drop_columns(["row"]).schema == wanted.schema, seed
        key = [repr(row) for row in got.drop_columns(["row"]).to_pylist()]
        assert sorted(key) == sorted(repr(row) for row in wanted.to_pylist()), seed
        assert got["row"].to_pylist() == [
            r for r in rows["__row"].to_pylist() if r in set(got["row"].to_pylist())
        ]


def two_inputs(rng: random.Random) -> PatternPlan:
    """A plan of two inputs with the same columns, each giving some of the values."""
    made = plan(rng)._replace(key=("s",))
    parts = []
    for number in range(2):
        source = ["d > 0", "FALSE"] if number == 0 else ["FALSE", "tiny > 3"]
        given = [v.sql if rng.random() < 0.7 else f"CAST(NULL AS {v.type})" for v in made.values]
        parts.append(Input(("s",), "at", tuple(source), (str(number), *given)))
    values = (Value("", "", "bigint", "input"), *made.values)
    return made._replace(values=values, conditions=("d > 0", "FALSE"), inputs=tuple(parts))


def test_several_inputs_are_packed_as_the_generated_query_does(engine: LocalEngine) -> None:
    for seed in range(30):
        rng = random.Random(seed)
        made = two_inputs(rng)
        tables = [random_table(rng, rng.randrange(1, 30)) for _ in made.inputs]
        query = sql(packing_query(made, [RELATION, RELATION]))
        wanted = engine.run(query, {f"in_{i}": table for i, table in enumerate(tables)})
        numbers = [rng.sample(range(1000), table.num_rows) for table in tables]
        rows = [
            table.append_column("__row", pa.array(arrivals, pa.int64()))
            for table, arrivals in zip(tables, numbers)
        ]
        got = united_rows(made, [RELATION, RELATION], rows, engine)
        assert got.drop_columns(["row"]).schema == wanted.schema, seed
        found = sorted(repr(row) for row in got.drop_columns(["row"]).to_pylist())
        assert found == sorted(repr(row) for row in wanted.to_pylist()), seed
        assert got["row"].to_pylist() == sorted(got["row"].to_pylist())
        assert made.input_place == 1
        for row in got.to_pylist():
            assert row["row"] in numbers[row["value_0"]]
