"""What the store answers with: one small tuple per kind of row. Imports no database."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, NamedTuple

from ..graph.model import PipelineDocument
from ..identity import Role

RevisionKind = Literal["create", "edit", "undo", "redo"]
RunKind = Literal["test", "preview", "benchmark", "verify", "backtest"]


class Pipeline(NamedTuple):
    """A pipeline as a list shows it. `change_seq` numbers its latest change among all pipelines."""

    id: str
    name: str
    description: str
    status: str
    tags: list[str]
    nodes: int
    head: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    deleted_at: datetime | None
    deleted_by: str | None
    change_seq: int


class RecentPipeline(NamedTuple):
    """A pipeline that somebody worked on, and when."""

    id: str
    name: str
    at: datetime


class Stored(NamedTuple):
    """A document as it is at one revision.

    `head` is the newest revision of its pipeline, `status` what became of the pipeline.
    """

    pipeline_id: str
    document: PipelineDocument
    revision: int
    head: int
    actor: str
    operation: str
    reason: str
    at: datetime
    created: bool = False
    status: str = "draft"


class Revision(NamedTuple):
    """An entry of the append-only log, without its document.

    `restores` is the revision whose document this one repeats: of an undo, a redo or a restore.
    `changed` holds the ids of the nodes `added`, `updated` and `removed`.
    """

    number: int
    kind: RevisionKind
    restores: int | None
    actor: str
    operation: str
    reason: str
    changes: list[dict[str, Any]]
    changed: dict[str, list[str]]
    at: datetime


class LogEntry(NamedTuple):
    """As much of a revision as undo and redo depend on."""

    number: int
    kind: RevisionKind
    restores: int | None


class Run(NamedTuple):
    """A test, preview, benchmark, verification or backtest, without its report."""

    id: str
    pipeline_id: str
    revision: int
    kind: RunKind
    node: str | None
    actor: str
    at: datetime
    result: str
    counts: dict[str, Any]
    duration_ms: int | None
    code_sha256: str | None


class StoredRun(NamedTuple):
    """A run with its report."""

    run: Run
    report: Any


class Deployment(NamedTuple):
    """One deployment and what became of it, without the deployed files."""

    id: str
    pipeline_id: str
    revision: int
    target: str
    status: str
    actor: str
    at: datetime
    updated_at: datetime
    code_sha256: str | None
    settings: dict[str, Any]
    resources: dict[str, Any]
    error: str | None


class KeptPlan(NamedTuple):
    """A plan as it was shown to an actor, who may confirm it until it expires."""

    hash: str
    pipeline_id: str
    actor: str
    at: datetime
    expires_at: datetime
    content: dict[str, Any]


class DeploymentStep(NamedTuple):
    """One step of a deployment: `started`, `done`, `failed` or `undone`."""

    deployment_id: str
    number: int
    state: str
    change: dict[str, Any]
    result: dict[str, Any]
    at: datetime


class DeploymentLock(NamedTuple):
    """Who is deploying a pipeline, and until when that is believed without a sign of life."""

    pipeline_id: str
    deployment_id: str
    actor: str
    until: datetime


class AuditEntry(NamedTuple):
    """Who called which operation on what, and how it ended (`ok` or an error's code).

    `sha256` covers all but `seq`, and with `previous_sha256` the whole log before the entry.
    """

    seq: int
    at: datetime
    actor: str
    role: str
    operation: str
    pipeline_id: str | None
    revision: int | None
    arguments_sha256: str
    outcome: str
    duration_ms: int
    surface: str
    client: str
    request_id: str
    previous_sha256: str
    sha256: str


class AccessGrant(NamedTuple):
    """A role that an actor (`*`: everybody) has on a pipeline (`*`: all), and who gave it."""

    actor: str
    pipeline_id: str
    role: Role
    granted_at: datetime
    granted_by: str


class Template(NamedTuple):
    """A saved pipeline to start from; `details` holds what a catalogue shows beside it."""

    id: str
    name: str
    description: str
    tags: list[str]
    document: PipelineDocument
    details: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    updated_by: str


class StoredProposal(NamedTuple):
    """Changes that wait to be accepted, and the revision they were written for; 0 for none."""

    id: str
    actor: str
    pipeline_id: str
    revision: int
    backend: str
    changes: list[dict[str, Any]]
    text: str
    at: datetime
    expires_at: datetime


class LanguageCall(NamedTuple):
    """One question to a model, or a call that asked none: its cost, and how it ended: `ok`, the
    status of the answer, or an error's code."""

    seq: int
    at: datetime
    actor: str
    pipeline_id: str
    backend: str
    model: str
    tokens_in: int
    tokens_out: int
    prompt_sha256: str
    outcome: str
    duration_ms: int
