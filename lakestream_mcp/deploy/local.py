"""Whether a local Spark and the tester give the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from ..cep.host import Host, Options
from ..cep.replay import FAR
from ..codegen import Generated
from ..errors import Unsupported
from ..graph.model import PipelineDocument, flow_name
from ..graph.node_type import RelationalType
from ..nodes.static_tables import StaticTableType
from .replay import Cuts, Schedule, plain_rows, replay_on_spark
from .spark_process import SparkProcess


class Difference(BaseModel):
    """Rows of one node that only one side has, as text."""

    node: str
    host_rows: int
    spark_rows: int
    only_host: list[str]
    only_spark: list[str]


class Verification(BaseModel):
    """Whether the tester and Spark gave the same rows."""

    same: bool
    events: int
    nodes: list[Difference]


def verify_pipeline(
    host: Host,
    generated: Generated,
    spark: SparkProcess,
    tables: Mapping[str, Any],
    schedule: Schedule = "backlog",
    batch_rows: int = 1000,
) -> Verification:
    """The same events through the tester and through generated code on Spark, compared.

    Both see the same micro-batches, so that the same rows are late. Raises Unsupported where the
    clock or a service would decide.
    """
    _refuse_clocks(host)
    _refuse_services(host)
    closed = all(_can_be_closed(host, source) for source in tables)
    end = FAR if closed else None
    given = Options(batch_rows=batch_rows, traced=False, advance_to=end)
    if schedule != "shuffled":
        given = given._replace(schedule=schedule)
    run = host.run(dict(tables), given)
    flows = compared_flows(host.document, host.catalog)
    cuts = Cuts(batch_rows=batch_rows, closing=closed)
    replay = replay_on_spark(
        spark,
        generated,
        host.relations,
        tables,
        list(flows),
        schedule,
        cuts,
        static=static_tables(host),
    )
    found = []
    for name, (node, port) in flows.items():
        columns = host.relations[node].names
        ours, theirs = plain_rows(run.rows(node, port), columns), replay.tables[name]
        found.append(_difference(name, ours, plain_rows(theirs, columns)))
    return Verification(
        same=not any(d.only_host or d.only_spark for d in found),
        events=sum(table.num_rows for table in tables.values()),
        nodes=found,
    )


def _can_be_closed(host: Host, node: str) -> bool:
    """Whether a last row of this node comes to where the watermark is declared.

    It is declared here, right behind, or behind nodes that pass every row on. Others on the way
    would take the row for one of theirs: it holds nothing but its time.
    """
    relation = host.relations[node]
    if relation.event_time is None or relation.delay_ms is not None:
        return relation.event_time is not None
    return all(_closes(host, e.target, relation.event_time) for e in host.document.outputs(node))


def _closes(host: Host, node: str, event_time: str) -> bool:
    """Whether a row with this time, which comes to a node, closes what is behind it."""
    relation, kind = host.relations[node], host.catalog.get(host.type_of(node))
    if relation.delay_ms is not None:
        return relation.event_time == event_time
    passes = isinstance(kind, RelationalType) and kind.passes_every_row
    return passes and _can_be_closed(host, node)


def _refuse_clocks(host: Host) -> None:
    """Processing time is the clock's, and a query on it never comes to its end."""
    for node_id, config in host.configs.items():
        if getattr(config, "time_mode", None) == "processing_time":
            raise Unsupported(
                f"`{node_id}` follows processing time, so its rows depend on when it runs.",
                where={"node": node_id, "field": "time_mode"},
                got="processing_time",
                expected="event_time or none",
                hint="`test_pattern` runs it with the events' own times as the clock",
            )


def _refuse_services(host: Host) -> None:
    """What a service answers, a test only stands in for."""
    for node in host.document.nodes:
        if getattr(host.catalog.get(node.type), "calls_service", False):
            raise Unsupported(
                f"`{node.id}` asks a service on Spark, and is answered from samples in a test: "
                "there is nothing to compare.",
                where={"node": node.id},
                got=node.type,
                hint="verify the pipeline without this node",
            )


def compared_flows(document: PipelineDocument, catalog: Any) -> dict[str, tuple[str, str]]:
    """What every stateful node puts out, and all that a sink reads: node and port by name."""
    types = {n.id: catalog.get(n.type) for n in document.nodes}
    flows = {(n, "out") for n, kind in types.items() if kind.stateful}
    flows |= {
        (e.source, e.source_port) for e in document.edges if types[e.target].category == "sink"
    }
    place = {node_id: at for at, node_id in enumerate(types)}
    ordered = sorted(flows, key=lambda flow: (place[flow[0]], flow[1]))
    return {flow_name(*flow): flow for flow in ordered}


def static_tables(host: Host) -> dict[str, Any]:
    """The tables that nodes read beside the stream, with the rows that stand for them here."""
    found: dict[str, Any] = {}
    for node_id in host.order:
        kind, config = host.catalog.get(host.type_of(node_id)), host.configs[node_id]
        if isinstance(kind, StaticTableType):
            rows = kind.local_tables(config, host.resolver)
            found |= {name: rows[alias] for alias, name in kind.static_tables(config).items()}
    return found


def _difference(node: str, ours: list[str], theirs: list[str]) -> Difference:
    from collections import Counter

    here, there = Counter(ours), Counter(theirs)
    return Difference(
        node=node,
        host_rows=len(ours),
        spark_rows=len(theirs),
        only_host=sorted((here - there).elements()),
        only_spark=sorted((there - here).elements()),
    )
