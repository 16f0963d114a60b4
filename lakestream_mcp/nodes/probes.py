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
import ssl
import urllib.parse
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from typing import Any

from ..errors import LakestreamError, NotFound
from .fields import SecretRef

TIMEOUT_S = 10.0
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


def connection_to(url: str) -> http.client.HTTPConnection:
    """A connection to the server of an address, not made yet; its certificate is checked."""
    parts = urllib.parse.urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https":
        return http.client.HTTPConnection(host, parts.port, timeout=TIMEOUT_S)
    checked = ssl.create_default_context()
    return http.client.HTTPSConnection(host, parts.port, timeout=TIMEOUT_S, context=checked)


def probe_http(
    url: str, method: str = "", headers: Mapping[str, str] | None = None, body: Any = None
) -> str:
    """Reach a server; with a method, one request, which must succeed."""
    parts = urllib.parse.urlsplit(url)
    connection = connection_to(url)
    host, secure = connection.host, parts.scheme == "https"
    try:
        connection.connect()
        if not method:
            return f"{host} answers" + (" with a valid certificate" if secure else "")
        target = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
        sent = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
        connection.request(method, target, body and json.dumps(body).encode(), sent)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise failed(host, error) from error
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
        raise failed(host, error) from error
    login = "takes the login" if user is not None else "answers"
    return f"{host} {login}" + (", and took a mail" if mail is not None else "")


def probe_postgres(arguments: Mapping[str, Any]) -> str:
    """Log in to a database and select 1."""
    import psycopg

    try:
        with psycopg.connect(**arguments, connect_timeout=int(TIMEOUT_S)) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error as error:
        raise failed(arguments["host"], error) from error
    return f"{arguments['host']} takes the login to {arguments['dbname']}"


def failed(host: str, error: Exception) -> ConnectionRefused:
    """The verdict where nobody answered as they should."""
    said = (str(error) or type(error).__name__).splitlines()[0][:300]
    return ConnectionRefused(f"{host} cannot be reached: {said}", got=type(error).__name__)
