"""The world behind a socket: real HTTP on loopback, one thread per connection."""

from __future__ import annotations

import json
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from . import login
from .faults import Fault
from .principals import User
from .refusals import Refused, missing
from .service import Asked, Route
from .world import Call, World

RESET = struct.pack("ii", 1, 0)
HANG_S = 120.0


class Listener(ThreadingHTTPServer):
    """Many clients may knock at once; threads that hang do not keep the process."""

    daemon_threads = True
    request_queue_size = 128


class StandIn(World):
    """A Databricks workspace to test against, at `url` for whoever has `token`."""

    def __init__(self, paused: bool = False) -> None:
        super().__init__(paused)
        self.closing = threading.Event()
        self.open_to_writes = threading.Event()
        """While it is not set, calls that write wait before anything is done."""
        self.open_to_writes.set()
        self.broken: list[Exception] = []
        world = self

        class Handler(RequestHandler):
            """Requests to this world."""

            stand_in = world

        self._server = Listener(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        """The workspace's address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that connect a process to this workspace as its owner."""
        return {"DATABRICKS_HOST": self.url, "DATABRICKS_TOKEN": self.token}

    def client(self, user: User | None = None, **settings: Any) -> Any:
        """The SDK's client as it is out of the box, for a user."""
        from databricks.sdk import WorkspaceClient

        token = (user or self.owner).token
        return WorkspaceClient(host=self.url, token=token, auth_type="pat", **settings)

    def __enter__(self) -> StandIn:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self.open_to_writes.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        if self.broken:
            raise self.broken[0]


class RequestHandler(BaseHTTPRequestHandler):
    """One request: read, recorded, failed on purpose or answered."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else head and body of an answer are 40 ms apart
    stand_in: StandIn

    def answer(self) -> None:
        """Handle a request of any verb."""
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        open_to_all = login.answer(self.stand_in, self.command, parts.path, self.headers, content)
        if open_to_all is not None:
            self._send(*open_to_all)
            return
        try:
            user = self.stand_in.principals.by_token(self.headers.get("Authorization", ""))
            route, places = self._route(parts.path)
            asked = _asked(user, places, parse_qs(parts.query, keep_blank_values=True), content)
        except Refused as refused:
            self._send(refused.status, refused.to_json())
            return
        self._record(route, asked)
        if route.writes:
            self.stand_in.open_to_writes.wait(HANG_S)
        fault = self.stand_in.faults.of(route.name, route.writes)
        if fault and not fault.after:
            self._fail(fault)
            return
        status, answer = self._work(route, asked, content)
        if fault:
            self._fail(fault)
        else:
            self._send(status, answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer

    def _route(self, path: str) -> tuple[Route, dict[str, str]]:
        for route in self.stand_in.routes:
            if route.contract.verb == self.command and (
                found := route.contract.path.fullmatch(path)
            ):
                return route, {name: unquote(value) for name, value in found.groupdict().items()}
        raise missing(f"No API found for '{self.command} {path}'", "ENDPOINT_NOT_FOUND")

    def _record(self, route: Route, asked: Asked) -> None:
        with self.stand_in.lock:
            call = Call(
                route.name, asked.user.name, asked.query, asked.body, asked.path, route.writes
            )
            self.stand_in.calls.append(call)

    def _work(self, route: Route, asked: Asked, content: bytes) -> tuple[int, Any]:
        try:
            body = content if route.contract.raw else asked.body
            query, body = route.contract.checked(asked.query, body)
            asked.query, asked.body, asked.headers = query, body, dict(self.headers.items())
            with self.stand_in.lock:
                return 200, route.handler(asked)
        except Refused as refused:
            return refused.status, refused.to_json()
        except Exception as error:  # noqa: BLE001 a mistake of the stand-in, raised as it closes
            self.stand_in.broken.append(error)
            return 500, {"error_code": "INTERNAL_ERROR", "message": f"stand-in: {error!r}"}

    def _fail(self, fault: Fault) -> None:
        self.close_connection = True
        if fault.how == "hang":
            self.stand_in.closing.wait(HANG_S)
        if isinstance(fault.how, str):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self.connection.close()
            return
        codes = {429: "REQUEST_LIMIT_EXCEEDED", 503: "TEMPORARILY_UNAVAILABLE"}
        said = {"error_code": codes.get(fault.how, "INTERNAL_ERROR"), "message": "Out of order."}
        extra = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
        self._send(fault.how, said, extra)

    def _send(self, status: int, answer: Any, headers: dict[str, str] | None = None) -> None:
        raw = isinstance(answer, bytes)
        body = answer if raw else json.dumps({} if answer is None else answer).encode()
        self.send_response(status)
        kind = "application/octet-stream" if raw else "application/json"
        for name, value in {"Content-Type": kind, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Calls are kept in `calls`, not printed."""


def _asked(user: User, places: dict[str, str], query: Any, content: bytes) -> Asked:
    try:
        body = json.loads(content) if content[:1] in (b"{", b"[") else None
    except ValueError:
        raise Refused(400, "MALFORMED_REQUEST", "Could not parse request object") from None
    return Asked(user, query, body, places)
