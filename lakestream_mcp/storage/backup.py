"""Backup and restore of a whole store, between SQLite and PostgreSQL in either direction.

Tables, columns and their order come from the database itself, so what is added to the schema is
backed up without a word here. A backup is one state of the store, though others go on writing. It
goes into a store that holds nothing; one of an older version is migrated once it is in.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    collate,
    func,
    insert,
    inspect,
    select,
)

from .. import __version__
from ..errors import StoreFailed
from . import schema
from .archive import Reader, reading, writing
from .engine import Database, connect, lock_migrations, resolve

VERSIONS = "alembic_version"
LARGE_ROWS, SMALL_ROWS = 4, 500
"""Rows held at a time: of tables with documents or reports, and of others."""


def export(database: Database, target: Path) -> dict[str, int]:
    """Write every row of every table to a new file; the rows of each table."""
    with database.snapshot() as connection, writing(target) as archive:
        for table in _tables(connection):
            columns = [column.name for column in table.columns]
            binary = [c.name for c in table.columns if isinstance(c.type, LargeBinary)]
            archive.add(table.name, columns, binary, _rows(connection, table))
        version = schema.version(connection) or ""
        archive.close(version, __version__, datetime.now(UTC).isoformat(timespec="seconds"))
        return {name: entry.rows for name, entry in archive.tables.items()}


def restore(database: Database, source: Path) -> dict[str, int]:
    """Bring a backup into a store that holds nothing: all of it, or nothing and the reason."""
    with reading(source) as archive:
        schema.check_known(archive.schema)
        with database.begin(write=True) as connection:
            lock_migrations(connection)
            _prepare(connection, archive.schema)
            tables = {table.name: table for table in _tables(connection)}
            _check_tables(archive, tables)
            for table in tables.values():
                _fill(connection, table, archive)
            schema.migrate(connection)
        return {name: entry.rows for name, entry in archive.tables.items()}


def _tables(connection: Connection) -> list[Table]:
    """All tables as the database describes them, each after those it refers to."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != VERSIONS]


def _rows(connection: Connection, table: Table) -> Iterator[Sequence[Any]]:
    """All rows by primary key, in the same order on both databases."""
    order = [
        collate(column, "C" if connection.dialect.name == "postgresql" else "BINARY")
        if isinstance(column.type, String)
        else column
        for column in table.primary_key
    ]
    found = select(table).order_by(*order).execution_options(yield_per=_at_a_time(table))
    for row in connection.execute(found):
        yield tuple(row)


def _at_a_time(table: Table) -> int:
    is_large = any(isinstance(column.type, (Text, LargeBinary)) for column in table.columns)
    return LARGE_ROWS if is_large else SMALL_ROWS


def _prepare(connection: Connection, version: str) -> None:
    """Tables of the backup's version without any row. Raises StoreFailed if something is stored."""
    if not inspect(connection).has_table(VERSIONS):
        schema.migrate(connection, version)
    elif schema.version(connection) != version:
        raise _refused("The database has tables of another version than the backup")
    with tempfile.TemporaryDirectory() as folder:
        fresh = _fresh(Path(folder) / "fresh.db", version)
    for table in reversed(_tables(connection)):
        rows = [tuple(row) for row in connection.execute(select(table).limit(100))]
        if rows != fresh[table.name]:
            raise _refused(f"`{table.name}` holds rows already", table.name)
        if rows:
            connection.execute(table.delete())


def _fresh(file: Path, version: str) -> dict[str, list[Any]]:
    """What the migrations put into each table of a new store."""
    database = connect(resolve(file))
    try:
        with database.begin(write=True) as connection:
            schema.migrate(connection, version)
            return {
                table.name: [tuple(row) for row in connection.execute(select(table))]
                for table in _tables(connection)
            }
    finally:
        database.close()


def _check_tables(archive: Reader, tables: dict[str, Table]) -> None:
    described = {name: set(table.columns.keys()) for name, table in tables.items()}
    if {name: set(entry.columns) for name, entry in archive.tables.items()} != described:
        raise StoreFailed(
            "The tables of the backup are not those of its version",
            code="BACKUP_DAMAGED",
            where={"argument": "file"},
            hint="It was not written by this product. Nothing was imported.",
        )


def _fill(connection: Connection, table: Table, archive: Reader) -> None:
    batch: list[dict[str, Any]] = []
    for row in archive.rows(table.name):
        batch.append(row)
        if len(batch) == _at_a_time(table):
            connection.execute(insert(table), batch)
            batch = []
    if batch:
        connection.execute(insert(table), batch)
    _continue_numbers(connection, table)


def _continue_numbers(connection: Connection, table: Table) -> None:
    """Let PostgreSQL number new rows after those that came in; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for column in table.primary_key:
        if not isinstance(column.type, Integer):
            continue
        counter = connection.scalar(select(func.pg_get_serial_sequence(table.name, column.name)))
        last = connection.scalar(select(func.max(column)))
        if counter is not None and last is not None:
            connection.execute(select(func.setval(counter, last)))


def _refused(why: str, table: str | None = None) -> StoreFailed:
    return StoreFailed(
        f"{why}: a backup goes into a store that holds nothing",
        code="STORE_NOT_EMPTY",
        where={"table": table} if table else {},
        hint="Name a new database in LAKESTREAM_DATABASE_URL or LAKESTREAM_DATA_DIR. "
        "Nothing was imported.",
    )
