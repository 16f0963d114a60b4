"""The Kafka endpoint of Event Hubs, by its name and port: a broker with TLS and the same login."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from socket import gethostname
from typing import Any

import pytest

from lakestream_mcp.deploy import spark_env
from lakestream_mcp.deploy.spark_process import SparkProcess
from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host
from tests import witness
from tests.codegen.bench import Bench
from tests.explain.agent import Agent

from .broker import broker
from .test_formats import produce, text

pytestmark = [pytest.mark.spark, pytest.mark.kafka]
HOST = "plant-north.servicebus.windows.net"
CONNECTION = "Endpoint=sb://plant-north/;SharedAccessKeyName=all;SharedAccessKey=abc="
LISTENER = """\
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{control},HUBS://127.0.0.1:9093
advertised.listeners=PLAINTEXT://127.0.0.1:{port},HUBS://%(host)s:9093
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,HUBS:SASL_SSL
sasl.enabled.mechanisms=PLAIN
ssl.keystore.location=%(store)s
ssl.keystore.type=PKCS12
ssl.keystore.password=changeit
listener.name.hubs.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule \
required user_$ConnectionString="%(password)s";
"""
Json = dict[str, Any]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key with a certificate of the namespace's name, in a file that both sides read."""
    made = tmp_path_factory.mktemp("tls") / "store.p12"
    tool = spark_env.find().java_home / "bin" / "keytool"
    named = ["-alias", "hubs", "-dname", f"CN={HOST}", "-ext", f"SAN=dns:{HOST}"]
    kept = ["-keystore", str(made), "-storetype", "PKCS12", "-storepass", "changeit"]
    command = [str(tool), "-genkeypair", "-keyalg", "EC", "-validity", "30", *named, *kept]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return made


@pytest.fixture(scope="module")
def hubs(store: Path) -> Iterator[str]:
    """The address without TLS of a broker that has the endpoint too."""
    more = LISTENER % {"host": HOST, "store": store, "password": CONNECTION}
    with broker(more) as address, witness.serving("event-hubs", f"{HOST}:9093"):
        yield address


@pytest.fixture(scope="module")
def azure(store: Path) -> Iterator[SparkProcess]:
    """A Spark that finds the namespace on this machine, trusts it, and has the secret."""
    hosts = store.with_name("hosts")
    hosts.write_text(f"127.0.0.1 localhost\n127.0.0.1 {gethostname()}\n127.0.0.1 {HOST}\n")
    flags = f"-Djdk.net.hosts.file={hosts} -Djavax.net.ssl.trustStore={trusted(store)}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AZURE_ORDERS", CONNECTION)
        patch.setenv("JDK_JAVA_OPTIONS", f"{flags} -Djavax.net.ssl.trustStorePassword=changeit")
        with witness.Spark(spark_env.find()) as process:
            yield process


def trusted(store: Path) -> Path:
    """The certificate alone, as one that is trusted."""
    tool = str(spark_env.find().java_home / "bin" / "keytool")
    made = store.with_name("trusted.p12")
    kept = ["-storetype", "PKCS12", "-storepass", "changeit", "-alias", "hubs"]
    exported = [tool, "-exportcert", "-keystore", str(store), *kept, "-file", f"{store}.crt"]
    taken = [tool, "-importcert", "-noprompt", "-keystore", str(made), *kept]
    for command in (exported, [*taken, "-file", f"{store}.crt"]):
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    return made


def test_records_are_read_with_the_connection_string(
    hubs: str, azure: SparkProcess, bench: Bench, tmp_path: Path
) -> None:
    rows = [{"id": n, "note": f"n{n}"} for n in range(4)]
    produce(azure, hubs, {"orders": text(*rows)})
    config = {
        "provider": "event-hub",
        "namespace": "plant-north",
        "streams": "orders",
        "connection_string": "secret://azure/orders",
        "starting_position": "earliest",
        "columns": "id bigint, note string",
        "include_metadata": True,
    }
    document = {
        "name": "Hubs",
        "nodes": [
            {"id": "it", "type": "event-hub-kinesis", "name": "It", "config": config},
            {
                "id": "out",
                "type": "file-sink",
                "name": "Out",
                "config": {"path": str(tmp_path / "out")},
            },
        ],
        "edges": [{"source": "it", "target": "out"}],
    }
    (notebook,) = bench.make(document).generated.files.values()
    azure.request("run", notebook=notebook, parameters={"checkpoints": str(tmp_path / "state")})
    found: list[Json] = [
        json.loads(line) for path in tmp_path.glob("out/*.json") for line in path.open()
    ]
    assert sorted((row["id"], row["note"], row["record_stream"]) for row in found) == [
        (row["id"], row["note"], "orders") for row in rows
    ]


def test_the_newest_are_previewed(hubs: str, azure: SparkProcess, tmp_path: Path) -> None:
    produce(azure, hubs, {"shown": text(*({"id": n} for n in range(9)))})
    host = Host.local(Settings(data_dir=tmp_path / "store"))
    agent = Agent(host)
    config = {
        "provider": "event-hub",
        "namespace": "plant-north",
        "streams": "shown",
        "connection_string": "secret://azure/orders",
        "columns": "id bigint",
    }
    node = {"id": "it", "type": "event-hub-kinesis", "name": "It", "config": config}
    document = {"format_version": 1, "name": "Shown", "nodes": [node], "edges": []}
    agent.call("create_pipeline", id="shown", document=document)
    shown = agent.call("preview_node", pipeline_id="shown", node="it", events={"live": 2})
    host.workspace.close()
    assert shown["total"] == 2
    assert {row["id"] for row in shown["rows"]} <= set(range(9))
