"""Undo and redo against the plain model of an editor: a list of states and a position in it."""

from __future__ import annotations

import contextlib
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from lakestream_mcp.errors import InvalidArgument
from lakestream_mcp.storage.history import redo_target, stacks, undo_target
from lakestream_mcp.storage.rows import LogEntry, RevisionKind
from lakestream_mcp.storage.store import Store

from .documents import document


def log(*kinds: RevisionKind) -> list[LogEntry]:
    """A log that begins with a creation."""
    return [LogEntry(n, kind, None) for n, kind in enumerate(("create", *kinds), 1)]


EXAMPLES: dict[str, tuple[list[LogEntry], int | None, int | None]] = {
    "nothing": ([], None, None),
    "created": (log(), None, None),
    "one edit": (log("edit"), 1, None),
    "undone": (log("edit", "undo"), None, 2),
    "undone and redone": (log("edit", "undo", "redo"), 1, None),
    "two edits, one undone": (log("edit", "edit", "undo"), 1, 3),
    "two edits, both undone": (log("edit", "edit", "undo", "undo"), None, 2),
    "both undone, one redone": (log("edit", "edit", "undo", "undo", "redo"), 1, 3),
    "an edit after an undo ends the redo": (log("edit", "edit", "undo", "edit"), 2, None),
    "undo after redo": (log("edit", "edit", "undo", "redo", "undo"), 1, 3),
}


@pytest.mark.parametrize(("entries", "undo", "redo"), EXAMPLES.values(), ids=EXAMPLES)
def test_targets(entries: list[LogEntry], undo: int | None, redo: int | None) -> None:
    assert undo_target(entries) == undo
    assert redo_target(entries) == redo


@given(st.lists(st.sampled_from(["edit", "undo", "redo"]), max_size=60))
def test_replaying_the_log_is_what_an_editor_does(wishes: list[RevisionKind]) -> None:
    entries = log()
    states, position = [1], 0  # the revisions one can walk through, and where we stand
    for wish in wishes:
        number = len(entries) + 1
        if wish == "edit":
            states, position = [*states[: position + 1], number], position + 1
        elif wish == "undo":
            if undo_target(entries) is None:
                continue
            position -= 1
            assert undo_target(entries) == states[position]
        else:
            if redo_target(entries) is None:
                continue
            position += 1
            assert redo_target(entries) == states[position]
        entries.append(LogEntry(number, wish, states[position]))
        undo, redo = stacks(entries)
        assert undo == states[:position]
        assert redo == states[:position:-1]


class Editor(RuleBasedStateMachine):
    """The same through the store: each step is a revision whose document the model foresees."""

    store: Store
    pipeline_ids = itertools.count(1)

    def __init__(self) -> None:
        super().__init__()
        self.pipeline_id = f"pipeline_{next(self.pipeline_ids)}"
        self.edits = itertools.count(1)
        self.states, self.position = [document("0")], 0
        self.revision = 1
        self.log = [self.states[0]]
        with self.store.transaction(write=True) as tx:
            tx.create_pipeline(self.pipeline_id, self.states[0], actor="ann")

    @property
    def current(self) -> str:
        return self.states[self.position].name

    def did(self, number: int) -> None:
        self.revision += 1
        self.log.append(self.states[self.position])
        assert number == self.revision

    @rule(nodes=st.integers(0, 3))
    def edit(self, nodes: int) -> None:
        new = document(str(next(self.edits)), nodes=nodes)
        with self.store.transaction(write=True) as tx:
            number = tx.append_revision(
                self.pipeline_id,
                new,
                actor="ann",
                operation="edit_pipeline",
                expect_revision=self.revision,
            )
        self.states, self.position = [*self.states[: self.position + 1], new], self.position + 1
        self.did(number)

    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        target = data.draw(st.integers(1, self.revision))
        with self.store.transaction(write=True) as tx:
            stored = tx.restore_revision(self.pipeline_id, target, actor="ann")
        self.states = [*self.states[: self.position + 1], self.log[target - 1]]
        self.position += 1
        self.did(stored.revision)

    @rule(name=st.sampled_from(["undo", "redo"]))
    def step(self, name: str) -> None:
        position = self.position + (1 if name == "redo" else -1)
        possible = 0 <= position < len(self.states)
        refused = contextlib.nullcontext() if possible else pytest.raises(InvalidArgument)
        with refused, self.store.transaction(write=True) as tx:
            number = getattr(tx, name)(self.pipeline_id, actor="ann").revision
        if possible:
            self.position = position
            self.did(number)

    @precondition(lambda self: self.revision > 1)
    @rule()
    def fail(self) -> None:
        with contextlib.suppress(ZeroDivisionError), self.store.transaction(write=True) as tx:
            tx.undo(self.pipeline_id, actor="ann") if self.position else None
            raise ZeroDivisionError

    @rule()
    def delete_and_bring_back(self) -> None:
        with self.store.transaction(write=True) as tx:
            tx.delete_pipeline(self.pipeline_id, actor="ann")
            tx.restore_pipeline(self.pipeline_id, actor="ann")

    @invariant()
    def the_head_is_where_we_stand(self) -> None:
        with self.store.transaction() as tx:
            stored = tx.load(self.pipeline_id)
            assert (stored.document, stored.revision) == (self.states[self.position], self.revision)
            assert tx.get_pipeline(self.pipeline_id).name == self.current

    def teardown(self) -> None:
        """Nothing that was ever stored has changed."""
        with self.store.transaction() as tx:
            for number, expected in enumerate(self.log, 1):
                assert tx.load(self.pipeline_id, number).document == expected


def edit_like_a_person(store: Store, effort: settings) -> None:
    """Walk through random steps in one store."""

    class BoundEditor(Editor):
        pass

    BoundEditor.store = store
    run_state_machine_as_test(BoundEditor, settings=effort)


def test_the_store_is_an_editor(store: Store) -> None:
    edit_like_a_person(store, settings(max_examples=15, stateful_step_count=25))


@pytest.mark.soak
def test_the_store_is_an_editor_for_long(store: Store) -> None:
    edit_like_a_person(store, settings(max_examples=200, stateful_step_count=60))
