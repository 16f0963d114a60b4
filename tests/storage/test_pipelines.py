"""Pipelines: created once, listed, deleted without loss, brought back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lakestream_mcp.errors import InvalidArgument, NotFound, RevisionConflict
from lakestream_mcp.storage.store import Store

from .conftest import EPOCH, Clock
from .documents import create, document, edit


def listed(store: Store, **filters: object) -> list[str]:
    with store.transaction() as tx:
        return [row.id for row in tx.list_pipelines(**filters)]  # type: ignore[arg-type]


def test_what_is_created_can_be_loaded(store: Store, clock: Clock) -> None:
    given = document("Bestellungen für Zürich", nodes=3, tags=["eu", "prod"], description="d")
    with store.transaction(write=True) as tx:
        created = tx.create_pipeline("orders", given, actor="ann", reason="first try")
    with store.transaction() as tx:
        loaded = tx.load("orders")
        row = tx.get_pipeline("orders")
    assert created.created
    assert loaded == created._replace(created=False)
    assert (loaded.document, loaded.revision, loaded.head) == (given, 1, 1)
    assert (loaded.actor, loaded.reason) == ("ann", "first try")
    assert loaded.at == EPOCH + timedelta(seconds=1)
    assert (row.name, row.tags, row.status, row.nodes) == (given.name, ["eu", "prod"], "draft", 3)


def test_creating_twice_is_creating_once(store: Store) -> None:
    create(store)
    with store.transaction(write=True) as tx:
        again = tx.create_pipeline("orders", document(), actor="bob")
    assert not again.created
    assert (again.revision, again.head, again.actor) == (1, 1, "ann")
    assert listed(store) == ["orders"]


def test_a_late_retry_of_a_creation_tells_the_head(store: Store) -> None:
    create(store)
    edit(store, document(nodes=5))
    with store.transaction(write=True) as tx:
        again = tx.create_pipeline("orders", document(), actor="ann")
    assert (again.revision, again.head) == (1, 2)


def test_an_id_belongs_to_one_pipeline(store: Store) -> None:
    create(store)
    with pytest.raises(InvalidArgument) as caught, store.transaction(write=True) as tx:
        tx.create_pipeline("orders", document("Something else"), actor="bob")
    assert caught.value.code == "PIPELINE_EXISTS"
    assert caught.value.where == {"pipeline": "orders"}


def test_a_pipeline_needs_an_id(store: Store) -> None:
    with pytest.raises(InvalidArgument), store.transaction(write=True) as tx:
        tx.create_pipeline("", document(), actor="ann")


def test_an_unknown_pipeline_is_answered_with_the_nearest(store: Store) -> None:
    create(store, "orders")
    create(store, "clicks", document("Abandoned carts"))
    with store.transaction() as tx:
        with pytest.raises(NotFound) as by_id:
            tx.load("order")
        with pytest.raises(NotFound) as by_name:
            tx.load("Abandoned cart")
        with pytest.raises(NotFound) as unlike:
            tx.load("zzz")
    assert by_id.value.code == "PIPELINE_NOT_FOUND"
    assert by_id.value.expected == "`orders`"
    assert by_name.value.expected == "`clicks`"
    assert unlike.value.expected is None


def test_deleting_loses_nothing(store: Store) -> None:
    create(store)
    edit(store, document(nodes=4))
    with store.transaction(write=True) as tx:
        deleted = tx.delete_pipeline("orders", actor="bob", expect_revision=2)
        assert tx.delete_pipeline("orders", actor="eve") == deleted
    assert (deleted.deleted_by, deleted.head) == ("bob", 2)
    assert listed(store) == []
    assert listed(store, deleted=True) == ["orders"]
    with store.transaction() as tx:
        with pytest.raises(NotFound) as caught:
            tx.load("orders")
        assert [row.number for row in tx.revisions("orders", deleted=True)] == [2, 1]
    assert caught.value.code == "PIPELINE_DELETED"
    assert "bob" in caught.value.got

    with store.transaction(write=True) as tx:
        restored = tx.restore_pipeline("orders", actor="ann")
        assert tx.restore_pipeline("orders", actor="ann").deleted_at is None
    assert restored.deleted_at is None
    with store.transaction() as tx:
        assert tx.load("orders").document == document(nodes=4)
    assert edit(store, document()) == 3


def test_a_deleted_pipeline_takes_no_edits_and_keeps_its_id(store: Store) -> None:
    create(store)
    with store.transaction(write=True) as tx:
        tx.delete_pipeline("orders", actor="ann")
    for attempt in (lambda: edit(store, document(nodes=1)), lambda: create(store)):
        with pytest.raises(NotFound) as caught:
            attempt()
        assert caught.value.code == "PIPELINE_DELETED"


def test_deleting_something_that_has_moved_on_is_refused(store: Store) -> None:
    create(store)
    edit(store, document(nodes=4))
    with pytest.raises(RevisionConflict), store.transaction(write=True) as tx:
        tx.delete_pipeline("orders", actor="bob", expect_revision=1)
    assert listed(store) == ["orders"]


def test_lists_are_filtered_and_show_the_latest_change_first(store: Store) -> None:
    create(store, "a", document("Orders of ÜBERSEE", tags=["eu", "prod"]))
    create(store, "b", document("Clicks", tags=["prod"], description="who clicked on what"))
    create(store, "c", document("Sensors", status="archived", tags=["production"]))
    edit(store, document("Orders of Übersee", tags=["eu", "prod"]), "a")
    assert listed(store) == ["a", "c", "b"]
    assert listed(store, tag="prod") == ["a", "b"]
    assert listed(store, tag="PROD") == []
    assert listed(store, status="archived") == ["c"]
    assert listed(store, text="übersee") == ["a"]
    assert listed(store, text="CLICKED") == ["b"]
    assert listed(store, text="prod") == ["a", "c", "b"]
    assert listed(store, tag="prod", text="click", status="draft") == ["b"]


@pytest.mark.parametrize("tag", ["%", "_", 'x","prod', '"', "\\", "[", "a\nb", "é", "pro"])
def test_a_tag_is_matched_exactly(store: Store, tag: str) -> None:
    create(store, "has_it", document(tags=["first", tag, "last"]))
    create(store, "others", document(tags=["prod", "x", "a", "b", "e", 'q"prod']))
    assert listed(store, tag=tag) == ["has_it"]


@pytest.mark.parametrize("text", ["%", "_", "'", '"', "\\", "100% of\nall; --"])
def test_text_is_searched_literally(store: Store, text: str) -> None:
    create(store, "has_it", document(f"x {text} y"))
    create(store, "others", document("plain name"))
    assert listed(store, text=text.upper()) == ["has_it"]


def test_pages_follow_each_other(store: Store) -> None:
    for n in range(5):
        create(store, f"p{n}")
    with store.transaction() as tx:
        first = tx.list_pipelines(limit=2)
        second = tx.list_pipelines(limit=2, before=first[-1].change_seq)
        third = tx.list_pipelines(limit=2, before=second[-1].change_seq)
    assert [row.id for row in [*first, *second, *third]] == ["p4", "p3", "p2", "p1", "p0"]


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_limits_are_limited(store: Store, limit: int) -> None:
    with pytest.raises(InvalidArgument) as caught:
        listed(store, limit=limit)
    assert caught.value.where == {"field": "limit"}


def test_changes_are_numbered_in_the_order_of_commits(store: Store) -> None:
    assert store.latest_change_seq() == 0
    create(store, "a")
    create(store, "b")
    assert store.latest_change_seq() == 2
    edit(store, document(nodes=1), "a")
    with store.transaction(write=True) as tx:
        tx.delete_pipeline("b", actor="ann")
    with store.transaction() as tx:
        assert [(row.id, row.change_seq) for row in tx.list_pipelines()] == [("a", 3)]
        assert [(row.id, row.change_seq) for row in tx.list_pipelines(deleted=True)] == [("b", 4)]


def test_a_list_in_the_same_transaction_shows_what_was_just_created(store: Store) -> None:
    create(store, "a")
    with store.transaction(write=True) as tx:
        tx.create_pipeline("b", document(), actor="ann")
        assert [row.id for row in tx.list_pipelines()] == ["b", "a"]
    assert store.latest_change_seq() == 2


def test_nothing_remains_of_a_transaction_that_fails(store: Store) -> None:
    create(store)
    with pytest.raises(ZeroDivisionError), store.transaction(write=True) as tx:
        tx.append_revision("orders", document(nodes=9), actor="ann", operation="edit_pipeline")
        tx.create_pipeline("other", document(), actor="ann")
        raise ZeroDivisionError
    assert listed(store) == ["orders"]
    assert store.latest_change_seq() == 1
    with store.transaction() as tx:
        assert tx.load("orders").head == 1


def test_a_reading_transaction_does_not_write(store: Store) -> None:
    with pytest.raises(RuntimeError, match="write=True"), store.transaction() as tx:
        tx.create_pipeline("orders", document(), actor="ann")
    assert listed(store) == []
