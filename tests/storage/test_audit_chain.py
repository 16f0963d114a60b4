"""The audit log can only grow, and tells where it was touched; on both databases."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from lakestream_mcp.errors import LakestreamError
from lakestream_mcp.storage import schema
from lakestream_mcp.storage.audit import BEGINNING, Verification, entry_sha256
from lakestream_mcp.storage.engine import connect, resolve
from lakestream_mcp.storage.store import Store

from .conftest import EPOCH

WRITERS, ROWS = 6, 15
ROW = {
    "actor": "ann",
    "role": "author",
    "operation": "edit_pipeline",
    "arguments_sha256": "0" * 64,
    "outcome": "ok",
    "duration_ms": 3,
}


def append(store: Store, count: int = 1, **given: Any) -> None:
    """So many rows, each in a transaction of its own."""
    for _ in range(count):
        with store.transaction(write=True) as tx:
            tx.append_audit(**(ROW | given))


def verified(store: Store, known: str = "") -> Verification:
    """What a check of the chain says."""
    with store.transaction() as tx:
        return tx.verify_audit(known)


def opened(store: Store, raw: Callable[[str], Any]) -> None:
    """Take the triggers away, as only an owner of the database can."""
    if store.location.startswith("sqlite"):
        for event in ("update", "delete"):
            raw(f"DROP TRIGGER audit_no_{event}")
    else:
        raw("DROP TRIGGER audit_append_only ON audit")


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET actor = 'bob'", "DELETE FROM audit WHERE seq = 1", "DELETE FROM audit"],
)
def test_the_database_refuses_to_change_it(
    store: Store, raw: Callable[[str], Any], statement: str
) -> None:
    append(store, 2)
    with pytest.raises((DBAPIError, LakestreamError), match="can only be appended to"):
        raw(statement)
    assert verified(store).entries == 2


@pytest.mark.parametrize(
    ("statement", "broken_at"),
    [
        ("UPDATE audit SET actor = 'bob' WHERE seq = 3", 3),
        ("UPDATE audit SET outcome = 'ok' WHERE seq = 2", 2),
        ("UPDATE audit SET at = at + 1 WHERE seq = 5", 5),
        ("DELETE FROM audit WHERE seq = 3", 4),
        ("DELETE FROM audit WHERE seq <= 2", 3),
        ("UPDATE audit SET previous_sha256 = sha256 WHERE seq = 4", 4),
    ],
)
def test_the_chain_breaks_where_it_was_touched(
    store: Store, raw: Callable[[str], Any], statement: str, broken_at: int
) -> None:
    append(store, 5, outcome="FORBIDDEN")
    assert verified(store).broken_at is None
    opened(store, raw)
    raw(statement)
    assert verified(store).broken_at == broken_at


def test_an_end_that_was_cut_off_is_missed_by_whoever_kept_the_head(
    store: Store, raw: Callable[[str], Any]
) -> None:
    append(store, 3)
    head = verified(store).head
    append(store)
    assert verified(store, head).why is None
    opened(store, raw)
    raw("DELETE FROM audit WHERE seq >= 3")
    assert verified(store).why is None
    assert verified(store, head).why


def test_writers_at_the_same_time_make_one_chain(database: str) -> None:
    stores = [Store.open(database) for _ in range(2)]
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda n: append(stores[n % 2], ROWS, actor=f"w{n}"), range(WRITERS)))
    assert verified(stores[0])._replace(head="") == Verification(WRITERS * ROWS, "")
    for store in stores:
        store.close()


def test_a_transaction_that_fails_leaves_no_gap(store: Store) -> None:
    append(store)
    with pytest.raises(ZeroDivisionError), store.transaction(write=True) as tx:
        tx.append_audit(**ROW)  # type: ignore[arg-type]
        raise ZeroDivisionError
    append(store)
    assert verified(store).entries == 2


def test_the_hash_is_as_documented(store: Store) -> None:
    append(store, pipeline_id="orders", revision=2, client="Claude 1.0")
    with store.transaction() as tx:
        (entry,) = tx.list_audit()
    at = round((entry.at - EPOCH).total_seconds() * 1_000_000) + 1_767_225_600_000_000
    fields = [at, "ann", "author", "edit_pipeline", "orders", 2, "0" * 64, "ok", 3]
    fields += ["process", "Claude 1.0", "", BEGINNING]
    written = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    assert entry.sha256 == hashlib.sha256(written).hexdigest()


@given(st.text(max_size=30), st.text(max_size=30))
def test_two_rows_never_look_alike_because_of_where_a_field_ends(one: str, two: str) -> None:
    row = ROW | {"at": EPOCH, "pipeline_id": None, "revision": None, "surface": "", "client": ""}
    row |= {"request_id": "", "previous_sha256": BEGINNING}
    first = entry_sha256(row | {"actor": one, "role": two})
    second = entry_sha256(row | {"actor": one + two, "role": ""})
    assert (first == second) == (two == "")


def test_a_log_from_before_is_chained(empty_database: str) -> None:
    database = connect(resolve(empty_database))
    with database.begin(write=True) as connection:
        schema.migrate(connection, "0001")
        for number in range(3):
            connection.execute(
                text(
                    "INSERT INTO audit (at, actor, role, operation, pipeline_id, revision, "
                    "arguments_sha256, outcome, duration_ms) VALUES (:at, 'ann', 'author', "
                    "'edit_pipeline', 'a', 1, 'x', 'ok', 1)"
                ),
                {"at": number},
            )
    database.close()
    store = Store.open(empty_database)
    append(store)
    assert verified(store)._replace(head="") == Verification(4, "")
    with store.transaction() as tx:
        assert [entry.surface for entry in tx.list_audit()] == ["process"] + ["unknown"] * 3
    store.close()
