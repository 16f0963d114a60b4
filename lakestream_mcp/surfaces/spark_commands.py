"""`lakestream verify` and `preview-on-spark`: given events on a local Spark."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from .cli import errors_as_exit_code

if TYPE_CHECKING:
    from ..cep.host import Host
    from ..codegen import Generated
    from ..deploy.local import Verification
    from ..workspace import Workspace

SHOWN_ROWS = 5


def _tell(line: str) -> None:
    click.echo(line, err=True)


def _workspace() -> Workspace:
    from ..identity import LocalUser
    from ..settings import Settings
    from ..workspace import Workspace

    settings = Settings.from_env()
    return Workspace.open(settings, LocalUser(settings.role).identity)


def _ready(ws: Workspace, pipeline: str) -> tuple[Host, Generated]:
    """A pipeline's newest revision, for who may run it here, ready to run, and its code."""
    from ..authorization import require
    from ..calls import Call, digest
    from ..tools.discovery import load
    from ..tools.generation import generated
    from ..tools.hosts import checked

    asking = ws.for_call(Call("verify", digest({}), "deployer"))
    require(asking, "deployer", "Running on this machine's Spark", pipeline)
    stored = load(ws, pipeline)
    return checked(ws, stored.document).host, generated(ws, stored)


@click.command()
@click.argument("pipeline")
@click.option("--events", required=True, help="A file, or JSON: rows, or a file or rows by source.")
@click.option(
    "--schedule",
    type=click.Choice(["backlog", "live", "restart"]),
    default="backlog",
    show_default=True,
    help="How Spark is given the events.",
)
@click.option("--batch-rows", default=1000, show_default=True, help="Events per micro-batch.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def verify(pipeline: str, events: str, schedule: Any, batch_rows: int, as_json: bool) -> None:
    """Send the same events through the tester and through Spark, and compare row for row."""
    with errors_as_exit_code(as_json):
        ws = _workspace()
        try:
            result = _verified(ws, pipeline, events, schedule, batch_rows)
        finally:
            ws.close()
        click.echo(result.model_dump_json() if as_json else _report(result))
        if not result.same:
            sys.exit(1)


@click.command()
@click.argument("pipeline")
@click.argument("node")
@click.option("--events", required=True, help="A file, or JSON: rows, or a file or rows by source.")
@click.option("--limit", default=20, show_default=True, help="Rows shown.")
def preview_on_spark(pipeline: str, node: str, events: str, limit: int) -> None:
    """Show what a node puts out on Spark itself, where the tester may answer otherwise."""
    with errors_as_exit_code(False):
        ws = _workspace()
        try:
            for row in _previewed(ws, pipeline, node, events)[:limit]:
                click.echo(json.dumps(row, ensure_ascii=False))
        finally:
            ws.close()


def _previewed(ws: Workspace, pipeline: str, node: str, events: str) -> list[dict[str, Any]]:
    """The rows of a node, by the pipeline's generated code."""
    from ..cep.report import jsonable
    from ..deploy import spark_env
    from ..deploy.replay import replay_on_spark
    from ..deploy.spark_process import SparkProcess
    from ..errors import NotFound, nearest

    host, made = _ready(ws, pipeline)
    if node not in made.frames:
        near = nearest(node, made.frames)
        raise NotFound(
            f"`{node[:64]}` has no rows of its own on Spark.",
            where={"argument": "node"},
            got=node[:64],
            expected=list(made.frames),
            hint=f"Did you mean `{near}`?" if near else None,
        )
    tables = _events_of(ws, host, events)
    _tell("starting Spark")
    with SparkProcess(spark_env.find(ws.settings.spark_python)) as spark:
        replay = replay_on_spark(spark, made, host.relations, tables, [node])
    table = replay.tables[node]
    names = host.relations[node].names
    rows: list[dict[str, Any]] = [] if table is None else table.select(list(names)).to_pylist()
    shown: list[dict[str, Any]] = jsonable(rows)
    return shown


def _events_of(ws: Workspace, host: Host, events: str) -> dict[str, Any]:
    """The events as the sources' tables; warnings are told."""
    from ..cep.testing import read_sources

    given = json.loads(events) if events.lstrip()[:1] in ("[", "{") else {"file": events}
    tables, warnings = read_sources(host, given, ws.find_file)
    for warning in warnings:
        _tell(f"warning: {warning}")
    return tables


def _verified(
    ws: Workspace, pipeline: str, events: str, schedule: Any, batch_rows: int
) -> Verification:
    from ..deploy import spark_env
    from ..deploy.local import verify_pipeline
    from ..deploy.spark_process import SparkProcess

    host, made = _ready(ws, pipeline)
    tables = _events_of(ws, host, events)
    _tell("starting Spark")
    with SparkProcess(spark_env.find(ws.settings.spark_python)) as spark:
        return verify_pipeline(host, made, spark, tables, schedule, batch_rows)


def _report(result: Verification) -> str:
    lines = []
    for node in result.nodes:
        lines.append(
            f"{node.node}: {node.host_rows} rows in the tester, {node.spark_rows} on Spark"
        )
        for title, rows in (("only tester", node.only_host), ("only Spark", node.only_spark)):
            lines += [f"  {title}: {row}" for row in rows[:SHOWN_ROWS]]
            if len(rows) > SHOWN_ROWS:
                lines.append(f"  {title}: … {len(rows) - SHOWN_ROWS} more")
    verdict = "the same rows" if result.same else "DIFFERENT rows"
    return "\n".join([*lines, f"{result.events} events: {verdict}"])
