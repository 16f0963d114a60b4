"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create all tables, and the counter of changes."""
    _create_pipelines()
    _create_revisions()
    _create_runs()
    _create_deployments()
    _create_audit()
    _create_settings()


def _line(name: str, length: int = 200, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=null)


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=null)


def _count(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=null)


def _time(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=null)


def _pipeline() -> sa.Column[str]:
    return sa.Column("pipeline_id", sa.String(200), sa.ForeignKey("pipelines.id"), nullable=False)


def _create_pipelines() -> None:
    op.create_table(
        "pipelines",
        sa.Column("id", sa.String(200), primary_key=True),
        _line("name"),
        _text("description"),
        _line("status", 32),
        _text("tags"),
        _count("nodes"),
        _count("head"),
        _text("search_text"),
        _time("created_at"),
        _line("created_by"),
        _time("updated_at"),
        _line("updated_by"),
        _time("deleted_at", null=True),
        _line("deleted_by", null=True),
        _time("change_seq"),
    )
    op.create_index("ix_pipelines_change_seq", "pipelines", ["change_seq"])


def _create_revisions() -> None:
    op.create_table(
        "revisions",
        _pipeline(),
        _count("number"),
        _line("kind", 16),
        _count("restores", null=True),
        _text("document"),
        _line("actor"),
        _line("operation"),
        _text("reason"),
        _text("changes"),
        _text("changed"),
        _time("at"),
        sa.PrimaryKeyConstraint("pipeline_id", "number", name="pk_revisions"),
    )
    counters = op.create_table(
        "counters",
        sa.Column("name", sa.String(32), primary_key=True),
        _time("value"),
    )
    op.bulk_insert(counters, [{"name": "change", "value": 0}])


def _create_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.String(64), primary_key=True),
        _pipeline(),
        _count("revision"),
        _line("kind", 32),
        _line("node", null=True),
        _line("actor"),
        _time("at"),
        _line("result", 32),
        _text("counts"),
        _count("duration_ms", null=True),
        _line("code_sha256", 64, null=True),
        sa.Column("report", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_runs_at", "runs", ["at", "id"])
    op.create_index("ix_runs_pipeline", "runs", ["pipeline_id", "at", "id"])
    op.create_index("ix_runs_node", "runs", ["pipeline_id", "node", "at", "id"])
    op.create_index("ix_runs_result", "runs", ["result", "at", "id"])


def _create_deployments() -> None:
    op.create_table(
        "deployments",
        sa.Column("id", sa.String(64), primary_key=True),
        _pipeline(),
        _count("revision"),
        _line("target", 32),
        _line("status", 32),
        _line("actor"),
        _time("at"),
        _time("updated_at"),
        _line("code_sha256", 64, null=True),
        _text("settings"),
        _text("resources"),
        _text("error", null=True),
        sa.Column("files", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_deployments_pipeline", "deployments", ["pipeline_id", "at", "id"])
    op.create_index("ix_deployments_at", "deployments", ["at", "id"])


def _create_audit() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "audit",
        sa.Column("seq", number, primary_key=True, autoincrement=True),
        _time("at"),
        _line("actor"),
        _line("role", 32),
        _line("operation"),
        _line("pipeline_id", null=True),
        _count("revision", null=True),
        _line("arguments_sha256", 64),
        _line("outcome", 64),
        _count("duration_ms"),
    )
    op.create_index("ix_audit_pipeline", "audit", ["pipeline_id", "seq"])
    op.create_index("ix_audit_actor", "audit", ["actor", "seq"])


def _create_settings() -> None:
    op.create_table(
        "preferences",
        _line("actor"),
        _line("key"),
        _text("value"),
        _time("updated_at"),
        sa.PrimaryKeyConstraint("actor", "key", name="pk_preferences"),
    )
    op.create_table(
        "templates",
        sa.Column("id", sa.String(200), primary_key=True),
        _line("name"),
        _text("description"),
        _text("tags"),
        _text("document"),
        _text("details"),
        _time("created_at"),
        _time("updated_at"),
        _line("updated_by"),
    )
