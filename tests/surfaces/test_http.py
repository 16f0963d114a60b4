"""The HTTP server: MCP on it, live events, the page, and who is kept out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastmcp import Client

from lakestream_mcp.errors import InvalidArgument
from lakestream_mcp.operations import call, find, operations
from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.events import MISSED_MAX
from lakestream_mcp.surfaces.host import Host
from lakestream_mcp.surfaces.rest import BODY_BYTES_MAX, STATIC

from .pipelines import CHANGES, ORDERS
from .served import served

WAIT_S = 20


@pytest.fixture(scope="module")
def address(host: Host) -> Iterator[str]:
    """Where the server of these tests listens."""
    with served(host) as url:
        yield url


def run(host: Host, operation: str, **arguments: Any) -> dict[str, Any]:
    """An operation in this process, as another surface would call it."""
    return call(find(operation), host.caller({}), arguments).to_json()


def read_events(url: str, count: int, last_event_id: str | None, then: Any) -> list[dict[str, Any]]:
    """So many events of a stream; `then` runs once the stream is open."""
    headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
    events: list[dict[str, Any]] = []
    current: dict[str, Any] = {}
    with (
        httpx2.Client(timeout=WAIT_S) as client,
        client.stream("GET", url, headers=headers) as response,
    ):
        assert response.headers["content-type"].startswith("text/event-stream")
        for line in response.iter_lines():
            if line == ": connected":
                then()
            name, _, value = line.partition(": ")
            if line and name:
                current[name] = value
            elif not line and "event" in current:
                events.append(current | {"data": json.loads(current["data"])})
                if len(events) == count:
                    break
            if not line:
                current = {}
    return events


def test_mcp_over_http(address: str) -> None:
    async def ask() -> dict[str, Any]:
        async with Client(f"{address}/mcp") as client:
            result = await client.call_tool("create_pipeline", {"name": "Over HTTP"})
        return result.structured_content or {}

    assert asyncio.run(ask())["pipeline_id"] == "over-http"


def test_each_revision_is_pushed(host: Host, address: str) -> None:
    run(host, "create_pipeline", name="Pushed", id="pushed")

    def edit() -> None:
        for name in ("One", "Two"):
            change = {"op": "set_pipeline", "name": name}
            run(host, "edit_pipeline", pipeline_id="pushed", changes=[change], reason=f"To {name}")

    url = f"{address}/api/pipelines/pushed/events"
    events = read_events(url, 2, None, edit)
    assert [e["id"] for e in events] == ["2", "3"]
    assert {e["event"] for e in events} == {"revision"}
    data = events[0]["data"]
    assert data["operation"] == "edit_pipeline"
    assert data["reason"] == "To One"
    assert set(data) == {"revision", "actor", "operation", "reason", "changed", "at"}
    missed = read_events(url, 2, "1", lambda: None)
    assert [e["id"] for e in missed] == ["2", "3"], "a reconnect gets what it missed"


def test_revisions_of_another_process_are_pushed(host: Host, address: str) -> None:
    run(host, "create_pipeline", name="Elsewhere", id="elsewhere")
    other = Host.local(host.workspace.settings)

    def edit() -> None:
        change = {"op": "set_pipeline", "description": "From elsewhere"}
        run(other, "edit_pipeline", pipeline_id="elsewhere", changes=[change])

    try:
        events = read_events(f"{address}/api/pipelines/elsewhere/events", 1, None, edit)
    finally:
        other.workspace.close()
    assert events[0]["id"] == "2"


def test_runs_of_another_process_are_told(host: Host, address: str) -> None:
    run(host, "create_pipeline", name="Ran", id="ran-elsewhere")
    run(host, "create_node", pipeline_id="ran-elsewhere", **ORDERS)
    run(host, "edit_pipeline", pipeline_id="ran-elsewhere", changes=CHANGES)
    other = Host.local(host.workspace.settings)
    made: list[str] = []

    def test() -> None:
        given = {"pipeline_id": "ran-elsewhere", "events": {"file": "orders.jsonl"}}
        made.extend(run(other, "test_pattern", **given)["run_id"] for _ in range(2))

    try:
        events = read_events(f"{address}/api/pipelines/ran-elsewhere/events", 2, None, test)
    finally:
        other.workspace.close()
    assert [event["data"]["run_id"] for event in events] == made


def test_a_long_absence_is_made_up_for(host: Host, address: str) -> None:
    run(host, "create_pipeline", name="Away", id="away")
    for number in range(2, 2 + MISSED_MAX + 50):
        change = {"op": "set_pipeline", "description": f"revision {number}"}
        run(host, "edit_pipeline", pipeline_id="away", changes=[change])
    count = MISSED_MAX + 50
    told = read_events(f"{address}/api/pipelines/away/events", count, "1", lambda: None)
    assert [int(event["id"]) for event in told] == list(range(2, count + 2))


def test_a_deletion_ends_the_stream(host: Host, address: str) -> None:
    run(host, "create_pipeline", name="Short", id="short")

    def delete() -> None:
        run(host, "delete_pipeline", pipeline_id="short")

    events = read_events(f"{address}/api/pipelines/short/events", 1, None, delete)
    assert [e["event"] for e in events] == ["deleted"]


def test_a_test_run_is_told(host: Host, address: str) -> None:
    run(host, "create_pipeline", name="Tested", id="tested")
    run(host, "create_node", pipeline_id="tested", **ORDERS)
    run(host, "edit_pipeline", pipeline_id="tested", changes=CHANGES)
    made: list[str] = []

    def test() -> None:
        answer = run(host, "test_pattern", pipeline_id="tested", events={"file": "orders.jsonl"})
        made.append(answer["run_id"])

    events = read_events(f"{address}/api/pipelines/tested/events", 1, None, test)
    assert events[0]["event"] == "run"
    assert events[0]["data"] == {"run_id": made[0], "result": "matched"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api/pipelines", None, 200),
        ("GET", "/api/pipelines?limit=ten", None, 400),
        ("GET", "/api/pipelines/nothing-here", None, 404),
        ("PATCH", "/api/pipelines/status", {"changes": [{"op": "fly"}]}, 400),
        (
            "PATCH",
            "/api/pipelines/status",
            {"changes": [{"op": "tidy"}], "expect_revision": 9},
            409,
        ),
        ("PATCH", "/api/pipelines/status", {"changes": [], "pipeline_id": "other"}, 400),
        ("POST", "/api/pipelines/status/code", {}, 422),
    ],
)
def test_errors_have_a_fitting_status(
    host: Host, address: str, method: str, path: str, body: Any, status: int
) -> None:
    run(host, "create_pipeline", name="Status", id="status")
    response = httpx2.request(method, address + path, json=body)
    assert response.status_code == status, response.text


def test_a_body_that_is_too_large_is_refused(address: str) -> None:
    body = b'{"name": "' + b"x" * BODY_BYTES_MAX + b'"}'
    headers = {"Content-Type": "application/json"}
    response = httpx2.post(
        f"{address}/api/pipelines", content=body, headers=headers, timeout=WAIT_S
    )
    assert response.status_code == 413
    assert response.json()["error"]["code"] == "LIMIT_EXCEEDED"


def test_a_deployment_is_told_as_it_goes(host: Host, address: str) -> None:
    """Each step and the outcome, to whoever sees the pipeline; neither why nor where to."""
    run(host, "create_pipeline", name="Out", id="out")
    store, made = host.workspace.store, []

    def begin() -> None:
        settings = {"action": "deploy", "place": "https://secret.example"}
        given: dict[str, Any] = {"files": {}, "actor": "ann", "settings": settings}
        with store.transaction(write=True) as tx:
            made.append(tx.add_deployment("out", 1, target="workspace", status="applying", **given))

    def step() -> None:
        with store.transaction(write=True) as tx:
            tx.put_step(made[0].id, 1, "done", {}, {})

    def fail() -> None:
        with store.transaction(write=True) as tx:
            tx.update_deployment(made[0].id, status="undone", error="a secret reason")

    url = f"{address}/api/pipelines/out/events"
    told = [read_events(url, 1, None, then)[0] for then in (begin, step, fail)]
    assert {event["event"] for event in told} == {"deployment"}
    heard = [(event["data"]["status"], event["data"]["steps"]) for event in told]
    assert heard == [("applying", 0), ("applying", 1), ("undone", 1)]
    assert "secret" not in str(told)
    shown = httpx2.get(f"{address}/api/pipelines/out/view").json()
    assert shown["deployment"] == told[-1]["data"]


def test_events_of_nothing_are_an_error(address: str) -> None:
    response = httpx2.get(f"{address}/api/pipelines/never-made/events")
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "PIPELINE_NOT_FOUND"


@pytest.mark.parametrize("told", [b"newest", b"-1", b"1" * 13, "²".encode("latin-1")])
def test_a_last_event_that_is_no_revision_is_refused(host: Host, address: str, told: bytes) -> None:
    run(host, "create_pipeline", name="Told", id="told")
    events = f"{address}/api/pipelines/told/events"
    response = httpx2.get(events, headers={b"Last-Event-ID": told})
    assert response.status_code == 400
    assert response.json()["error"]["where"] == {"header": "Last-Event-ID"}


@pytest.mark.parametrize("path", ["/health", "/api/pipelines", "/mcp", "/", "/openapi.json"])
def test_other_hosts_and_origins_are_kept_out(address: str, path: str) -> None:
    foreign = httpx2.get(address + path, headers={"Host": "evil.example"})
    assert foreign.status_code == 421
    from_page = httpx2.get(address + path, headers={"Origin": "https://evil.example"})
    assert from_page.status_code == 403


def test_a_form_of_another_page_cannot_write(address: str) -> None:
    response = httpx2.post(
        f"{address}/api/pipelines",
        content='{"name": "Forged"}',
        headers={"Content-Type": "text/plain"},
    )
    assert response.status_code == 400
    assert response.json()["error"]["expected"] == "application/json"


@pytest.mark.parametrize(
    ("body", "words"),
    [("{", "does not parse"), ("[]", "one JSON object"), ("[" * 100_000, "parse")],
)
def test_a_body_that_is_no_object_is_refused(address: str, body: str, words: str) -> None:
    headers = {"Content-Type": "application/json"}
    response = httpx2.post(f"{address}/api/pipelines", content=body, headers=headers)
    assert response.status_code == 400
    assert words in response.json()["error"]["message"]


def test_a_route_that_is_not_there_lists_those_that_are(address: str) -> None:
    response = httpx2.get(f"{address}/api/pipeline")
    assert response.status_code == 404
    assert set(response.json()["error"]["expected"]) == {
        f"{op.method} {op.path}" for op in operations()
    }


@pytest.mark.parametrize("path", ["/", "/p/quakes", "/p/quakes@7?node=a&panel=code"])
def test_the_page_is_served_for_every_deep_link(address: str, path: str) -> None:
    response = httpx2.get(address + path)
    assert response.status_code == (200 if (STATIC / "index.html").exists() else 404)
    if response.status_code == 200:
        assert response.headers["content-security-policy"].startswith("default-src 'self'")
        assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/static/../rest.py", "/static/%2e%2e/rest.py", "/static//etc/passwd"]
)
def test_nothing_but_the_viewer_is_served_as_a_file(address: str, path: str) -> None:
    assert httpx2.get(address + path).status_code == 404


def test_health_tells_the_version(address: str) -> None:
    assert httpx2.get(f"{address}/health").json()["status"] == "ok"


def test_another_address_is_served_to_those_who_prove_who_they_are(tmp_path: Any) -> None:
    named = {"LAKESTREAM_HOST": "0.0.0.0", "LAKESTREAM_HOSTS": "lake.example"}
    proven = {"LAKESTREAM_TOKENS": str(tmp_path / "tokens.json")}
    for given in ({"LAKESTREAM_HOST": "0.0.0.0"}, named, proven | {"LAKESTREAM_HOST": "::"}):
        with pytest.raises(InvalidArgument) as refused:
            Settings.from_env(given).check_bind()
        assert refused.value.code == "REMOTE_REFUSED"
    Settings.from_env(named | proven).check_bind()


def test_a_database_that_fails_is_not_the_fault_of_the_caller(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    Path(settings.database).write_text("dear diary, " * 500)
    host = Host.local(settings)
    with served(host) as url:
        answer = httpx2.get(f"{url}/api/pipelines", timeout=WAIT_S)
    host.workspace.close()
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "STORE_DAMAGED")
