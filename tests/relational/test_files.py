"""Columns of files: inferred within bounds, below the data roots."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakestream_mcp.errors import (
    Forbidden,
    InvalidArgument,
    InvalidEvents,
    LakestreamError,
    NotFound,
)
from lakestream_mcp.relational.files import MAX_LINE_BYTES, file_columns


def infer(folder: Path, name: str, content: str | bytes, file_format: str = "json") -> str:
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return ", ".join(f"{c.name} {c.type}" for c in file_columns(name, file_format, [folder]))


def test_json_lines(tmp_path: Path) -> None:
    rows = [
        {"id": 1, "price": 2, "at": "2018-01-31T01:49:59.650Z", "day": "2018-01-31", "ok": True},
        {"id": 2, "price": 2.5, "at": None, "note": "2018-99-99", "tags": [], "loc": {"lat": 1}},
        {"id": 3, "tags": ["a"], "loc": {"lon": 2.5}, "ok": False, "day": None},
    ]
    found = infer(tmp_path, "a.jsonl", "\n".join(map(json.dumps, rows)))
    assert found == (
        "id bigint, price double, at timestamp, day date, ok boolean, note string, "
        "tags array<string>, loc struct<lat:bigint,lon:double>"
    )


def test_csv(tmp_path: Path) -> None:
    rows = ["A,2000-01-01,39.81,1,true,", 'B,2000-02-01,4,,FALSE,"a,b"']
    text = "\n".join(["symbol,day,price,size,active,note", *rows])
    assert infer(tmp_path, "a.csv", text, "csv") == (
        "symbol string, day date, price double, size bigint, active boolean, note string"
    )


def test_parquet(tmp_path: Path) -> None:
    rows = pa.table({"id": [1], "at": [dt.datetime(2026, 1, 1, tzinfo=dt.UTC)]})
    pq.write_table(rows, tmp_path / "a.parquet")
    columns = file_columns("a.parquet", "parquet", [tmp_path])
    assert [tuple(c) for c in columns] == [("id", "bigint"), ("at", "timestamp")]


def test_a_missing_file_below_a_linked_root_is_missing_not_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    linked = tmp_path / "linked"
    linked.symlink_to(tmp_path / "real")
    with pytest.raises(NotFound):
        file_columns(str(linked / "none.json"), "json", [linked])
    with pytest.raises(Forbidden):
        file_columns(str(tmp_path / "none.json"), "json", [linked])


def test_a_folder_and_a_pattern_mean_their_first_file(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "README.md").write_text("not data")
    (tmp_path / "in" / "_SUCCESS").write_text("")
    (tmp_path / "in" / "b.json").write_text('{"x": 1}\n')
    for path in ("in", "in/*.json", str(tmp_path / "in")):
        assert file_columns(path, "json", [tmp_path])[0].name == "x"


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    assert infer(tmp_path, "a.json", '{"x": 1}') == "x bigint"
    assert infer(tmp_path, "a.json", '{"x": "text"}') == "x string"


@pytest.mark.parametrize(
    ("content", "file_format", "code"),
    [
        ("", "json", "EMPTY_FILE"),
        ("\n\n", "json", "EMPTY_FILE"),
        ("a,b\n", "csv", "EMPTY_FILE"),
        ("{not json}\n", "json", "UNREADABLE_FILE"),
        ("[1, 2]\n", "json", "UNREADABLE_FILE"),
        ("[" * 100_000, "json", "UNREADABLE_FILE"),
        (b"\xff\xfe\x00", "json", "UNREADABLE_FILE"),
        ("a\n1,2,3\n", "csv", "UNREADABLE_FILE"),
        ("text", "parquet", "UNREADABLE_FILE"),
        ('{"x": "' + "x" * MAX_LINE_BYTES + '"}', "json", "LINE_TOO_LONG"),
        ('{"x": 1, "X": 2}', "json", "DUPLICATE_COLUMN"),
    ],
)
def test_bad_files(tmp_path: Path, content: str | bytes, file_format: str, code: str) -> None:
    with pytest.raises(LakestreamError) as caught:
        infer(tmp_path, "bad", content, file_format)
    assert caught.value.code == code


def test_a_line_of_a_gigabyte_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "long.json").open("wb") as stream:
        stream.truncate(1 << 30)
    with pytest.raises(InvalidEvents) as caught:
        file_columns("long.json", "json", [tmp_path])
    assert caught.value.code == "LINE_TOO_LONG"


def test_files_elsewhere_are_refused(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret.json").write_text('{"password": 1}')
    (root / "link.json").symlink_to(tmp_path / "secret.json")
    (root / "inside").mkdir()
    (root / "inside" / "link.json").symlink_to(tmp_path / "secret.json")
    with pytest.raises(Forbidden):
        file_columns(str(tmp_path / "secret.json"), "json", [root])
    paths = ("../secret.json", "link.json", "inside", "inside/*", "s3://b/k", "a\x00b", "nope")
    for path in (*paths, "x" * 3_000, "~nobody-of-that-name/rows.json"):
        with pytest.raises((NotFound, Forbidden)):
            file_columns(path, "json", [root])


def test_other_formats_are_not_inferred(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument):
        file_columns("a", "avro", [tmp_path])
