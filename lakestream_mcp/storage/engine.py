"""Where the two databases differ, and nowhere else: connecting, locking, upserts, failures.

SQLite runs in WAL mode with `synchronous=FULL`: each commit is synced to disk, so an acknowledged
edit survives `kill -9` of the server and a power cut. Writers take the write lock when they begin
(`BEGIN IMMEDIATE`), so what they read is what they change. PostgreSQL runs at READ COMMITTED, where
writers lock the pipeline's row; with its default `synchronous_commit=on` the guarantee is the same.

A PostgreSQL server may go away and come back: a failover, a restart, a crash. A transaction that
has not begun waits for it. One that was being committed is looked up by its number, so that its
caller learns what is true; only if nobody can tell is the error STORE_OUTCOME_UNKNOWN.
"""

from __future__ import annotations

import contextlib
import importlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as WaitedTooLong

from ..errors import InvalidArgument, StoreFailed
from . import postgresql

if TYPE_CHECKING:  # importing a dialect that is not in use would cost the server's start
    from sqlalchemy.dialects.postgresql import Insert as PostgresInsert
    from sqlalchemy.dialects.sqlite import Insert as SqliteInsert

BUSY_TIMEOUT_S = 5.0
BEGIN_ATTEMPTS = 3
POOL_SIZE = 8
RETURNS_WITHIN_S = 20.0
"""How long a database that went away is waited for; crash recovery and failover take seconds. Once
it has been away for longer, calls fail at once, until it is back."""
ASK_AGAIN_S = 0.2

# Any constants of our own: PostgreSQL's advisory locks are numbers.
_MIGRATION_LOCK = 0x1A4E57
_AUDIT_LOCK = 0x1A4E58
_POSTGRES = ("postgres", "postgresql", "postgresql+psycopg")
_SQLITE = ("sqlite", "sqlite+pysqlite")


def resolve(target: str | Path) -> URL:
    """The SQLAlchemy URL of a database URL or of a path to a SQLite file."""
    if isinstance(target, Path) or "://" not in target:
        return URL.create("sqlite", database=str(Path(target).expanduser().absolute()))
    try:
        url = make_url(target)
    except (ArgumentError, ValueError):
        raise _bad_url("not a URL") from None  # the text may hold a password: it is not repeated
    if url.drivername in _POSTGRES:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername not in _SQLITE:
        raise _bad_url(url.drivername)
    if url.database in (None, "", ":memory:") or "mode" in url.query:
        raise _bad_url("SQLite in memory")
    return url


def _bad_url(got: str) -> InvalidArgument:
    return InvalidArgument(
        "The database URL cannot be used",
        code="INVALID_DATABASE_URL",
        where={"field": "LAKESTREAM_DATABASE_URL"},
        got=got,
        expected="postgresql://USER@HOST/DATABASE, sqlite:///FILE, or the path of a SQLite file",
    )


class Database:
    """Connections to one database, and its transactions."""

    def __init__(self, engine: Engine, *, one_writer: bool, minted: bool = False) -> None:
        self.engine = engine
        self.url = engine.url
        self._minted = minted
        self._reached = False
        self._gone_since: float | None = None
        # Where SQLite lets one writer in, the others ask again after ever longer sleeps, and some
        # have no luck for a second. The threads of this process stand in line instead.
        self._line = threading.Lock() if one_writer else None

    @contextlib.contextmanager
    def begin(self, *, write: bool) -> Iterator[Connection]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        with self._turn(write), contextlib.closing(self._begun(write)) as connection:
            # Asked for first, while nothing is locked yet.
            xid = postgresql.transaction_id(connection) if write and self.is_postgresql else None
            yield connection
            self._commit(connection, xid)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """One state of the whole database to read, however long that takes."""
        with self.engine.connect() as connection:
            if self.is_postgresql:
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @property
    def is_postgresql(self) -> bool:
        """PostgreSQL, else SQLite."""
        return self.url.get_backend_name() == "postgresql"

    @contextlib.contextmanager
    def _turn(self, write: bool) -> Iterator[None]:
        if self._line is None or not write:
            yield
            return
        if not self._line.acquire(timeout=BUSY_TIMEOUT_S):
            raise WaitedTooLong("another thread holds the write lock")
        try:
            yield
        finally:
            self._line.release()

    def _begun(self, write: bool) -> Connection:
        """A connection in a transaction; nothing has been done yet, so trying again is harmless."""
        attempt = 1
        while True:
            connection = None
            try:
                connection = self.engine.connect().execution_options(write=write)
                connection.begin()
                self._reached, self._gone_since = True, None
                return connection
            except OperationalError as error:
                if connection is not None:
                    connection.close()
                if not self._may_begin(error, attempt):
                    raise
            attempt += 1

    def _may_begin(self, error: OperationalError, attempt: int) -> bool:
        """Whether to try again: SQLite was locked, or a PostgreSQL that was there went away."""
        if is_busy(error):
            return attempt < BEGIN_ATTEMPTS
        if not self._reached:  # a wrong address, unless a minted password expired on its way
            return self._minted and attempt < BEGIN_ATTEMPTS
        if not self.is_postgresql:
            return False
        now = time.monotonic()
        self._gone_since = now if self._gone_since is None else self._gone_since
        if now - self._gone_since > RETURNS_WITHIN_S:
            return False
        time.sleep(ASK_AGAIN_S)
        return True

    def _commit(self, connection: Connection, xid: str | None) -> None:
        """Commit; where the answer was lost, find out what became of what was written."""
        try:
            connection.commit()
        except DBAPIError as error:
            if not self.is_postgresql or not postgresql.is_lost(error):
                raise
            if xid is not None and not self._was_committed(xid):
                raise

    def _was_committed(self, xid: str) -> bool:
        """Whether the server has committed it. Raises StoreFailed if nobody can tell."""
        give_up_at = time.monotonic() + RETURNS_WITHIN_S
        fate: postgresql.Fate = "in progress"
        with contextlib.suppress(SQLAlchemyError, StoreFailed):
            while fate == "in progress" and time.monotonic() < give_up_at:
                with contextlib.closing(self._begun(write=False)) as other:
                    fate = postgresql.fate_of(other, xid)
                if fate == "in progress":
                    time.sleep(ASK_AGAIN_S)
        if fate in ("in progress", "unknown"):
            raise StoreFailed(
                "The database went away while it was saving, and whether it has is not known",
                code="STORE_OUTCOME_UNKNOWN",
                hint="Read what you changed (`get_history`) before you send it again.",
            )
        return fate == "committed"

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def connect(url: URL, password_provider: Callable[[], str] | None = None) -> Database:
    """A database whose connections are set up; `password_provider` is asked for each new one."""
    if url.get_backend_name() == "sqlite":
        return Database(_sqlite(url), one_writer=True)
    engine = postgresql.engine_of(url, password_provider, lock_timeout_s=BUSY_TIMEOUT_S)
    return Database(engine, one_writer=False, minted=password_provider is not None)


def _sqlite(url: URL) -> Engine:
    file = Path(str(url.database))
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.touch(mode=0o600)  # stored events may be personal data
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=POOL_SIZE,
        connect_args={"timeout": BUSY_TIMEOUT_S, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: object) -> None:
        _use_wal(connection)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _use_wal(connection: sqlite3.Connection) -> None:
    """Two processes that create one file can meet here, where SQLite does not wait by itself."""
    give_up_at = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() > give_up_at:
                raise
            time.sleep(0.02)


def insert_new(connection: Connection, table: Table, values: dict[str, Any]) -> bool:
    """Insert a row unless its key is taken; tells if it was inserted."""
    statement = _insert(connection, table).values(values).on_conflict_do_nothing()
    inserted = connection.execute(statement.returning(*table.primary_key))
    return inserted.first() is not None


def upsert(
    connection: Connection, table: Table, values: dict[str, Any], keep: tuple[str, ...] = ()
) -> None:
    """Insert a row or overwrite the one with its key, but for the columns to `keep`."""
    key = [column.name for column in table.primary_key]
    statement = _insert(connection, table).values(values)
    changed = {n: statement.excluded[n] for n in values if n not in key and n not in keep}
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=changed))


def _insert(connection: Connection, table: Table) -> SqliteInsert | PostgresInsert:
    dialect = importlib.import_module(f"sqlalchemy.dialects.{connection.dialect.name}")
    insert: Callable[[Table], SqliteInsert | PostgresInsert] = dialect.insert
    return insert(table)


def lock_migrations(connection: Connection) -> None:
    """Let one process migrate at a time; SQLite's write lock already does."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})


def lock_audit(connection: Connection) -> None:
    """Let one transaction at a time append to the audit log, until it commits.

    A lock of its own and not that of the last row: what is read after it sees what was committed
    while waiting for it. SQLite's write lock already does.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _AUDIT_LOCK})


def is_missing_table(error: DBAPIError) -> bool:
    """Did the statement fail because the table is not there?"""
    message = str(error.orig)
    return sqlstate(error) == "42P01" or message.startswith("no such table")


def is_busy(error: DBAPIError) -> bool:
    """Did the statement fail because another transaction holds a lock for too long?"""
    if isinstance(error.orig, sqlite3.OperationalError):
        return _is_busy(error.orig)
    # deadlock, serialisation failure, lock not available, statement cancelled by a timeout
    return sqlstate(error) in ("40P01", "40001", "55P03", "57014")


def _is_busy(error: sqlite3.OperationalError) -> bool:
    name = str(getattr(error, "sqlite_errorname", ""))
    return name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def sqlstate(error: DBAPIError) -> str:
    """The driver's own code: SQLSTATE on PostgreSQL, the result code's name on SQLite."""
    state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", None)
    return str(state or "")
