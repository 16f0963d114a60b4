"""`kill -9` during edits: every acknowledged revision is there afterwards."""

from __future__ import annotations

import random
import signal
import time

import pytest

from lakestream_mcp.storage.store import Store

from .documents import create
from .test_concurrency import appender

ROUNDS, SOAK_ROUNDS = 3, 100


def killed(database: str, pipeline_id: str, after_s: float) -> list[int]:
    """Let a child append, kill it after that time; the numbers it acknowledged."""
    with appender(database, pipeline_id) as child:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
        time.sleep(after_s)
        child.send_signal(signal.SIGKILL)
        lines = child.communicate()[0].splitlines(keepends=True)
    return [int(line) for line in lines if line.endswith("\n")]


def survive(database: str, rounds: int, seed: int) -> int:
    """Kill a child that often at random moments; the number of edits acknowledged in all."""
    moment = random.Random(seed)
    acknowledged = 0
    for number in range(rounds):
        pipeline_id = f"orders_{number}"
        store = Store.open(database)
        create(store, pipeline_id)
        store.close()
        numbers = killed(database, pipeline_id, moment.uniform(0.0, 0.4))

        store = Store.open(database)
        with store.transaction() as tx:
            head = tx.load(pipeline_id).head
            for edit in range(2, head + 1):
                assert tx.load(pipeline_id, edit).document.name == f"revision {edit}"
            audited = {
                entry.revision for entry in tx.list_audit(pipeline_id=pipeline_id, limit=1000)
            }
            log = [row.number for row in tx.revisions(pipeline_id, limit=1000)]
        store.close()
        assert numbers == list(range(2, 2 + len(numbers)))
        # The last edit may have been stored and not yet acknowledged.
        assert head - 1 in (len(numbers), len(numbers) + 1)
        assert log == list(range(head, 0, -1))
        assert audited == set(range(2, head + 1))
        acknowledged += len(numbers)
    return acknowledged


def test_acknowledged_edits_survive_a_kill(database: str) -> None:
    survive(database, ROUNDS, seed=1)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_acknowledged_edits_survive_many_kills(database: str) -> None:
    assert survive(database, SOAK_ROUNDS, seed=2) > SOAK_ROUNDS
