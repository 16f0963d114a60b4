"""The engine: rows in and out, and what happens when a statement is bad, slow or deadly."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pytest

from lakestream_mcp.errors import EngineFailed, InvalidSql, LakestreamError, Unsupported
from lakestream_mcp.graph.model import Column
from lakestream_mcp.relational import child_process
from lakestream_mcp.relational.arrow_types import arrow_type
from lakestream_mcp.relational.child_process import ENVIRONMENT
from lakestream_mcp.relational.local import LocalEngine

ROWS = pa.table({"k": ["a", "b", "a"], "v": [1, 2, 3]})
ENDLESS = "SELECT count(*) AS n FROM in_0 a, in_0 b, in_0 c, in_0 d WHERE a.v < b.v AND c.v < d.v"
DEADLY = "SELECT repeat('x', 2000000000) AS x"


@pytest.fixture
def own_engine() -> Iterator[LocalEngine]:
    """An engine that a test may ruin."""
    engine = LocalEngine(deadline_s=20, memory_bytes=1 << 30)
    yield engine
    engine.close()


def test_rows_of_a_query(engine: LocalEngine) -> None:
    table = engine.run("SELECT k, v * 2 AS w FROM in_0 WHERE v > 1 ORDER BY v", {"in_0": ROWS})
    assert table.to_pylist() == [{"k": "b", "w": 4}, {"k": "a", "w": 6}]


def test_no_rows_keep_their_columns(engine: LocalEngine) -> None:
    table = engine.run("SELECT k, v FROM in_0", {"in_0": ROWS.slice(0, 0)})
    assert (table.num_rows, table.schema.names) == (0, ["k", "v"])


def test_several_queries_in_one_exchange(engine: LocalEngine) -> None:
    texts = ["SELECT max(v) AS m FROM in_0", "SELECT k FROM in_0 WHERE v = 2"]
    tables = engine.run_many([(text, {"in_0": ROWS}) for text in texts])
    assert [t.to_pylist() for t in tables] == [[{"m": 3}], [{"k": "b"}]]


def test_schema_without_rows(engine: LocalEngine) -> None:
    columns = (Column("at", "timestamp"), Column("price", "decimal(10,2)"))
    query = "SELECT at, price, unix_micros(at) AS us, struct(price AS `a b`) AS s FROM in_0"
    assert engine.schema(query, {"in_0": columns}) == (
        *columns,
        Column("us", "bigint"),
        Column("s", "struct<`a b`:decimal(10,2)>"),
    )


def test_null_structs_are_null_inside(engine: LocalEngine) -> None:
    inner = pa.struct([("lat", pa.float64()), ("more", pa.struct([("n", pa.int64())]))])
    rows = pa.table(
        {
            "loc": pa.array([{"lat": 1.5, "more": {"n": 1}}, None], inner),
            "many": pa.array([[{"lat": 2.5, "more": None}, None], None], pa.list_(inner)),
        }
    )
    lists = "get(many, 1).lat AS c, get(many, 0).more.n AS d"
    query = f"SELECT loc.lat AS a, loc.more.n AS b, {lists} FROM in_0"
    nothing = {"a": None, "b": None, "c": None, "d": None}
    for given in (rows, pa.concat_tables([rows, rows]).slice(1, 2)):
        found = engine.run(query, {"in_0": given}).to_pylist()
        assert nothing | {"a": 1.5, "b": 1} in found
        assert nothing in found


def test_foreign_arrow_types_become_sparks(engine: LocalEngine) -> None:
    rows = pa.table(
        {
            "dictionary": pa.array(["x"]).dictionary_encode(),
            "nanoseconds": pa.array([1_500], pa.timestamp("ns", "Europe/Rome")),
            "seconds": pa.array([1], pa.timestamp("s")),
            "unsigned": pa.array([2**64 - 1], pa.uint64()),
            "large": pa.array(["y"], pa.large_string()),
        }
    )
    names = ", ".join(rows.schema.names)
    row = engine.run(f"SELECT {names} FROM in_0", {"in_0": rows}).to_pylist()[0]
    assert row["nanoseconds"] == dt.datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=dt.UTC)
    assert row["seconds"] == dt.datetime(1970, 1, 1, 0, 0, 1)
    assert int(row["unsigned"]) == 2**64 - 1
    assert (row["dictionary"], row["large"]) == ("x", "y")


@pytest.mark.parametrize("unit", ["s", "ms"])
def test_a_time_beyond_microseconds_is_refused_not_another_time(
    engine: LocalEngine, unit: Literal["s", "ms"]
) -> None:
    far = pa.array([2**62, None], pa.timestamp(unit))
    for rows in (pa.table({"at": far}), pa.table({"at": pa.StructArray.from_arrays([far], ["t"])})):
        with pytest.raises(Unsupported, match="`at`"):
            engine.run("SELECT at FROM in_0", {"in_0": rows})


def test_a_struct_may_be_without_fields(engine: LocalEngine) -> None:
    empty = arrow_type("struct<>")
    given = pa.table({"a": pa.array([{}, None], empty), "b": [1, 2]})
    assert engine.run("SELECT b FROM in_0 WHERE a IS NULL", {"in_0": given}).to_pylist() == [
        {"b": 2}
    ]


def test_times_are_utc(engine: LocalEngine) -> None:
    query = "SELECT hour(CAST('2026-07-01T10:00:00+02:00' AS TIMESTAMP)) AS h"
    assert engine.run(query, {}).to_pylist() == [{"h": 8}]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT v / 0 AS x FROM in_0", "DIVIDE_BY_ZERO"),
        ("SELECT CAST(k AS INT) AS x FROM in_0", "CAST_FAILED"),
        ("SELECT k + 1 AS x FROM in_0", "TYPE_MISMATCH"),
        ("SELECT nope FROM in_0", "UNKNOWN_COLUMN"),
        ("SELECT 1 AS x FROM other", "UNKNOWN_RELATION"),
        ("SELECT * FROM parquet.`/etc/passwd`", "UNKNOWN_RELATION"),
        ("SELECT * FROM text.`/etc/passwd`", "UNKNOWN_RELATION"),
        ("SELECT * FROM `s3://bucket/key`", "UNKNOWN_RELATION"),
        ("SELECT * FROM range(10)", "UNKNOWN_RELATION"),
        ("SELECT * FROM read_files('/etc')", "UNKNOWN_RELATION"),
        ("INSERT OVERWRITE DIRECTORY '/tmp/x' USING csv SELECT 1", "INVALID_SQL"),
        ("CREATE TABLE t AS SELECT 1", "SQL_NOT_ALLOWED"),
        ("SET spark.sql.ansi.enabled = false", "SQL_NOT_ALLOWED"),
        ("SELECT 1 AS a; SELECT 2 AS b", "INVALID_SQL"),
        ("SELECT java_method('a', 'b') AS x", "FUNCTION_REFUSED"),
        ("SELECT transform(array(1), x -> x + 1) AS y", "UNTYPED_ARITHMETIC"),
        ("SELECT CASE WHEN v > 1 THEN 1 ELSE 2.5 END AS x FROM in_0", "MIXED_TYPES"),
    ],
)
def test_bad_statements_are_typed_errors(engine: LocalEngine, query: str, code: str) -> None:
    with pytest.raises(LakestreamError) as caught:
        engine.run(query, {"in_0": ROWS})
    assert caught.value.code == code
    assert isinstance(caught.value, (InvalidSql, Unsupported))


def test_a_refused_function_names_another_way(engine: LocalEngine) -> None:
    def hint(query: str) -> str | None:
        with pytest.raises(Unsupported) as caught:
            engine.run(query, {"in_0": ROWS})
        return caught.value.hint

    assert "custom-python-udf" in (hint("SELECT conv('ff', 16, 10) AS x FROM in_0") or "")
    assert hint("SELECT bround(2.5D, 0) AS x FROM in_0") is None, "the message has the other way"


def test_a_crash_is_reported_and_the_next_statement_runs(own_engine: LocalEngine) -> None:
    with pytest.raises(EngineFailed) as caught:
        own_engine.run(DEADLY, {})
    assert caught.value.code in ("ENGINE_OUT_OF_MEMORY", "ENGINE_CRASHED")
    assert own_engine.run("SELECT 1 AS x", {}).to_pylist() == [{"x": 1}]


def test_a_killed_child_is_replaced(own_engine: LocalEngine) -> None:
    own_engine.run("SELECT 1 AS x", {})
    before = child_of(own_engine)
    os.kill(before, 9)
    assert own_engine.run("SELECT 2 AS x", {}).to_pylist() == [{"x": 2}]
    assert child_of(own_engine) != before


LONG = {
    "or": "SELECT v FROM in_0 WHERE " + " OR ".join(["v = 1"] * 900),
    "plus": "SELECT " + " + ".join(["CAST(v AS DOUBLE)"] * 300) + " AS x FROM in_0 WHERE v = 1",
    "union": " UNION ALL ".join(["SELECT v FROM in_0"] * 500),
    "case": f"SELECT CASE {'WHEN v = 1 THEN 1 ' * 450} END AS x FROM in_0",
    "with": "WITH c0 AS (SELECT v FROM in_0)"
    + "".join(f", c{n + 1} AS (SELECT v FROM c{n})" for n in range(150))
    + " SELECT v FROM c150",
}


@pytest.mark.parametrize("query", LONG.values(), ids=list(LONG))
def test_long_statements_run(own_engine: LocalEngine, query: str) -> None:
    own_engine.run("SELECT 1 AS x", {})
    before = child_of(own_engine)
    assert own_engine.run(query, {"in_0": ROWS}).num_rows
    assert child_of(own_engine) == before


DEEP = {
    "not": f"SELECT v FROM in_0 WHERE {'NOT ' * 500}(v = 1)",
    "integers": "SELECT " + " + ".join(["v"] * 1500) + " AS x FROM in_0",
}


@pytest.mark.parametrize("query", DEEP.values(), ids=list(DEEP))
def test_what_is_too_deep_is_refused(engine: LocalEngine, query: str) -> None:
    with pytest.raises(InvalidSql, match="nested too deeply"):
        engine.run(query, {"in_0": ROWS})


def test_a_deadline_ends_the_statement() -> None:
    engine = LocalEngine(deadline_s=2)
    try:
        rows = pa.table({"v": list(range(3000))})
        engine.run("SELECT 1 AS x", {})
        before = child_of(engine)
        with pytest.raises(EngineFailed) as caught:
            engine.run(ENDLESS, {"in_0": rows})
        assert caught.value.code == "ENGINE_TIMEOUT"
        assert engine.run("SELECT 2 AS x", {}).to_pylist() == [{"x": 2}]
        assert child_of(engine) != before
    finally:
        engine.close()


def test_a_child_that_does_not_start_in_time_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_process, "START_DEADLINE_S", 0.0)
    engine = LocalEngine()
    with pytest.raises(EngineFailed) as caught:
        engine.run("SELECT 1 AS a", {})
    assert caught.value.code == "ENGINE_TIMEOUT"
    monkeypatch.undo()
    assert engine.run("SELECT 1 AS a", {}).to_pylist() == [{"a": 1}], "the next one is tried anew"
    engine.close()


def test_the_child_is_recycled() -> None:
    engine = LocalEngine(recycle_after=3)
    try:
        seen = set()
        for n in range(7):
            assert engine.run(f"SELECT {n} AS x", {}).to_pylist() == [{"x": n}]
            seen.add(child_of(engine))
        assert len(seen) == 3
    finally:
        engine.close()


def test_threads_share_an_engine(engine: LocalEngine) -> None:
    found: dict[int, object] = {}

    def ask(n: int) -> None:
        found[n] = engine.run(
            f"SELECT v + {n} AS x FROM in_0 WHERE v = 1", {"in_0": ROWS}
        ).to_pylist()

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: [{"x": 1 + n}] for n in range(8)}


def test_a_closed_engine_can_be_used_again() -> None:
    engine = LocalEngine()
    assert engine.run("SELECT 1 AS x", {}).num_rows == 1
    engine.close()
    engine.close()
    assert engine.run("SELECT 1 AS x", {}).num_rows == 1
    engine.close()


def test_the_child_says_what_it_gave_up(engine: LocalEngine) -> None:
    isolated = engine.isolation()
    assert set(isolated) == {"files", "network", "memory_bytes"}
    environment = Path(f"/proc/{child_of(engine)}/environ")
    if environment.exists():
        lines = filter(None, environment.read_bytes().decode().split("\0"))
        assert dict(line.split("=", 1) for line in lines) == ENVIRONMENT


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_child_ends_with_its_parent() -> None:
    script = (
        "import os\n"
        "from lakestream_mcp.relational.local import LocalEngine\n"
        "engine = LocalEngine()\n"
        "engine.run('SELECT 1 AS x', {})\n"
        "print(engine._child.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    root = Path(__file__).parents[2]
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=False
    )
    child = int(ended.stdout)
    for _ in range(100):
        if not is_running(child):
            return
        threading.Event().wait(0.1)
    pytest.fail("the child lives on without its parent")


def test_arrow_does_without_pandas() -> None:
    script = (
        "import sys\n"
        "from lakestream_mcp.relational.local import LocalEngine\n"
        "engine = LocalEngine()\n"
        "rows = engine.run('SELECT 1 AS x', {})\n"
        "import pyarrow as pa\n"
        "print(engine.run('SELECT x + 1 AS y FROM t', {'t': pa.table({'x': [1]})})['y'][0])\n"
        "print('pandas' in sys.modules)\n"
        "import pandas\n"
    )
    root = Path(__file__).parents[2]
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True
    )
    assert ended.stdout.split() == ["2", "False"]


def is_running(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def child_of(engine: LocalEngine) -> int:
    """Process id of the engine's child."""
    assert engine._child is not None
    return engine._child.pid
