"""The store: opens a database, brings its schema up to date, hands out transactions.

    store = Store.open()
    with store.transaction(write=True) as tx:
        stored = tx.load("orders")
        tx.append_revision("orders", document, actor="ann", operation="edit_pipeline")

A transaction commits when its block ends and leaves no trace when the block raises.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from ..access import Access
from ..errors import StoreFailed
from . import schema
from .audit import AuditRows
from .deployment_journal import DeploymentJournalRows
from .engine import Database, connect, resolve
from .failures import location, translated
from .grants import GrantRows
from .preferences import PreferenceRows
from .proposals import ProposalRows
from .revisions import RevisionRows
from .runs import RunRows
from .templates import TemplateRows


class Transaction(
    RevisionRows,
    RunRows,
    DeploymentJournalRows,
    AuditRows,
    GrantRows,
    PreferenceRows,
    ProposalRows,
    TemplateRows,
):
    """Everything the store can do, in one transaction."""


class Store:
    """One database. Threads may share it; each transaction belongs to one thread."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        new_token: Callable[[], str] = lambda: secrets.token_hex(3),
    ) -> None:
        self._database = database
        self._clock = clock
        self._new_token = new_token

    @classmethod
    def open(
        cls,
        target: str | Path | None = None,
        *,
        password_provider: Callable[[], str] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        new_token: Callable[[], str] = lambda: secrets.token_hex(3),
    ) -> Store:
        """Open a database URL or a SQLite file; by default what the environment names.

        `password_provider` is called for every new PostgreSQL connection: databases whose
        credentials expire get a fresh one. The schema is created or migrated when it is not there.
        """
        database = _connected(
            resolve(_configured() if target is None else target), password_provider
        )
        store = cls(database, clock=clock, new_token=new_token)
        try:
            with store._failures():
                schema.ensure(database)
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def restore(
        cls,
        source: Path,
        target: str | Path,
        *,
        password_provider: Callable[[], str] | None = None,
    ) -> dict[str, int]:
        """Bring a backup into a database that holds nothing; the rows of each table."""
        from .backup import restore

        store = cls(_connected(resolve(target), password_provider))
        try:
            with store._failures():
                return restore(store._database, source)
        finally:
            store.close()

    @property
    def location(self) -> str:
        """The database as a URL without its password."""
        return location(self._database.url)

    @contextlib.contextmanager
    def transaction(
        self, *, write: bool = False, access: Access | None = None
    ) -> Iterator[Transaction]:
        """One transaction, to change the store or to read one state of it.

        With an `access`, pipelines that this caller may not see are not there.
        """
        with self._failures(), self._database.begin(write=write) as connection:
            transaction = Transaction(connection, write, self._clock(), self._new_token, access)
            yield transaction
            transaction.number_changes()

    def latest_change_seq(self) -> int:
        """The number of the latest change of any pipeline; cheap enough to be polled."""
        with self.transaction() as tx:
            return tx.latest_change_seq()

    def export(self, target: Path) -> dict[str, int]:
        """Write everything to a new file; the rows of each table."""
        from .backup import export

        with self._failures():
            return export(self._database, target)

    def close(self) -> None:
        """Close all connections."""
        self._database.close()

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        """Errors of the driver leave as errors of the product; the driver's text stays inside."""
        try:
            yield
        except SQLAlchemyError as error:
            raise translated(error, self._database.url) from None


def _connected(url: URL, password_provider: Callable[[], str] | None) -> Database:
    try:
        return connect(url, password_provider)
    except OSError as error:
        raise StoreFailed(
            f"The database file cannot be created: {error.strerror}",
            code="STORE_UNAVAILABLE",
            where={"database": location(url)},
            hint="Name another file in LAKESTREAM_DATABASE_URL, as sqlite:///FILE.",
        ) from None


def _configured() -> str | Path:
    from ..settings import Settings

    return Settings.from_env().database
