"""What is known of a local run: its state, its history and its metrics, in an SQLite file.

Only the supervisor writes, so that neither the server nor the pipelines' database must be up; any
server reads. A write is on the disk when it returns. Each line of progress is taken in exactly
once, in the same transaction as how far was read.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple

from pydantic import BaseModel

from ...errors import StoreFailed
from .progress import WHOLE_QUERY, Batch, batch_of

BATCHES_MAX = 600
MINUTES_MAX = 24 * 60
CHANGES_MAX = 200
BUSY_S = 10.0
LINES_AT_ONCE = 500

Phase = Literal[
    "starting", "running", "restarting", "disk-full", "stopping", "stopped", "finished", "failed"
]
ENDED: frozenset[str] = frozenset({"stopped", "finished", "failed"})
SCHEMA = """
CREATE TABLE IF NOT EXISTS state (one INTEGER PRIMARY KEY CHECK (one = 1), body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS changes (
  number INTEGER PRIMARY KEY, at TEXT NOT NULL, phase TEXT NOT NULL, said TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS batches (
  query TEXT NOT NULL, batch_id INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (query, batch_id));
CREATE TABLE IF NOT EXISTS minutes (
  query TEXT NOT NULL, minute TEXT NOT NULL, batches INTEGER NOT NULL, rows INTEGER NOT NULL,
  late_rows INTEGER NOT NULL, busy_ms INTEGER NOT NULL, PRIMARY KEY (query, minute));
CREATE TABLE IF NOT EXISTS totals (
  query TEXT NOT NULL, node TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL,
  PRIMARY KEY (query, node, name));
CREATE TABLE IF NOT EXISTS read_to (file TEXT PRIMARY KEY, bytes INTEGER NOT NULL);
"""


class State(BaseModel):
    """How a run stands, as its supervisor last wrote it.

    run_id: which start this is about. attempt: restarts in a row without a healthy period.
    """

    run_id: str
    phase: Phase
    since: dt.datetime
    said: str = ""
    code: str | None = None
    attempt: int = 0
    restarts: int = 0
    next_at: dt.datetime | None = None
    spark_pid: int | None = None
    spark_mark: str | None = None
    work: str | None = None


class Change(NamedTuple):
    """One change of state."""

    at: str
    phase: str
    said: str


class Minute(NamedTuple):
    """What a query did in one minute."""

    query: str
    minute: str
    batches: int
    rows: int
    late_rows: int
    busy_ms: int


class Record:
    """The file, opened for one process."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)

    @classmethod
    def writing(cls, path: Path) -> Record:
        """The supervisor's record; made where there is none."""
        record = cls(path)
        record._db.execute("PRAGMA journal_mode = WAL")
        record._db.execute("PRAGMA synchronous = FULL")
        record._db.executescript(SCHEMA)
        return record

    @classmethod
    @contextmanager
    def reading(cls, path: Path) -> Iterator[Record]:
        """The record of a run for one answer. Raises StoreFailed."""
        try:
            with closing(cls(path)) as record, record._transaction("BEGIN"):
                record._db.execute("PRAGMA query_only = 1")
                yield record
        except sqlite3.Error as error:
            raise StoreFailed(
                f"The record of the local run cannot be read: {error}",
                where={"file": str(path)},
                hint="Is the disk full or damaged? Start with fresh=true to begin a new one.",
            ) from error

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def _transaction(self, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
        self._db.execute(begin)
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _rows(self, text: str, *values: Any) -> list[Any]:
        return self._db.execute(text, values).fetchall()

    def state(self) -> State | None:
        """How the run stood when its supervisor last wrote."""
        rows = self._rows("SELECT body FROM state") if self._is_made() else []
        return State.model_validate_json(rows[0][0]) if rows else None

    def _is_made(self) -> bool:
        """Whether a supervisor came as far as to make the tables."""
        return bool(self._rows("SELECT 1 FROM sqlite_master WHERE name = 'read_to'"))

    def set_state(self, state: State) -> None:
        """Write a state, and that it was entered."""
        with self._transaction():
            self._db.execute(
                "INSERT INTO state VALUES (1, ?) "
                "ON CONFLICT (one) DO UPDATE SET body = excluded.body",
                (state.model_dump_json(exclude_none=True),),
            )
            change = (state.since.isoformat(), state.phase, state.said)
            self._db.execute("INSERT INTO changes (at, phase, said) VALUES (?, ?, ?)", change)
            self._db.execute(
                "DELETE FROM changes WHERE number <= (SELECT max(number) FROM changes) - ?",
                (CHANGES_MAX,),
            )

    def take_in(self, folder: Path) -> int:
        """Store what the files of progress hold beyond what was read; how many batches that was.

        A file that is not the newest is complete, and deleted when all of it is stored.
        """
        files = sorted(folder.glob("*.jsonl"))
        taken = 0
        for file in files:
            taken += self._take_in_file(file)
            if file != files[-1]:
                with self._transaction():
                    self._db.execute("DELETE FROM read_to WHERE file = ?", (file.name,))
                file.unlink(missing_ok=True)
        return taken

    def _take_in_file(self, file: Path) -> int:
        rows = self._rows("SELECT bytes FROM read_to WHERE file = ?", file.name)
        place = rows[0][0] if rows else 0
        taken = 0
        with file.open("rb") as stream:
            stream.seek(place)
            while whole := _whole_lines(stream):
                place += sum(map(len, whole))
                stream.seek(place)
                with self._transaction():
                    for line in whole:
                        # A full disk cuts lines; their batches count as unmeasured.
                        with suppress(ValueError, KeyError):
                            self._add(batch_of(json.loads(line)))
                    self._db.execute(
                        "INSERT INTO read_to VALUES (?, ?) "
                        "ON CONFLICT (file) DO UPDATE SET bytes = excluded.bytes",
                        (file.name, place),
                    )
                taken += len(whole)
        return taken

    def _add(self, batch: Batch) -> None:
        """One batch: its row, its minute and its totals. A batch that is there stays as it is."""
        last = self.last_batch_id(batch.query)
        if last is not None and batch.batch_id <= last:
            return
        body = batch.model_dump_json(exclude_none=True, exclude={"query", "batch_id"})
        self._db.execute(
            "INSERT INTO batches VALUES (?, ?, ?)", (batch.query, batch.batch_id, body)
        )
        self._db.execute(
            "DELETE FROM batches WHERE query = ? AND batch_id <= ?",
            (batch.query, batch.batch_id - BATCHES_MAX),
        )
        self._add_minute(batch)
        counts = batch.counts
        # Spark died between finishing these batches and telling of them.
        missing = batch.batch_id - (0 if last is None else last + 1) + bool(batch.skipped)
        if missing:
            counts[WHOLE_QUERY, "unmeasured"] = missing
        self._db.executemany(
            "INSERT INTO totals VALUES (?, ?, ?, ?) "
            "ON CONFLICT (query, node, name) DO UPDATE SET value = value + excluded.value",
            [(batch.query, node, name, value) for (node, name), value in counts.items()],
        )

    def _add_minute(self, batch: Batch) -> None:
        minute = batch.at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%MZ")
        self._db.execute(
            "INSERT INTO minutes VALUES (?, ?, 1, ?, ?, ?) ON CONFLICT (query, minute) DO UPDATE "
            "SET batches = batches + 1, rows = rows + excluded.rows, "
            "late_rows = late_rows + excluded.late_rows, busy_ms = busy_ms + excluded.busy_ms",
            (batch.query, minute, batch.rows, batch.late_rows, batch.duration_ms),
        )
        self._db.execute(
            "DELETE FROM minutes WHERE query = ? AND minute <= (SELECT minute FROM minutes "
            "WHERE query = ? ORDER BY minute DESC LIMIT 1 OFFSET ?)",
            (batch.query, batch.query, MINUTES_MAX),
        )

    def last_batch_id(self, query: str) -> int | None:
        """The newest batch of a query that was measured."""
        rows = self._rows("SELECT max(batch_id) FROM batches WHERE query = ?", query)
        found: int | None = rows[0][0]
        return found

    def recent(self, limit: int) -> list[Batch]:
        """The newest batches of each query, oldest first."""
        return self._batches(
            "SELECT query, batch_id, body FROM batches b WHERE batch_id > "
            "(SELECT max(batch_id) FROM batches o WHERE o.query = b.query) - ? "
            "ORDER BY batch_id, query",
            limit,
        )

    def _batches(self, text: str, *values: Any) -> list[Batch]:
        rows = self._rows(text, *values) if self._is_made() else []
        return [
            Batch.model_validate({**json.loads(body), "query": query, "batch_id": batch_id})
            for query, batch_id, body in rows
        ]

    def totals(self) -> dict[tuple[str, str, str], int]:
        """What has added up since the checkpoint began: by query, node and name."""
        rows = self._rows("SELECT query, node, name, value FROM totals") if self._is_made() else []
        return {(query, node, name): value for query, node, name, value in rows}

    def minutes(self, limit: int) -> list[Minute]:
        """The last minutes, oldest first."""
        if not self._is_made():
            return []
        rows = self._rows("SELECT * FROM minutes ORDER BY minute DESC, query LIMIT ?", limit)
        return [Minute(*row) for row in reversed(rows)]

    def changes(self, limit: int) -> Sequence[Change]:
        """The last changes of state, oldest first."""
        if not self._is_made():
            return []
        rows = self._rows("SELECT at, phase, said FROM changes ORDER BY number DESC LIMIT ?", limit)
        return [Change(*row) for row in reversed(rows)]


def _whole_lines(stream: BinaryIO) -> list[bytes]:
    """The next lines; not the last one while it is still being written."""
    lines = stream.readlines(1 << 20)[:LINES_AT_ONCE]
    return [line for line in lines if line.endswith(b"\n")]
