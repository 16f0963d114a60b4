"""Brings a database to the schema this version needs; costs one query when it is there already."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from ..errors import StoreFailed
from . import engine as database

HEAD = "0001"


def ensure(engine: Engine) -> None:
    """Migrate to `HEAD` if the database is new or older; refuse one that is newer."""
    if _version(engine) == HEAD:
        return
    with database.begin(engine, write=True) as connection:
        database.lock_migrations(connection)
        migrate(connection)


def migrate(connection: Connection, revision: str = HEAD) -> None:
    """Run the migrations up to `revision` inside the connection's transaction."""
    from alembic import command
    from alembic.util import CommandError

    config = configuration(connection)
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        raise StoreFailed(
            "The database was written by a newer version of LakeStream",
            code="STORE_NEWER",
            got=_read(connection),
            expected=HEAD,
            hint="Use that version, or name another database. Nothing was changed.",
        ) from error


def configuration(connection: Connection | None = None) -> Any:
    """Alembic's configuration for the migrations of this package."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "lakestream_mcp.storage:migrations")
    config.attributes["connection"] = connection
    return config


def _version(engine: Engine) -> str | None:
    try:
        with database.begin(engine, write=False) as connection:
            return _read(connection)
    except DBAPIError as error:
        if database.is_missing_table(error):
            return None
        raise


def _read(connection: Connection) -> str | None:
    version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if version is None else str(version)
