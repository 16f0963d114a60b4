"""The audit log over the surfaces: who, by what, from where; and never what was sent."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastmcp import Client
from mcp.types import Implementation

from lakestream_mcp.operations import call, find, operations
from lakestream_mcp.surfaces.host import Host
from lakestream_mcp.surfaces.http import application
from lakestream_mcp.surfaces.mcp import server

from .callers import BASE, CliCaller, McpCaller, RestCaller
from .personas import app_host, headers_of
from .served import served

SECRET = "hunter2-Xk93jd"
ROOT = headers_of("root@example.com")


@pytest.fixture
def log(fresh: Host) -> Any:
    """The audit log of a new process, oldest first."""

    def read(**given: Any) -> list[dict[str, Any]]:
        answer = call(find("list_audit"), fresh.caller({}), {"limit": 200} | given)
        return [e for e in answer.to_json()["entries"][::-1] if e["operation"] != "list_audit"]

    return read


def create(host: Host, name: str) -> None:
    """A blank pipeline, made in this process."""
    call(find("create_pipeline"), host.caller({}), {"name": name, "id": name})


def test_each_surface_tells_where_a_call_came_from(fresh: Host, log: Any) -> None:
    McpCaller(fresh).call("create_pipeline", {"name": "One", "id": "one"})
    RestCaller(fresh).call("create_pipeline", {"name": "Two", "id": "two"})
    CliCaller(fresh).call("create_pipeline", {"name": "Three", "id": "three"})
    rows = log()
    assert [r["surface"] for r in rows] == ["mcp", "rest", "cli"]
    assert [r["pipeline_id"] for r in rows] == ["one", "two", "three"]
    assert [r["revision"] for r in rows] == [1, 1, 1]
    assert len({r["request_id"] for r in rows}) == 3
    assert rows[1]["client"].startswith("python-httpx")


def test_an_mcp_client_is_named(fresh: Host, log: Any) -> None:
    async def ask(target: Any, mode: Any) -> None:
        who = Implementation(name="Claude Desktop", version="1.2")
        async with Client(target, client_info=who, mode=mode) as client:
            await client.call_tool("create_pipeline", {"name": "Named"})

    for mode in ("auto", "legacy"):
        asyncio.run(ask(server(fresh), mode))
    with served(fresh) as url:
        asyncio.run(ask(f"{url}/mcp", "auto"))
    assert [r["client"] for r in log()] == ["Claude Desktop 1.2"] * 3


def test_one_id_runs_through_answer_log_and_audit(fresh: Host, log: Any) -> None:
    app = application(fresh, fresh.workspace.settings)

    async def ask(headers: dict[str, str]) -> httpx2.Response:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE) as client:
            return await client.delete("/api/pipelines/nothing", headers=headers)

    for headers in ({}, {"X-Request-Id": "trace-4711-abc"}, {"X-Request-Id": "bad id\x7f"}):
        answer = asyncio.run(ask(headers))
        number = answer.headers["x-request-id"]
        assert answer.json()["error"]["request_id"] == number == log()[-1]["request_id"]
        assert (number == headers.get("X-Request-Id")) == ("trace" in str(headers))


def test_reads_are_not_audited_but_what_is_refused_is(tmp_path: Path) -> None:
    with app_host(tmp_path) as host:
        app = application(host, host.workspace.settings)

        async def get(path: str, who: dict[str, str]) -> httpx2.Response:
            transport = httpx2.ASGITransport(app)
            async with httpx2.AsyncClient(transport=transport, base_url=BASE) as client:
                return await client.get(path, headers=who)

        asyncio.run(get("/api/pipelines", ROOT))
        asyncio.run(get("/api/pipelines/nothing", ROOT))
        asyncio.run(get("/api/pipelines", headers_of("bob@example.com")))
        found = asyncio.run(get("/api/audit", ROOT)).json()["entries"]
    assert [(r["actor"], r["operation"], r["outcome"]) for r in found] == [
        ("bob@example.com", "list_pipelines", "FORBIDDEN")
    ]


def planted(value: Any) -> Any:
    """The same arguments with a secret in every text."""
    if isinstance(value, dict):
        return {k: planted(v) for k, v in value.items()} | {"password": SECRET}
    if isinstance(value, list):
        return [planted(v) for v in value]
    return f"{value}{SECRET}"[-64:] if isinstance(value, str) else value


@pytest.mark.parametrize("op", operations(), ids=lambda op: op.name)
def test_no_secret_reaches_the_log(fresh: Host, op: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    for example in op.examples:
        given = {name: planted(value) for name, value in example.items()}
        for arguments in (given, dict(example) | {"password": SECRET}):
            try:
                call(op, fresh.caller({}), arguments)
            except Exception as error:  # noqa: BLE001 - most are refused, which is fine
                assert type(error).__module__ == "lakestream_mcp.errors"
    with fresh.workspace.store.transaction() as store:
        rows = [row for row in store.audit_entries() if row.pipeline_id is None]
        assert SECRET not in str(rows)
    assert SECRET not in str([record.__dict__.get("message") for record in caplog.records])


def test_the_hash_of_arguments_says_nothing_of_secrets(fresh: Host, log: Any) -> None:
    create(fresh, "hashed")
    for secret in ("guess-1", "guess-2"):
        change = {"op": "set_pipeline", "settings": {"api_token": secret}}
        with_secret = {"pipeline_id": "hashed", "changes": [change]}
        try:
            call(find("edit_pipeline"), fresh.caller({}), with_secret)
        except Exception as error:  # noqa: BLE001 - refused or not, it is on record
            assert error
    assert len({r["arguments_sha256"] for r in log(operation="edit_pipeline")}) == 1


def test_the_log_can_be_searched_page_by_page(fresh: Host, log: Any) -> None:
    for number in range(5):
        create(fresh, f"p{number}")
    rows = log()
    assert [r["pipeline_id"] for r in log(pipeline_id="p3")] == ["p3"]
    assert log(operation="delete_pipeline") == []
    assert log(since=rows[0]["at"], actor=rows[0]["actor"], outcome="ok") == rows
    assert log(since="1 hour ago") == rows
    McpCaller(fresh).call("delete_pipeline", {"pipeline_id": "gone"})
    assert [r["outcome"] for r in log(outcome="refused")] == ["PIPELINE_NOT_FOUND"]
    first = call(find("list_audit"), fresh.caller({}), {"limit": 2, "operation": "create_pipeline"})
    assert [e.pipeline_id for e in first.entries] == ["p4", "p3"]
    assert f"before={first.entries[-1].seq}" in first.next
    page = {"limit": 200, "before": first.entries[-1].seq, "operation": "create_pipeline"}
    rest = call(find("list_audit"), fresh.caller({}), page)
    assert [e.pipeline_id for e in rest.entries] == ["p2", "p1", "p0"]


def test_an_export_verifies_by_itself(fresh: Host) -> None:
    from datetime import datetime

    from lakestream_mcp.storage.audit import BEGINNING, entry_sha256

    for number in range(3):
        create(fresh, f"p{number}")
    rest = RestCaller(fresh)
    answer = asyncio.run(rest.request("GET", "/api/audit/export", {}))
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    previous = BEGINNING
    lines = [json.loads(line) for line in answer.text.splitlines()]
    for line in lines:
        assert line["previous_sha256"] == previous
        previous = entry_sha256(line | {"at": datetime.fromisoformat(line["at"])})
        assert line["sha256"] == previous
    assert len(lines) == 3
    later = asyncio.run(rest.request("GET", "/api/audit/export", {"after": lines[-1]["seq"]}))
    assert [json.loads(line)["operation"] for line in later.text.splitlines()] == ["export_audit"]


def test_verify_says_where_the_chain_breaks(fresh: Host) -> None:
    for number in range(4):
        create(fresh, f"p{number}")
    caller = CliCaller(fresh)
    fine = caller.call("verify_audit", {})
    assert (fine["ok"], fine["entries"]) == (True, 4)
    with sqlite3.connect(fresh.workspace.settings.data_dir / "lakestream.db") as database:
        database.execute("DROP TRIGGER audit_no_update")
        database.execute("UPDATE audit SET actor = 'somebody else' WHERE seq = 2")
    broken = caller.call("verify_audit", {})
    assert (broken["ok"], broken["broken_at"]) == (False, 2)
    unknown = caller.call("verify_audit", {"known": "f" * 64})
    assert not unknown["ok"]


@pytest.fixture
def words(fresh: Host) -> Iterator[str]:
    """What a model reads of a long log."""
    for number in range(60):
        create(fresh, f"pipeline-with-quite-a-long-name-so-that-lines-are-long-{number}")
    yield call(find("list_audit"), fresh.caller({}), {"limit": 200}).text()


def test_a_long_log_is_short_for_a_model(words: str) -> None:
    assert len(words) < 8000
    assert "before=" in words
