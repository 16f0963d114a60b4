"""Rows written by key to a real PostgreSQL, partition by partition, without Spark."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Iterator
from typing import Any

import psycopg
import pyarrow as pa
import pytest

from lakestream_mcp.errors import LakestreamError
from lakestream_mcp.nodes.probes import probe_postgres
from tests.storage.conftest import Postgres, postgres_server  # noqa: F401  a fixture

from .carried import carried

pytestmark = pytest.mark.postgres
NAMES = carried("messages", "databases")
AT = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
COLUMNS = [
    ("card", "text"),
    ("at", "timestamptz"),
    ('a"b', "numeric(10,2)"),
    ("events", "jsonb"),
    ("n", "bigint"),
]
SCHEMA = pa.schema(
    [
        ("card", pa.string()),
        ("at", pa.timestamp("us", tz="UTC")),
        ('a"b', pa.decimal128(10, 2)),
        ("events", pa.list_(pa.struct([("step", pa.string())]))),
        ("n", pa.int64()),
    ]
)


@pytest.fixture
def connect(postgres_server: Postgres) -> Iterator[dict[str, Any]]:  # noqa: F811
    name = postgres_server.create("template0")
    url = postgres_server.url.set(database=name)
    yield {
        "server": {"host": url.query.get("host") or url.host, "dbname": name},
        "login": {"user": url.username or "postgres", "password": url.password or ""},
    }
    postgres_server.run(f"DROP DATABASE {name} WITH (FORCE)")


def row(card: str, minute: int, n: int | None = 1) -> dict[str, Any]:
    at = AT + dt.timedelta(minutes=minute)
    return {
        "card": card,
        "at": at,
        'a"b': decimal.Decimal("12.50"),
        "events": [{"step": "a'b"}],
        "n": n,
    }


def table(connect: dict[str, Any], **how: Any) -> Any:
    name = ["public", 'ma"tches']
    made = NAMES["PostgresTable"](**connect, name=name, columns=COLUMNS, keys=["card"], **how)
    made.create()
    return made


def write(made: Any, *rows: dict[str, Any]) -> int:
    (counted,) = made.write(iter([pa.RecordBatch.from_pylist(list(rows), schema=SCHEMA)]))
    return int(counted["rows"][0].as_py())


def stored(made: Any) -> list[Any]:
    with made.connect() as connection:
        found = connection.execute('SELECT * FROM "ma""tches" ORDER BY card').fetchall()
    return list(found)


def test_a_batch_written_twice_is_written_once(connect: dict[str, Any]) -> None:
    made = table(connect, sequence_by="at")
    for _ in range(2):
        assert write(made, row("a", 0), row("b", 1)) == 2
    assert stored(made) == [
        ("a", AT, decimal.Decimal("12.50"), [{"step": "a'b"}], 1),
        ("b", AT + dt.timedelta(minutes=1), decimal.Decimal("12.50"), [{"step": "a'b"}], 1),
    ]


def test_only_a_newer_row_overwrites(connect: dict[str, Any]) -> None:
    made = table(connect, sequence_by="at")
    write(made, row("a", 5, 5))
    write(made, row("a", 4, 4))
    assert [r[-1] for r in stored(made)] == [5]
    write(made, row("a", 6, None))
    assert [r[-1] for r in stored(made)] == [None]


def test_append_leaves_what_is_there(connect: dict[str, Any]) -> None:
    made = table(connect, update=False)
    write(made, row("a", 0, 1))
    write(made, row("a", 1, 2), row("b", 1, 3))
    assert [r[-1] for r in stored(made)] == [1, 3]


def test_a_partition_is_written_whole_or_not_at_all(connect: dict[str, Any]) -> None:
    made = table(connect)
    with pytest.raises(psycopg.errors.NotNullViolation):
        write(made, row("a", 0), {**row("b", 0), "card": None})
    assert stored(made) == []


def test_a_probe_logs_in_and_selects(connect: dict[str, Any]) -> None:
    there = connect["server"] | connect["login"]
    assert probe_postgres(there).endswith(f"takes the login to {there['dbname']}")
    with pytest.raises(LakestreamError) as refused:
        probe_postgres(there | {"dbname": "absent"})
    assert refused.value.code == "CONNECTION_FAILED"
    assert "absent" in refused.value.message
