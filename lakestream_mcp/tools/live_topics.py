"""What is in Kafka topics right now, as their source gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import LakestreamError
from ..graph.model import Edge, Node, PipelineDocument
from ..graph.node_parts import Latest

if TYPE_CHECKING:
    from ..cep.host import Host
    from ..workspace import Workspace


def live_records(ws: Workspace, host: Host, source: str, count: int, since: str | None) -> Latest:
    """The newest records, read by a local Spark once the brokers have let this process in.

    Takes the role deployer, as all that reaches out from the server. Raises Forbidden, NotFound,
    ConnectionRefused, and what the local Spark raises.
    """
    from ..cep.events import moment
    from ..codegen import generate
    from ..deploy import spark_env
    from ..deploy.topics import newest_records

    ws.require("deployer", "reading a topic live")
    _try_connection(host, source)
    environment = spark_env.find(ws.settings.spark_python)
    document = _alone(host, source)
    made = generate(document, ws.validate(document), ws.catalog, "live", 1, ws.resolver)
    return newest_records(made, source, count, moment(since) if since else None, environment)


def _try_connection(host: Host, source: str) -> None:
    """Raise where a secret is not known or no broker answers, before Spark is started for it."""
    from ..nodes.fields import secret_ref
    from ..nodes.kafka import KafkaConfig, probe
    from ..nodes.probes import environment_secret

    config = host.configs[source]
    try:
        for value in config.model_dump().values():
            if isinstance(value, str) and value.startswith("secret://"):
                environment_secret(secret_ref(value))
        if isinstance(config, KafkaConfig) and config.truststore_type == "PEM":
            probe(config, environment_secret)
    except LakestreamError as error:
        error.where = {"node": source, **error.where}
        raise


def _alone(host: Host, source: str) -> PipelineDocument:
    """The source, and a sink that nothing is written to."""
    (node,) = (n for n in host.document.nodes if n.id == source)
    config: dict[str, Any] = {"path": "/live"}
    sink = Node(id=f"{source}_live", type="file-sink", name="Live", config=config)
    edge = Edge(source=source, target=sink.id)
    return PipelineDocument(name="Live", nodes=[node, sink], edges=[edge])
