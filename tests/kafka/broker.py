"""A single Kafka broker from pinned jars, in a process of its own."""

from __future__ import annotations

import base64
import contextlib
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lakestream_mcp.deploy import jar_files, spark_env
from tests import witness

DEADLINE_S = 120
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{control}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{control}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs={work}/data
num.partitions=2
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
"""


@contextmanager
def broker(more: str = "", users: Sequence[str] = ()) -> Iterator[str]:
    """The address of a running broker. more: properties that count in place of the usual ones.

    users: those it knows by SCRAM, as its storage tool takes them.
    """
    environment = spark_env.find()
    jars = jar_files.jars("broker", environment.python, environment.java_home, environment.cache)
    java = [str(environment.java_home / "bin" / "java"), "-XX:TieredStopAtLevel=1"]
    java += ["-Xmx256m", "-XX:+UseSerialGC", "-cp", ":".join(map(str, jars))]
    with tempfile.TemporaryDirectory(prefix="lakestream-kafka-") as folder:
        work = Path(folder)
        port, control = free_port(), free_port()
        properties = work / "server.properties"
        properties.write_text((PROPERTIES + more).format(port=port, control=control, work=work))
        identity = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        formatting = ["kafka.tools.StorageTool", "format", "-t", identity, "-c", str(properties)]
        formatting += [part for user in users for part in ("--add-scram", user)]
        subprocess.run([*java, *formatting], check=True, capture_output=True, timeout=DEADLINE_S)
        with (work / "broker.log").open("wb") as log:
            process = subprocess.Popen(
                [*java, "kafka.Kafka", str(properties)], stdout=log, stderr=log
            )
        try:
            wait_for(port, process, work / "broker.log")
            with witness.serving("kafka", f"127.0.0.1:{port}"):
                yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(DEADLINE_S)


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until the broker takes connections."""
    until = time.monotonic() + DEADLINE_S
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text(errors="replace")[-3000:]
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.5):
            return
        time.sleep(0.2)
    raise TimeoutError(log.read_text(errors="replace")[-3000:])


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
