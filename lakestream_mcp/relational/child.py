"""The guarded process that runs Sail: started by file path, alone, with an empty environment.

It holds the Sail server and the only client of it. The parent sends statements over a socket
(a length, a JSON header, Arrow bytes) and gets rows or columns back; Arrow bytes pass through
unread. The protocol classes of Spark Connect are loaded without the client around them, which
would import pandas and cost a second. Imports of our own package are impossible here on purpose.
"""

import importlib.util
import json
import os
import socket
import struct
import sys
import threading
import time
import types
from pathlib import Path
from typing import Any

SESSION = "8b6a3c1e-7f52-4a0d-9b1c-1a5e57ea0000"
SETTINGS = {"spark.sql.session.timeZone": "UTC", "spark.sql.ansi.enabled": "true"}
# An idle session may be forgotten by the server, and its settings with it: send them again.
SETTINGS_TTL_S = 60
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]

SIMPLE_TYPES = {
    "null": "void",
    "binary": "binary",
    "boolean": "boolean",
    "byte": "tinyint",
    "short": "smallint",
    "integer": "int",
    "long": "bigint",
    "float": "float",
    "double": "double",
    "string": "string",
    "char": "string",
    "var_char": "string",
    "date": "date",
    "timestamp": "timestamp",
    "timestamp_ntz": "timestamp_ntz",
    "calendar_interval": "interval",
    "day_time_interval": "interval day to second",
    "year_month_interval": "interval year to month",
    "variant": "variant",
}


def field_name(name: str) -> str:
    """A struct field's name, back-quoted where DDL needs it."""
    plain = name.isascii() and name.replace("_", "a").isalnum() and not name[:1].isdigit()
    return name if plain else "`" + name.replace("`", "``") + "`"


def type_text(data_type: Any) -> str:
    """A Spark Connect data type as `DESCRIBE` prints it."""
    kind = data_type.WhichOneof("kind")
    if kind == "decimal":
        return f"decimal({data_type.decimal.precision},{data_type.decimal.scale})"
    if kind == "array":
        return f"array<{type_text(data_type.array.element_type)}>"
    if kind == "map":
        return f"map<{type_text(data_type.map.key_type)},{type_text(data_type.map.value_type)}>"
    if kind == "struct":
        fields = (f"{field_name(f.name)}:{type_text(f.data_type)}" for f in data_type.struct.fields)
        return f"struct<{','.join(fields)}>"
    return SIMPLE_TYPES.get(kind, str(kind))


class Sail:
    """The server and one session on it."""

    def __init__(self, protocol: Any, stub: Any, server: Any) -> None:
        self._server = server
        self._protocol = protocol
        self._stub = stub
        self._user = protocol.UserContext(user_id="lakestream")
        self._configured_at = 0.0

    def _configure(self) -> None:
        if time.monotonic() - self._configured_at > SETTINGS_TTL_S:
            request = self._protocol.ConfigRequest(session_id=SESSION, user_context=self._user)
            for key, value in SETTINGS.items():
                request.operation.set.pairs.add(key=key, value=value)
            self._stub.Config(request, timeout=10)
        self._configured_at = time.monotonic()

    def _relation(self, statement: dict[str, Any], blobs: list[bytes]) -> Any:
        """One plan: the SQL text and, under their names, the rows it reads. No views are left."""
        relation = self._protocol.Relation()
        relation.common.plan_id = 0
        if not statement["relations"]:
            relation.sql.query = statement["sql"]
            return relation
        relation.with_relations.root.common.plan_id = 1
        relation.with_relations.root.sql.query = statement["sql"]
        for index, given in enumerate(statement["relations"]):
            reference = relation.with_relations.references.add()
            reference.common.plan_id = 2 + 2 * index
            reference.subquery_alias.alias = given["name"]
            rows = reference.subquery_alias.input
            rows.common.plan_id = 3 + 2 * index
            if given["blob"] is None:
                rows.local_relation.schema = given["ddl"]
            else:
                rows.local_relation.data = blobs[given["blob"]]
        return relation

    def columns(self, statement: dict[str, Any], blobs: list[bytes]) -> list[list[str]]:
        """Names and types of what a statement gives."""
        request = self._protocol.AnalyzePlanRequest(session_id=SESSION, user_context=self._user)
        request.schema.plan.root.CopyFrom(self._relation(statement, blobs))
        answer = self._stub.AnalyzePlan(request, timeout=statement["timeout_s"])
        return [[f.name, type_text(f.data_type)] for f in answer.schema.schema.struct.fields]

    def rows(self, statement: dict[str, Any], blobs: list[bytes]) -> list[bytes]:
        """Arrow streams of what a statement gives."""
        request = self._protocol.ExecutePlanRequest(session_id=SESSION, user_context=self._user)
        request.plan.root.CopyFrom(self._relation(statement, blobs))
        answers = self._stub.ExecutePlan(request, timeout=statement["timeout_s"])
        return [a.arrow_batch.data for a in answers if a.HasField("arrow_batch")]

    def answer(
        self, statement: dict[str, Any], blobs: list[bytes]
    ) -> tuple[dict[str, Any], list[bytes]]:
        """Run one statement; an error is an answer."""
        import grpc  # type: ignore[import-untyped]

        try:
            self._configure()
            if statement["op"] == "columns":
                return {"columns": self.columns(statement, blobs)}, []
            streams = self.rows(statement, blobs)
            return {"streams": len(streams)}, streams
        except grpc.RpcError as error:
            return {"error": error.details(), "status": error.code().name}, []


def receive(link: socket.socket) -> tuple[dict[str, Any], list[bytes]] | None:
    """The next message, or None when the parent has gone."""
    with link.makefile("rb") as stream:
        prefix = stream.read(4)
        if len(prefix) < 4:
            return None
        header: dict[str, Any] = json.loads(stream.read(struct.unpack("<I", prefix)[0]))
        return header, [stream.read(length) for length in header["blobs"]]


def send(link: socket.socket, header: dict[str, Any], blobs: list[bytes]) -> None:
    """One message: length, header, Arrow bytes."""
    text = json.dumps({**header, "blobs": [len(blob) for blob in blobs]}).encode()
    link.sendall(b"".join([struct.pack("<I", len(text)), text, *blobs]))


def load_protocol() -> tuple[Any, Any]:
    """The Spark Connect messages and stub, without importing the client package around them."""
    spec = importlib.util.find_spec("pyspark")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("pyspark-client is not installed")
    root = Path(next(iter(spec.submodule_search_locations)))
    for name in ("pyspark", "pyspark.sql", "pyspark.sql.connect"):
        package = types.ModuleType(name)
        package.__path__ = [str(root.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package
    from pyspark.sql.connect import proto
    from pyspark.sql.connect.proto import base_pb2_grpc

    return proto, base_pb2_grpc.SparkConnectServiceStub


def load_isolation() -> Any:
    """The module beside this file; its package cannot be imported here."""
    spec = importlib.util.spec_from_file_location(
        "isolation", Path(__file__).with_name("isolation.py")
    )
    if spec is None or spec.loader is None:
        raise ImportError("isolation.py is missing beside child.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def end_with_parent(lifeline: int) -> None:
    """Exit as soon as the parent's end of the pipe closes, even in the middle of a statement."""

    def wait() -> None:
        os.read(lifeline, 1)
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def start(memory_bytes: int) -> tuple[Sail, dict[str, Any]]:
    """Give up what is not needed, then start Sail. The order matters: see `isolation`."""
    isolation = load_isolation()
    isolation.limit_resources(memory_bytes)
    network = isolation.leave_network()
    # grpc loads this part of itself at first use: too late once files are closed.
    import grpc._channel  # type: ignore[import-untyped]
    from pysail.spark import SparkConnectServer

    protocol, stub = load_protocol()
    files = isolation.close_files()
    server = SparkConnectServer()
    server.start(background=True)
    _, port = server.listening_address
    channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=UNLIMITED)
    return Sail(protocol, stub(channel), server), {
        "network": network,
        "files": files,
        "memory_bytes": memory_bytes,
    }


def main(link_fd: int, lifeline_fd: int, memory_bytes: int) -> None:
    """Serve statements until the parent closes the link."""
    link = socket.socket(fileno=link_fd)
    sail, isolated = start(memory_bytes)
    end_with_parent(lifeline_fd)
    send(link, {"ready": True, "isolation": isolated}, [])
    while (message := receive(link)) is not None:
        header, blobs = message
        results: list[dict[str, Any]] = []
        streams: list[bytes] = []
        for statement in header["statements"]:
            result, produced = sail.answer(statement, blobs)
            results.append(result)
            streams += produced
            if "error" in result:
                break
        send(link, {"results": results}, streams)
    os._exit(0)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:4]))
