"""A harmless try of Kafka: a broker answers, takes the login, and knows the topics.

Four requests of the protocol, in their oldest forms that brokers still take. Nothing is produced,
no topic is made, and no group's offsets are moved.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import socket
import ssl
import struct
from collections.abc import Sequence
from typing import NamedTuple

from .probes import TIMEOUT_S, ConnectionRefused, failed

VERSIONS, HANDSHAKE, AUTHENTICATE, METADATA = 18, 17, 36, 3
UNKNOWN_TOPIC, NOT_ALLOWED = 3, 29
LARGEST_ANSWER = 10_000_000
REFUSALS = {33: "this broker does not know the mechanism", 58: "the login was refused"}
SCRAM = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}


class Login(NamedTuple):
    """How to log in."""

    mechanism: str
    user: str
    password: str


class Brokers(NamedTuple):
    """Where brokers are, and how they are reached; cafile: whom to trust, default: the system's."""

    servers: str
    protocol: str
    cafile: str | None = None
    login: Login | None = None


def probe_kafka(brokers: Brokers, topics: Sequence[str]) -> str:
    """Try brokers until one answers. Raises ConnectionRefused with the reason."""
    failure: Exception | None = None
    for server in brokers.servers.split(","):
        host, _, port = server.rpartition("://")[2].rpartition(":")
        try:
            return _tried(brokers, host.strip("[]"), int(port), topics)
        except (OSError, struct.error, ValueError, IndexError) as error:
            failure = error
    assert failure is not None
    raise failed(brokers.servers, failure) from failure


def _tried(brokers: Brokers, host: str, port: int, topics: Sequence[str]) -> str:
    with socket.create_connection((host, port), TIMEOUT_S) as plain:
        channel: socket.socket = plain
        if brokers.protocol.endswith("SSL"):
            context = ssl.create_default_context(cafile=brokers.cafile)
            channel = context.wrap_socket(plain, server_hostname=host)
        _checked(host, _asked(channel, VERSIONS, 0, b""))
        if brokers.login is not None:
            _log_in(channel, host, brokers.login)
        answered = f"{host}:{port} is a broker that "
        answered += "answers" if brokers.login is None else "takes the login"
        found = _topics(_asked(channel, METADATA, 4, _named(topics)))
    return answered + _said(found)


def _log_in(channel: socket.socket, host: str, login: Login) -> None:
    _checked(host, _asked(channel, HANDSHAKE, 1, _text(login.mechanism)))
    digest = SCRAM.get(login.mechanism)
    if digest is None:
        _authenticated(channel, host, f"\0{login.user}\0{login.password}".encode())
        return
    user = login.user.replace("=", "=3D").replace(",", "=2C")
    first = f"n={user},r={secrets.token_urlsafe(18)}"
    answer = _authenticated(channel, host, f"n,,{first}".encode()).decode()
    last, signature = scram_proof(digest, login.password, first, answer)
    final = _authenticated(channel, host, last.encode()).decode()
    if not hmac.compare_digest(final, f"v={signature}"):
        raise ConnectionRefused(f"{host} does not know the password itself.", got="SCRAM")


def scram_proof(digest: str, password: str, first: str, answer: str) -> tuple[str, str]:
    """The client's last message and the server's signature, as RFC 5802 has them.

    first: the client's first message, bare; answer: the server's first. Raises ValueError.
    """
    parts = dict(part.split("=", 1) for part in answer.split(","))
    if not {"r", "s", "i"} <= parts.keys() or not parts["r"].startswith(first.split("r=")[1]):
        raise ValueError("the broker's answer to the login is none")
    rounds = min(int(parts["i"]), 1_000_000)
    salted = hashlib.pbkdf2_hmac(digest, password.encode(), base64.b64decode(parts["s"]), rounds)
    key = hmac.digest(salted, b"Client Key", digest)
    last = f"c=biws,r={parts['r']}"
    message = f"{first},{answer},{last}".encode()
    signed = hmac.digest(hashlib.new(digest, key).digest(), message, digest)
    proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signed, strict=True))).decode()
    server = hmac.digest(hmac.digest(salted, b"Server Key", digest), message, digest)
    return f"{last},p={proof}", base64.b64encode(server).decode()


def _authenticated(channel: socket.socket, host: str, token: bytes) -> bytes:
    answer = _asked(channel, AUTHENTICATE, 0, struct.pack(">i", len(token)) + token)
    _checked(host, answer)
    reader = _Reader(answer[2:])
    reader.text()
    return reader.taken(reader.number(4))


def _topics(answer: bytes) -> dict[str, tuple[int, int]]:
    """Each topic's error and number of partitions, of an answer about metadata."""
    reader = _Reader(answer)
    reader.number(4)
    for _ in range(reader.number(4)):
        reader.number(4)
        reader.text()
        reader.number(4)
        reader.text()
    reader.text()
    reader.number(4)
    found = {}
    for _ in range(reader.number(4)):
        error, name = reader.number(2), reader.text()
        reader.number(1)
        partitions = reader.number(4)
        for _ in range(partitions):
            reader.taken(10)
            for _ in ("replicas", "in sync"):
                reader.taken(4 * reader.number(4))
        found[name] = error, partitions
    return found


def _said(found: dict[str, tuple[int, int]]) -> str:
    """What there is of the topics. Raises ConnectionRefused where one is not there."""
    for name, (error, _) in found.items():
        if error == UNKNOWN_TOPIC:
            raise ConnectionRefused(
                f"There is no topic `{name}`.",
                code="TOPIC_NOT_FOUND",
                where={"topic": name},
                got=name,
                hint="Brokers answer and let us in: make the topic, or name another.",
            )
        if error:
            why = "is not for this login" if error == NOT_ALLOWED else "cannot be asked about"
            raise ConnectionRefused(f"Topic `{name}` {why} (Kafka error {error}).", got=error)
    told = [f"`{n}` has {c} partition{'s' if c > 1 else ''}" for n, (_, c) in found.items()]
    return f"; topic {', '.join(told)}" if told else ""


def _named(topics: Sequence[str]) -> bytes:
    """Topics to ask about, none of which is to be made."""
    return struct.pack(">i", len(topics)) + b"".join(map(_text, topics)) + b"\0"


class _Reader:
    """Fields of an answer, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def taken(self, size: int) -> bytes:
        part = self._data[self._at : self._at + size]
        if len(part) != size or size < 0:
            raise ValueError("the answer ends too early")
        self._at += size
        return part

    def number(self, size: int) -> int:
        return int.from_bytes(self.taken(size), "big", signed=True)

    def text(self) -> str:
        return self.taken(max(self.number(2), 0)).decode()


def _asked(channel: socket.socket, api: int, version: int, body: bytes) -> bytes:
    """One request with header version 1; the answer behind its correlation id."""
    head = struct.pack(">hhi", api, version, 1) + _text("lakestream")
    channel.sendall(struct.pack(">i", len(head + body)) + head + body)
    (size,) = struct.unpack(">i", _received(channel, 4))
    if not 6 <= size <= LARGEST_ANSWER:
        raise OSError("this is no Kafka broker")
    return _received(channel, size)[4:]


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">h", len(data)) + data


def _received(channel: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = channel.recv(size - len(data))
        if not part:
            raise OSError("the broker has closed the connection")
        data += part
    return data


def _checked(host: str, answer: bytes) -> None:
    (code,) = struct.unpack(">h", answer[:2])
    if code:
        said = REFUSALS.get(code, "the broker refused")
        raise ConnectionRefused(f"{host}: {said} (Kafka error {code}).", got=code)
