"""Revisions: appended, never changed; conflicts are told, undo and redo are revisions too."""

from __future__ import annotations

from typing import Any

import pytest

from lakestream_mcp.errors import InvalidArgument, NotFound, RevisionConflict
from lakestream_mcp.storage.store import Store

from .documents import create, document, edit, head


def test_every_revision_can_be_loaded(store: Store) -> None:
    create(store)
    numbers = [edit(store, document(f"Orders {n}", nodes=n)) for n in range(2, 6)]
    assert numbers == [2, 3, 4, 5]
    with store.transaction() as tx:
        assert tx.load("orders", 1).document == document()
        for n in range(2, 6):
            stored = tx.load("orders", n)
            assert (stored.document, stored.head) == (document(f"Orders {n}", nodes=n), 5)
        assert tx.get_pipeline("orders").name == "Orders 5"


@pytest.mark.parametrize("revision", [-1, 0, 3, 2**40])
def test_a_revision_that_does_not_exist(store: Store, revision: int) -> None:
    create(store)
    edit(store, document(nodes=3))
    with store.transaction() as tx, pytest.raises(NotFound) as caught:
        tx.load("orders", revision)
    assert caught.value.code == "REVISION_NOT_FOUND"
    assert (caught.value.got, caught.value.expected) == (revision, "1 to 2")


def test_the_log_says_who_did_what_and_why(store: Store) -> None:
    create(store)
    change = {"op": "update_node", "id": "node_1", "config": {"condition": None}}
    edit(
        store,
        document(nodes=3),
        actor="bob",
        operation="edit_pipeline",
        reason="too many alerts",
        changes=[change],
        changed={"updated": ["node_1"], "added": ("node_2",)},
        expect_revision=1,
    )
    with store.transaction() as tx:
        latest, first = tx.revisions("orders")
    assert (latest.number, latest.kind, latest.restores) == (2, "edit", None)
    assert (latest.actor, latest.operation, latest.reason) == (
        "bob",
        "edit_pipeline",
        "too many alerts",
    )
    assert latest.changes == [change]
    assert latest.changed == {"updated": ["node_1"], "added": ["node_2"]}
    assert (first.kind, first.changed["added"]) == ("create", ["node_0", "node_1"])
    assert latest.at > first.at


def test_pages_of_the_log(store: Store) -> None:
    create(store)
    for n in range(4):
        edit(store, document(nodes=n))
    with store.transaction() as tx:
        first = tx.revisions("orders", limit=2)
        second = tx.revisions("orders", limit=2, before=first[-1].number)
        assert [row.number for row in [*first, *second]] == [5, 4, 3, 2]


def test_an_edit_of_an_old_revision_is_refused_with_what_it_missed(store: Store) -> None:
    create(store)
    edit(store, document(nodes=3), actor="bob", reason="more", changed={"added": ["node_2"]})
    edit(store, document(nodes=4), actor="eve")
    with pytest.raises(RevisionConflict) as caught:
        edit(store, document("Mine"), expect_revision=1)
    error = caught.value
    assert (error.code, error.got, error.expected) == ("REVISION_CONFLICT", 1, 3)
    missed = error.where["since"]
    assert [(entry["revision"], entry["actor"]) for entry in missed] == [(3, "eve"), (2, "bob")]
    assert missed[1]["changed"] == {"added": ["node_2"]}
    assert head(store) == document(nodes=4)


def test_an_edit_of_a_pipeline_that_does_not_exist(store: Store) -> None:
    with pytest.raises(NotFound):
        edit(store, document(), "nowhere")


def test_undo_and_redo_walk_through_the_edits(store: Store) -> None:
    create(store)
    edit(store, document(nodes=3))
    edit(store, document(nodes=4))

    def step(name: str, **given: Any) -> tuple[int, int]:
        with store.transaction(write=True) as tx:
            stored = getattr(tx, name)("orders", actor="bob", **given)
            entry = tx.revisions("orders", limit=1)[0]
        assert stored.document == head(store)
        assert (entry.kind, entry.number) == (name, stored.revision)
        return len(stored.document.nodes), entry.restores or 0

    assert step("undo") == (3, 2)
    assert step("undo", reason="no") == (2, 1)
    assert step("redo") == (3, 2)
    assert step("redo") == (4, 3)
    assert step("undo", expect_revision=7) == (3, 2)
    edit(store, document(nodes=9))
    with pytest.raises(InvalidArgument) as caught:
        step("redo")
    assert caught.value.code == "NOTHING_TO_REDO"
    assert step("undo") == (3, 2)
    with store.transaction() as tx:
        assert len(tx.revisions("orders")) == 10


def test_undo_shows_what_it_changed(store: Store) -> None:
    create(store, stored=document(nodes=3))
    changed = document(nodes=4)
    changed.nodes[0].config["condition"] = "amount < 0"
    del changed.nodes[1]
    edit(store, changed)
    with store.transaction(write=True) as tx:
        tx.undo("orders", actor="bob")
        entry = tx.revisions("orders", limit=1)[0]
    assert entry.changed == {"added": ["node_1"], "updated": ["node_0"], "removed": ["node_3"]}


def test_there_is_nothing_before_the_creation(store: Store) -> None:
    create(store)
    with pytest.raises(InvalidArgument) as caught, store.transaction(write=True) as tx:
        tx.undo("orders", actor="ann")
    assert caught.value.code == "NOTHING_TO_UNDO"


def test_undo_minds_the_expected_revision(store: Store) -> None:
    create(store)
    edit(store, document(nodes=3))
    with pytest.raises(RevisionConflict), store.transaction(write=True) as tx:
        tx.undo("orders", actor="ann", expect_revision=1)
    assert head(store) == document(nodes=3)


def test_restoring_is_an_edit(store: Store) -> None:
    create(store)
    for nodes in (3, 4):
        edit(store, document(nodes=nodes))
    with store.transaction(write=True) as tx:
        restored = tx.restore_revision("orders", 1, actor="bob", expect_revision=3)
        entry = tx.revisions("orders", limit=1)[0]
    assert (restored.revision, restored.document) == (4, document())
    assert (entry.kind, entry.restores) == ("edit", 1)
    with store.transaction(write=True) as tx:
        assert tx.undo("orders", actor="bob").document == document(nodes=4)
    with pytest.raises(NotFound), store.transaction(write=True) as tx:
        tx.restore_revision("orders", 99, actor="bob")
