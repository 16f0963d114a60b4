"""The world behind a socket: real HTTP on loopback, one thread per connection."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from . import login
from .failing import HANG_S, LOGIN, Failing, Worked
from .principals import User
from .refusals import Refused, missing
from .service import Asked, Route
from .world import Call, World


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

        self._handler = Handler
        self._port = 0
        self._listener: Listener | None = None

    @property
    def url(self) -> str:
        """The workspace's address."""
        return f"http://127.0.0.1:{self._port}"

    def listen(self) -> None:
        """Take connections, at the same address as before."""
        self._listener = Listener(("127.0.0.1", self._port), self._handler)
        self._port = self._listener.server_port
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(0.01,))
        self._thread.start()

    def leave(self) -> None:
        """Take no connections: who knocks is refused."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.shutdown()
            listener.server_close()
            self._thread.join()

    def calm(self) -> None:
        """Nothing more goes wrong: no fault waits, what is late is done, and it is reachable."""
        self.faults.rules.clear()
        self.do_what_is_late(all_of_it=True)
        if self._listener is None:
            self.listen()

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
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self.open_to_writes.set()
        self.leave()
        if self.broken:
            raise self.broken[0]


class RequestHandler(Failing):
    """One request: read, recorded, failed on purpose or answered."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else head and body of an answer are 40 ms apart
    stand_in: StandIn

    def answer(self) -> None:
        """Handle a request of any verb."""
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        for_all = login.answer(self.stand_in, self.command, parts.path, self.headers, content)
        if parts.path == LOGIN:
            self._send(200, self._page("Sign in to the workspace"))
            return
        if for_all is not None:
            self._attempt("login", False, lambda half=False: for_all)
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
        self._attempt(route.name, route.writes, partial(self._work, route, asked, content))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer

    def _attempt(self, name: str, writes: bool, work: Callable[..., Worked]) -> None:
        """Answer, or fail where a fault is set for this call."""
        fault = self.stand_in.faults.of(name, writes)
        if fault is None:
            self._send(*work())
        else:
            self.fail(fault, work)
        self.stand_in.do_what_is_late()

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

    def _work(self, route: Route, asked: Asked, content: bytes, half: bool = False) -> Worked:
        try:
            body = content if route.contract.raw else asked.body
            query, body = route.contract.checked(asked.query, body)
            headers = dict(self.headers.items())
            ready = replace(asked, query=query, body=body, headers=headers, half=half)
            with self.stand_in.lock:
                if route.writes:
                    self.stand_in.remember()
                return 200, route.handler(ready)
        except Refused as refused:
            return refused.status, refused.to_json()
        except Exception as error:  # noqa: BLE001 a mistake of the stand-in, raised as it closes
            self.stand_in.broken.append(error)
            return 500, {"error_code": "INTERNAL_ERROR", "message": f"stand-in: {error!r}"}

    def log_message(self, *_: Any) -> None:
        """Calls are kept in `calls`, not printed."""


def _asked(user: User, places: dict[str, str], query: Any, content: bytes) -> Asked:
    try:
        body = json.loads(content) if content[:1] in (b"{", b"[") else None
    except ValueError:
        raise Refused(400, "MALFORMED_REQUEST", "Could not parse request object") from None
    return Asked(user, query, body, places)
