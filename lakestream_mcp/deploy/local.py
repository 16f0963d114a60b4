"""Pipelines on a local Spark: run them for real, or verify that Spark and the tester agree."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ..cep.host import Host, Options
from ..cep.replay import FAR
from ..codegen import Generated
from ..errors import InvalidArgument, Unsupported
from ..graph.model import PipelineDocument, flow_name
from .replay import Cuts, Schedule, plain_rows, replay_on_spark
from .spark_env import SparkEnvironment
from .spark_process import SparkProcess

STATE_FILE = "pipeline.json"
Tell = Callable[[str], None]


class QueryRun(BaseModel):
    """What one query did in a run."""

    query: str
    batches: int
    rows: int
    metrics: dict[str, dict[str, int]]


class LocalRun(BaseModel):
    """How a local run ended. A second run in the same folder goes on where this one stopped."""

    folder: str
    interrupted: bool
    queries: list[QueryRun]


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


def run_pipeline(
    generated: Generated,
    environment: SparkEnvironment,
    folder: Path,
    tell: Tell,
    trigger: str = "available now",
) -> LocalRun:
    """Run generated code on the local Spark until its input is used up, or it is interrupted.

    folder: holds checkpoints and tables. Relative paths of sources start where the caller stands.
    Raises EngineFailed; InvalidArgument where the folder holds the state of other code.
    """
    folder = folder.absolute()
    _claim(folder, generated)
    tell("starting Spark")
    with SparkProcess(environment, cwd=Path.cwd()) as spark, _interrupting(spark, tell):
        answer = spark.request(
            "run",
            lambda event: tell(progress_line(event)),
            notebook=next(iter(generated.files.values())),
            parameters={
                "checkpoints": str(folder / "checkpoints"),
                "tables": str(folder / "tables"),
                "trigger": trigger,
            },
            follow=True,
        )
    return LocalRun(
        folder=str(folder),
        interrupted=answer["interrupted"],
        queries=[_query_run(query) for query in answer["queries"]],
    )


def _claim(folder: Path, generated: Generated) -> None:
    """Note whose state the folder holds. Raises InvalidArgument for another layout of state."""
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / STATE_FILE
    name = next(iter(generated.files))
    mine = {"pipeline": name, "state_version": generated.state_version}
    held = json.loads(note.read_text(encoding="utf-8")) if note.exists() else mine
    if held != mine:
        raise InvalidArgument(
            "The folder holds the checkpoint of other code, whose state cannot be read.",
            code="STATE_CHANGED",
            where={"folder": str(folder)},
            got=held,
            expected=mine,
            hint="Run in another folder, or delete this one to start afresh.",
        )
    note.write_text(json.dumps(mine), encoding="utf-8")


@contextmanager
def _interrupting(spark: SparkProcess, tell: Tell) -> Iterator[None]:
    """Ctrl-C asks Spark to end after the batches it is in, instead of breaking this process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: Any) -> None:
        tell("stopping after this batch")
        spark.interrupt()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def progress_line(event: Mapping[str, Any]) -> str:
    """`matches: batch 3, 120 rows, 4 matches, 0.8 s`."""
    progress = event["progress"]
    metrics = progress.get("observedMetrics", {})
    matches = sum(m["matches"] for m in metrics.values() if "matches" in m)
    seconds = progress.get("durationMs", {}).get("triggerExecution", 0) / 1000
    said = f"{event['query']}: batch {progress['batchId']}, {progress['numInputRows']} rows"
    if any("matches" in m for m in metrics.values()):
        said += f", {matches} matches"
    return f"{said}, {seconds:.1f} s"


def _query_run(query: Mapping[str, Any]) -> QueryRun:
    totals: dict[str, dict[str, int]] = {}
    for progress in query["progress"]:
        for name, values in progress.get("observedMetrics", {}).items():
            node = totals.setdefault(name.removeprefix("lakestream_"), {})
            for metric, value in values.items():
                node[metric] = node.get(metric, 0) + int(value or 0)
    return QueryRun(
        query=query["name"],
        batches=len(query["progress"]),
        rows=sum(p["numInputRows"] for p in query["progress"]),
        metrics=totals,
    )


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
    # A source whose event time is computed further down has no row that closes it.
    closed = all(host.relations[source].event_time for source in tables)
    end = FAR if closed else None
    given = Options(batch_rows=batch_rows, traced=False, advance_to=end)
    if schedule != "shuffled":
        given = given._replace(schedule=schedule)
    run = host.run(dict(tables), given)
    flows = compared_flows(host.document, host.catalog)
    cuts = Cuts(batch_rows=batch_rows)
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
        if beside := getattr(kind, "static_tables", None):
            rows = kind.local_tables(config, host.resolver)
            found |= {name: rows[alias] for alias, name in beside(config).items()}
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
