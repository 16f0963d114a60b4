"""A connection to PostgreSQL through a socket that is cut around the next COMMIT."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from sqlalchemy.engine import URL

Cut = Literal["before", "after"]
"""Before the server has got the COMMIT; after it has answered, but before the client hears it."""
SOCKET = ".s.PGSQL.5432"
COMMIT = re.compile(rb"COMMIT(?!TED)")


class CuttingProxy:
    """Passes bytes between clients and the server."""

    def __init__(self, folder: Path, server: Path) -> None:
        self.cut: Cut | None = None
        self.cuts = 0
        self._server = str(server / SOCKET)
        self._listener = socket.socket(socket.AF_UNIX)
        self._path = folder / SOCKET
        self._listener.bind(str(self._path))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Let no new connection in; those that exist go on."""
        self._path.unlink(missing_ok=True)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """One connection: what the client says is looked at, answers are passed on."""
        server = socket.socket(socket.AF_UNIX)
        server.connect(self._server)
        muted = threading.Event()
        answers = threading.Thread(target=self._answer, args=(server, client, muted), daemon=True)
        answers.start()
        with suppress(OSError):
            while asked := client.recv(65536):
                if self.cut is not None and COMMIT.search(asked):
                    how, self.cut = self.cut, None
                    self.cuts += 1
                    if how == "after":
                        muted.set()
                        server.sendall(asked)
                        answers.join(5)
                    break
                server.sendall(asked)
        for end in (server, client):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    @staticmethod
    def _answer(server: socket.socket, client: socket.socket, muted: threading.Event) -> None:
        with suppress(OSError):
            while said := server.recv(65536):
                if muted.is_set():
                    return
                client.sendall(said)


@contextmanager
def cutting(url: URL, folder: Path) -> Iterator[tuple[str, CuttingProxy]]:
    """The address of a database by way of a proxy, and the proxy."""
    proxy = CuttingProxy(folder, Path(str(url.query["host"])))
    through = url.set(query={"host": str(folder)})
    try:
        yield through.render_as_string(hide_password=False), proxy
    finally:
        proxy.close()
