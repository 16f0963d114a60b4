"""`lakestream run` and `lakestream verify`: pipelines on a local Spark."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .cli import errors_as_exit_code

if TYPE_CHECKING:
    from ..deploy.local import Verification
    from ..workspace import Workspace

SHOWN_ROWS = 5


def _tell(line: str) -> None:
    click.echo(line, err=True)


def _workspace() -> Workspace:
    from ..identity import Identity
    from ..settings import Settings
    from ..workspace import Workspace

    settings = Settings.from_env()
    return Workspace.open(settings, Identity("local", settings.role))


def _stored(ws: Workspace, pipeline: str) -> tuple[Any, Any, Any]:
    """A pipeline's newest revision, its validation and its code."""
    from ..cep.testing import refuse_errors
    from ..codegen import generate
    from ..tools.discovery import load

    stored = load(ws, pipeline)
    validation = ws.validate(stored.document)
    refuse_errors(validation)
    made = generate(
        stored.document, validation, ws.catalog, stored.pipeline_id, stored.revision, ws.resolver
    )
    return stored.document, validation, made


@click.command()
@click.argument("pipeline")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="Checkpoints and tables; default in the data folder.",
)
@click.option("--trigger", default="available now", show_default=True, help="Or an interval.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def run(pipeline: str, folder: Path | None, trigger: str, as_json: bool) -> None:
    """Run a pipeline on the local Spark. Ctrl-C stops it; the next run goes on from there."""
    with errors_as_exit_code(as_json):
        from ..deploy import spark_env
        from ..deploy.local import run_pipeline

        ws = _workspace()
        try:
            _, _, made = _stored(ws, pipeline)
            where = folder or ws.settings.data_dir / "runs" / pipeline
            environment = spark_env.find(ws.settings.spark_python)
            done = run_pipeline(made, environment, where, _tell, trigger)
        finally:
            ws.close()
        if as_json:
            click.echo(done.model_dump_json())
            return
        for query in done.queries:
            click.echo(
                f"{query.query}: {query.rows} rows in {query.batches} batches {query.metrics}"
            )
        click.echo(
            f"{'Stopped' if done.interrupted else 'Done'}; tables are in {done.folder}/tables"
        )


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


def _verified(
    ws: Workspace, pipeline: str, events: str, schedule: Any, batch_rows: int
) -> Verification:
    from ..cep.host import Host
    from ..cep.testing import read_sources
    from ..deploy import spark_env
    from ..deploy.local import verify_pipeline
    from ..deploy.spark_process import SparkProcess

    document, validation, made = _stored(ws, pipeline)
    host = Host(document, validation, ws.catalog, ws.engine, ws.resolver, lambda *_: None)
    given = json.loads(events) if events.lstrip()[:1] in ("[", "{") else {"file": events}
    tables, warnings = read_sources(host, given, ws.find_file)
    for warning in warnings:
        _tell(f"warning: {warning}")
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
