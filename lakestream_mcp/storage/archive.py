"""The file of a backup: a zip of one JSON-lines file per table, and a manifest with checksums.

A line is one row, its values in the order of the manifest's columns; bytes are base64. Nothing is
ever held but one row. Text, numbers and bytes are kept as they are stored, so a file does not
depend on the database that it came from.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import InvalidArgument, StoreFailed

FORMAT, VERSION = "lakestream-backup", 1
MANIFEST = "manifest.json"
MANIFEST_BYTES_MAX = 1_000_000
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every member: the same rows are the same bytes, whenever they are written."""


class TableEntry(NamedTuple):
    """What the manifest says of one table."""

    columns: list[str]
    binary: list[str]
    rows: int
    sha256: str


class Writer:
    """Writes tables one after the other, then the manifest."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        self.tables: dict[str, TableEntry] = {}

    def add(
        self, name: str, columns: list[str], binary: list[str], rows: Iterable[Sequence[Any]]
    ) -> None:
        """Write all rows of a table."""
        digest, count = hashlib.sha256(), 0
        is_binary = [column in binary for column in columns]
        with self._file.open(_member(f"{name}.jsonl"), "w", force_zip64=True) as member:
            for row in rows:
                values = [_packed(v) if b else v for v, b in zip(row, is_binary, strict=True)]
                text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
                line = text.encode() + b"\n"
                digest.update(line)
                member.write(line)
                count += 1
        self.tables[name] = TableEntry(columns, binary, count, digest.hexdigest())

    def close(self, schema: str, product: str, made_at: str) -> None:
        """Write the manifest."""
        manifest = {
            "format": FORMAT,
            "version": VERSION,
            "schema": schema,
            "product": product,
            "made_at": made_at,
            "tables": {name: entry._asdict() for name, entry in self.tables.items()},
        }
        self._file.writestr(_member(MANIFEST), json.dumps(manifest, indent=1) + "\n")


class Reader:
    """Reads a backup whose checksums were found right. Raises StoreFailed if it is damaged."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        with _damage():
            manifest = _manifest(file)
            self.schema = str(manifest["schema"])
            self.tables = {name: TableEntry(**entry) for name, entry in manifest["tables"].items()}
            for name, entry in self.tables.items():
                self._check(name, entry)

    def rows(self, name: str) -> Iterator[dict[str, Any]]:
        """The rows of a table by column."""
        entry = self.tables[name]
        is_binary = [column in entry.binary for column in entry.columns]
        with _damage(), self._file.open(f"{name}.jsonl") as member:
            for line in member:
                values = json.loads(line)
                unpacked = [
                    _unpacked(v) if b else v for v, b in zip(values, is_binary, strict=True)
                ]
                yield dict(zip(entry.columns, unpacked, strict=True))

    def _check(self, name: str, entry: TableEntry) -> None:
        digest, count = hashlib.sha256(), 0
        with self._file.open(f"{name}.jsonl") as member:
            for line in member:
                digest.update(line)
                count += 1
        if (digest.hexdigest(), count) != (entry.sha256, entry.rows):
            raise _unreadable(f"the rows of `{name}` are not those that were written")


@contextlib.contextmanager
def writing(target: Path) -> Iterator[Writer]:
    """A new file, which is there when the block has ended and not before."""
    if target.exists():
        raise InvalidArgument(
            "There is a file of that name already, and it was left alone.",
            code="FILE_EXISTS",
            where={"argument": "file"},
            got=str(target),
        )
    part = target.with_name(f".{target.name}.part")
    try:
        # What agents sent may be personal data: nobody else reads it.
        handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise _unusable("written", target, error) from None
    try:
        with os.fdopen(handle, "w+b") as raw:
            with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as file:
                yield Writer(file)
            raw.flush()
            os.fsync(raw.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def reading(source: Path) -> Iterator[Reader]:
    """An existing file. Raises InvalidArgument, or StoreFailed if it is damaged."""
    with contextlib.ExitStack() as held:
        try:
            with _damage():
                file = held.enter_context(zipfile.ZipFile(source))
            reader = Reader(file)
        except OSError as error:
            raise _unusable("read", source, error) from None
        yield reader


def _unusable(how: str, file: Path, error: OSError) -> InvalidArgument:
    return InvalidArgument(
        f"The file cannot be {how}: {error.strerror}.", where={"argument": "file"}, got=str(file)
    )


@contextlib.contextmanager
def _damage() -> Iterator[None]:
    """All that a damaged file can raise while it is read, as the one error that says so."""
    try:
        yield
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError) as error:
        raise _unreadable(str(error)) from None
    except (LookupError, TypeError, ValueError, RuntimeError) as error:
        # RuntimeError: the file says that it is encrypted, or packed in a way that is not known.
        raise _unreadable(type(error).__name__) from None


def _manifest(file: zipfile.ZipFile) -> dict[str, Any]:
    info = file.getinfo(MANIFEST)
    if info.file_size > MANIFEST_BYTES_MAX:
        raise _unreadable("its manifest is too large")
    manifest: dict[str, Any] = json.loads(file.read(info))
    if (manifest["format"], manifest["version"]) != (FORMAT, VERSION):
        raise _unreadable("it is of another kind or version")
    return manifest


def _member(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def _packed(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _unpacked(value: str | None) -> bytes | None:
    return None if value is None else base64.b64decode(value, validate=True)


def _unreadable(why: str) -> StoreFailed:
    return StoreFailed(
        f"The backup cannot be used: {why}",
        code="BACKUP_DAMAGED",
        where={"argument": "file"},
        hint="Nothing was imported. Take another copy of the file, or an earlier backup.",
    )
