"""Naming a database, reaching it, and what is said when it cannot be reached."""

from __future__ import annotations

import json
import shutil
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import URL

from lakestream_mcp.errors import InvalidArgument, StoreFailed
from lakestream_mcp.storage import engine
from lakestream_mcp.storage.store import Store

from .conftest import Postgres
from .documents import create, document, edit, head

SECRET = "hunter2/@:'x"


def test_the_default_is_a_file_in_the_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKESTREAM_DATA_DIR", str(tmp_path / "new folder"))
    store = Store.open()
    create(store)
    store.close()
    files = list((tmp_path / "new folder").glob("*.db"))
    assert len(files) == 1
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["a b.db", "50%.db", "ünï?#.db", "it's.db"])
def test_any_path_is_a_database(tmp_path: Path, name: str) -> None:
    for target in (tmp_path / name, str(tmp_path / name)):
        store = Store.open(target)
        create(store)
        store.close()
        assert (tmp_path / name).exists()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_the_ways_to_write_a_postgresql_url(scheme: str) -> None:
    url = engine.resolve(f"{scheme}://u:p%40ss@host:5433/db?sslmode=require")
    assert url.drivername == "postgresql+psycopg"
    assert (url.password, url.port, url.query) == ("p@ss", 5433, {"sslmode": "require"})


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://u:{SECRET}@host/db",
        f"postgresql://u:{SECRET}@host:port/db",
        f"://{SECRET}",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=memory&uri=true",
    ],
)
def test_urls_that_cannot_be_used_are_refused_without_repeating_them(url: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        Store.open(url)
    assert caught.value.code == "INVALID_DATABASE_URL"
    assert "hunter2" not in json.dumps(caught.value.to_json())
    assert caught.value.__cause__ is None


@pytest.mark.postgres
def test_the_pg_variables_name_a_server(
    new_postgres: Callable[[str], str], postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    created = engine.resolve(new_postgres("template0"))
    monkeypatch.setenv("PGHOST", str(postgres_server.url.query["host"]))
    monkeypatch.setenv("PGUSER", str(created.username))
    monkeypatch.setenv("PGDATABASE", str(created.database))
    store = Store.open()
    create(store)
    store.close()
    again = Store.open(created.render_as_string(hide_password=False))
    assert head(again) == document()
    again.close()


@pytest.mark.postgres
def test_a_password_is_minted_for_every_connection(
    new_postgres: Callable[[str], str], migrated_postgres: str
) -> None:
    minted: list[str] = []

    def mint() -> str:
        minted.append(f"{SECRET}-{len(minted)}")
        return minted[-1]

    store = Store.open(new_postgres(migrated_postgres), password_provider=mint)
    create(store)
    assert len(minted) == 1
    with store.transaction() as first, store.transaction() as second:
        assert first.load("orders") == second.load("orders")
    assert len(minted) == 2
    assert "hunter2" not in store.location
    store.close()


@pytest.mark.postgres
def test_a_password_that_cannot_be_minted(
    new_postgres: Callable[[str], str], migrated_postgres: str
) -> None:
    def mint() -> str:
        raise PermissionError(SECRET)

    with pytest.raises(StoreFailed) as caught:
        Store.open(new_postgres(migrated_postgres), password_provider=mint)
    assert caught.value.code == "STORE_UNAVAILABLE"
    assert "hunter2" not in json.dumps(caught.value.to_json())


@pytest.mark.postgres
def test_a_connection_that_was_cut_is_replaced(
    new_postgres: Callable[[str], str], migrated_postgres: str
) -> None:
    store = Store.open(new_postgres(migrated_postgres))
    create(store)
    with pytest.raises(StoreFailed) as caught, store.transaction(write=True) as tx:
        tx.append_revision("orders", document("lost"), actor="ann", operation="edit_pipeline")
        tx.connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
    assert caught.value.code == "STORE_UNAVAILABLE"
    assert head(store) == document()
    assert edit(store, document(nodes=3)) == 2
    store.close()


@pytest.mark.postgres
def test_an_idle_connection_that_was_cut_is_not_noticed(
    new_postgres: Callable[[str], str], migrated_postgres: str, postgres_server: Postgres
) -> None:
    url = new_postgres(migrated_postgres)
    store = Store.open(url)
    create(store)
    postgres_server.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        f" WHERE datname = '{engine.resolve(url).database}'"
    )
    assert edit(store, document(nodes=3)) == 2
    store.close()


@pytest.mark.postgres
def test_a_server_that_cannot_be_reached(tmp_path: Path) -> None:
    query = {"host": str(tmp_path), "sslpassword": SECRET, "passfile": SECRET}
    url = URL.create("postgresql", "ann", SECRET, database="db", query=query)
    with pytest.raises(StoreFailed) as caught:
        Store.open(url.render_as_string(hide_password=False))
    said = json.dumps(caught.value.to_json())
    assert caught.value.code == "STORE_UNAVAILABLE"
    assert "hunter2" not in said + str(caught.value.__cause__)
    assert caught.value.__suppress_context__


@pytest.mark.postgres
def test_a_lock_that_is_held_for_too_long(
    new_postgres: Callable[[str], str],
    migrated_postgres: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_S", 0.1)
    store = Store.open(new_postgres(migrated_postgres))
    create(store)
    with store.transaction(write=True) as tx:
        tx.load("orders")
        with pytest.raises(StoreFailed) as caught:
            edit(store, document("mine"))
        with store.transaction() as reader:
            assert reader.load("orders").head == 1
    assert caught.value.code == "STORE_BUSY"
    assert edit(store, document("mine")) == 2
    store.close()


def test_a_file_that_is_locked_for_too_long(
    migrated_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_S", 0.05)
    store = Store.open(shutil.copy(migrated_file, tmp_path / "store.db"))
    create(store)
    with store.transaction(write=True):
        with pytest.raises(StoreFailed) as by_thread:
            edit(store, document("mine"))
        assert head(store) == document()
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreFailed) as by_process:
        edit(store, document("mine"))
    assert head(store) == document()
    other.close()
    assert by_thread.value.code == by_process.value.code == "STORE_BUSY"
    assert edit(store, document("mine")) == 2
    store.close()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("dear diary, " * 500)
    with pytest.raises(StoreFailed) as caught:
        Store.open(file)
    assert caught.value.code == "STORE_DAMAGED"
    assert file.read_text() == "dear diary, " * 500


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreFailed) as caught:
        Store.open(tmp_path / "file" / "store.db")
    assert caught.value.code == "STORE_UNAVAILABLE"


def test_a_document_that_was_damaged(store: Store, raw: Callable[[str], Any]) -> None:
    create(store)
    raw("UPDATE revisions SET document = '{\"name\": 1}'")
    with pytest.raises(StoreFailed) as caught:
        head(store)
    assert caught.value.code == "STORE_DAMAGED"


def test_what_sqlite_promises(migrated_file: Path, tmp_path: Path) -> None:
    file = shutil.copy(migrated_file, tmp_path / "store.db")
    store = Store.open(file)
    with store.transaction() as tx:
        pragma = {
            name: tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    create(store)
    store.close()
    with sqlite3.connect(file) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def test_statement_values_stay_out_of_errors(store: Store) -> None:
    with pytest.raises(StoreFailed) as caught, store.transaction(write=True) as tx:
        tx.connection.exec_driver_sql("INSERT INTO counters VALUES ('secret', NULL)")
    assert caught.value.code == "STORE_FAILED"
    assert "secret" not in json.dumps(caught.value.to_json())
