"""Proposals that wait, and what questions to models cost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lakestream_mcp.errors import NotFound
from lakestream_mcp.storage.proposals import KEPT_FOR, KEPT_PER_ACTOR
from lakestream_mcp.storage.store import Store

from .conftest import Clock

CALL = {
    "actor": "ann",
    "pipeline_id": "",
    "backend": "anthropic",
    "model": "m",
    "tokens_in": 100,
    "tokens_out": 20,
    "prompt_sha256": "0" * 64,
    "outcome": "asking",
    "duration_ms": 0,
}


def propose(store: Store, actor: str = "ann", words: str = "words") -> str:
    with store.transaction(write=True) as tx:
        changes = [{"op": "tidy"}]
        kept = tx.add_proposal(
            actor=actor, pipeline_id="p", revision=3, backend="rules", changes=changes, text=words
        )
    return kept.id


def test_a_proposal_is_its_authors_for_a_day(store: Store, clock: Clock) -> None:
    kept = propose(store)
    with store.transaction(write=True) as tx:
        with pytest.raises(NotFound):
            tx.take_proposal(kept, "bob")
        found = tx.take_proposal(kept, "ann")
        assert (found.pipeline_id, found.revision, found.changes) == ("p", 3, [{"op": "tidy"}])
        with pytest.raises(NotFound):
            tx.take_proposal(kept, "ann")
        tx.put_back_proposal(found)
    clock.now += KEPT_FOR + timedelta(seconds=1)
    with store.transaction(write=True) as tx, pytest.raises(NotFound):
        tx.take_proposal(kept, "ann")


def test_only_the_newest_of_an_author_are_kept(store: Store, clock: Clock) -> None:
    others = propose(store, "bob")
    kept = []
    for _ in range(KEPT_PER_ACTOR + 2):
        clock.now += timedelta(seconds=1)
        kept.append(propose(store))
    with store.transaction(write=True) as tx:
        for gone in kept[:2]:
            with pytest.raises(NotFound):
                tx.take_proposal(gone, "ann")
        assert tx.take_proposal(kept[2], "ann")
        assert tx.take_proposal(others, "bob")


def test_calls_of_models_are_counted_by_user_and_time(store: Store, clock: Clock) -> None:
    start = clock.now
    with store.transaction(write=True) as tx:
        first = tx.add_language_call(**CALL)
        second = tx.add_language_call(**CALL)
        tx.add_language_call(**CALL | {"actor": "bob"})
        tx.settle_language_call(first, {**CALL, "tokens_in": 7, "tokens_out": 1, "outcome": "ok"})
    with store.transaction(write=True) as tx:
        assert tx.language_tokens("ann", start) == 128
        tx.settle_language_call(second, None)
        assert tx.language_tokens("ann", start) == 8
        assert tx.language_tokens("ann", tx.at + timedelta(seconds=1)) == 0
        assert [call.outcome for call in tx.list_language_calls()] == ["asking", "ok"]
