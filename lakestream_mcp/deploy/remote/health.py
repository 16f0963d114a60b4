"""How a deployment does: its last runs and updates, and what went wrong in plain words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from ..changes import Known
from ..databricks_client import calling, host_of
from .resources import Jobs

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

RUNS_SHOWN = 5
ERRORS_SHOWN = 5
ERROR_CHARACTERS_MAX = 300
ENDED = ("COMPLETED", "FAILED", "CANCELED")
# What an error of Spark or of the workspace means for a pipeline, by what its text holds.
MEANINGS = (
    (
        r"PATH_NOT_FOUND|FileNotFound|does not exist or .* may not read",
        "A file that the code names is not there, or whoever runs it may not read it.",
    ),
    (
        r"TABLE_OR_VIEW_NOT_FOUND|SCHEMA_NOT_FOUND",
        "A table that is read does not exist, or whoever runs it may not see it.",
    ),
    (
        r"PERMISSION_DENIED|INSUFFICIENT_PERMISSIONS|Unauthorized|AccessDenied",
        "Whoever runs it lacks a right: see `needs` in the plan of `deploy`.",
    ),
    (
        r"STATE_STORE|STATEFUL_OPERATOR|INCOMPATIBLE.*CHECKPOINT|different.*checkpoint",
        'The checkpoint is of other code: deploy with options={"state": "new"}.',
    ),
    (
        r"DIFFERENT_DELTA_TABLE|DELTA_SOURCE_.*CHANGE|SCHEMA_CHANGED|UnknownFieldException",
        "The table that is read has changed its columns: check the source with discover_schema.",
    ),
    (r"Secret does not exist|SECRET", "A secret that the code names is not there."),
    (
        r"kafka.*(Timeout|construct|resolve|authenticat)|No resolvable bootstrap",
        "Kafka cannot be reached from the workspace, or refuses the login.",
    ),
    (
        r"OutOfMemory|GC overhead|exit code 137",
        "It ran out of memory: fewer keys per state, a shorter window, or a larger cluster.",
    ),
    (
        r"CLOUD_PROVIDER|INSTANCE_.*UNAVAILABLE|QUOTA|limit exceeded",
        "The cloud gave no machines: another node type, or serverless.",
    ),
)


class Run(BaseModel):
    """One run of the job, or one update of a pipeline."""

    of: str
    id: str
    state: str
    started_at: int | None = None
    link: str
    said: str | None = None


class Health(BaseModel):
    """What the workspace tells. paused: the job neither runs by schedule nor continuously."""

    links: dict[str, str]
    runs: list[Run]
    errors: list[str]
    missing: list[str]


def health(client: WorkspaceClient, known: Known) -> Health:
    """Ask the workspace about the job and its pipelines. Raises DatabricksFailed."""
    host = host_of(client)
    found = Health(
        links={"folder": f"{host}/#workspace{known.root}"}, runs=[], errors=[], missing=[]
    )
    for place, resource_id in known.ids.items():
        found.links[place] = f"{host}/{place.split(' ', 1)[0]}s/{resource_id}"
    for place, resource_id in known.ids.items():
        kind, key = place.split(" ", 1)
        if kind == "job":
            _job(client, key, resource_id, found)
        else:
            _pipeline(client, key, resource_id, found)
    return found


def _job(client: WorkspaceClient, key: str, job_id: str, found: Health) -> None:
    if Jobs(client).get(job_id) is None:
        found.missing.append(f"job {key} ({job_id})")
        return
    with calling("reading the runs", job=job_id):
        listed = client.jobs.list_runs(job_id=int(job_id), expand_tasks=True, limit=RUNS_SHOWN)
        runs = [run for run, _ in zip(listed, range(RUNS_SHOWN), strict=False)]
    for run in runs:
        state, said = _state(run)
        found.runs.append(
            Run(
                of=f"job {key}",
                id=str(run.run_id),
                state=state,
                started_at=run.start_time,
                link=f"{found.links[f'job {key}']}/runs/{run.run_id}",
                said=said,
            )
        )
    ended = next((run for run in runs if run.state and run.state.result_state), None)
    if ended is not None:
        earlier = _earlier(f"run {ended.run_id}", is_newest=ended is runs[0])
        found.errors += [f"{e}{earlier}" for e in _task_errors(client, key, ended, found)]


def _earlier(what: str, *, is_newest: bool) -> str:
    """What is tried again and again may be under way just now: what it failed by is told still."""
    return "" if is_newest else f" ({what}, before the one under way)"


def _state(run: Any) -> tuple[str, str | None]:
    state = run.state
    result = state.result_state.value if state and state.result_state else None
    cycle = state.life_cycle_state.value if state and state.life_cycle_state else "UNKNOWN"
    return result or cycle, (state.state_message or None) if state else None


def _task_errors(client: WorkspaceClient, key: str, run: Any, found: Health) -> list[str]:
    """Why notebooks of a run failed, as their output says; pipelines have their event log."""
    errors = []
    for task in run.tasks or []:
        if f"pipeline {key}_{task.task_key}" in found.links:
            continue
        if task.state and task.state.result_state and task.state.result_state.value == "FAILED":
            with calling("reading why a task failed", run=task.run_id):
                said = client.jobs.get_run_output(task.run_id).error
            if said:
                errors.append(f"task {task.task_key}: {plain_words(said)}")
    return errors[:ERRORS_SHOWN]


def _pipeline(client: WorkspaceClient, key: str, pipeline_id: str, found: Health) -> None:
    from databricks.sdk.errors import NotFound

    with calling("reading the pipeline", resource=pipeline_id):
        try:
            updates = client.pipelines.get(pipeline_id).latest_updates or []
        except NotFound:
            found.missing.append(f"pipeline {key} ({pipeline_id})")
            return
    for update in updates[:RUNS_SHOWN]:
        found.runs.append(
            Run(
                of=f"pipeline {key}",
                id=str(update.update_id),
                state=update.state.value if update.state else "UNKNOWN",
                link=f"{found.links[f'pipeline {key}']}/updates/{update.update_id}",
            )
        )
    ended = next((u for u in updates if u.state and u.state.value in ENDED), None)
    if ended is not None and ended.state is not None and ended.state.value == "FAILED":
        earlier = _earlier(f"update {ended.update_id}", is_newest=ended is updates[0])
        events = _events(client, key, pipeline_id, str(ended.update_id))
        found.errors += [f"{event}{earlier}" for event in events]


def _events(client: WorkspaceClient, key: str, pipeline_id: str, update_id: str) -> list[str]:
    """The errors of the event log, of the update that failed."""
    with calling("reading the event log", resource=pipeline_id):
        listed = client.pipelines.list_pipeline_events(
            pipeline_id, filter="level='ERROR'", max_results=ERRORS_SHOWN * 2
        )
        events = [event for event, _ in zip(listed, range(ERRORS_SHOWN * 2), strict=False)]
    errors: list[str] = []
    for event in events:
        if event.origin and event.origin.update_id not in (None, update_id):
            continue
        thrown = (event.error.exceptions or []) if event.error else []
        said = next((e.message for e in reversed(thrown) if e.message), event.message) or ""
        errors.append(f"pipeline {key}: {plain_words(said)}")
    return list(dict.fromkeys(errors))[:ERRORS_SHOWN]


def plain_words(error: str) -> str:
    """An error with what it means, where that is known."""
    text = " ".join(error.split())[:ERROR_CHARACTERS_MAX]
    for pattern, meaning in MEANINGS:
        if re.search(pattern, error, re.IGNORECASE | re.DOTALL):
            return f"{meaning} ({text})"
    return text
