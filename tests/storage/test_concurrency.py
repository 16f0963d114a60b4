"""Several writers at once: one wins, the other is told, nothing is lost."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lakestream_mcp.errors import InvalidArgument, RevisionConflict
from lakestream_mcp.storage.store import Store

from .appender import append
from .documents import create, document, edit, head

ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def appender(database: str, pipeline_id: str, *count: str) -> Iterator[subprocess.Popen[str]]:
    """A child that appends, up to the moment where it only waits for the start signal."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.storage.appender", database, pipeline_id, *count],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            yield child
        finally:
            child.kill()


def together(*works: Callable[[], object]) -> list[object]:
    """Run all at the same moment in threads; what they answer or raise."""
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> object:
        barrier.wait()
        try:
            return work()
        except (RevisionConflict, InvalidArgument) as error:
            return error

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


@pytest.mark.parametrize("round_", range(5))
def test_of_two_edits_of_one_revision_one_wins(store: Store, round_: int) -> None:
    create(store)
    outcomes = together(
        lambda: edit(store, document("mine"), expect_revision=1),
        lambda: edit(store, document("yours"), expect_revision=1),
    )
    won, lost = sorted(outcomes, key=lambda outcome: isinstance(outcome, Exception))
    assert won == 2
    assert isinstance(lost, RevisionConflict)
    assert (lost.got, lost.expected) == (1, 2)
    assert head(store).name == ("mine" if outcomes[0] == 2 else "yours")


def test_who_reads_in_a_write_transaction_overwrites_nobody(store: Store) -> None:
    create(store, stored=document("0"))

    def count() -> None:
        for _ in range(5):
            with store.transaction(write=True) as tx:
                stored = tx.load("orders")
                tx.append_revision(
                    "orders",
                    document(str(int(stored.document.name) + 1)),
                    actor="ann",
                    operation="edit_pipeline",
                )

    together(*[count] * 4)
    assert head(store).name == "20"


def test_two_that_create_the_same_pipeline_create_one(store: Store) -> None:
    def creating(name: str) -> Callable[[], bool]:
        def work() -> bool:
            with store.transaction(write=True) as tx:
                return tx.create_pipeline("orders", document(name), actor="ann").created

        return work

    assert sorted(map(bool, together(creating("same"), creating("same")))) == [False, True]
    with store.transaction(write=True) as tx:
        tx.delete_pipeline("orders", actor="ann")
        tx.restore_pipeline("orders", actor="ann")
    outcomes = together(creating("same"), creating("other"))
    assert outcomes[0] is False
    assert isinstance(outcomes[1], InvalidArgument)


def test_a_reader_who_follows_the_numbers_misses_nothing(store: Store) -> None:
    names = [f"p{n}" for n in range(4)]
    for name in names:
        create(store, name)
    done = threading.Event()
    seen: dict[str, int] = {}

    def follow() -> None:
        last = 0
        while True:
            finished = done.is_set()
            with store.transaction() as tx:
                later = [row for row in tx.list_pipelines() if row.change_seq > last]
            for row in reversed(later):
                assert row.head >= seen.get(row.id, 0)
                seen[row.id], last = row.head, row.change_seq
            if finished:
                return

    def write(name: str) -> None:
        for _ in range(10):
            append(store, name)

    follower = threading.Thread(target=follow)
    follower.start()
    together(*[lambda name=name: write(name) for name in names])
    done.set()
    follower.join()
    assert seen == dict.fromkeys(names, 11)
    assert store.latest_change_seq() == 44


def test_processes_share_a_database(database: str, store: Store) -> None:
    create(store)
    with contextlib.ExitStack() as stack:
        children = [stack.enter_context(appender(database, "orders", "15")) for _ in range(2)]
        for child in children:
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        outputs = [child.communicate()[0].split() for child in children]
    numbers = sorted(int(number) for output in outputs for number in output)
    assert numbers == list(range(2, 32))
    with store.transaction() as tx:
        for number in numbers:
            assert tx.load("orders", number).document.name == f"revision {number}"
        assert len(tx.list_audit(pipeline_id="orders")) == 30
