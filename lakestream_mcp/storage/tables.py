"""The tables of the store. A test holds the migrations to exactly this."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
)

from .columns import Document, Instant, Json, Line, Packed, Prose, RowNumber

metadata = MetaData()

# One row per pipeline: what a list shows, and the row that writers lock. Deleting marks it.
pipelines = Table(
    "pipelines",
    metadata,
    Column("id", Line("pipeline"), primary_key=True),
    Column("name", Line("name"), nullable=False),
    Column("description", Prose("description"), nullable=False),
    Column("status", Line("status", 32), nullable=False),
    Column("tags", Json("tags"), nullable=False),
    Column("nodes", Integer, nullable=False),
    Column("head", Integer, nullable=False),
    Column("search_text", Prose("search_text"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Line("actor"), nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("updated_by", Line("actor"), nullable=False),
    Column("deleted_at", Instant),
    Column("deleted_by", Line("actor")),
    Column("change_seq", BigInteger, nullable=False),
    Index("ix_pipelines_change_seq", "change_seq"),
)

# Append-only: a row is never updated or deleted.
revisions = Table(
    "revisions",
    metadata,
    Column("pipeline_id", Line("pipeline"), ForeignKey("pipelines.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", Line("kind", 16), nullable=False),
    Column("restores", Integer),
    Column("document", Document, nullable=False),
    Column("actor", Line("actor"), nullable=False),
    Column("operation", Line("operation"), nullable=False),
    Column("reason", Prose("reason"), nullable=False),
    Column("changes", Json("changes"), nullable=False),
    Column("changed", Json("changed"), nullable=False),
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("pipeline_id", "number", name="pk_revisions"),
)

# `change` numbers the changes of all pipelines in the order they were committed.
counters = Table(
    "counters",
    metadata,
    Column("name", Line("counter", 32), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Line("run", 64), primary_key=True),
    Column("pipeline_id", Line("pipeline"), ForeignKey("pipelines.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("kind", Line("kind", 32), nullable=False),
    Column("node", Line("node")),
    Column("actor", Line("actor"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("result", Line("result", 32), nullable=False),
    Column("counts", Json("counts"), nullable=False),
    Column("duration_ms", Integer),
    Column("code_sha256", Line("code_sha256", 64)),
    Column("report", Packed("report"), nullable=False),
    Index("ix_runs_at", "at", "id"),
    Index("ix_runs_pipeline", "pipeline_id", "at", "id"),
    Index("ix_runs_node", "pipeline_id", "node", "at", "id"),
    Index("ix_runs_result", "result", "at", "id"),
)

deployments = Table(
    "deployments",
    metadata,
    Column("id", Line("deployment", 64), primary_key=True),
    Column("pipeline_id", Line("pipeline"), ForeignKey("pipelines.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("target", Line("target", 32), nullable=False),
    Column("status", Line("status", 32), nullable=False),
    Column("actor", Line("actor"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("code_sha256", Line("code_sha256", 64)),
    Column("settings", Json("settings"), nullable=False),
    Column("resources", Json("resources"), nullable=False),
    Column("error", Prose("error")),
    Column("files", Packed("files"), nullable=False),
    Index("ix_deployments_pipeline", "pipeline_id", "at", "id"),
    Index("ix_deployments_at", "at", "id"),
)

# What was shown to somebody, and waits to be confirmed under its hash.
deployment_plans = Table(
    "deployment_plans",
    metadata,
    Column("hash", Line("plan", 64), primary_key=True),
    Column("pipeline_id", Line("pipeline"), ForeignKey("pipelines.id"), nullable=False),
    Column("actor", Line("actor"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("content", Json("content"), nullable=False),
)

# The journal: a row before each step, which then says what came of it.
deployment_steps = Table(
    "deployment_steps",
    metadata,
    Column("deployment_id", Line("deployment", 64), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", Line("state", 16), nullable=False),
    Column("change", Json("change"), nullable=False),
    Column("result", Json("result"), nullable=False),
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("deployment_id", "number", name="pk_deployment_steps"),
)

# Who is deploying a pipeline. Whoever does not renew this row in time has lost it.
deployment_locks = Table(
    "deployment_locks",
    metadata,
    Column("pipeline_id", Line("pipeline"), ForeignKey("pipelines.id"), primary_key=True),
    Column("deployment_id", Line("deployment", 64), nullable=False),
    Column("actor", Line("actor"), nullable=False),
    Column("until", Instant, nullable=False),
)

# Append-only by triggers, and each row's hash covers the one before it (`audit.py`). No foreign
# key: a call that named a pipeline that does not exist is on record too.
audit = Table(
    "audit",
    metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("actor", Line("actor"), nullable=False),
    Column("role", Line("role", 32), nullable=False),
    Column("operation", Line("operation"), nullable=False),
    Column("pipeline_id", Line("pipeline")),
    Column("revision", Integer),
    Column("arguments_sha256", Line("arguments_sha256", 64), nullable=False),
    Column("outcome", Line("outcome", 64), nullable=False),
    Column("duration_ms", Integer, nullable=False),
    Column("surface", Line("surface", 32), nullable=False),
    Column("client", Line("client"), nullable=False),
    Column("request_id", Line("request_id", 64), nullable=False),
    Column("previous_sha256", Line("previous_sha256", 64), nullable=False),
    Column("sha256", Line("sha256", 64), nullable=False),
    Index("ix_audit_pipeline", "pipeline_id", "seq"),
    Index("ix_audit_actor", "actor", "seq"),
)

# What an actor (`*`: everybody) may do on a pipeline (`*`: all), where it is not the usual.
grants = Table(
    "grants",
    metadata,
    Column("actor", Line("actor"), nullable=False),
    Column("pipeline_id", Line("pipeline"), nullable=False),
    Column("role", Line("role", 32), nullable=False),
    Column("granted_at", Instant, nullable=False),
    Column("granted_by", Line("actor"), nullable=False),
    PrimaryKeyConstraint("actor", "pipeline_id", name="pk_grants"),
)

preferences = Table(
    "preferences",
    metadata,
    Column("actor", Line("actor"), nullable=False),
    Column("key", Line("key"), nullable=False),
    Column("value", Json("value"), nullable=False),
    Column("updated_at", Instant, nullable=False),
    PrimaryKeyConstraint("actor", "key", name="pk_preferences"),
)

templates = Table(
    "templates",
    metadata,
    Column("id", Line("template"), primary_key=True),
    Column("name", Line("name"), nullable=False),
    Column("description", Prose("description"), nullable=False),
    Column("tags", Json("tags"), nullable=False),
    Column("document", Document, nullable=False),
    Column("details", Json("details"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("updated_by", Line("actor"), nullable=False),
)

# Changes that wait to be accepted; they go when they are, or when their time is over.
proposals = Table(
    "proposals",
    metadata,
    Column("id", Line("proposal", 64), primary_key=True),
    Column("actor", Line("actor"), nullable=False),
    Column("pipeline_id", Line("pipeline"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("backend", Line("backend", 32), nullable=False),
    Column("changes", Json("changes"), nullable=False),
    Column("text", Prose("text"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index("ix_proposals_actor", "actor", "at"),
    Index("ix_proposals_expires_at", "expires_at"),
)

# One row per question to a model, and per call that asked none, without the text: who, what it
# cost, how it ended.
language_calls = Table(
    "language_calls",
    metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("actor", Line("actor"), nullable=False),
    Column("pipeline_id", Line("pipeline"), nullable=False),
    Column("backend", Line("backend", 32), nullable=False),
    Column("model", Line("model"), nullable=False),
    Column("tokens_in", Integer, nullable=False),
    Column("tokens_out", Integer, nullable=False),
    Column("prompt_sha256", Line("prompt_sha256", 64), nullable=False),
    Column("outcome", Line("outcome", 64), nullable=False),
    Column("duration_ms", Integer, nullable=False),
    Index("ix_language_calls_actor", "actor", "at"),
)
