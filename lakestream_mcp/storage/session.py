"""What all parts of a transaction share: the connection, its time, its caution about writing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Executable,
    Row,
    Table,
    Text,
    func,
    type_coerce,
)

from ..access import Access
from ..errors import InvalidArgument

MAX_LIMIT = 1000
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"

Values = dict[str, Any] | None


class Session:
    """One open transaction; `at` is the time of everything it writes.

    With an `access`, pipelines that this caller may not see are not there.
    """

    def __init__(
        self,
        connection: Connection,
        write: bool,
        at: datetime,
        new_token: Callable[[], str],
        access: Access | None = None,
    ) -> None:
        self.connection = connection
        self.write = write
        self.at = at
        self._access = access
        self._new_token = new_token
        self._touched: dict[str, None] = {}  # pipelines to be numbered before the commit

    def new_id(self, prefix: str) -> str:
        """An id that sorts by time."""
        milliseconds = int(self.at.timestamp() * 1000)
        digits = ""
        while milliseconds:
            milliseconds, digit = divmod(milliseconds, 36)
            digits = _DIGITS[digit] + digits
        return f"{prefix}_{digits:0>9}{self._new_token()}"

    def sees(self, pipeline_id: str) -> bool:
        """Whether the pipeline is there for whoever uses this transaction."""
        return self._access is None or self._access.sees(pipeline_id)

    def _visible(self, column: Column[Any]) -> list[ColumnElement[bool]]:
        return [] if self._access is None else self._access.visible(column)

    def _rows(self, statement: Executable, values: Values = None) -> Sequence[Row[Any]]:
        return self.connection.execute(statement, values).all()

    def _first(self, statement: Executable, values: Values = None) -> Row[Any] | None:
        return self.connection.execute(statement, values).first()

    def _run(self, statement: Executable, values: Values = None) -> int:
        """Execute a statement that writes; the number of rows it touched."""
        self._writing()
        return self.connection.execute(statement, values).rowcount

    def _writing(self) -> Connection:
        if not self.write:
            raise RuntimeError("open the transaction with write=True to change the store")
        return self.connection


def columns(row: type[NamedTuple], table: Table) -> list[Column[Any]]:
    """The columns of a table that fill a kind of row, in its order."""
    return [table.c[name] for name in row._fields]


def contains(column: Column[Any], part: str) -> ColumnElement[bool]:
    """Is the text part of the column? Exact on both databases, unlike LIKE."""
    return func.replace(type_coerce(column, Text), part, "") != type_coerce(column, Text)


def checked_limit(limit: int) -> int:
    """The limit itself, or a refusal."""
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidArgument(
            "limit is out of range",
            where={"field": "limit"},
            got=limit,
            expected=f"1 to {MAX_LIMIT}",
        )
    return limit
