"""Column types of the store, the same on SQLite and PostgreSQL.

JSON is kept as text: key order and every digit survive, and both databases behave alike.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Integer, LargeBinary, String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from ..graph.model import PipelineDocument
from . import encoding

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

# SQLite numbers rows by itself only where the type is spelled INTEGER.
RowNumber = BigInteger().with_variant(Integer(), "sqlite")


class Line(TypeDecorator[str]):
    """Short text that may be indexed: an id, a name, an actor."""

    impl = String
    cache_ok = True

    def __init__(self, field: str, length: int = 200) -> None:
        super().__init__(length)
        self.field = field
        self.length = length

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else encoding.check_text(value, self.field, self.length)


class Prose(TypeDecorator[str]):
    """Text of any length: a reason, an error message."""

    impl = Text
    cache_ok = True

    def __init__(self, field: str) -> None:
        super().__init__()
        self.field = field

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else encoding.check_text(value, self.field)


class Json(TypeDecorator[Any]):
    """Plain data as JSON text."""

    impl = Text
    cache_ok = True

    def __init__(self, field: str) -> None:
        super().__init__()
        self.field = field

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        return encoding.encode(value, self.field)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else encoding.decode(value, self.field)


class Document(TypeDecorator[PipelineDocument]):
    """A pipeline document as JSON text."""

    impl = Text
    cache_ok = True

    def process_bind_param(
        self,
        value: PipelineDocument | None,
        dialect: Dialect,
    ) -> str | None:
        return None if value is None else encoding.encode_document(value)

    def process_result_value(
        self,
        value: str | None,
        dialect: Dialect,
    ) -> PipelineDocument | None:
        return None if value is None else encoding.decode_document(value)


class Packed(TypeDecorator[Any]):
    """Plain data as compressed JSON: large, written once, read rarely."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, field: str) -> None:
        super().__init__()
        self.field = field

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes:
        return encoding.pack(value, self.field)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Any:
        return None if value is None else encoding.unpack(value, self.field)


class Instant(TypeDecorator[datetime]):
    """A moment in UTC, kept as microseconds since the epoch."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - EPOCH) // MICROSECOND

    def process_result_value(
        self,
        value: int | None,
        dialect: Dialect,
    ) -> datetime | None:
        return None if value is None else EPOCH + value * MICROSECOND
