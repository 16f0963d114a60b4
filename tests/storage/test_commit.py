"""A commit whose answer is lost: what is true is found out, and nothing is stored twice."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lakestream_mcp.errors import StoreFailed
from lakestream_mcp.identity import Identity
from lakestream_mcp.operations import call, find
from lakestream_mcp.settings import Settings
from lakestream_mcp.storage import engine
from lakestream_mcp.storage.store import Store
from lakestream_mcp.workspace import Notice, Workspace

from .cluster import cluster
from .cut import Cut, CuttingProxy, cutting
from .documents import create, document, edit, head

pytestmark = pytest.mark.postgres


@pytest.fixture
def proxied(
    new_postgres: Callable[[str], str], migrated_postgres: str
) -> Iterator[tuple[str, CuttingProxy]]:
    """A database behind a proxy that can cut connections."""
    url = engine.resolve(new_postgres(migrated_postgres))
    folder = Path(tempfile.mkdtemp(prefix="lscut-"))  # the path of a socket must be short
    with cutting(url, folder) as reached:
        yield reached
    shutil.rmtree(folder)


def test_a_commit_that_was_made_is_made(proxied: tuple[str, CuttingProxy]) -> None:
    url, proxy = proxied
    store = Store.open(url)
    create(store)
    proxy.cut = "after"
    assert edit(store, document("kept")) == 2
    assert proxy.cuts == 1
    assert head(store) == document("kept")
    assert edit(store, document("next")) == 3
    store.close()


def test_a_commit_that_was_not_made_may_be_tried_again(proxied: tuple[str, CuttingProxy]) -> None:
    url, proxy = proxied
    store = Store.open(url)
    create(store)
    proxy.cut = "before"
    with pytest.raises(StoreFailed) as caught:
        edit(store, document("lost"))
    assert caught.value.retryable
    assert head(store) == document()
    assert edit(store, document("again")) == 2
    store.close()


def test_nobody_can_tell_when_the_database_stays_away(
    proxied: tuple[str, CuttingProxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "RETURNS_WITHIN_S", 0.3)
    url, proxy = proxied
    store = Store.open(url)
    create(store)
    proxy.cut = "after"
    proxy.close()
    with pytest.raises(StoreFailed) as caught:
        edit(store, document("perhaps"))
    assert caught.value.code == "STORE_OUTCOME_UNKNOWN"
    assert not caught.value.retryable
    store.close()


@pytest.mark.parametrize("cut", ["before", "after"])
@pytest.mark.parametrize("operation", ["edit_pipeline", "get_pipeline"])
def test_an_operation_is_done_once(
    proxied: tuple[str, CuttingProxy], tmp_path: Path, cut: Cut, operation: str
) -> None:
    url, proxy = proxied
    ws = Workspace.open(Settings(tmp_path, database_url=url), Identity("ann", "deployer"))
    call(find("create_pipeline"), ws, {"name": "Cut", "id": "cut"})
    told: list[Notice] = []
    ws.services.subscribe(told.append)
    proxy.cut = cut
    changes = [{"op": "set_pipeline", "description": "once"}]
    arguments = {"changes": changes} if operation == "edit_pipeline" else {}
    call(find(operation), ws, {"pipeline_id": "cut", **arguments})
    assert proxy.cuts == 1
    with ws.reading() as tx:
        revisions = [row.number for row in tx.revisions("cut")]
        audited = [row.operation for row in tx.list_audit()]
    edited = operation == "edit_pipeline"
    assert revisions == ([2, 1] if edited else [1])
    # What only reads leaves no row.
    assert audited == ([operation] if edited else []) + ["create_pipeline"]
    assert [notice.kind for notice in told] == (["revision"] if edited else [])
    ws.close()


def test_a_database_that_stays_away_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "RETURNS_WITHIN_S", 1.0)
    with cluster() as database:
        store = Store.open(database.text_of())
        create(store)
        database.kill()
        waited = []
        for _ in range(2):
            began = time.monotonic()
            with pytest.raises(StoreFailed) as caught:
                edit(store, document("lost"))
            assert caught.value.code == "STORE_UNAVAILABLE"
            waited.append(time.monotonic() - began)
        assert waited[0] >= 1 > waited[1]
        database.start()
        assert edit(store, document("back")) == 2
        store.close()
