"""The audit log, preferences and templates."""

from __future__ import annotations

import pytest

from lakestream_mcp.errors import NotFound
from lakestream_mcp.storage.store import Store

from .documents import document


def audit(store: Store, **given: object) -> None:
    row = {
        "actor": "ann",
        "role": "author",
        "operation": "edit_pipeline",
        "arguments_sha256": "0" * 64,
        "outcome": "ok",
        "duration_ms": 3,
        **given,
    }
    with store.transaction(write=True) as tx:
        tx.append_audit(**row)  # type: ignore[arg-type]


def test_the_audit_log_is_in_order_and_can_be_searched(store: Store) -> None:
    audit(store, pipeline_id="orders", revision=1)
    audit(store, actor="bob", operation="deploy", outcome="FORBIDDEN")
    audit(store, pipeline_id="orders", revision=2)
    with store.transaction() as tx:
        entries = tx.list_audit()
        assert [entry.seq for entry in entries] == sorted((e.seq for e in entries), reverse=True)
        assert [entry.revision for entry in tx.list_audit(pipeline_id="orders")] == [2, 1]
        assert tx.list_audit(actor="bob") == tx.list_audit(outcome="FORBIDDEN") == [entries[1]]
        assert tx.list_audit(operation="deploy") == [entries[1]]
        assert tx.list_audit(since=entries[0].at) == [entries[0]]
        assert tx.list_audit(limit=1, before=entries[1].seq) == [entries[2]]


def test_audit_rows_share_the_fate_of_their_transaction(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction(write=True) as tx:
        tx.append_audit(
            actor="ann",
            role="author",
            operation="edit_pipeline",
            arguments_sha256="0" * 64,
            outcome="ok",
            duration_ms=1,
        )
        raise ZeroDivisionError
    with store.transaction() as tx:
        assert tx.list_audit() == []


def test_preferences_belong_to_an_actor(store: Store) -> None:
    with store.transaction(write=True) as tx:
        tx.set_preference("ann", "catalog", "main")
        tx.set_preference("ann", "canvas", {"zoom": 1.5, "grid": True})
        tx.set_preference("ann", "catalog", "dev")
        tx.set_preference("bob", "catalog", "prod")
    with store.transaction() as tx:
        assert tx.preferences("ann") == {"canvas": {"zoom": 1.5, "grid": True}, "catalog": "dev"}
        assert tx.preferences("bob") == {"catalog": "prod"}
        assert tx.preferences("cid") == {}
    with store.transaction(write=True) as tx:
        tx.set_preference("ann", "canvas", None)
        assert tx.preferences("ann") == {"catalog": "dev"}


def test_templates_come_and_go(store: Store) -> None:
    with store.transaction(write=True) as tx:
        tx.save_template("fraud", document("Fraud detection", tags=["finance"]), actor="ann")
        tx.save_template(
            "carts",
            document("x"),
            actor="ann",
            name="Abandoned carts",
            description="who left",
            tags=["shop"],
            details={"level": "beginner", "samples": [{"cart": 1}]},
        )
    with store.transaction(write=True) as tx:
        changed = tx.save_template("fraud", document("Fraud, improved"), actor="bob")
        assert [row.id for row in tx.list_templates()] == ["carts", "fraud"]
        carts = tx.get_template("carts")
    assert (carts.name, carts.description, carts.tags) == ("Abandoned carts", "who left", ["shop"])
    assert carts.details == {"level": "beginner", "samples": [{"cart": 1}]}
    assert changed.document == document("Fraud, improved")
    assert (changed.name, changed.updated_by) == ("Fraud, improved", "bob")
    assert changed.updated_at > changed.created_at
    with store.transaction(write=True) as tx:
        tx.delete_template("fraud")
        for missing in (tx.get_template, tx.delete_template):
            with pytest.raises(NotFound) as caught:
                missing("cart")
            assert caught.value.hint == "Did you mean `carts`?"
