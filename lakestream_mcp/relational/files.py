"""Columns of a data file, inferred from its first rows, within bounds and below the data roots."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..cep.physical import EPOCH
from ..errors import Forbidden, InvalidArgument, InvalidEvents, NotFound
from ..graph.model import Column
from .column_types import check_names, quoted

MAX_ROWS = 1_000
MAX_BYTES = 8 << 20
MAX_LINE_BYTES = 1 << 20
FORMATS = {
    "json": (".json", ".jsonl", ".ndjson"),
    "csv": (".csv",),
    "parquet": (".parquet",),
}
_REMOTE = re.compile(r"^[a-z][a-z0-9+.-]*:/|^/Volumes/|^/dbfs/", re.IGNORECASE)
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_INTEGER = re.compile(r"[+-]?\d{1,18}")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def local_file(path: str, roots: Sequence[Path], endings: Sequence[str] = ()) -> Path:
    """The file meant by a path below one of the roots; of a folder or pattern, the first.

    Files with one of the `endings` come before others.

    Raises NotFound and Forbidden.
    """
    if _REMOTE.match(path) or "\x00" in path:
        raise _missing(path, roots, "cannot be read from here; declare `columns`")
    given = expanded(path)
    resolved = [root.resolve() for root in roots]
    for root in resolved:
        found = (root / given).resolve()
        if found.is_relative_to(root) and is_there(found):
            return _first_file(found, path, roots, endings)
        matches = sorted(root.glob(path)) if _is_pattern(given) else []
        if matches:
            return local_file(str(matches[0]), roots, endings)
    if given.is_absolute() and not any(given.resolve().is_relative_to(r) for r in resolved):
        raise Forbidden(
            "this file lies outside the data roots",
            code="FILE_REFUSED",
            where={"field": "path"},
            got=path[:300],
            expected=[str(root) for root in roots],
            hint="put it below a data root, or name its folder in LAKESTREAM_DATA_ROOTS",
        )
    raise _missing(path, roots, "is not there")


def latest_files(
    path: str, roots: Sequence[Path], endings: Sequence[str], since: dt.datetime | None
) -> list[Path]:
    """The files meant by a path, the last changed first; only those changed after a time, if given.

    Raises NotFound and Forbidden as `local_file` does.
    """
    first = local_file(path, roots, endings)
    places = ((root / expanded(path)).resolve() for root in roots)
    folder = next((place for place in places if place.is_dir()), None)
    files = [first] if folder is None else [p for p in folder.iterdir() if p.suffix in endings]
    inside = [local_file(str(file), roots) for file in files if file.name[0] not in "._"]
    stamped = sorted(((p.stat().st_mtime_ns, p) for p in inside), reverse=True)
    after = -1 if since is None else (since - EPOCH) // dt.timedelta(microseconds=1)
    return [file for changed, file in stamped if changed // 1_000 > after]


def columns_of_rows(rows: Iterable[dict[str, Any]], text: bool = False) -> tuple[Column, ...]:
    """Columns that some rows show. text: values are text that may mean numbers, as in CSV.

    Raises InvalidArgument for names that no column can have.
    """
    types: dict[str, str | None] = {}
    for row in rows:
        for name, value in row.items():
            types[name] = _merged(types.get(name), _type_of(value, text))
    return check_names(Column(name, kind or "string") for name, kind in types.items())


def expanded(path: str) -> Path:
    """A path with a user's folder for `~`, where there is such a user."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def is_there(place: Path) -> bool:
    """Whether a path leads to something; a name that no file can have leads nowhere."""
    try:
        return place.exists()
    except OSError:
        return False


def _is_pattern(path: Path) -> bool:
    return not path.is_absolute() and any(c in str(path) for c in "*?[") and "**" not in str(path)


def _first_file(found: Path, path: str, roots: Sequence[Path], endings: Sequence[str]) -> Path:
    if found.is_file():
        return found
    files = [p for p in found.iterdir() if p.is_file() and p.name[0] not in "._"]
    if not files:
        raise _missing(path, roots, "is a folder without files")
    first = min(files, key=lambda p: (p.suffix not in endings, p.name))
    # A link in the folder may lead out of it.
    return local_file(str(first), roots)


def _missing(path: str, roots: Sequence[Path], problem: str) -> NotFound:
    return NotFound(
        f"`{path[:300]}` {problem}",
        code="FILE_NOT_FOUND",
        where={"field": "path"},
        got=path[:300],
        expected=[str(root) for root in roots],
        hint="declare `columns`, for example `id bigint, at timestamp`",
    )


def file_columns(path: str, file_format: str, roots: Sequence[Path]) -> tuple[Column, ...]:
    """Columns inferred from a file. Raises InvalidEvents, NotFound, Forbidden, InvalidArgument."""
    if file_format not in FORMATS:
        raise InvalidArgument(
            f"columns of a {file_format} file are not inferred",
            got=file_format,
            expected=sorted(FORMATS),
        )
    file = local_file(path, roots, FORMATS[file_format])
    state = file.stat()
    return _inferred(file, file_format, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=128)
def _inferred(
    file: Path,
    file_format: str,
    changed_ns: int,  # noqa: ARG001  (part of the key: a changed file is read again)
    size: int,
) -> tuple[Column, ...]:
    if size == 0:
        raise _bad(file, "the file is empty", "EMPTY_FILE")
    if file_format == "parquet":
        return _parquet_columns(file)
    rows = list(_json_rows(file) if file_format == "json" else _csv_rows(file))
    if not rows:
        raise _bad(file, "the file holds no rows", "EMPTY_FILE")
    return columns_of_rows(rows, text=file_format == "csv")


def _bad(file: Path, problem: str, code: str, row: int | None = None) -> InvalidEvents:
    return InvalidEvents(
        f"{problem} ({file.name})",
        code=code,
        where={"field": "path"} | ({"row": row} if row is not None else {}),
        got=file.name,
    )


def _parquet_columns(file: Path) -> tuple[Column, ...]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from .arrow_types import columns_of

    try:
        return columns_of(pq.read_schema(file))
    except (pa.ArrowInvalid, OSError):
        raise _bad(file, "this is no Parquet file", "UNREADABLE_FILE") from None


def _lines(file: Path) -> Iterator[str]:
    """Whole lines of the beginning of a file. Raises InvalidEvents for one that is too long."""
    read = 0
    with file.open("rb") as stream:
        for number in range(MAX_ROWS + 1):
            line = stream.readline(MAX_LINE_BYTES + 1)
            if len(line) > MAX_LINE_BYTES:
                raise _bad(
                    file, f"a line is longer than {MAX_LINE_BYTES:,} bytes", "LINE_TOO_LONG", number
                )
            read += len(line)
            if not line or read > MAX_BYTES:
                return
            try:
                yield line.decode("utf-8-sig" if number == 0 else "utf-8")
            except UnicodeDecodeError:
                raise _bad(file, "the text is not UTF-8", "UNREADABLE_FILE", number) from None


def _json_rows(file: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(_lines(file)):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            raise _bad(file, "a line is no JSON", "UNREADABLE_FILE", number) from None
        if not isinstance(row, dict):
            raise _bad(file, "each line must be one JSON object", "UNREADABLE_FILE", number)
        yield row


def _csv_rows(file: Path) -> Iterator[dict[str, Any]]:
    text = io.StringIO("".join(_lines(file)), newline="")
    try:
        for row in csv.DictReader(text):
            if None in row:
                raise _bad(file, "a row has more values than the header", "UNREADABLE_FILE")
            yield {name: value for name, value in row.items() if name}
    except csv.Error as error:
        raise _bad(file, f"this is no CSV: {error}", "UNREADABLE_FILE") from None


def _type_of(value: Any, text: bool) -> str | None:
    """The type a value shows; None when it shows none (NULL, or an empty CSV field)."""
    if isinstance(value, dict):
        fields = ((name, _type_of(inner, text) or "string") for name, inner in value.items())
        return f"struct<{','.join(f'{quoted(name)}:{kind}' for name, kind in fields)}>"
    if isinstance(value, list):
        return f"array<{_element_type(value, text)}>"
    if isinstance(value, str):
        return _text_type(value, numbers=text)
    if isinstance(value, int) and not isinstance(value, bool):
        return "bigint" if -(2**63) <= value < 2**63 else "double"
    return {bool: "boolean", float: "double"}.get(type(value))


def _element_type(values: Iterable[Any], text: bool) -> str:
    kind: str | None = None
    for value in values:
        kind = _merged(kind, _type_of(value, text))
    return kind or "string"


def _text_type(value: str, numbers: bool) -> str | None:
    if numbers and not value:
        return None
    if numbers and value.lower() in ("true", "false"):
        return "boolean"
    if numbers and _INTEGER.fullmatch(value):
        return "bigint"
    if numbers and _NUMBER.fullmatch(value):
        return "double"
    for pattern, kind in ((_TIMESTAMP, "timestamp"), (_DATE, "date")):
        if pattern.fullmatch(value) and _is_time(value):
            return kind
    return "string"


def _is_time(value: str) -> bool:
    try:
        dt.datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _merged(one: str | None, other: str | None) -> str | None:
    """The type that holds both."""
    if one is None or other is None or one == other:
        return one or other
    pair = {one, other}
    if pair == {"bigint", "double"}:
        return "double"
    if pair == {"date", "timestamp"}:
        return "timestamp"
    return _merged_nested(one, other)


def _merged_nested(one: str, other: str) -> str:
    from .column_types import parse_columns

    if one.startswith("array<") and other.startswith("array<"):
        return f"array<{_merged(one[6:-1], other[6:-1])}>"
    if one.startswith("struct<") and other.startswith("struct<"):
        fields: dict[str, str | None] = {}
        for text in (one, other):
            for name, kind in parse_columns(text[7:-1]) if text != "struct<>" else ():
                fields[name] = _merged(fields.get(name), kind)
        return f"struct<{','.join(f'{quoted(name)}:{kind}' for name, kind in fields.items())}>"
    return "string"
