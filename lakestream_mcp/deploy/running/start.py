"""Starting a local run: everything is checked first, then a supervisor is on its own."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel

from ...codegen import Generated, generate
from ...codegen.settings import AVAILABLE_NOW
from ...errors import EngineFailed, InvalidArgument, LimitExceeded, RevisionConflict
from ...graph.duration import duration_text, duration_us
from ...graph.model import PipelineDocument, Relation
from ...graph.validate import Validation
from .. import spark_env
from ..spark_files import write_static
from .claim import Claim, claimed
from .disk import disk_text, free_bytes
from .job import Job
from .needs import refuse_impossible, secrets_needed, sends_away
from .place import Lock, RunFolder, write_json
from .rehearsal import events_key, kept_here, write_inputs
from .restarts import Limits
from .status import RunStatus, status_of

STARTER_WAIT_S = 30.0
SUPERVISOR_WAIT_S = 30.0
TRIGGER = "1 second"
SUPERVISOR = "lakestream_mcp.deploy.running.supervisor"


class RunOptions(BaseModel):
    """How a run is started.

    fresh: with new checkpoints. trigger: `available now`, or an interval; none for the pipeline's
    own interval, or a second. events: read instead of the sources, as `test_pattern` takes them.
    generation: what a deployment calls the checkpoints.
    """

    fresh: bool = False
    generation: int | None = None
    trigger: str = ""
    events: Any = None
    limits: Limits | None = None


class Rehearsal(NamedTuple):
    """Given events: what they are known by, their rows by source, and the tables beside them."""

    key: str
    tables: Mapping[str, Any]
    beside: Mapping[str, Any]


class Prepared(NamedTuple):
    """What is to run, before anything was touched."""

    generated: Generated
    relations: Mapping[str, Relation]
    claim: Claim
    secrets: list[str]
    rehearsal: Rehearsal | None


def folder_of(ws: Any, pipeline_id: str) -> RunFolder:
    """Where a pipeline runs on this machine."""
    return RunFolder(ws.settings.data_dir / "runs" / pipeline_id)


def start(
    ws: Any, pipeline_id: str, revision: int = 0, options: RunOptions | None = None
) -> RunStatus:
    """Start a revision (0: the newest) on the local Spark; it goes on without this process.

    Raises NotFound, InvalidPipeline; Unsupported where a source cannot be read here;
    RevisionConflict where it runs already; InvalidArgument where the checkpoint does not fit;
    LimitExceeded where the disk is nearly full; EngineFailed where there is no Spark.
    """
    options = options or RunOptions()
    folder = folder_of(ws, pipeline_id)
    with ws.reading() as store:
        stored = store.load(pipeline_id, revision or None)
    _refuse_running(folder, pipeline_id)
    trigger = _trigger(options.trigger, stored.document.settings)
    prepared = _prepared(ws, pipeline_id, stored, options.events)
    environment = spark_env.find(ws.settings.spark_python)
    limits = options.limits or Limits(disk_floor=ws.settings.disk_floor_mb * 1_000_000)
    with _alone(folder):
        _refuse_running(folder, pipeline_id)
        _await_end(folder)
        _refuse_full(folder, limits)
        with claimed(folder, prepared.claim, options.fresh, options.generation):
            job = Job(
                run_id=secrets.token_hex(8),
                pipeline_id=pipeline_id,
                revision=stored.revision,
                code_sha256=_code_sha256(prepared.generated),
                trigger=trigger,
                started_by=ws.identity.name,
                started_at=dt.datetime.now(dt.UTC),
                cwd=str(Path.cwd()),
                python=str(environment.python),
                java_home=str(environment.java_home),
                cache=str(environment.cache),
                jars=[str(jar) for jar in environment.jars],
                secrets=prepared.secrets,
                limits=limits,
                **_files(folder, prepared),
            )
            _hand_over(folder, job, prepared.generated)
    return status_of(folder, pipeline_id)


def _prepared(ws: Any, pipeline_id: str, stored: Any, events: Any) -> Prepared:
    """Everything that can be refused without touching a file."""
    document, rehearsal = stored.document, None
    made, validation = _generated(ws, document, pipeline_id, stored.revision)
    if events is None:
        refuse_impossible(document, made)
        secrets = secrets_needed(made)
    else:
        document = kept_here(document, sends_away(made, document))
        made, validation = _generated(ws, document, pipeline_id, stored.revision)
        rehearsal = _rehearsal(ws, document, validation, events)
        secrets = secrets_needed(made, without=rehearsal.tables)
    known_by = rehearsal.key if rehearsal else None
    mine = Claim.of(made, stored.revision, known_by)
    return Prepared(made, validation.relations, mine, secrets, rehearsal)


def _generated(
    ws: Any, document: PipelineDocument, pipeline_id: str, revision: int
) -> tuple[Generated, Any]:
    validation = ws.validate(document)
    made = generate(document, validation, ws.catalog, pipeline_id, revision, ws.resolver)
    return made, validation


def _rehearsal(
    ws: Any, document: PipelineDocument, validation: Validation, events: Any
) -> Rehearsal:
    from ...cep.host import Host
    from ...cep.testing import read_sources
    from ..local import static_tables

    host = Host(document, validation, ws.catalog, ws.engine, ws.resolver, lambda *_: None)
    tables, _ = read_sources(host, events, ws.find_file)
    return Rehearsal(events_key(events), tables, static_tables(host))


def _files(folder: RunFolder, prepared: Prepared) -> dict[str, Any]:
    """The files of a rehearsal, as the job names them."""
    given = prepared.rehearsal
    if given is None:
        return {}
    made, relations = prepared.generated, prepared.relations
    return {
        "inputs": write_inputs(folder, given.key, made, relations, given.tables),
        "beside": write_static(given.beside, folder.inputs, folder.tables),
    }


def _code_sha256(generated: Generated) -> str:
    text = next(iter(generated.files.values()))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _trigger(given: str, settings: dict[str, Any]) -> str:
    """The trigger asked for, else the pipeline's own interval, else a second."""
    own = settings.get("trigger", AVAILABLE_NOW)
    wanted = given or (own if own != AVAILABLE_NOW else TRIGGER)
    if wanted == AVAILABLE_NOW:
        return AVAILABLE_NOW
    try:
        return duration_text(duration_us(str(wanted)))
    except InvalidArgument as error:
        raise InvalidArgument(
            f"This is no trigger: {error.message}",
            where={"argument": "trigger"},
            got=str(wanted)[:80],
            expected=f"`{AVAILABLE_NOW}` or an interval such as `5 seconds`",
        ) from None


@contextmanager
def _alone(folder: RunFolder) -> Iterator[None]:
    """One start at a time."""
    lock = Lock.take(folder.starter_lock, STARTER_WAIT_S)
    if lock is None:
        raise EngineFailed(
            "Another process is starting this pipeline and does not come to an end.",
            code="START_FAILED",
            where={"folder": str(folder.root)},
            hint='run_pipeline(action="status") says how it stands.',
        )
    try:
        yield
    finally:
        lock.release()


def _refuse_running(folder: RunFolder, pipeline_id: str) -> None:
    now = status_of(folder, pipeline_id)
    if now.is_alive:
        raise RevisionConflict(
            f"`{pipeline_id}` is already {now.phase}, at revision {now.revision}.",
            code="ALREADY_RUNNING",
            where={"pipeline": pipeline_id},
            got=now.phase,
            hint='run_pipeline(action="stop") ends it after its batch; then start it again.',
        )


def _await_end(folder: RunFolder) -> None:
    """A supervisor that has written its last word may still be on its way out."""
    lock = Lock.take(folder.supervisor_lock, SUPERVISOR_WAIT_S)
    if lock is None:
        raise EngineFailed(
            "The last run's supervisor does not end.",
            code="START_FAILED",
            where={"folder": str(folder.root)},
            hint='run_pipeline(action="stop") ends it.',
        )
    lock.release()


def _refuse_full(folder: RunFolder, limits: Limits) -> None:
    folder.root.mkdir(parents=True, exist_ok=True)
    free = free_bytes(folder.root)
    if free < limits.disk_floor:
        raise LimitExceeded(
            f"The disk is nearly full: {disk_text(free, limits.disk_floor)}.",
            code="DISK_FULL",
            where={"folder": str(folder.root)},
            got=free,
            expected=limits.disk_floor,
            hint="Free some space, or set LAKESTREAM_DISK_FLOOR_MB.",
        )


def _hand_over(folder: RunFolder, job: Job, generated: Generated) -> None:
    """Write down what is to run, start its supervisor, and see that it has begun."""
    folder.notebook.write_text(next(iter(generated.files.values())), encoding="utf-8")
    folder.stop_request.unlink(missing_ok=True)
    folder.logs.mkdir(exist_ok=True)
    job.write(folder)
    with (folder.logs / "supervisor.log").open("wb") as words:
        process = subprocess.Popen(
            [sys.executable, "-m", SUPERVISOR, str(folder.root)],
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            cwd=folder.root,
            env=_environment(),
            start_new_session=True,
        )
    give_up_at = time.monotonic() + SUPERVISOR_WAIT_S
    while not _has_begun(folder, job):
        if process.poll() is not None or time.monotonic() > give_up_at:
            told = (folder.logs / "supervisor.log").read_text("utf-8", "replace")[-2000:]
            process.kill()
            raise EngineFailed(
                "The process that supervises the run did not start.",
                code="START_FAILED",
                got=told or None,
                where={"folder": str(folder.root)},
            )
        time.sleep(0.05)


def _has_begun(folder: RunFolder, job: Job) -> bool:
    return status_of(folder, job.pipeline_id).run_id == job.run_id


def _environment() -> dict[str, str]:
    """The supervisor's environment: it must find this very package."""
    package = str(Path(__file__).parents[3])
    paths = [package, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}


def request_stop(folder: RunFolder, by: str) -> None:
    """Leave word for the supervisor."""
    write_json(folder.stop_request, {"by": by, "at": dt.datetime.now(dt.UTC).isoformat()})
