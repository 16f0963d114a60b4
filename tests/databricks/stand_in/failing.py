"""How a request fails on purpose: by a status, on the wire, in its answer, or in what is done."""

from __future__ import annotations

import http
import json
import socket
import struct
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from .faults import Fault

if TYPE_CHECKING:
    from .server import StandIn

Worked = tuple[int, Any]
RESET = struct.pack("ii", 1, 0)
HANG_S = 120.0
CALLS_LATE = 3
GATEWAYS = (502, 504)
LOGIN = "/login.html"
WORDS = {
    403: ("PERMISSION_DENIED", "You do not have the permission to do this."),
    404: ("RESOURCE_DOES_NOT_EXIST", "It does not exist."),
    409: ("RESOURCE_CONFLICT", "Another request is changing it."),
    429: ("REQUEST_LIMIT_EXCEEDED", "The rate limit of the workspace is exceeded."),
    503: ("TEMPORARILY_UNAVAILABLE", "The service at this path is temporarily unavailable."),
}
SAID = {
    "ABORTED": "The transaction was aborted by a concurrent one.",
    "RESOURCE_ALREADY_EXISTS": "Something of that name already exists.",
    "INVALID_STATE": "It is not in a state in which this can be done.",
    "RESOURCE_EXHAUSTED": "The quota for the number of resources has been reached.",
}


class Failing(BaseHTTPRequestHandler):
    """A request that can fail in every way of `FAULTS`."""

    stand_in: StandIn

    def fail(self, fault: Fault, work: Callable[..., Worked]) -> None:
        """Do the work or not, and answer as the fault says."""
        odd = getattr(self, f"_work_{fault.how}", None)
        if odd is not None:
            self._send(*odd(work))
            return
        worked = work() if fault.after else (200, {})
        if isinstance(fault.how, int):
            self._send_refusal(fault)
        else:
            getattr(self, f"_answer_{fault.how.replace(' ', '_')}")(*worked)

    def _work_late(self, work: Callable[..., Worked]) -> Worked:
        """The gateway gives up; what was asked for is done some calls later."""
        self.stand_in.later.append([CALLS_LATE, work])
        return 504, self._page("504 Gateway Timeout")

    def _work_stale(self, work: Callable[..., Worked]) -> Worked:
        """What is read is as it was before the newest change."""
        if self.command != "GET":
            return work()
        with self.stand_in.as_before():
            return work()

    def _work_half(self, work: Callable[..., Worked]) -> Worked:
        """Of what can be done in parts one part is done."""
        work(half=True)
        return 500, {"error_code": "INTERNAL_ERROR", "message": "Only a part was done."}

    def _work_twice(self, work: Callable[..., Worked]) -> Worked:
        """A proxy delivers the request again; the first answer gets through."""
        first = work()
        work()
        return first

    def _work_again(self, work: Callable[..., Worked]) -> Worked:
        """The same, and the last answer gets through."""
        work()
        return work()

    def _work_skew(self, work: Callable[..., Worked]) -> Worked:
        """The workspace's clock is set an hour back."""
        self.stand_in.skew()
        return work()

    def _work_expired(self, _: Callable[..., Worked]) -> Worked:
        """The owner's token is no longer good; the world has a new one for her."""
        self.stand_in.expire()
        return 401, {"error_code": "UNAUTHENTICATED", "message": "Token is expired."}

    def _answer_hang(self, *_: Any) -> None:
        self.stand_in.closing.wait(HANG_S)
        self._answer_cut()

    def _answer_cut(self, *_: Any) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.connection.close()

    def _answer_refused(self, *_: Any) -> None:
        """From now on nobody listens."""
        self.stand_in.leave()
        self._answer_cut()

    def _answer_cut_answer(self, status: int, answer: Any) -> None:
        self._begin(status, answer)
        self.wfile.flush()
        self._answer_cut()

    def _answer_short(self, status: int, answer: Any) -> None:
        """As if all had been sent."""
        self._begin(status, answer)
        self.close_connection = True

    def _begin(self, status: int, answer: Any) -> None:
        """The head of an answer, and half of its body."""
        body = json.dumps({"padding": " " * 100} if answer is None else answer).encode()
        self._head(status, "application/json", len(body) + 1)
        self.wfile.write(body[: len(body) // 2])

    def _answer_empty(self, *_: Any) -> None:
        self._send(200, b"")

    def _answer_garbled(self, *_: Any) -> None:
        self._send(200, b'{"job_id": 12')

    def _answer_shape(self, *_: Any) -> None:
        self._send(200, ["ok"])

    def _answer_page(self, *_: Any) -> None:
        self._send(200, self._page("Sign in to the network"))

    def _answer_type(self, status: int, answer: Any) -> None:
        self._send(status, answer, {"Content-Type": "text/html"})

    def _answer_redirect(self, *_: Any) -> None:
        self._send(302, b"", {"Location": f"{self.stand_in.url}{LOGIN}"})

    def _answer_moved(self, *_: Any) -> None:
        self._send(308, b"", {"Location": f"{self.stand_in.url}{self.path}"})

    def _page(self, title: str) -> bytes:
        return f"<html><head><title>{title}</title></head><body></body></html>".encode()

    def _send_refusal(self, fault: Fault) -> None:
        """An answer of the service, of a gateway, or of whatever gave up on the request."""
        assert isinstance(fault.how, int)
        code, words = WORDS.get(fault.how, ("INTERNAL_ERROR", "Out of order."))
        if fault.code:
            code, words = fault.code, SAID[fault.code]
        extra = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
        answer: Any = {"error_code": code, "message": words}
        if fault.how in GATEWAYS:
            answer = self._page(f"{fault.how} {http.HTTPStatus(fault.how).phrase}")
        elif fault.how == 408:
            answer = b"The request took too long.\n"
        self._send(fault.how, answer, extra)

    def _send(self, status: int, answer: Any, headers: dict[str, str] | None = None) -> None:
        raw = isinstance(answer, bytes)
        body = answer if raw else json.dumps({} if answer is None else answer).encode()
        kind = "application/octet-stream" if raw else "application/json"
        kind = "text/html" if body.startswith(b"<html") else kind
        self._head(status, kind, len(body), headers)
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(
        self, status: int, kind: str, size: int, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(size))
        self.end_headers()

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The time by the workspace's clock."""
        return super().date_time_string(timestamp or self.stand_in.clock_ms() / 1000)
