"""PostgreSQL, Lakebase included: its connections, and what became of a commit that got no answer.

A password that is minted is minted anew for each connection; it may expire while the connection
stays open. It is sent over TLS only, unless the server is on this machine.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Literal

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from ..errors import InvalidArgument, LakestreamError, StoreFailed

POOL_SIZE = 8
"""Connections of one process, all of them kept. More only wait for one another: a call computes for
longer than the database works for it. None is opened for a peak and closed again, since each costs
a password."""
RECYCLE_S = 3600
"""Lakebase ends idle connections after a day and all after three."""
NOTICES_SILENCE = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""A server that vanished without a word is given up within a minute."""
ENCRYPTED = ("require", "verify-ca", "verify-full")
LOST = ("08", "57P")
"""SQLSTATE of connections that broke, and of servers that shut down, crash or start up."""

Fate = Literal["committed", "aborted", "in progress", "unknown"]
_XID = text("SELECT CAST(pg_current_xact_id() AS text)")
_STATUS = text("SELECT pg_xact_status(CAST(:xid AS xid8))")
_XID_IN_THE_FUTURE = "22023"


def engine_of(
    url: URL, password_provider: Callable[[], str] | None, *, lock_timeout_s: float
) -> Engine:
    """An engine whose connections are set up; the provider is asked for each new one."""
    settings: dict[str, Any] = {"client_encoding": "utf8", "application_name": "lakestream"}
    settings |= NOTICES_SILENCE
    if password_provider is not None:
        settings |= _encryption(url)
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_recycle=RECYCLE_S,
        pool_pre_ping=True,  # a server that scales to zero closes idle connections
        isolation_level="READ COMMITTED",
        connect_args=settings,
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: object) -> None:
        connection.autocommit = True
        connection.execute(f"SET lock_timeout = {int(lock_timeout_s * 1000)}")
        connection.autocommit = False

    if password_provider is not None:

        @event.listens_for(engine, "do_connect")
        def give_password(
            _dialect: object, _record: object, _args: object, parameters: dict[str, Any]
        ) -> None:
            parameters["password"] = _minted(password_provider)

    return engine


def transaction_id(connection: Connection) -> str:
    """The number by which the server knows this transaction."""
    return str(connection.execute(_XID).scalar_one())


def fate_of(connection: Connection, xid: str) -> Fate:
    """What became of a transaction, asked on another connection."""
    try:
        status = connection.execute(_STATUS, {"xid": xid}).scalar_one()
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _XID_IN_THE_FUTURE:
            return "aborted"  # the server that took over has never heard of it
        raise
    return status or "unknown"


def is_lost(error: DBAPIError) -> bool:
    """Did the connection end, so that the server has undone what was not committed?"""
    state = str(getattr(error.orig, "sqlstate", None) or "")
    said_so = error.statement is not None and state.startswith(LOST)
    return bool(error.connection_invalidated) or said_so


def _minted(password_provider: Callable[[], str]) -> str:
    try:
        return password_provider()
    except LakestreamError as error:
        message, hint = f"No password for the database could be had: {error.message}", error.hint
        raise StoreFailed(message, code="STORE_UNAVAILABLE", hint=hint) from error
    except Exception as error:
        raise StoreFailed(
            f"No password for the database could be had: {type(error).__name__}",
            code="STORE_UNAVAILABLE",
            hint="Check the identity that the server runs as, and its access to the database.",
        ) from error


def _encryption(url: URL) -> dict[str, str]:
    """How a minted password travels. Raises InvalidArgument for a mode that may send it plain."""
    host = str(url.host or url.query.get("host") or os.environ.get("PGHOST", ""))
    given = str(url.query.get("sslmode") or os.environ.get("PGSSLMODE", ""))
    if host.startswith("/") or host in ("", "127.0.0.1", "::1", "localhost"):
        return {}
    if given and given not in ENCRYPTED:
        raise InvalidArgument(
            "The password of the database would travel unencrypted",
            code="INVALID_DATABASE_URL",
            where={"field": "PGSSLMODE"},
            got=given,
            expected=list(ENCRYPTED),
        )
    return {"sslmode": given or "require"}
