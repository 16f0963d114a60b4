"""Grants; an audit log that tells the client, is chained by hashes, and can only be appended to."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

HASHED = (
    *("at", "actor", "role", "operation", "pipeline_id", "revision", "arguments_sha256"),
    *("outcome", "duration_ms", "surface", "client", "request_id", "previous_sha256"),
)
LENGTHS = {"surface": 32, "client": 200, "request_id": 64, "previous_sha256": 64, "sha256": 64}
REFUSAL = "the audit log can only be appended to"


def upgrade() -> None:
    """Create the table of grants; extend, chain and close the audit log."""
    op.create_table(
        "grants",
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("pipeline_id", sa.String(200), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("granted_at", sa.BigInteger, nullable=False),
        sa.Column("granted_by", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("actor", "pipeline_id", name="pk_grants"),
    )
    for name, length in LENGTHS.items():
        op.add_column("audit", sa.Column(name, sa.String(length)))
    _chain(op.get_bind())
    with op.batch_alter_table("audit") as batch:
        for name, length in LENGTHS.items():
            batch.alter_column(name, existing_type=sa.String(length), nullable=False)
    _close(op.get_bind().dialect.name)


def _chain(connection: sa.Connection) -> None:
    """Chain the rows that are there; what called them is not known."""
    table = sa.Table("audit", sa.MetaData(), autoload_with=connection)
    link = (
        table.update()
        .where(table.c.seq == sa.bindparam("row"))
        .values({name: sa.bindparam(f"new_{name}") for name in LENGTHS})
    )
    last, sha256 = 0, "0" * 64
    page = sa.select(table).order_by(table.c.seq).limit(1000)
    while rows := connection.execute(page.where(table.c.seq > last)).mappings().all():
        links = []
        for row in rows:
            added = {"surface": "unknown", "client": "", "request_id": ""}
            added["previous_sha256"] = sha256
            added["sha256"] = sha256 = _sha256({**row, **added})
            links.append({"row": row["seq"]} | {f"new_{k}": v for k, v in added.items()})
        connection.execute(link, links)
        last = rows[-1]["seq"]


def _sha256(row: dict[str, Any]) -> str:
    text = json.dumps([row[n] for n in HASHED], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _close(dialect: str) -> None:
    """Let the database itself refuse to change or delete a row."""
    if dialect == "sqlite":
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{event.lower()} BEFORE {event} ON audit "
                f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
    )
