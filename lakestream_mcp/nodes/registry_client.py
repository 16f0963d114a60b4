"""What a schema registry has for a topic's values, asked once for whoever writes a pipeline."""

from __future__ import annotations

import base64
import http.client
import json
import urllib.parse
from typing import Any, NamedTuple

from ..errors import Unsupported
from ..graph.model import Column
from .avro import avro_columns
from .fields import secret_ref
from .probes import ConnectionRefused, SecretReader, authorization, connection_to, failed
from .protobuf import protobuf_columns
from .registry import subject_of

LARGEST_ANSWER = 5_000_000
_PROTOBUF = "PROTOBUF"


class Registered(NamedTuple):
    """The newest schema of a subject, as columns."""

    subject: str
    version: int
    kind: str
    columns: tuple[Column, ...]


def newest(config: Any, secret: SecretReader) -> Registered:
    """The newest schema of a node's subject. Raises ConnectionRefused, InvalidArgument, …"""
    topics = [*(getattr(config, "topics", None) or []), getattr(config, "topic", None)]
    subject = subject_of(config, topics[0])
    protobuf = config.format == "protobuf"
    place = f"/subjects/{urllib.parse.quote(subject, safe='')}/versions/latest"
    place += "?format=serialized" if protobuf else ""
    found = _asked(config, subject, place, secret)
    schema, kind = str(found.get("schema", "")), str(found.get("schemaType", "AVRO"))
    if protobuf != (kind == _PROTOBUF) and "schemaType" in found:
        raise ConnectionRefused(
            f"The schema of `{subject}` is {kind}, and `format` says {config.format}.",
            code="INVALID_SCHEMA",
            where={"field": "format"},
            got=config.format,
            expected=kind.lower(),
        )
    if found.get("references"):
        raise Unsupported(
            f"The schema of `{subject}` refers to others, which are not read here.",
            where={"field": "schema_registry_subject"},
            expected="`columns`",
        )
    columns = _protobuf(schema, config.message) if protobuf else avro_columns(schema)
    version = found.get("version")
    number = version if isinstance(version, int) else 0
    return Registered(subject, number, "Protobuf" if protobuf else "Avro", columns)


def _asked(config: Any, subject: str, place: str, secret: SecretReader) -> dict[str, Any]:
    """An object that the registry answers with; redirects are not followed."""
    login = {}
    if config.schema_registry_password is not None:
        password = secret(secret_ref(config.schema_registry_password))
        login = {"user": config.schema_registry_username or "", "password": password}
    connection = connection_to(config.schema_registry_url)
    host, path = connection.host, urllib.parse.urlsplit(config.schema_registry_url).path
    try:
        accepted = {"Accept": "application/vnd.schemaregistry.v1+json, application/json"}
        connection.request("GET", path + place, headers=accepted | authorization(login))
        answer = connection.getresponse()
        body = answer.read(LARGEST_ANSWER)
    except (OSError, http.client.HTTPException) as error:
        raise failed(host, error) from error
    finally:
        connection.close()
    return _object(host, subject, answer.status, body)


def _object(host: str, subject: str, status: int, body: bytes) -> dict[str, Any]:
    if status == 404:
        raise ConnectionRefused(
            f"The registry knows no subject `{subject}`.",
            where={"field": "schema_registry_subject"},
            got=subject,
            hint="`schema_registry_subject` names another than the topic's.",
        )
    if status != 200:
        raise ConnectionRefused(f"{host} answered with status {status}.", got=status)
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ConnectionRefused(f"{host} is no schema registry: it does not answer with JSON.")
    return found


def _protobuf(schema: str, message: str | None) -> tuple[Column, ...]:
    """The columns of a file's message; without a name, of its first."""
    from google.protobuf import descriptor_pb2, timestamp_pb2, wrappers_pb2

    known = {f.name: f for f in (timestamp_pb2.DESCRIPTOR, wrappers_pb2.DESCRIPTOR)}
    try:
        file = descriptor_pb2.FileDescriptorProto.FromString(base64.b64decode(schema))
        needed = [known[name] for name in file.dependency]
    except (KeyError, ValueError, TypeError) as error:
        raise Unsupported(f"The registry's Protobuf schema cannot be read: {error}"[:300]) from None
    files = descriptor_pb2.FileDescriptorSet()
    for each in needed:
        each.CopyToProto(files.file.add())
    files.file.append(file)
    if message is None and file.message_type:
        message = f"{file.package}.{file.message_type[0].name}".strip(".")
    return protobuf_columns(base64.b64encode(files.SerializeToString()).decode(), message)
