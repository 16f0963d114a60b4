"""Backup and restore: every row of every table, from each database into the other and back."""

from __future__ import annotations

import json
import os
import stat
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    insert,
    select,
)

from lakestream_mcp.errors import InvalidArgument, LakestreamError, StoreFailed
from lakestream_mcp.storage import backup, engine, schema
from lakestream_mcp.storage.store import Store
from lakestream_mcp.surfaces.cli import main

from .documents import create, document, edit, head

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)


def values_of(column: Column[Any], row: int) -> st.SearchStrategy[Any]:
    """What the database could hold in a column; keys are different in each row."""
    kind: Any = column.type
    if column.primary_key:
        made: st.SearchStrategy[Any] = st.just(
            row + 1 if isinstance(kind, Integer) else f"{row}-ключ-🔑"
        )
        return made
    if isinstance(kind, Boolean):
        made = st.booleans()
    elif isinstance(kind, BigInteger):
        made = st.integers(-(2**63), 2**63 - 1)
    elif isinstance(kind, Integer):
        made = st.integers(-(2**31), 2**31 - 1)
    elif isinstance(kind, Float):
        made = st.floats(allow_nan=False, allow_infinity=False)
    elif isinstance(kind, LargeBinary):
        made = st.binary(max_size=40)
    elif isinstance(kind, String):
        made = TEXT if kind.length is None else TEXT.map(lambda text: text[: kind.length])
    else:
        raise AssertionError(f"backups have not met {kind!r} in {column}")
    return st.none() | made if column.nullable else made


@st.composite
def contents(draw: st.DrawFn, tables: list[Table]) -> dict[str, list[dict[str, Any]]]:
    """Rows for every table, those referred to before those that refer to them."""
    made: dict[str, list[dict[str, Any]]] = {}
    for table in tables:
        rows = [
            {column.name: draw(values_of(column, row)) for column in table.columns}
            for row in range(draw(st.integers(1, 3)))
        ]
        for key in table.foreign_keys:
            parents = made[key.column.table.name]
            unique = len(table.primary_key) == 1 and key.parent.primary_key
            rows = rows[: len(parents)] if unique else rows
            for at, row in enumerate(rows):
                row[key.parent.name] = parents[at if unique else 0][key.column.name]
        made[table.name] = rows
    return made


def tables_of(database: str) -> list[Table]:
    with opened(database) as connection:
        return backup._tables(connection)


class opened:
    """A transaction on a database, behind the store's back."""

    def __init__(self, database: str) -> None:
        self._database = engine.connect(engine.resolve(database))
        self._transaction = self._database.begin(write=True)

    def __enter__(self) -> Any:
        return self._transaction.__enter__()

    def __exit__(self, *error: Any) -> None:
        self._transaction.__exit__(*error)
        self._database.close()


def fill(database: str, rows: dict[str, list[dict[str, Any]]]) -> None:
    with opened(database) as connection:
        for table in backup._tables(connection):
            if connection.execute(select(table)).first():  # the audit log refuses to be emptied
                connection.execute(table.delete())
            connection.execute(insert(table), rows[table.name])


def all_rows(database: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row, by what its columns are called."""
    with opened(database) as connection:
        found = {}
        for table in backup._tables(connection):
            columns = sorted(table.columns, key=lambda column: column.name)
            rows = [tuple(row) for row in connection.execute(select(*columns))]
            found[table.name] = sorted(rows, key=repr)
        return found


@pytest.fixture
def fresh(
    tmp_path: Path, new_postgres: Callable[[str], str], migrated_postgres: str
) -> Callable[[str], str]:
    """A new database of a kind, with tables or without."""
    count = iter(range(10_000))

    def make(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / f'{next(count)}.db'}"
        return new_postgres("template0" if next(count) % 2 else migrated_postgres)

    return make


@pytest.mark.postgres
@pytest.mark.parametrize(("here", "there"), [("sqlite", "postgres"), ("postgres", "sqlite")])
def test_every_row_arrives(
    fresh: Callable[[str], str], tmp_path: Path, here: str, there: str
) -> None:
    count, described = iter(range(10_000)), fresh(here)
    Store.open(described).close()

    @settings(max_examples=2, suppress_health_check=list(HealthCheck))
    @given(rows=contents(tables_of(described)))
    def check(rows: dict[str, list[dict[str, Any]]]) -> None:
        source, target, again = fresh(here), fresh(there), tmp_path / "again.zip"
        file = tmp_path / f"{next(count)}.zip"
        store = Store.open(source)
        fill(source, rows)
        exported = store.export(file)
        store.close()
        assert exported == {name: len(of_table) for name, of_table in rows.items()}
        assert Store.restore(file, target) == exported
        assert all_rows(target) == all_rows(source)
        store = Store.open(target)
        again.unlink(missing_ok=True)
        store.export(again)
        store.close()
        for name in rows:
            assert member(again, name) == member(file, name)

    check()


def member(file: Path, table: str) -> list[Any]:
    """The rows of a table in a backup, as sets of columns and values in their order."""
    with zipfile.ZipFile(file) as archive:
        entry = json.loads(archive.read("manifest.json"))["tables"][table]
        lines = archive.read(f"{table}.jsonl").splitlines()
    return [dict(zip(entry["columns"], json.loads(line), strict=True)) for line in lines]


def test_the_store_goes_on_where_it_was(database: str, tmp_path: Path) -> None:
    source = Store.open(tmp_path / "source.db")
    create(source)
    edit(source, document("second"))
    audit(source)
    source.export(tmp_path / "backup")
    source.close()
    Store.restore(tmp_path / "backup", database)
    store = Store.open(database)
    assert head(store) == document("second")
    assert edit(store, document("third")) == 3
    audit(store)
    with store.transaction() as tx:
        assert [entry.seq for entry in tx.list_audit()] == [2, 1]
        assert tx.latest_change_seq() == 3
    store.close()


def audit(store: Store) -> None:
    row = {"operation": "edit_pipeline", "arguments_sha256": "0" * 64, "outcome": "ok"}
    with store.transaction(write=True) as tx:
        tx.append_audit(actor="ann", role="author", duration_ms=1, **row)  # type: ignore[arg-type]


def test_a_backup_is_one_state(database: str, tmp_path: Path, monkeypatch: Any) -> None:
    store = Store.open(database)
    create(store)
    rows = backup._rows

    def rows_while_somebody_edits(connection: Any, table: Table) -> Any:
        if table.name == "revisions":
            other = Store.open(database)
            assert edit(other, document("meanwhile")) == 2
            other.close()
        return rows(connection, table)

    monkeypatch.setattr(backup, "_rows", rows_while_somebody_edits)
    exported = store.export(tmp_path / "backup")
    store.close()
    assert (exported["pipelines"], exported["revisions"]) == (1, 1)


def test_a_store_that_holds_something_is_left_alone(database: str, tmp_path: Path) -> None:
    source = Store.open(tmp_path / "source.db")
    source.export(tmp_path / "backup")
    source.close()
    store = Store.open(database)
    create(store)
    with pytest.raises(StoreFailed) as caught:
        Store.restore(tmp_path / "backup", database)
    assert caught.value.code == "STORE_NOT_EMPTY"
    assert head(store) == document()
    store.close()


def test_an_older_backup_is_migrated(tmp_path: Path) -> None:
    metadata = MetaData()
    with opened(f"sqlite:///{tmp_path / 'old.db'}") as connection:
        schema.migrate(connection, "0001")
        metadata.reflect(connection)
    database = engine.connect(engine.resolve(tmp_path / "old.db"))
    backup.export(database, tmp_path / "backup")
    database.close()
    Store.restore(tmp_path / "backup", tmp_path / "new.db")
    with opened(f"sqlite:///{tmp_path / 'new.db'}") as connection:
        assert schema.version(connection) == schema.HEAD


@pytest.mark.parametrize(
    "damage", ["cut", "changed", "other", "newer", "text", "missing", "scrambled", "packing"]
)
def test_a_file_that_cannot_be_used(tmp_path: Path, damage: str) -> None:
    source = Store.open(tmp_path / "source.db")
    create(source)
    file = tmp_path / "backup"
    source.export(file)
    source.close()
    spoil(file, damage)
    with pytest.raises(LakestreamError) as caught:
        Store.restore(file, tmp_path / "new.db")
    expected = {"newer": "STORE_NEWER", "missing": "INVALID_ARGUMENT"}
    assert caught.value.code == expected.get(damage, "BACKUP_DAMAGED")
    store = Store.open(tmp_path / "new.db")
    with store.transaction() as tx:
        assert tx.list_pipelines() == []
    store.close()


def spoil(file: Path, damage: str) -> None:
    if damage == "missing":
        file.unlink()
    elif damage == "text":
        file.write_text("dear diary")
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[:-200])
    elif damage == "scrambled":
        with zipfile.ZipFile(file) as archive:
            at = archive.getinfo("pipelines.jsonl").header_offset
        data = bytearray(file.read_bytes())
        name, extra = struct.unpack_from("<HH", data, at + 26)
        data[at + 30 + name + extra] = 0b111  # a block of no known kind
        file.write_bytes(data)
    elif damage == "packing":
        data = bytearray(file.read_bytes())
        data[data.rindex(b"PK\1\2") + 10] = 99  # the last member is packed in a way nobody knows
        file.write_bytes(data)
    else:
        with zipfile.ZipFile(file) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        manifest = json.loads(members["manifest.json"])
        manifest |= {"other": {"version": 2}, "newer": {"schema": "9999"}}.get(damage, {})
        members["manifest.json"] = json.dumps(manifest).encode()
        if damage == "changed":
            members["pipelines.jsonl"] = members["pipelines.jsonl"].replace(b"Orders", b"Ordeal")
        with zipfile.ZipFile(file, "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data)


def test_a_large_store_is_never_held(tmp_path: Path) -> None:
    with_modules = Store.open(tmp_path / "small.db")  # what is imported once does not count
    with_modules.export(tmp_path / "small")
    with_modules.close()
    Store.restore(tmp_path / "small", tmp_path / "small_copy.db")
    store = Store.open(tmp_path / "large.db")
    create(store)
    with store.transaction(write=True) as tx:
        for _ in range(120):
            report = {"noise": os.urandom(150_000).hex()}
            tx.add_run("orders", 1, "test", actor="a", result="r", counts={}, report=report)
    tracemalloc.start()
    store.export(tmp_path / "backup")
    store.close()
    Store.restore(tmp_path / "backup", tmp_path / "copy.db")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (tmp_path / "backup").stat().st_size > 16_500_000
    assert peak < 7_000_000, peak


def lakestream(folder: Path, *arguments: str, **env: str) -> Result:
    given = {"LAKESTREAM_DATA_DIR": str(folder), **env}
    return CliRunner().invoke(main, arguments, env=given)


def test_by_command(tmp_path: Path) -> None:
    here, there, file = tmp_path / "here", tmp_path / "there", tmp_path / "backup"
    assert lakestream(here, "create-pipeline", "--name", "Kept").exit_code == 0
    made = lakestream(here, "export", "--all", str(file))
    assert (made.exit_code, "1 pipelines" in made.output) == (0, True), made.output
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "FILE_EXISTS" in lakestream(here, "export", "--all", str(file)).output
    assert "FORBIDDEN" in lakestream(there, "import", str(file), LAKESTREAM_ROLE="author").output
    assert lakestream(there, "import", str(file)).exit_code == 0
    assert lakestream(there, "get-pipeline", "kept").exit_code == 0
    assert "STORE_NOT_EMPTY" in lakestream(there, "import", str(file)).output
    assert lakestream(here, "export").exit_code == 2
    store = Store.open(here / "lakestream.db")
    with store.transaction() as tx:
        assert tx.list_audit(limit=1)[0].operation == "export_store"
    store.close()


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "backup").write_text("precious")
    store = Store.open(tmp_path / "source.db")
    with pytest.raises(InvalidArgument):
        store.export(tmp_path / "backup")
    with pytest.raises(InvalidArgument):
        store.export(tmp_path / "no such folder" / "backup")
    store.close()
    assert (tmp_path / "backup").read_text() == "precious"
