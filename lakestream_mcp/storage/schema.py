"""Brings a database to the schema this version needs; costs one query when it is there already."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from ..errors import StoreFailed
from .engine import Database, is_missing_table, lock_migrations

HEAD = "0006"


def ensure(database: Database) -> None:
    """Migrate to `HEAD` if the database is new or older; refuse one that is newer."""
    if _version(database) == HEAD:
        return
    with database.begin(write=True) as connection:
        lock_migrations(connection)
        migrate(connection)


def migrate(connection: Connection, revision: str = HEAD) -> None:
    """Run the migrations up to `revision` inside the connection's transaction."""
    from alembic import command
    from alembic.util import CommandError

    config = configuration(connection)
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        raise _newer(version(connection)) from error


def version(connection: Connection) -> str | None:
    """The version of the tables, which must be there."""
    number = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if number is None else str(number)


def check_known(revision: str) -> None:
    """Refuse the schema of a newer version. Raises StoreFailed."""
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    try:
        ScriptDirectory.from_config(configuration()).get_revision(revision)
    except CommandError:
        raise _newer(revision) from None


def configuration(connection: Connection | None = None) -> Any:
    """Alembic's configuration for the migrations of this package."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "lakestream_mcp.storage:migrations")
    config.attributes["connection"] = connection
    return config


def _version(database: Database) -> str | None:
    try:
        with database.begin(write=False) as connection:
            return version(connection)
    except DBAPIError as error:
        if is_missing_table(error):
            return None
        raise


def _newer(got: str | None) -> StoreFailed:
    return StoreFailed(
        "This was written by a newer version of LakeStream",
        code="STORE_NEWER",
        got=got,
        expected=HEAD,
        hint="Use that version, or another database. Nothing was changed.",
    )
