"""Spark SQL without a JVM: Sail in a guarded child process.

Light to import; pyarrow, sqlglot and the child come with the first statement. The child has an
empty environment, no files, no network but its own loopback and bounded memory, as far as the
system allows; `isolation()` says how far that is. It is replaced after some thousand statements,
since Sail keeps a little memory of each, and after a crash or a missed deadline. What was asked
of a child that crashed is asked once more of the next one.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..errors import EngineFailed
from ..graph.model import Column
from .column_types import ddl
from .sail_errors import sail_error

if TYPE_CHECKING:
    import pyarrow as pa

    from .child_process import ChildProcess

RECYCLE_AFTER = 3000
DEADLINE_S = 60.0
MEMORY_BYTES = 3 << 30
ENDED = ("ENGINE_CRASHED", "ENGINE_FAILED")
"""That the child is no more, or cannot be reached: which says nothing of the statement yet."""

Relations = Mapping[str, tuple[Column, ...]]


class _Shipment:
    """The rows that go with one message; a table given twice goes once."""

    def __init__(self) -> None:
        self.blobs: list[memoryview] = []
        self._sent: dict[int, tuple[pa.Table, int]] = {}

    def relations(
        self, tables: Mapping[str, pa.Table]
    ) -> tuple[tuple[tuple[str, tuple[Column, ...]], ...], list[dict[str, Any]]]:
        """What is known of the tables by name, and how the child is told of them."""
        from .arrow_input import canonical
        from .arrow_types import columns_of

        known = []
        given = []
        for name, table in tables.items():
            ready = canonical(table)
            columns = columns_of(ready.schema)
            known.append((name, columns))
            given.append({"name": name, "ddl": ddl(columns), "blob": self._blob(table, ready)})
        return tuple(known), given

    def _blob(self, table: pa.Table, ready: pa.Table) -> int | None:
        from .arrow_input import stream_bytes

        if not ready.num_rows:
            return None
        if id(table) not in self._sent:
            # The table is kept, so that its id is not given to another one meanwhile.
            self._sent[id(table)] = (table, len(self.blobs))
            self.blobs.append(memoryview(stream_bytes(ready)))
        return self._sent[id(table)][1]


class LocalEngine:
    """Runs and types SELECTs over tables given with them. Thread-safe, one statement at a time."""

    def __init__(
        self,
        deadline_s: float = DEADLINE_S,
        recycle_after: int | None = None,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        self._deadline_s = deadline_s
        from_env = int(os.environ.get("LAKESTREAM_ENGINE_RECYCLE_AFTER", RECYCLE_AFTER))
        self._recycle_after = from_env if recycle_after is None else recycle_after
        self._memory_bytes = memory_bytes
        self._child: ChildProcess | None = None
        self._lock = threading.RLock()
        self._local_form = lru_cache(maxsize=4096)(self._check)

    def run(self, sql: str, tables: Mapping[str, pa.Table]) -> pa.Table:
        """The rows of a SELECT over `tables`, known to it by their names.

        Raises InvalidSql for SQL that is not allowed or fails as it would on Spark, Unsupported for
        what cannot be tried locally, EngineFailed when the engine itself gives up.
        """
        return self.run_many([(sql, tables)])[0]

    def run_many(self, statements: Sequence[tuple[str, Mapping[str, pa.Table]]]) -> list[pa.Table]:
        """The rows of several SELECTs, in one exchange; a table given twice is sent once."""
        from .arrow_input import read_streams

        shipment = _Shipment()
        requests = []
        for sql, tables in statements:
            known, given = shipment.relations(tables)
            requests.append(self._request("rows", self._local_form(sql, known), given))
        results, streams = self._ask(requests, shipment.blobs)
        answers = []
        at = 0
        for result in results:
            answers.append(read_streams(streams[at : at + result["streams"]]))
            at += result["streams"]
        return answers

    def schema(self, sql: str, relations: Relations) -> tuple[Column, ...]:
        """The output columns of a SELECT over relations with the given columns."""
        known = tuple(relations.items())
        return self._columns([self._local_form(sql, known)], known)[0]

    def isolation(self) -> dict[str, Any]:
        """What the child gave up: `files`, `network` (booleans) and `memory_bytes`."""
        with self._lock:
            return dict(self._running().isolation)

    def close(self) -> None:
        """End the child. The engine can be used again; a new child is then started."""
        with self._lock:
            if self._child is not None:
                self._child.end()
                self._child = None

    def _check(self, sql: str, known: tuple[tuple[str, tuple[Column, ...]], ...]) -> str:
        from .checked import checked

        names = [name for name, _ in known]
        return checked(sql, names, lambda probes: self._columns(probes, known))

    def _columns(
        self, queries: Sequence[str], known: Sequence[tuple[str, tuple[Column, ...]]]
    ) -> list[tuple[Column, ...]]:
        given = [{"name": name, "ddl": ddl(columns), "blob": None} for name, columns in known]
        results, _ = self._ask([self._request("columns", q, given) for q in queries], [])
        return [tuple(Column(*pair) for pair in result["columns"]) for result in results]

    def _request(self, op: str, sql: str, relations: list[dict[str, Any]]) -> dict[str, Any]:
        return {"op": op, "sql": sql, "relations": relations, "timeout_s": self._deadline_s}

    def _ask(
        self, requests: list[dict[str, Any]], blobs: list[Any]
    ) -> tuple[list[dict[str, Any]], list[memoryview]]:
        """The answers; a child that has ended is replaced and asked once more."""
        with self._lock:
            try:
                return self._asked(requests, blobs)
            except EngineFailed as error:
                if error.code not in ENDED:
                    raise
            return self._asked(requests, blobs)

    def _asked(
        self, requests: list[dict[str, Any]], blobs: list[Any]
    ) -> tuple[list[dict[str, Any]], list[memoryview]]:
        child = self._running()
        child.statements += len(requests)
        try:
            header, streams = child.exchange({"statements": requests}, blobs, self._deadline_s)
        except EngineFailed:
            self._child = None
            raise
        results: list[dict[str, Any]] = header["results"]
        # The child stops at the first error, so only the last result can be one.
        if "error" in results[-1]:
            failed = results[-1]
            error = sail_error(failed["error"], failed["status"], requests[len(results) - 1])
            if isinstance(error, EngineFailed):
                self.close()  # the statement may still be running in there
            raise error
        return results, streams

    def _running(self) -> ChildProcess:
        if self._child is not None and self._child.statements >= self._recycle_after:
            self.close()
        if self._child is None:
            from .arrow_types import without_pandas
            from .child_process import ChildProcess

            without_pandas()
            self._child = ChildProcess(self._memory_bytes)
        return self._child
