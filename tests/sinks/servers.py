"""Real servers on this machine that answer as they are told: by HTTP and by SMTP."""

from __future__ import annotations

import json
import socketserver
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from tests import witness


class Answer(NamedTuple):
    """What a server does with a request: a status with headers, after a while; or it hangs up."""

    status: int = 200
    headers: Mapping[str, str] = {}
    delay_s: float = 0.0
    hang_up: bool = False
    body: str = "ok"


class Request(NamedTuple):
    """What came."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    connection: int
    answer: Answer


class HttpServer(ThreadingHTTPServer):
    """Answers requests below a path by a script, then with 200; keeps what came."""

    daemon_threads = True

    def __init__(self, script: Sequence[Answer], under: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.under = under
        self.script = list(script)
        self.requests: list[Request] = []
        self.connections = 0
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?to=ops"

    def taken(self) -> list[Any]:
        """Bodies that were answered with success."""
        return [r.body for r in self.requests if r.answer.status < 300 and not r.answer.hang_up]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: HttpServer

    def setup(self) -> None:
        super().setup()
        with self.server.lock:
            self.server.connections += 1
            self.number = self.server.connections

    def handle_any(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "null")
        with self.server.lock:
            told = self.server.script and self.path.startswith(self.server.under)
            answer = self.server.script.pop(0) if told else Answer(body="{}")
            self.server.requests.append(
                Request(
                    self.command, self.path, dict(self.headers.items()), body, self.number, answer
                )
            )
        time.sleep(answer.delay_s)
        if answer.hang_up:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        body = answer.body.encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_GET = handle_any

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def http_server(*script: Answer, under: str = "/") -> Iterator[HttpServer]:
    """A running server."""
    with HttpServer(script, under) as server, witness.serving("http", server.url):
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()


class SmtpServer(socketserver.ThreadingTCPServer):
    """Takes mail without encryption; refuses by a script of answers to DATA, then takes it."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, script: Sequence[str]) -> None:
        super().__init__(("127.0.0.1", 0), _SmtpHandler)
        self.script = list(script)
        self.mails: list[str] = []
        self.logins: list[str] = []
        self.connections = 0

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _SmtpHandler(socketserver.StreamRequestHandler):
    server: SmtpServer

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self) -> None:
        self.server.connections += 1
        self.say("220 here")
        for raw in self.rfile:
            word, _, rest = raw.decode().strip().partition(" ")
            command = word.upper()
            if command == "EHLO":
                self.say("250-here")
                self.say("250 AUTH PLAIN")
            elif command == "AUTH":
                self.server.logins.append(rest)
                self.say("235 welcome")
            elif command == "QUIT":
                self.say("221 bye")
                return
            elif command == "DATA":
                if not self.data():
                    return
            else:
                self.say("250 yes")

    def data(self) -> bool:
        """Take a mail, or answer as the script says; whether the connection goes on."""
        self.say("354 go on")
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line.decode())
        answer = self.server.script.pop(0) if self.server.script else "250 taken"
        if answer == "hang up":
            return False
        if answer.startswith("2"):
            self.server.mails.append("".join(lines))
        self.say(answer)
        return True


@contextmanager
def smtp_server(*script: str) -> Iterator[SmtpServer]:
    """A running server."""
    with SmtpServer(script) as server, witness.serving("smtp", str(server.port)):
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
