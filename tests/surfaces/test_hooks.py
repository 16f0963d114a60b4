"""Webhook sources: what the server takes, from whom, and what it writes."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest

from lakestream_mcp.operations import call, find
from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host

from .served import served

COLUMNS = (
    "id bigint, amount double, price decimal(20,4), at timestamp, local timestamp_ntz, day date, "
    "tags array<string>, more struct<a:int,b:struct<c:string>>, seen map<string,bigint>, ok boolean"
)
EVENT: dict[str, Any] = {
    "id": 9007199254740993,
    "amount": 1.5,
    "price": "12345678901234.5678",
    "at": "2026-01-01T10:00:00.123456+02:00",
    "local": "2026-01-01T10:00:00",
    "day": "2026-01-01",
    "tags": ["é", None],
    "more": {"a": 1, "b": {"c": "\u0000"}},
    "seen": {"x": 1},
    "ok": True,
}


class Hook(httpx2.Client):
    """A client of one webhook source, and its landing folder."""

    def __init__(self, host: Host, url: str, folder: Path) -> None:
        super().__init__(base_url=url, timeout=30)
        self.host = host
        self.folder = folder

    def make(self, node: str, **config: Any) -> None:
        """Add a webhook source to the pipeline."""
        given = {"landing_path": str(self.folder / node), "columns": COLUMNS} | config
        made = {"id": node, "type": "rest-webhook-source", "config": given}
        change = {"op": "add_node", "node": made}
        answer = call(
            find("edit_pipeline"),
            self.host.caller({}),
            {"pipeline_id": "hooked", "changes": [change]},
        )
        assert answer.to_json()["revision"]

    def lines(self, node: str) -> list[Any]:
        """What landed, as the stream would read it."""
        files = sorted((self.folder / node).glob("*.jsonl"))
        return [json.loads(line) for f in files for line in f.read_text("utf-8").splitlines()]


@pytest.fixture
def hook(tmp_path: Path) -> Iterator[Hook]:
    """A server with an empty pipeline."""
    settings = Settings(data_dir=tmp_path / "store", data_roots=(tmp_path / "land",))
    host = Host.local(settings)
    call(find("create_pipeline"), host.caller({}), {"name": "Hooked", "id": "hooked"})
    with served(host) as url, Hook(host, url, tmp_path / "land") as client:
        yield client
    host.workspace.close()


def test_events_are_written_as_the_columns_say(hook: Hook) -> None:
    hook.make("orders")
    answer = hook.post("/hooks/hooked/orders", json=EVENT)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
    many = hook.post("/hooks/hooked/orders", json=[{"id": "7"}, {"id": 8}])
    assert (many.status_code, many.json()["accepted"]) == (202, 2)
    lines = hook.post("/hooks/hooked/orders", content=b'{"id": 1}\n\n{"id": 2}\n')
    assert lines.json()["accepted"] == 2
    landed = hook.lines("orders")
    assert sorted(row["id"] for row in landed) == [1, 2, 7, 8, 9007199254740993]
    first = next(row for row in landed if row["id"] == EVENT["id"])
    utc = {"at": "2026-01-01T08:00:00.123456Z"}
    assert first == EVENT | utc
    assert len(list((hook.folder / "orders").iterdir())) == 3, "no hidden file is left"


@pytest.mark.parametrize(
    ("body", "status", "code", "fields"),
    [
        (b"{", 400, "INVALID_JSON", None),
        (b"\xff", 400, "INVALID_JSON", None),
        (b'{"amount": NaN}', 400, "INVALID_JSON", None),
        (b'{"amount": "nan"}', 422, "INVALID_PAYLOAD", None),
        (b"[" * 100_000, 400, "INVALID_JSON", None),
        (b"[]", 422, "INVALID_PAYLOAD", None),
        (b"[1]", 422, "INVALID_PAYLOAD", [""]),
        (b'[{"id": 1}, {"idd": 2}]', 422, "INVALID_PAYLOAD", ["idd"]),
        (b'{"more": {"a": 1, "x": 2}}', 422, "INVALID_PAYLOAD", ["more.x"]),
        (b'{"id": "x", "at": 5, "ok": 1}', 422, "INVALID_PAYLOAD", ["at", "id", "ok"]),
        (b'{"price": 12345678901234567890}', 422, "INVALID_PAYLOAD", ["price"]),
        (b'[{"id": 1}, {"id": 1.5}]', 422, "INVALID_PAYLOAD", ["id"]),
        (b'{"tags": "' + b"x" * 3000 + b'"}', 413, "LIMIT_EXCEEDED", None),
    ],
)
def test_what_does_not_fit_is_refused_whole(
    hook: Hook, body: bytes, status: int, code: str, fields: list[str] | None
) -> None:
    hook.make("orders", max_request_bytes=2048 if status == 413 else 1 << 20)
    answer = hook.post("/hooks/hooked/orders", content=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    if fields is not None:
        assert error["got"] == fields
    assert hook.lines("orders") == []


@pytest.mark.parametrize(
    ("auth", "secret", "good"),
    [
        ("bearer", "t0ken", {"Authorization": "Bearer t0ken"}),
        ("basic", "me:pass:word", {"Authorization": "Basic bWU6cGFzczp3b3Jk"}),
        ("api-key", "k\u00e9y", {"X-API-Key": "k\u00e9y".encode("latin-1")}),
    ],
)
def test_only_who_holds_the_secret_may_post(
    hook: Hook, monkeypatch: pytest.MonkeyPatch, auth: str, secret: str, good: dict[str, Any]
) -> None:
    hook.make("orders", auth=auth, auth_secret="secret://hooks/in-token")
    without = hook.post("/hooks/hooked/orders", json={"id": 1}, headers=good)
    assert (without.status_code, without.json()["error"]["code"]) == (503, "SECRET_MISSING")
    monkeypatch.setenv("HOOKS_IN_TOKEN", secret)
    for bad in (
        {},
        {"Authorization": "Bearer t0ke"},
        {"X-API-Key": ""},
        {"Authorization": "Basic ?"},
    ):
        refused = hook.post("/hooks/hooked/orders", json={"id": 1}, headers=bad)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"]
        assert secret not in refused.text
    assert hook.lines("orders") == []
    assert hook.post("/hooks/hooked/orders", json={"id": 1}, headers=good).status_code == 202


def test_a_key_is_taken_once(hook: Hook) -> None:
    hook.make("orders", idempotency_header="X-Request-Id")
    key = {"X-Request-Id": "../../r-1"}
    answers = [hook.post("/hooks/hooked/orders", json={"id": 1}, headers=key) for _ in range(3)]
    assert [a.status_code for a in answers] == [202, 200, 200]
    assert len({a.json()["file"] for a in answers}) == 1
    other = hook.post("/hooks/hooked/orders", json={"id": 2}, headers=key)
    assert (other.status_code, other.json()["error"]["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")
    assert hook.lines("orders") == [dict.fromkeys(EVENT) | {"id": 1}]


def test_a_key_is_taken_once_by_many_at_a_time(hook: Hook) -> None:
    hook.make("orders")
    found: list[int] = []

    def post() -> None:
        key = {"Idempotency-Key": "same"}
        found.append(hook.post("/hooks/hooked/orders", json={"id": 1}, headers=key).status_code)

    threads = [threading.Thread(target=post) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [200] * 7 + [202]
    assert len(hook.lines("orders")) == 1


def test_what_is_no_hook(hook: Hook) -> None:
    files = {"id": "files", "type": "auto-loader", "config": {"path": "/x"}}
    change = {"op": "add_node", "node": files}
    hook.make("orders")
    hook.make("wrong", auth="bearer")
    hook.make("outside", landing_path="/nowhere/of/ours")
    call(
        find("edit_pipeline"), hook.host.caller({}), {"pipeline_id": "hooked", "changes": [change]}
    )
    for path in ("/hooks/hooked/ordrs", "/hooks/hookd/orders", "/hooks/hooked/files"):
        missing = hook.post(path, json={})
        assert missing.status_code == 404
        assert "did you mean" not in missing.text
    assert hook.post("/hooks/hooked/wrong", json={}).status_code == 409
    outside = hook.post("/hooks/hooked/outside", json={"id": 1})
    assert (outside.status_code, outside.json()["error"]["code"]) == (503, "FILE_REFUSED")
    assert "got" not in outside.json()["error"]
    assert hook.get("/hooks/hooked/orders").status_code == 405


@pytest.mark.skipif(os.getuid() == 0, reason="nothing keeps root from writing")
def test_a_folder_that_cannot_be_written(hook: Hook) -> None:
    hook.make("orders")
    hook.folder.mkdir()
    hook.folder.chmod(0o500)
    answer = hook.post("/hooks/hooked/orders", json={"id": 1})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "NOT_LANDED")


def test_a_folder_that_is_a_file(hook: Hook) -> None:
    hook.make("orders")
    hook.folder.write_text("in the way")
    answer = hook.post("/hooks/hooked/orders", json={"id": 1})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "NOT_LANDED")


class FilesApi(BaseHTTPRequestHandler):
    """The part of a workspace's Files API that landing uses."""

    files: dict[str, bytes]

    def do_PUT(self) -> None:
        """Make a folder, or a file that is not there."""
        path = self.path.partition("?")[0]
        body = self._body()
        if path.startswith("/api/2.0/fs/directories/"):
            return self._answer(204)
        if path in self.files:
            return self._answer(409, {"error_code": "ALREADY_EXISTS", "message": "is there"})
        self.files[path] = body
        return self._answer(204)

    def do_GET(self) -> None:
        """A file."""
        if self.path not in self.files:
            return self._answer(404, {"error_code": "NOT_FOUND", "message": "is not there"})
        self.send_response(200)
        data = self.files[self.path]
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Type", "application/octet-stream")
        self.end_headers()
        self.wfile.write(data)
        return None

    def do_POST(self) -> None:
        """No links: the client falls back to the files themselves."""
        self._body()
        self._answer(404, {"error_code": "FEATURE_DISABLED", "message": "no links"})

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, status: int, body: Any = None) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def test_a_volume_is_written_by_the_workspace(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    FilesApi.files = {}
    workspace = ThreadingHTTPServer(("127.0.0.1", 0), FilesApi)
    threading.Thread(target=workspace.serve_forever, daemon=True).start()
    monkeypatch.setenv("DATABRICKS_HOST", f"http://127.0.0.1:{workspace.server_port}")
    monkeypatch.setenv("DATABRICKS_TOKEN", "t")
    hook.make("orders", landing_path="/Volumes/main/raw/hooks", columns="id bigint")
    key = {"Idempotency-Key": "k"}
    answers = [
        hook.post("/hooks/hooked/orders", json={"id": number}, headers=key) for number in (1, 1, 2)
    ]
    workspace.shutdown()
    assert [a.status_code for a in answers] == [202, 200, 409], answers[-1].text
    ((path, data),) = FilesApi.files.items()
    assert path == f"/api/2.0/fs/files/Volumes/main/raw/hooks/{answers[0].json()['file']}"
    assert data == b'{"id": 1}\n'
