"""`lakestream run`, `status`, `stop` and `logs`: a pipeline on this machine's Spark."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .cli import errors_as_exit_code

if TYPE_CHECKING:
    from ..deploy.running import RunStatus
    from ..tools.running import RunningAnswer
    from ..workspace import Workspace

POLL_S = 0.3
AVAILABLE_NOW = "available now"
pipeline_argument = click.argument("pipeline")
json_option = click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")


@click.command()
@pipeline_argument
@click.option("--revision", type=click.IntRange(0), default=0, help="Default: the newest.")
@click.option("--events", help='Rehearse on a file, rows as JSON, or {"template": id}.')
@click.option("--trigger", help="An interval; default: until the input is used up.")
@click.option("--fresh", is_flag=True, help="Begin with a new checkpoint; keep the old one aside.")
@click.option("--detach", is_flag=True, help="Do not wait: it runs until it is stopped.")
@json_option
def run(
    pipeline: str,
    revision: int,
    events: str | None,
    trigger: str | None,
    fresh: bool,
    detach: bool,
    as_json: bool,
) -> None:
    """Run a pipeline on the local Spark. Ctrl-C stops it; the next run goes on from there."""
    with errors_as_exit_code(as_json), _workspace() as ws:
        wanted = trigger or ("" if detach else AVAILABLE_NOW)
        given = {"events": _events(events)} if events else {}
        started = _call(
            ws, pipeline, "start", revision=revision, fresh=fresh, trigger=wanted, **given
        )
        if not detach:
            started = _followed(ws, pipeline)
        _show(started, as_json)


@click.command()
@pipeline_argument
@json_option
def status(pipeline: str, as_json: bool) -> None:
    """Show how a pipeline runs on this machine."""
    with errors_as_exit_code(as_json), _workspace() as ws:
        _show(_call(ws, pipeline, "status"), as_json)


@click.command()
@pipeline_argument
@json_option
def stop(pipeline: str, as_json: bool) -> None:
    """Stop a pipeline after the batches it is in."""
    with errors_as_exit_code(as_json), _workspace() as ws:
        _show(_call(ws, pipeline, "stop"), as_json)


@click.command()
@pipeline_argument
@click.option("--lines", type=click.IntRange(1, 100_000), default=100, show_default=True)
def logs(pipeline: str, lines: int) -> None:
    """Print the end of Spark's log of a pipeline, with the supervisor's words between."""
    from ..deploy.running import log_lines

    with errors_as_exit_code(), _workspace() as ws:
        _call(ws, pipeline, "logs")  # says who may read them, and is on record
        for line in log_lines(ws, pipeline, lines):
            click.echo(line)


@contextmanager
def _workspace() -> Iterator[Workspace]:
    from ..settings import Settings
    from .host import Host

    given = click.get_current_context().obj
    host = given if isinstance(given, Host) else Host.local(Settings.from_env())
    try:
        yield host.caller({})
    finally:
        if host is not given:
            host.workspace.close()


def _call(ws: Workspace, pipeline: str, action: str, **arguments: Any) -> RunningAnswer:
    from ..operations import call, find
    from ..tools.running import RunningAnswer

    given = {"pipeline_id": pipeline, "action": action, **arguments}
    answer = call(find("run_pipeline"), ws, given)
    assert isinstance(answer, RunningAnswer)
    return answer


def _events(text: str) -> Any:
    return text if text.lstrip()[:1] in ("[", "{") else {"file": text}


def _show(answer: RunningAnswer, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(answer.to_json(), ensure_ascii=False))
        return
    click.echo(answer.text())
    if folder := answer.running.get("folder"):
        click.echo(f"Tables are in {Path(folder) / 'tables'}")


def _followed(ws: Workspace, pipeline: str) -> RunningAnswer:
    """Tell of batches until the run has ended; Ctrl-C stops it. Raises EngineFailed."""
    from ..deploy import running
    from ..errors import EngineFailed

    told: dict[str, int] = {}
    stopped = threading.Event()
    before = signal.signal(signal.SIGINT, lambda *_: stopped.set())
    try:
        now = running.status(ws, pipeline)
        _tell(ws, pipeline, now, told, first=True)
        while now.is_alive and not stopped.wait(POLL_S):
            now = running.status(ws, pipeline)
            _tell(ws, pipeline, now, told)
        if stopped.is_set():
            click.echo("stopping after this batch", err=True)
            return _call(ws, pipeline, "stop")
    finally:
        signal.signal(signal.SIGINT, before)
    if now.phase in {"failed", "lost"}:
        raise EngineFailed(
            f"The run is {now.phase}: {now.said}",
            code=now.code,
            where={"pipeline": pipeline},
            hint=f"`lakestream logs {pipeline}` has Spark's own words.",
        )
    return _call(ws, pipeline, "status")


def _tell(
    ws: Workspace, pipeline: str, now: RunStatus, told: dict[str, int], first: bool = False
) -> None:
    """A line for each batch that is new, on standard error."""
    from ..deploy import running

    newest = {query: load.batch_id for query, load in now.queries.items()}
    if first:
        click.echo("starting Spark", err=True)
        told |= newest
    if newest == told:
        return
    for batch in running.history(ws, pipeline, 100, 0).batches:
        if batch.batch_id > told.get(batch.query, -1):
            told[batch.query] = batch.batch_id
            matches = sum(counts.get("matches", 0) for counts in batch.nodes.values())
            line = f"{batch.query}: batch {batch.batch_id}, {batch.rows} rows, {matches} matches"
            click.echo(f"{line}, {batch.duration_ms / 1000:.1f} s", err=True)
