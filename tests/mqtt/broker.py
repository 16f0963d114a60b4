"""A broker of MQTT 3.1.1 for one subscriber: persistent session, login, quality of service 1."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests import witness

USER, PASSWORD = "reader", "of the broker"


class Broker:
    """Delivers messages until they are acknowledged; a new connection gets the others again."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.address = f"127.0.0.1:{listener.getsockname()[1]}"
        self.waiting: dict[int, tuple[str, bytes]] = {}
        self.lock = threading.Lock()
        self.connection: socket.socket | None = None
        self.subscribed: list[str] = []
        self.sessions: list[bool] = []
        self.last = 0

    def publish(self, topic: str, payload: bytes) -> None:
        """Keep a message, and send it to whoever is subscribed."""
        with self.lock:
            self.last += 1
            self.waiting[self.last] = (topic, payload)
            if self.connection is not None and self.subscribed:
                self._deliver(self.last, again=False)

    def serve(self) -> None:
        """One connection after the other."""
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _deliver(self, number: int, again: bool) -> None:
        topic, payload = self.waiting[number]
        name = topic.encode()
        body = struct.pack(">H", len(name)) + name + struct.pack(">H", number) + payload
        assert self.connection is not None
        try:
            self.connection.sendall(packet(0x32 | (8 if again else 0), body))
        except OSError:
            self.connection = None  # kept for the next connection

    def _talk(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            while head := stream.read(1):
                size, shift = 0, 0
                while True:
                    byte = stream.read(1)[0]
                    size |= (byte & 127) << shift
                    shift += 7
                    if byte < 128:
                        break
                self._answer(connection, head[0] >> 4, stream.read(size))

    def _answer(self, connection: socket.socket, kind: int, body: bytes) -> None:
        if kind == 1:
            self.sessions.append(not body[7] & 2)
            strings = texts(body[10:])
            good = [PASSWORD.encode(), USER.encode()] == strings[:-3:-1]
            connection.sendall(packet(0x20, bytes([0, 0 if good else 5])))
        elif kind == 8:
            (size,) = struct.unpack(">H", body[2:4])
            with self.lock:
                self.connection = connection
                self.subscribed.append(body[4 : 4 + size].decode())
                connection.sendall(packet(0x90, body[:2] + b"\x01"))
                for number in list(self.waiting):
                    if self.connection is connection:
                        self._deliver(number, again=True)
        elif kind == 4:
            with self.lock:
                self.waiting.pop(struct.unpack(">H", body)[0], None)
        elif kind == 12:
            connection.sendall(packet(0xD0, b""))


def packet(head: int, body: bytes) -> bytes:
    """A packet with its length in front."""
    size, length = len(body), bytearray()
    while True:
        size, low = divmod(size, 128)
        length.append(low | (128 if size else 0))
        if not size:
            return bytes([head, *length]) + body


def texts(body: bytes) -> list[bytes]:
    """Strings behind their lengths."""
    found = []
    while body:
        (size,) = struct.unpack(">H", body[:2])
        found.append(body[2 : 2 + size])
        body = body[2 + size :]
    return found


@contextmanager
def broker() -> Iterator[Broker]:
    """A running broker."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Broker(listener)
        thread = threading.Thread(target=made.serve, daemon=True)
        thread.start()
        with witness.serving("mqtt", made.address.partition(":")[2]):
            yield made
