"""Plans that wait to be confirmed, the journal of deployments, and who is deploying."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create three tables."""
    _create_plans()
    _create_steps()
    _create_locks()


def _line(name: str, length: int = 200, *, key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=False, primary_key=key)


def _pipeline(*, key: bool = False) -> sa.Column[str]:
    reference = sa.ForeignKey("pipelines.id")
    return sa.Column("pipeline_id", sa.String(200), reference, nullable=False, primary_key=key)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _time(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _create_plans() -> None:
    op.create_table(
        "deployment_plans",
        _line("hash", 64, key=True),
        _pipeline(),
        _line("actor"),
        _time("at"),
        _time("expires_at"),
        _text("content"),
    )


def _create_steps() -> None:
    op.create_table(
        "deployment_steps",
        _line("deployment_id", 64),
        sa.Column("number", sa.Integer, nullable=False),
        _line("state", 16),
        _text("change"),
        _text("result"),
        _time("at"),
        sa.PrimaryKeyConstraint("deployment_id", "number", name="pk_deployment_steps"),
    )


def _create_locks() -> None:
    op.create_table(
        "deployment_locks",
        _pipeline(key=True),
        _line("deployment_id", 64),
        _line("actor"),
        _time("until"),
    )
