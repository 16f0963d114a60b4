"""What the store writes: checked text, JSON that is certain to load again, packed reports.

Everything stored passes here on its way in, so a value that one of the two databases could not
hold, or that could not be read back, is refused with the place it stands at, on both databases.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from ..errors import InvalidArgument, LimitExceeded, StoreFailed
from ..graph.model import PipelineDocument

MAX_JSON_CHARS = 64_000_000
_PACK_LEVEL = 1  # a report is written while somebody waits: 1 packs as fast as the disk writes

# A NUL in JSON text is an escape after an even number of backslashes.
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def check_text(text: str, field: str, max_length: int | None = None) -> str:
    """The text itself, or a refusal naming the field: NUL, broken Unicode, too long."""
    reason = None if text.isascii() and "\0" not in text else _text_problem(text)
    if reason:
        raise InvalidArgument(
            f"{field} holds {reason}",
            code="INVALID_TEXT",
            where={"field": field},
            got=text.encode("ascii", "backslashreplace").decode()[:120],
            hint="Remove that character.",
        )
    if max_length is not None and len(text) > max_length:
        raise InvalidArgument(
            f"{field} is too long",
            code="TEXT_TOO_LONG",
            where={"field": field},
            got=f"{len(text)} characters, beginning with {text[:60]!r}",
            expected=f"at most {max_length} characters",
        )
    return text


def legible(text: str, max_length: int) -> str:
    """Any text made storable, for records that must never be refused (the audit log)."""
    safe = text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\0")
    return safe if len(safe) <= max_length else safe[: max_length - 1] + "…"


def encode(value: Any, field: str) -> str:
    """JSON text of plain data; refused unless `decode` gives the same data back."""
    text = _dump(value, field)
    try:
        from_json(text)
    except ValueError as error:
        raise _refused(value, field, str(error)) from None
    return text


def decode(text: str, field: str) -> Any:
    """The plain data of stored JSON text."""
    try:
        return from_json(text)
    except ValueError as error:
        raise _unreadable(field, str(error)) from None


def encode_document(document: PipelineDocument) -> str:
    """JSON text of a pipeline document; refused unless it loads again."""
    data = document.model_dump()
    text = _dump(data, "document")
    try:
        PipelineDocument.model_validate_json(text)
    except ValidationError as error:
        raise _refused(data, "document", error.errors()[0]["msg"]) from None
    return text


def decode_document(text: str) -> PipelineDocument:
    """The pipeline document of stored JSON text."""
    try:
        return PipelineDocument.model_validate_json(text)
    except ValidationError as error:
        raise _unreadable("document", error.errors()[0]["msg"]) from None


def pack(value: Any, field: str) -> bytes:
    """Compressed JSON, for run reports and generated files."""
    return zlib.compress(encode(value, field).encode(), _PACK_LEVEL)


def unpack(packed: bytes, field: str) -> Any:
    """The plain data of compressed JSON."""
    try:
        return from_json(zlib.decompress(packed))
    except (ValueError, zlib.error) as error:
        raise _unreadable(field, str(error)) from None


def canonical(document: PipelineDocument) -> str:
    """Text that two documents share exactly when they say the same."""
    return json.dumps(document.model_dump(), sort_keys=True)


def _dump(value: Any, field: str) -> str:
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise _refused(value, field, str(error)) from None
    if "\\u0000" in text and _NUL.search(text):
        raise _refused(value, field, "a NUL character")
    if len(text) > MAX_JSON_CHARS:
        raise LimitExceeded(
            f"{field} is too large to store",
            where={"field": field},
            got=f"{len(text):,} characters of JSON",
            expected=f"at most {MAX_JSON_CHARS:,}",
        )
    return text


def _refused(value: Any, field: str, reason: str) -> InvalidArgument:
    path, problem = next(_problems(value, field, 0), (field, reason))
    return InvalidArgument(
        f"{field} cannot be stored: {problem} at {path}",
        code="INVALID_VALUE",
        where={"field": path},
        got=problem,
        expected="plain JSON: finite numbers, text without NUL, at most 150 levels deep",
    )


def _problems(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    """Each part of a value that cannot be stored, with its path."""
    if depth > 150:
        yield path[:120] + "…", "nesting too deep"
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _problems(key, f"{path}.(key)", depth + 1)
            yield from _problems(part, f"{path}.{legible(str(key), 60)}", depth + 1)
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            yield from _problems(part, f"{path}[{index}]", depth + 1)
    elif (problem := _scalar_problem(value)) is not None:
        yield path, problem


def _scalar_problem(value: Any) -> str | None:
    if isinstance(value, str):
        return _text_problem(value)
    if isinstance(value, float):
        return None if math.isfinite(value) else f"the number {value}"
    if isinstance(value, int) and value.bit_length() > 14_000:
        return "a number of thousands of digits"
    if value is None or isinstance(value, int):
        return None
    return f"a value of type {type(value).__name__}"


def _text_problem(text: str) -> str | None:
    if "\0" in text:
        return "a NUL character"
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"half of a surrogate pair ({text[error.start]!a})"
    return None


def _unreadable(field: str, reason: str) -> StoreFailed:
    return StoreFailed(
        f"The stored {field} cannot be read: {reason}",
        code="STORE_DAMAGED",
        where={"field": field},
        hint="Restore the database from a backup, or use the version that wrote it.",
    )
