"""What deploying keeps: plans that expire, one holder of a lock, steps in order, a standing."""

from __future__ import annotations

from datetime import timedelta

from lakestream_mcp.storage.store import Store

from .conftest import Clock
from .documents import document

LEASE = timedelta(minutes=3)


def made(store: Store) -> None:
    """A pipeline to deploy."""
    with store.transaction(write=True) as tx:
        tx.create_pipeline("orders", document(), actor="ann")


def test_a_plan_is_kept_until_it_is_shown_again(store: Store, clock: Clock) -> None:
    made(store)
    for content in ({"lines": ["a"]}, {"lines": ["b"]}):
        with store.transaction(write=True) as tx:
            tx.keep_plan("f" * 64, "orders", actor="ann", lasts=LEASE, content=content)
    with store.transaction() as tx:
        kept = tx.find_plan("f" * 64)
        assert kept is not None
        assert (kept.actor, kept.content) == ("ann", {"lines": ["b"]})
        assert kept.expires_at - kept.at == LEASE
        assert tx.find_plan("e" * 64) is None


def test_one_holds_the_lock_and_loses_it_by_silence(store: Store, clock: Clock) -> None:
    made(store)
    with store.transaction(write=True) as tx:
        assert tx.lock_deployment("orders", "dep_1", actor="ann", lasts=LEASE) is None
        assert tx.lock_deployment("orders", "dep_1", actor="ann", lasts=LEASE) is None
        holder = tx.lock_deployment("orders", "dep_2", actor="bob", lasts=LEASE)
        assert holder is not None
        assert (holder.deployment_id, holder.actor) == ("dep_1", "ann")
    clock.now += LEASE * 2
    with store.transaction(write=True) as tx:
        assert tx.deployment_lock("orders") is None
        assert tx.lock_deployment("orders", "dep_2", actor="bob", lasts=LEASE) is None
        assert not tx.renew_deployment_lock("orders", "dep_1", lasts=LEASE)
        assert tx.renew_deployment_lock("orders", "dep_2", lasts=LEASE)
        tx.unlock_deployment("orders", "dep_1")
        assert tx.deployment_lock("orders") is not None
        tx.unlock_deployment("orders", "dep_2")
        assert tx.deployment_lock("orders") is None


def test_steps_come_back_in_order_with_their_last_state(store: Store) -> None:
    with store.transaction(write=True) as tx:
        for number, state in ((2, "started"), (1, "started"), (1, "done")):
            tx.put_step("dep_1", number, state, {"n": number}, {})
    with store.transaction() as tx:
        steps = tx.deployment_steps("dep_1")
    assert [(s.number, s.state, s.change) for s in steps] == [
        (1, "done", {"n": 1}),
        (2, "started", {"n": 2}),
    ]


def test_a_standing_outlives_edits_and_is_listed(store: Store) -> None:
    made(store)
    with store.transaction(write=True) as tx:
        before = tx.get_pipeline("orders").change_seq
        tx.set_standing("orders", "deployed")
    with store.transaction(write=True) as tx:
        assert tx.get_pipeline("orders").change_seq > before
        tx.append_revision("orders", document(), actor="ann", operation="edit_pipeline")
    with store.transaction() as tx:
        assert [p.id for p in tx.list_pipelines(status="deployed")] == ["orders"]
        assert tx.load("orders").status == "deployed"
    with store.transaction(write=True) as tx:
        archived = document().model_copy(update={"status": "archived"})
        tx.append_revision("orders", archived, actor="ann", operation="edit_pipeline")
        assert tx.get_pipeline("orders").status == "archived"
