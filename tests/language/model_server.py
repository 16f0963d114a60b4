"""A local HTTP server that speaks the protocols of Anthropic and of Databricks serving endpoints.

What it answers is a script: one step per question, the last one again and again.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

TOOL = "propose_changes"
ENDPOINTS = ("databricks-claude-sonnet-4-6", "databricks-claude-sonnet-4-5", "our-llama")
CUT = -1


class Answer(NamedTuple):
    """One answer: a status, or `CUT` for a connection that ends; the body after a while."""

    status: int = 200
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    after_s: float = 0.0


class Received(NamedTuple):
    """A question as it came in."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


Step = Callable[[str], Answer]
"""An answer in the protocol of a path."""


def says(given: Any, tool: str = TOOL, **other: Any) -> Step:
    """The tool called with this input; a text is sent as it is where the protocol has text."""

    def step(path: str) -> Answer:
        if path.endswith("/v1/messages"):
            content = [{"type": "tool_use", "id": "toolu_1", "name": tool, "input": given}]
            return Answer(body=_message(content, "tool_use") | other)
        text = given if isinstance(given, str) else json.dumps(given)
        calls = [{"id": "c", "type": "function", "function": {"name": tool, "arguments": text}}]
        return Answer(body=_chat({"tool_calls": calls}, "tool_calls") | other)

    return step


def talks(text: str) -> Step:
    """A model that calls no tool."""

    def step(path: str) -> Answer:
        if path.endswith("/v1/messages"):
            return Answer(body=_message([{"type": "text", "text": text}], "end_turn"))
        return Answer(body=_chat({"content": text}, "stop"))

    return step


def stops(why: str) -> Step:
    """A model that declines (`refusal`), or is cut off (`max_tokens`)."""

    def step(path: str) -> Answer:
        if path.endswith("/v1/messages"):
            return Answer(body=_message([], why))
        finish = {"refusal": "content_filter", "max_tokens": "length"}[why]
        return Answer(body=_chat({"content": ""}, finish))

    return step


def fails(status: int, after_s: float = 0.0, **headers: str) -> Step:
    """A service that answers with an error, or cuts the connection."""
    body = {"type": "error", "error": {"type": "api_error", "message": "no"}, "error_code": "NO"}
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return lambda path: Answer(status, body, named, after_s)


def raw(text: str) -> Step:
    """A body that may be no JSON at all."""
    return lambda path: Answer(body=text)


def late(step: Step, after_s: float) -> Step:
    """The same, later."""
    return lambda path: step(path)._replace(after_s=after_s)


def _message(content: list[dict[str, Any]], stop_reason: str) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-of-the-test",
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": {"input_tokens": 1000, "output_tokens": 200},
    }


def _chat(message: Mapping[str, Any], finish: str) -> dict[str, Any]:
    return {
        "id": "chat_1",
        "object": "chat.completion",
        "model": "llama-of-the-test",
        "choices": [
            {"index": 0, "message": {"role": "assistant"} | message, "finish_reason": finish}
        ],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200},
    }


class ModelServer:
    """The server, its script and what it was asked."""

    def __init__(self) -> None:
        self.script: Sequence[Step] = ()
        self.received: list[Received] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> ModelServer:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._send(Answer(body={"endpoints": [{"name": name} for name in ENDPOINTS]}))

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                headers = {k.lower(): v for k, v in self.headers.items()}
                server.received.append(Received(self.path, headers, body))
                at = min(len(server.received), len(server.script)) - 1
                self._send(server.script[at](self.path))

            def _send(self, answer: Answer) -> None:
                time.sleep(answer.after_s)
                text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
                data = text.encode()
                if answer.status == CUT:
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{")
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                for name, value in answer.headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler
