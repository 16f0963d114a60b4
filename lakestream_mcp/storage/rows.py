"""What the store answers with: one small tuple per kind of row. Imports no database."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, NamedTuple

from ..graph.model import PipelineDocument

RevisionKind = Literal["create", "edit", "undo", "redo"]
RunKind = Literal["test", "preview", "benchmark", "verify"]


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


class Stored(NamedTuple):
    """A document as it is at one revision; `head` is the newest revision of its pipeline."""

    pipeline_id: str
    document: PipelineDocument
    revision: int
    head: int
    actor: str
    operation: str
    reason: str
    at: datetime
    created: bool = False


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
    """A test, preview, benchmark or verification, without its report."""

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


class AuditEntry(NamedTuple):
    """Who called which operation on what, and how it ended (`ok` or an error's code)."""

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
