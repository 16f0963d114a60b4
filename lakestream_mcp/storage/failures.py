"""What the database driver raises, said in the product's own words and without credentials."""

from __future__ import annotations

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as WaitedTooLong

from ..errors import LakestreamError, StoreFailed
from .engine import is_busy, sqlstate
from .postgresql import is_lost

_BUSY = ("STORE_BUSY", "The store is busy", "Nothing was saved. Try again.")
_KINDS: tuple[tuple[tuple[str, ...], tuple[str, str, str]], ...] = (
    (
        ("28", "08", "57P", "3D", "SQLITE_CANTOPEN"),
        (
            "STORE_UNAVAILABLE",
            "The database cannot be reached",
            "Check LAKESTREAM_DATABASE_URL or the PG* variables, and that the server runs.",
        ),
    ),
    (
        ("53100", "SQLITE_FULL"),
        ("STORE_FULL", "The disk of the database is full", "Nothing was saved. Free some space."),
    ),
    (
        ("SQLITE_READONLY", "25006", "42501", "SQLITE_PERM", "SQLITE_AUTH"),
        ("STORE_READ_ONLY", "The database may not be written", "Check its permissions."),
    ),
    (
        ("SQLITE_CORRUPT", "SQLITE_NOTADB", "XX001", "XX002"),
        (
            "STORE_DAMAGED",
            "The database file is damaged or is no database",
            "Restore it from a backup, or name another file.",
        ),
    ),
)
_OTHER = ("STORE_FAILED", "The database refused a statement", "Nothing was saved.")


def translated(error: SQLAlchemyError, url: URL) -> LakestreamError:
    """The error to raise instead of one of SQLAlchemy's."""
    if isinstance(error, StatementError) and isinstance(error.orig, LakestreamError):
        return error.orig  # a column type refused the value
    code, message, hint = _kind(error)
    return StoreFailed(
        f"{message}: {_sentence(error, url)}",
        code=code,
        where={"database": location(url)},
        hint=hint,
        retryable=_is_retryable(error),
    )


def _is_retryable(error: SQLAlchemyError) -> bool:
    """Whether the same transaction may well succeed at once: its connection ended, or it lost a
    race. One that waited in vain for a lock has waited enough."""
    if not isinstance(error, DBAPIError):
        return False
    return sqlstate(error) in ("40001", "40P01") or is_lost(error)


def _kind(error: SQLAlchemyError) -> tuple[str, str, str]:
    if isinstance(error, WaitedTooLong):
        return _BUSY
    if not isinstance(error, DBAPIError):
        return _OTHER
    if is_busy(error):
        return _BUSY
    state = sqlstate(error)
    for prefixes, kind in _KINDS:
        if state.startswith(prefixes):
            return kind
    never_connected = error.statement is None or error.connection_invalidated
    return _KINDS[0][1] if never_connected else _OTHER


def _sentence(error: SQLAlchemyError, url: URL) -> str:
    """The first line of the driver's message: later lines can hold stored values."""
    cause = error.orig if isinstance(error, StatementError) else error
    lines = str(cause).splitlines() or [type(cause).__name__]
    return scrubbed(lines[0], url)


def scrubbed(message: str, url: URL) -> str:
    """The message without the passwords of the URL."""
    for secret in (url.password, url.query.get("password")):
        if secret:
            message = message.replace(str(secret), "***")
    return message


def location(url: URL) -> str:
    """The URL as it may be shown: options can hold passwords too."""
    shown = url.set(query={k: v for k, v in url.query.items() if k in ("host", "port")})
    return shown.render_as_string(hide_password=True)
