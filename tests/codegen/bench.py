"""What tests need to run one document on both hosts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
from pydantic import ValidationError

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.cep.host import GraphRun, Host, Options
from lakestream_mcp.cep.processor.schedule import Schedule as HostSchedule
from lakestream_mcp.cep.testing import read_sources
from lakestream_mcp.codegen import Generated, generate
from lakestream_mcp.deploy.replay import (
    RANDOM_CUTS,
    Cuts,
    Replay,
    Schedule,
    plain_rows,
    replay_on_spark,
)
from lakestream_mcp.deploy.spark_process import SparkProcess
from lakestream_mcp.graph.analysis import AnalysisCache
from lakestream_mcp.graph.model import PipelineDocument
from lakestream_mcp.graph.validate import Validation, validate
from lakestream_mcp.relational.columns import SailResolver
from lakestream_mcp.relational.local import LocalEngine
from tests import witness


class Made(NamedTuple):
    """A document, what is known of it, and its code."""

    document: PipelineDocument
    validation: Validation
    generated: Generated


class Bench:
    """Catalog, engine and resolver, and the two hosts."""

    def __init__(self) -> None:
        self.catalog = Catalog.load()
        self.engine = LocalEngine()
        self.resolver = SailResolver(self.engine)
        self.cache = AnalysisCache()
        self.said: list[str] = []

    def close(self) -> None:
        """End the engine's child."""
        self.engine.close()

    def make(self, document: Mapping[str, Any]) -> Made:
        """Validate a document, which must be right, and generate its code."""
        made = self.attempt(document)
        assert made is not None, self.said
        return made

    def attempt(self, document: Mapping[str, Any]) -> Made | None:
        """The same, or None where validation refuses the document."""
        try:
            parsed = PipelineDocument.model_validate(document)
        except ValidationError as error:
            self.said = [str(error)]
            return None
        validation = validate(parsed, self.catalog, self.resolver, self.cache)
        if not validation.ok:
            self.said = [repr(f.model_dump(exclude_none=True)) for f in validation.errors]
            return None
        made = generate(parsed, validation, self.catalog, "parity", 1, self.resolver)
        witness.generated(made, parsed)
        return Made(parsed, validation, made)

    def tables(self, made: Made, events: Mapping[str, Sequence[Any]]) -> dict[str, pa.Table]:
        """Events by source, as the sources' tables in order of arrival."""
        given = {node: list(rows) for node, rows in events.items()}
        tables, _ = read_sources(self.host(made), given, Path)
        return {node: tables[node] for node in events}

    def host(self, made: Made) -> Host:
        """What runs a document in this process."""
        return Host(
            made.document,
            made.validation,
            self.catalog,
            self.engine,
            self.resolver,
            lambda *_: None,
        )

    def on_host(
        self,
        made: Made,
        tables: Mapping[str, pa.Table],
        batch_rows: int = 1,
        schedule: HostSchedule = "backlog",
    ) -> GraphRun:
        """Everything in this process."""
        options = Options(batch_rows=batch_rows, traced=False, schedule=schedule)
        found = self.host(made).run(dict(tables), options)
        witness.on_host(made.document)
        return found

    def on_spark(
        self,
        spark: SparkProcess,
        made: Made,
        tables: Mapping[str, pa.Table],
        collect: Sequence[str],
        schedule: Schedule = "backlog",
        cuts: Cuts = RANDOM_CUTS,
        states: bool = False,
        static: Mapping[str, Any] | None = None,
    ) -> Replay:
        """The generated code on Spark."""
        relations = made.validation.relations
        return replay_on_spark(
            spark, made.generated, relations, tables, collect, schedule, cuts, states, static
        )


def rows_of(made: Made, table: Any, node: str) -> list[str]:
    """Comparable rows of a node."""
    return plain_rows(table, made.validation.relations[node].names)


COLUMNS = (
    "id bigint, key string, kind string, amount double, n int, flag boolean, note string, "
    "price decimal(10,2), day date, at timestamp"
)


def source(
    delay: str = "2 seconds",
    columns: str = COLUMNS,
    event_time: str = "at",
    node_id: str = "events",
) -> dict[str, Any]:
    """A source whose rows tests give."""
    return {
        "id": node_id,
        "type": "auto-loader",
        "name": "Events",
        "config": {
            "path": "/data/events",
            "format": "json",
            "columns": columns,
            "event_time": event_time,
            "watermark_delay": delay,
        },
    }


def sink(node_id: str = "matches") -> dict[str, Any]:
    """A sink, which parity replays leave out."""
    config = {"path": f"/data/{node_id}", "format": "json"}
    return {"id": node_id, "type": "file-sink", "name": "Sink", "config": config}


def chain(*nodes: dict[str, Any]) -> dict[str, Any]:
    """Nodes one after the other, then a sink."""
    listed = [*nodes, sink()]
    edges = [{"source": a["id"], "target": b["id"]} for a, b in pairwise(listed)]
    return {"name": "Parity", "nodes": listed, "edges": edges}


def joined(node: dict[str, Any], feeds: Mapping[str, Sequence[dict[str, Any]]]) -> dict[str, Any]:
    """A node of several ports, the nodes that feed each port one after the other, and a sink."""
    made = chain(node)
    for port, nodes in feeds.items():
        listed = [*nodes, node]
        made["nodes"] += nodes
        made["edges"] += [{"source": a["id"], "target": b["id"]} for a, b in pairwise(listed)]
        made["edges"][-1]["target_port"] = port
    return made
