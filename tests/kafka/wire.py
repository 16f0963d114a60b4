"""Messages as producers write them: bytes of Avro and Protobuf, and a registry of their schemas."""

from __future__ import annotations

import base64
import datetime as dt
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
LOGIN = "Basic " + base64.b64encode(b"reader:of the registry").decode()


def micros(at: str) -> int:
    """Microseconds since 1970 of an ISO time."""
    return (dt.datetime.fromisoformat(at) - EPOCH) // dt.timedelta(microseconds=1)


def avro_long(number: int) -> bytes:
    """A whole number in Avro's zigzag form."""
    left = number * 2 if number >= 0 else -number * 2 - 1
    found = bytearray()
    while left > 127:
        found.append(left & 127 | 128)
        left >>= 7
    return bytes([*found, left])


def avro_bytes(value: bytes) -> bytes:
    """Bytes or text, behind their length."""
    return avro_long(len(value)) + value


def descriptor_set(
    proto: descriptor_pb2.FileDescriptorProto, *needed: descriptor_pb2.FileDescriptorProto
) -> str:
    """A file as a descriptor set in base64, with those that it imports."""
    files = descriptor_pb2.FileDescriptorSet(file=[*needed, proto])
    return base64.b64encode(files.SerializeToString()).decode()


def message(proto: descriptor_pb2.FileDescriptorProto, name: str, **fields: Any) -> bytes:
    """A message of a file, as bytes."""
    pool = descriptor_pool.DescriptorPool()
    pool.Add(proto)
    kind = message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
    return bytes(kind(**fields).SerializeToString())


@contextmanager
def registry(subjects: Mapping[str, list[dict[str, Any]]]) -> Iterator[str]:
    """The address of a schema registry with versions by subject; it asks for a login.

    A schema that is posted to a subject becomes one of its versions, if it is not one.
    """

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = self.path.partition("?")[0].strip("/").split("/")
            versions = subjects.get(parts[1], [])
            found: Any = [i for i, _ in enumerate(versions, 1)]
            if len(parts) == 4 and versions:
                found = versions[-1 if parts[3] == "latest" else int(parts[3]) - 1]
            allowed = self.headers.get("Authorization") == LOGIN
            self.send_response(200 if allowed and versions else 404 if allowed else 401)
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            right = self.headers["Content-Type"] == "application/vnd.schemaregistry.v1+json"
            allowed = self.headers.get("Authorization") == LOGIN
            versions = subjects[self.path.strip("/").split("/")[1]]
            if allowed and right and body["schema"] not in [v["schema"] for v in versions]:
                number = 1 + sum(map(len, subjects.values()))
                versions.append({"id": number, "schema": body["schema"]})
            found = [{"id": v["id"]} for v in versions if v["schema"] == body["schema"]]
            self.send_response(200 if found and allowed else 401)
            self.end_headers()
            self.wfile.write(json.dumps(found[-1] if found else {}).encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
