"""Hooks behind the gate: their own secret, or a caller of the server; each request on record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from lakestream_mcp.operations import call, find
from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host

from .personas import SECURITY, headers_of
from .served import served

ROOT, ANN = headers_of("root@example.com"), headers_of("ann@example.com")
SECRET = "a-secret-of-the-hook"


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """An App with a hook that has a secret, and one that has none."""
    monkeypatch.setenv("HOOKS_ORDERS", SECRET)
    security = SECURITY._replace(failures_per_minute=3)
    settings = Settings(tmp_path / "store", data_roots=(tmp_path,), security=security)
    started = Host.serving(settings)
    root = started.caller(ROOT)
    call(find("create_pipeline"), root, {"name": "Hooked", "id": "hooked"})
    secret = {"auth": "bearer", "auth_secret": "secret://hooks/orders"}
    for node, auth in (("closed", secret), ("open", {"auth": "none"})):
        config = {"landing_path": str(tmp_path / node), "columns": "id bigint"} | auth
        made = {"id": node, "type": "rest-webhook-source", "config": config}
        change = {"op": "add_node", "node": made}
        call(find("edit_pipeline"), root, {"pipeline_id": "hooked", "changes": [change]})
    yield started
    started.workspace.close()


@pytest.fixture
def post(host: Host) -> Iterator[Any]:
    """Send an event to a hook."""
    with served(host) as url, httpx2.Client(base_url=url) as client:
        yield lambda node, headers, event=None: client.post(
            f"/hooks/hooked/{node}", json=event or {"id": 1}, headers=headers
        )


def rows(host: Host) -> list[tuple[str, str, str | None, str]]:
    """What the audit log says of hooks."""
    with host.workspace.store.transaction() as store:
        entries = store.list_audit(operation="hook")[::-1]
    assert {(e.surface, e.pipeline_id) for e in entries} <= {("hook", "hooked")}
    assert SECRET not in str(entries)
    return [(e.actor, e.role, e.client[:12], e.outcome) for e in entries]


def test_each_request_that_proved_something_is_on_record(host: Host, post: Any) -> None:
    bearer = {"Authorization": f"Bearer {SECRET}"}
    assert post("closed", bearer).status_code == 202
    assert post("closed", bearer, {"idd": 1}).status_code == 422
    assert post("closed", {"Authorization": "Bearer wrong"}).status_code == 401
    client = "python-httpx"
    assert rows(host) == [
        ("hook:hooked/closed", "author", client, "ok"),
        ("hook:hooked/closed", "author", client, "INVALID_PAYLOAD"),
    ]


def test_a_hook_without_a_secret_asks_who_calls(host: Host, post: Any) -> None:
    refused = post("open", {})
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert post("open", ANN).status_code in {403, 404}
    with host.workspace.store.transaction(write=True) as store:
        store.set_grant("ann@example.com", "hooked", "viewer", by="root")
    assert post("open", ANN).status_code == 403
    with host.workspace.store.transaction(write=True) as store:
        store.set_grant("ann@example.com", "hooked", "author", by="root")
    assert post("open", ANN).status_code == 202
    assert [row[3] for row in rows(host)][-2:] == ["FORBIDDEN", "ok"]


def test_guesses_are_slowed_down(post: Any) -> None:
    wrong = {"Authorization": "Bearer guess"}
    assert [post("closed", wrong).status_code for _ in range(5)] == [401] * 3 + [429] * 2
    right = {"Authorization": f"Bearer {SECRET}"}
    assert post("closed", right).status_code == 202


def test_no_hook_tells_what_there_is(post: Any) -> None:
    answer = post("nothing-here", {})
    assert answer.status_code == 404
    assert "closed" not in answer.text
