"""The audit log: one row per call of an operation, whatever became of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from .encoding import legible
from .rows import AuditEntry
from .session import Session, checked_limit, columns
from .tables import audit


class AuditRows(Session):
    """The part of a transaction that keeps the audit log."""

    def append_audit(
        self,
        *,
        actor: str,
        role: str,
        operation: str,
        arguments_sha256: str,
        outcome: str,
        duration_ms: int,
        pipeline_id: str | None = None,
        revision: int | None = None,
    ) -> None:
        """Record a call; names that could not be stored are made legible, never refused."""
        row = {
            "at": self.at,
            "actor": legible(actor, 200),
            "role": legible(role, 32),
            "operation": legible(operation, 200),
            "pipeline_id": None if pipeline_id is None else legible(pipeline_id, 200),
            "revision": revision,
            "arguments_sha256": arguments_sha256,
            "outcome": legible(outcome, 64),
            "duration_ms": duration_ms,
        }
        self._run(audit.insert().inline(), row)

    def list_audit(
        self,
        *,
        pipeline_id: str | None = None,
        actor: str | None = None,
        operation: str | None = None,
        outcome: str | None = None,
        since: datetime | None = None,
        limit: int = 50,
        before: int | None = None,
    ) -> list[AuditEntry]:
        """The latest first; `before` is the `seq` of the last entry of the page before."""
        table = audit.c
        same = {"pipeline_id": pipeline_id, "actor": actor}
        same |= {"operation": operation, "outcome": outcome}
        found = select(*columns(AuditEntry, audit)).where(
            *(table[name] == value for name, value in same.items() if value is not None)
        )
        if since is not None:
            found = found.where(table.at >= since)
        if before is not None:
            found = found.where(table.seq < before)
        found = found.order_by(table.seq.desc()).limit(checked_limit(limit))
        return [AuditEntry._make(row) for row in self._rows(found)]
