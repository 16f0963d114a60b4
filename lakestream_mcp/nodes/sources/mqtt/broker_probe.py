"""A harmless try of an MQTT broker: it answers and takes the login.

The session that is opened is another than the source's, and ends at once: nobody is put out and no
message is taken.
"""

from __future__ import annotations

import secrets
import socket
import ssl
import struct

from ...probes import TIMEOUT_S, ConnectionRefused, failed

REFUSALS = {
    2: "the broker takes no client of this name",
    3: "the broker is not available",
    4: "the login was refused",
    5: "the broker lets nobody in without a login that it knows",
}


def probe_mqtt(host: str, port: int, tls: bool, login: tuple[str, str] | None) -> str:
    """Connect, by version 3.1.1, and leave. Raises ConnectionRefused with the reason."""
    try:
        with socket.create_connection((host, port), TIMEOUT_S) as plain:
            channel: socket.socket = plain
            if tls:
                context = ssl.create_default_context()
                channel = context.wrap_socket(plain, server_hostname=host)
            channel.sendall(_connect(login))
            answer = b""
            while len(answer) < 4 and (part := channel.recv(4 - len(answer))):
                answer += part
            if len(answer) < 4 or answer[:2] != b"\x20\x02":
                raise OSError("this is no MQTT broker")
            channel.sendall(b"\xe0\x00")
    except OSError as error:
        raise failed(f"{host}:{port}", error) from error
    if answer[3]:
        said = REFUSALS.get(answer[3], "the broker refused")
        raise ConnectionRefused(f"{host}: {said} (MQTT code {answer[3]}).", got=answer[3])
    return f"{host}:{port} is a broker that {'answers' if login is None else 'takes the login'}"


def _connect(login: tuple[str, str] | None) -> bytes:
    flags = 0x02 if login is None else 0xC2
    body = _text("MQTT") + bytes([4, flags]) + struct.pack(">H", 10)
    body += b"".join(map(_text, (f"lakestream-{secrets.token_hex(6)}", *(login or ()))))
    size, length = len(body), b""
    while True:
        size, digit = divmod(size, 128)
        length += bytes([digit | (0x80 if size else 0)])
        if not size:
            return b"\x10" + length + body


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">H", len(data)) + data
