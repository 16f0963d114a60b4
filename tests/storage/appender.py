"""A process that appends revisions and says which ones were acknowledged.

    python -m tests.storage.appender DATABASE PIPELINE [COUNT]

Prints `ready` when the store is open, waits for a line on stdin, then prints each number once its
transaction has ended: forever, or COUNT times.
"""

from __future__ import annotations

import itertools
import sys

from lakestream_mcp.errors import RevisionConflict
from lakestream_mcp.storage.store import Store

from .documents import document


def append(store: Store, pipeline_id: str) -> int:
    """Append a revision whose document names its number; again if somebody was faster."""
    while True:
        with store.transaction() as tx:
            head = tx.load(pipeline_id).head
        try:
            with store.transaction(write=True) as tx:
                number = tx.append_revision(
                    pipeline_id,
                    document(f"revision {head + 1}", nodes=20),
                    actor="child",
                    operation="edit_pipeline",
                    expect_revision=head,
                )
                tx.append_audit(
                    actor="child",
                    role="author",
                    operation="edit_pipeline",
                    arguments_sha256="0" * 64,
                    outcome="ok",
                    duration_ms=1,
                    pipeline_id=pipeline_id,
                    revision=number,
                )
            return number
        except RevisionConflict:
            continue


def main(database: str, pipeline_id: str, count: int | None = None) -> None:
    """Append until killed, or `count` times."""
    store = Store.open(database)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    for _ in itertools.count() if count is None else range(count):
        sys.stdout.write(f"{append(store, pipeline_id)}\n")
        sys.stdout.flush()
    store.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else None)
