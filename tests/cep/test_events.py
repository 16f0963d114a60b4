"""Events of a test: what each type reads, what is refused and where, and how sources interleave."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakestream_mcp.cep import event_files, events
from lakestream_mcp.cep.event_files import read_rows
from lakestream_mcp.cep.events import ROW, table_of, times_of, with_arrivals
from lakestream_mcp.errors import LakestreamError
from lakestream_mcp.graph.model import Column, Relation

UTC = dt.UTC
NOON = dt.datetime(2026, 1, 31, 12, tzinfo=UTC)
READ: list[tuple[str, Any, Any]] = [
    ("timestamp", "2026-01-31T12:00:00Z", NOON),
    ("timestamp", " 2026-01-31T13:00:00+01:00 ", NOON),
    ("timestamp", "2026-01-31 12:00:00", NOON),
    ("timestamp", NOON, NOON),
    ("timestamp", NOON.replace(tzinfo=None), NOON),
    ("timestamp_ntz", " 2026-01-31T12:00:00 ", NOON.replace(tzinfo=None)),
    ("timestamp_ntz", NOON.replace(tzinfo=None), NOON.replace(tzinfo=None)),
    ("date", " 2026-01-31 ", dt.date(2026, 1, 31)),
    ("date", dt.date(2026, 1, 31), dt.date(2026, 1, 31)),
    ("int", " 7", 7),
    ("int", 7.0, 7),
    ("tinyint", -128, -128),
    ("bigint", (1 << 63) - 1, (1 << 63) - 1),
    ("double", "1.5", 1.5),
    ("double", 2, 2.0),
    ("float", 0.5, 0.5),
    ("boolean", True, True),
    ("boolean", " TRUE ", True),
    ("boolean", "false", False),
    ("string", "é", "é"),
    ("string", 5, "5"),
    ("string", {"a": ["é"]}, '{"a": ["é"]}'),
    ("decimal(5,2)", "1.50", Decimal("1.50")),
    ("decimal(5,2)", 1.1, Decimal("1.10")),
    ("decimal(5,2)", Decimal(3), Decimal("3.00")),
    ("array<int>", [1, None], [1, None]),
    *((kind, None, None) for kind in ("timestamp", "int", "string", "decimal(5,2)")),
]
UNREADABLE: list[tuple[str, Any]] = [
    *(("timestamp", value) for value in ("noon", 5, True)),
    *(("timestamp_ntz", value) for value in ("2026-01-31T12:00:00Z", NOON, 5, dt.date(2026, 1, 1))),
    *(("date", value) for value in (NOON, 5, "2026-13-01")),
    *(("int", value) for value in (True, 1.5, "x", [1], 1 << 31)),
    ("tinyint", 128),
    *(("double", value) for value in (True, "x", [1.0])),
    *(("boolean", value) for value in (1, "yes")),
    ("string", "\ud800"),
    *(("decimal(5,2)", value) for value in (True, "x", [1], "1000")),
    ("array<int>", [1, "x"]),
]


def relation(kind: str) -> Relation:
    return Relation((Column("other", "string"), Column("v", kind)))


@pytest.mark.parametrize("number", range(len(READ)))
def test_what_is_read(number: int) -> None:
    kind, value, wanted = READ[number]
    table, warnings = table_of([{}, {"v": value}], relation(kind), "s")
    assert table["v"].to_pylist() == [None, wanted]
    assert table["other"].to_pylist() == [None, None]
    assert not warnings


@pytest.mark.parametrize("number", range(len(UNREADABLE)))
def test_what_cannot_be_read_is_told_with_its_place(number: int) -> None:
    kind, value = UNREADABLE[number]
    with pytest.raises(LakestreamError) as raised:
        table_of([{"v": None}, {}, {"v": value}, {"v": value}], relation(kind), "s")
    told = raised.value
    assert told.code == "UNREADABLE_VALUE"
    assert told.where == {"source": "s", "row": 2, "field": "v"}
    assert ("ISO 8601" in str(told.expected)) is kind.startswith("timestamp")
    if not kind.startswith("timestamp"):
        assert told.expected == kind


def test_rows_are_objects_and_not_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LakestreamError) as raised:
        table_of([{}, [1]], relation("int"), "s")
    assert raised.value.where == {"source": "s", "row": 1}
    assert raised.value.got == "[1]"
    monkeypatch.setattr(events, "MAX_ROWS", 2)
    assert table_of([{}, {}], relation("int"), "s")[0].num_rows == 2
    with pytest.raises(LakestreamError) as raised:
        table_of([{}, {}, {}], relation("int"), "s")
    assert (raised.value.code, raised.value.got) == ("LIMIT_EXCEEDED", 3)


def test_fields_that_are_no_columns_are_told() -> None:
    rows = [{"othr": 1, **{f"x{n:02}": n for n in range(11)}}, {"v": 1}]
    _, warnings = table_of(rows, relation("int"), "s")
    assert len(warnings) == 10
    assert warnings[0].endswith("`s` and was ignored; did you mean `other`?")
    assert warnings[1] == "Field `x00` of the events is no column of `s` and was ignored"


def test_long_values_are_told_in_short() -> None:
    assert events.shown("x" * 80) == "x" * 80
    assert events.shown("x" * 81) == "x" * 77 + "..."
    assert events.shown(5) == "5"


def timed(*seconds: int | None) -> pa.Table:
    moments = [None if s is None else s * 1_000_000 for s in seconds]
    return pa.table({"at": pa.array(moments, pa.timestamp("us", "UTC"))})


def test_sources_interleave_by_how_far_their_clocks_have_come() -> None:
    tables = {"a": timed(5, 1, 9), "b": timed(2, None, 6, 6), "c": timed()}
    numbered = with_arrivals(tables, {"a": "at", "b": "at", "c": "at"})
    assert {n: t[ROW].to_pylist() for n, t in numbered.items()} == {
        "a": [2, 3, 6], "b": [0, 1, 4, 5], "c": [],
    }  # fmt: skip
    alone = with_arrivals({"a": timed(5, 1)}, {"a": "at"})
    assert alone["a"][ROW].to_pylist() == [0, 1]
    untimed = with_arrivals({"a": timed(5, 6), "b": timed(9, 9)}, {"a": None, "b": None})
    assert untimed["a"][ROW].to_pylist() == [0, 2]
    assert times_of(timed(None, 2), "at").tolist() == [0, 2_000_000]


def written(place: Path, text: str) -> Path:
    place.write_text(text, encoding="utf-8")
    return place


def test_rows_of_files(tmp_path: Path) -> None:
    rows = [{"a": 1, "b": "é"}, {"a": None, "b": "x"}]
    lines = "\n\n".join(json.dumps(row) for row in rows)
    assert list(read_rows(written(tmp_path / "x.jsonl", lines))) == rows
    assert list(read_rows(written(tmp_path / "x.json", json.dumps(rows)))) == rows
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "x.parquet")
    assert list(read_rows(tmp_path / "x.parquet")) == rows
    table = written(tmp_path / "x.csv", 'a,b\n1,"é"\n,x,left out\n')
    assert list(read_rows(table)) == [{"a": "1", "b": "é"}, {"a": None, "b": "x"}]


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "latin.jsonl").write_bytes(b'{"a": 1}\n{"a": "\xe9"}\n')
    monkeypatch.setattr(event_files, "MAX_LINE_CHARS", 9)
    assert list(read_rows(written(tmp_path / "fits.jsonl", '{"a": 1}\n'))) == [{"a": 1}]
    for place, code, where in (
        (tmp_path / "none.jsonl", "FILE_NOT_FOUND", {}),
        (written(tmp_path / "x.parquet", "no"), "UNREADABLE_FILE", {}),
        (written(tmp_path / "x.jsonl", "{}\n{no}\n"), "UNREADABLE_FILE", {"row": 1}),
        (tmp_path / "latin.jsonl", "UNREADABLE_FILE", {}),
        (written(tmp_path / "long.jsonl", '{}\n{"a": 12}\n'), "LIMIT_EXCEEDED", {"row": 1}),
    ):
        with pytest.raises(LakestreamError) as raised:
            list(read_rows(place))
        assert raised.value.code == code
        assert where.items() <= raised.value.where.items()
