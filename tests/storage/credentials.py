"""A workspace's two routes that mint database passwords, for roles whose passwords really expire.

PostgreSQL itself refuses what has expired. Sessions end too when they are older than a password
lives, so that new connections are needed all the time.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .cluster import Cluster

ROLE, DATABASE = "app", "app"
INSTANCE, ENDPOINT = "lake", "projects/lake/branches/main/endpoints/primary"
BEARER = "dapi-of-the-service-principal"


class Workspace:
    """Mints passwords of one role; a new one makes the one before invalid."""

    def __init__(self, cluster: Cluster, life_s: float) -> None:
        self.cluster = cluster
        self.life_s = life_s
        self.minted = 0
        self.refused = 0
        self.failing = False
        self.host = ""
        self._lock = threading.Lock()
        self._current: tuple[str, float] = ("", 0.0)

    @property
    def environment(self) -> dict[str, str]:
        """What a process is told in order to use it."""
        return {
            "DATABRICKS_HOST": self.host,
            "DATABRICKS_TOKEN": BEARER,
            "PGHOST": str(self.cluster.url.query["host"]),
            "PGUSER": ROLE,
            "PGDATABASE": DATABASE,
        }

    def credential(self) -> tuple[str, datetime]:
        """The role's password and when it expires; it is changed half-way through its life."""
        with self._lock:
            password, made_at = self._current
            now = time.time()
            if now - made_at > self.life_s / 2:
                password, made_at = secrets.token_hex(16), now
                until = datetime.fromtimestamp(made_at + self.life_s, UTC)
                self.cluster.run(
                    f"ALTER ROLE {ROLE} PASSWORD '{password}' VALID UNTIL '{until.isoformat()}'"
                )
                self._current = (password, made_at)
            self.minted += 1
            return password, datetime.fromtimestamp(made_at, UTC) + timedelta(seconds=self.life_s)

    def end_old_sessions(self) -> None:
        """End idle sessions of the role that are older than a password lives, and any that are
        much older: also amid a transaction."""
        old = f"backend_start < now() - interval '{self.life_s} s'"
        very_old = f"backend_start < now() - interval '{3 * self.life_s} s'"
        self.cluster.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE usename = '{ROLE}' AND ({very_old} OR (state = 'idle' AND {old}))"
        )


class _Handler(BaseHTTPRequestHandler):
    workspace: Workspace

    def do_GET(self) -> None:
        self._say(404, {"error_code": "NOT_FOUND", "message": "no such route"})

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["Authorization"] != f"Bearer {BEARER}":
            self.workspace.refused += 1
            self._say(403, {"error_code": "PERMISSION_DENIED", "message": "not this caller"})
        elif self.workspace.failing:
            self._say(400, {"error_code": "BAD_REQUEST", "message": "not today"})
        elif self.path == "/api/2.0/database/credentials":
            assert sent["instance_names"] == [INSTANCE] and sent["request_id"]
            self._credential("expiration_time")
        elif self.path == "/api/2.0/postgres/credentials":
            assert sent == {"endpoint": ENDPOINT}
            self._credential("expire_time")
        else:
            self._say(404, {"error_code": "NOT_FOUND", "message": self.path})

    def _credential(self, expiry: str) -> None:
        password, until = self.workspace.credential()
        self._say(200, {"token": password, expiry: until.isoformat().replace("+00:00", "Z")})

    def _say(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with suppress(ConnectionError):  # whoever asked was killed
            self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def require_passwords(cluster: Cluster) -> None:
    """Make the role and its database; whoever connects as it must show its password."""
    cluster.run(
        f"CREATE ROLE {ROLE} LOGIN",
        f"CREATE DATABASE {DATABASE} OWNER {ROLE}",
    )
    rules = cluster.folder / "pg_hba.conf"
    rules.write_text(f"local all {ROLE} scram-sha-256\n{rules.read_text()}")
    cluster.run("SELECT pg_reload_conf()")


@contextmanager
def minting(cluster: Cluster, life_s: float = 2.0) -> Iterator[Workspace]:
    """The workspace as a real HTTP server; it ends old sessions as long as it runs."""
    require_passwords(cluster)
    workspace = Workspace(cluster, life_s)
    handler = type("Handler", (_Handler,), {"workspace": workspace})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    workspace.host = f"http://127.0.0.1:{server.server_port}"
    closed = threading.Event()

    def end_sessions() -> None:
        while not closed.wait(0.5):
            with suppress(Exception):  # the database may be down just now
                workspace.end_old_sessions()

    threads = [
        threading.Thread(target=run, daemon=True) for run in (server.serve_forever, end_sessions)
    ]
    for thread in threads:
        thread.start()
    try:
        yield workspace
    finally:
        closed.set()
        server.shutdown()
        server.server_close()
        for thread in threads:
            thread.join(5)
