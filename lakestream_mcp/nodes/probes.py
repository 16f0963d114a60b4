"""Harmless tries of what a node connects to: reached, logged in, and no more unless asked.

Only the hosts that a configuration names are contacted, redirects are not followed, and nothing of
an answer is shown but its status: a probe is no way to read what stands behind a firewall.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import smtplib
import socket
import ssl
import struct
import urllib.parse
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from typing import Any

from ..errors import LakestreamError, NotFound
from .fields import SecretRef

TIMEOUT_S = 10.0
KAFKA_ERRORS = {33: "this broker does not know the mechanism", 58: "the login was refused"}
SecretReader = Callable[[SecretRef], str]


class ConnectionRefused(LakestreamError):
    """A server that could not be reached, or did not let us in."""

    code = "CONNECTION_FAILED"


def environment_secret(ref: SecretRef) -> str:
    """A secret as the local platform reads it: the environment variable SCOPE_KEY."""
    name = re.sub(r"\W", "_", f"{ref.scope}_{ref.key}").upper()
    if name not in os.environ:
        raise NotFound(
            f"The secret {ref.scope}/{ref.key} is not known to this server.",
            code="SECRET_NOT_FOUND",
            got=f"secret://{ref.scope}/{ref.key}",
            expected=f"the environment variable {name}",
            hint="Set it where the server runs; on Databricks the code reads the secret scope.",
        )
    return os.environ[name]


def revealed(given: Mapping[str, Any], secret: SecretReader) -> dict[str, Any]:
    """Arguments with their secrets read."""
    return {
        name: revealed(value, secret)
        if isinstance(value, dict)
        else secret(value)
        if isinstance(value, SecretRef)
        else value
        for name, value in given.items()
    }


def authorization(login: Mapping[str, str]) -> dict[str, str]:
    """The header of a login: a token, or user and password."""
    if "token" in login:
        return {"Authorization": f"Bearer {login['token']}"}
    if not login:
        return {}
    pair = f"{login['user']}:{login['password']}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def probe_http(
    url: str, method: str = "", headers: Mapping[str, str] | None = None, body: Any = None
) -> str:
    """Reach a server; with a method, one request, which must succeed."""
    parts = urllib.parse.urlsplit(url)
    host = parts.hostname or ""
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    more: dict[str, Any] = {"context": ssl.create_default_context()} if secure else {}
    connection = kind(host, parts.port, timeout=TIMEOUT_S, **more)
    try:
        connection.connect()
        if not method:
            return f"{host} answers" + (" with a valid certificate" if secure else "")
        target = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
        sent = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
        connection.request(method, target, body and json.dumps(body).encode(), sent)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise _failed(host, error) from error
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise ConnectionRefused(f"{host} answered with status {status}.", got=status)
    return f"{host} took it with status {status}"


def probe_smtp(
    host: str,
    port: int,
    security: str,
    user: str | None,
    password: str | None,
    mail: EmailMessage | None = None,
) -> str:
    """Log in to a mail server and do nothing; or send one mail."""
    context = ssl.create_default_context()
    try:
        if security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_S, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=TIMEOUT_S)
        with server:
            if security == "starttls":
                server.starttls(context=context)
            if user is not None and password is not None:
                server.login(user, password)
            server.noop()
            if mail is not None:
                server.send_message(mail)
    except smtplib.SMTPResponseException as error:
        raise ConnectionRefused(
            f"{host} refused with code {error.smtp_code}.", got=error.smtp_code
        ) from error
    except (OSError, smtplib.SMTPException) as error:
        raise _failed(host, error) from error
    login = "takes the login" if user is not None else "answers"
    return f"{host} {login}" + (", and took a mail" if mail is not None else "")


def probe_postgres(arguments: Mapping[str, Any]) -> str:
    """Log in to a database and select 1."""
    import psycopg

    try:
        with psycopg.connect(**arguments, connect_timeout=int(TIMEOUT_S)) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error as error:
        raise _failed(arguments["host"], error) from error
    return f"{arguments['host']} takes the login to {arguments['dbname']}"


def probe_kafka(servers: str, protocol: str, cafile: str | None, login: Any = None) -> str:
    """Ask brokers which versions of the protocol they speak, until one answers.

    login: mechanism, user and password; only PLAIN is tried.
    """
    failure: Exception | None = None
    for server in servers.split(","):
        host, _, port = server.rpartition("://")[2].rpartition(":")
        try:
            return _kafka_answers(host.strip("[]"), int(port), protocol, cafile, login)
        except (OSError, struct.error) as error:
            failure = error
    assert failure is not None
    raise _failed(servers, failure) from failure


def _kafka_answers(host: str, port: int, protocol: str, cafile: str | None, login: Any) -> str:
    with socket.create_connection((host, port), TIMEOUT_S) as plain:
        channel: socket.socket = plain
        if protocol.endswith("SSL"):
            context = ssl.create_default_context(cafile=cafile)
            channel = context.wrap_socket(plain, server_hostname=host)
        _check_kafka(host, _kafka_call(channel, 18, 0, b""))
        if login is None:
            return f"{host}:{port} is a broker that answers"
        mechanism, user, password = login
        _check_kafka(host, _kafka_call(channel, 17, 1, _kafka_text(mechanism)))
        if mechanism != "PLAIN":
            return f"{host}:{port} is a broker that knows {mechanism}; the login was not tried"
        token = f"\0{user}\0{password}".encode()
        _check_kafka(host, _kafka_call(channel, 36, 0, struct.pack(">i", len(token)) + token))
        return f"{host}:{port} is a broker that takes the login"


def _kafka_call(channel: socket.socket, api: int, version: int, body: bytes) -> bytes:
    """One request with header version 1; the answer behind its correlation id."""
    head = struct.pack(">hhi", api, version, 1) + _kafka_text("lakestream")
    channel.sendall(struct.pack(">i", len(head + body)) + head + body)
    (size,) = struct.unpack(">i", _received(channel, 4))
    if not 6 <= size <= 1_000_000:
        raise OSError("this is no Kafka broker")
    return _received(channel, size)[4:]


def _kafka_text(text: str) -> bytes:
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


def _check_kafka(host: str, answer: bytes) -> None:
    (code,) = struct.unpack(">h", answer[:2])
    if code:
        said = KAFKA_ERRORS.get(code, "the broker refused")
        raise ConnectionRefused(f"{host}: {said} (Kafka error {code}).", got=code)


def _failed(host: str, error: Exception) -> ConnectionRefused:
    said = (str(error) or type(error).__name__).splitlines()[0][:300]
    return ConnectionRefused(f"{host} cannot be reached: {said}", got=type(error).__name__)
