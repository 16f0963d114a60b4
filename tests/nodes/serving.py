"""A stand-in for a workspace's serving endpoints: good, slow, busy, broken and wrong ones."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests import witness

TOKEN = "t0ken"
SLOW_S = 2.5


class Serving:
    """What came in, and how many requests were answered at a time."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.requests: dict[str, list[list[dict[str, Any]]]] = {}
        self.at_once: Counter[str] = Counter()
        self.most_at_once: Counter[str] = Counter()
        self.url = ""

    def answer(self, endpoint: str, rows: list[dict[str, Any]]) -> tuple[int, Any]:
        """Status and body."""
        with self.lock:
            self.requests.setdefault(endpoint, []).append(rows)
            number = len(self.requests[endpoint])
        right = [None if row["amount"] is None else row["amount"] * 2 for row in rows]
        made: dict[str, tuple[int, Any]] = {
            "busy": (429, {"message": "too many"})
            if number <= 2
            else (200, {"predictions": right}),
            "broken": (500, {"message": "no"}),
            "refusing": (400, {"message": "no such column"}),
            "short": (200, {"predictions": right[1:]}),
            "wrong": (200, {"predictions": ["x" if n % 2 else v for n, v in enumerate(right)]}),
            "empty": (200, {"outputs": right}),
            "garbage": (200, "<html>"),
            "named": (
                200,
                {
                    "predictions": [
                        {"score": v, "at": row["at"]} for v, row in zip(right, rows, strict=True)
                    ]
                },
            ),
        }
        return made.get(endpoint, (200, {"predictions": right}))

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """The server's side of a connection."""
        serving = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                endpoint = self.path.split("/")[2]
                with serving.lock:
                    serving.at_once[endpoint] += 1
                    now = serving.at_once[endpoint]
                    serving.most_at_once[endpoint] = max(serving.most_at_once[endpoint], now)
                time.sleep(SLOW_S if endpoint == "slow" else 0.05)
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with serving.lock:
                    serving.at_once[endpoint] -= 1
                status, said = 401, {"message": "who are you"}
                if self.headers["Authorization"] == f"Bearer {TOKEN}":
                    status, said = serving.answer(endpoint, json.loads(body)["dataframe_records"])
                data = (said if isinstance(said, str) else json.dumps(said)).encode()
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)
                except OSError:
                    pass  # whoever asked has gone

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler


@contextmanager
def serving() -> Iterator[Serving]:
    """A running workspace."""
    made = Serving()
    server = ThreadingHTTPServer(("127.0.0.1", 0), made.handler())
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    try:
        with witness.serving("endpoints", made.url, "ml-model-endpoint"):
            yield made
    finally:
        server.shutdown()
        server.server_close()
