"""The audit log: one row per call that changes, runs, deploys or is forbidden.

Triggers refuse to change or delete a row. Each row holds the hash of the one before it, and its own
hash covers that and its content, so a row that was changed, removed or put in by other means breaks
the chain at its place. Whoever keeps the newest hash elsewhere can tell later that nothing before
it was touched.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select

from .columns import EPOCH, MICROSECOND
from .encoding import legible
from .engine import lock_audit
from .rows import AuditEntry
from .session import Session, checked_limit, columns
from .tables import audit

BEGINNING = "0" * 64
HASHED = tuple(name for name in AuditEntry._fields if name not in ("seq", "sha256"))
REFUSED = ("refused", "error")
"""What stands for every outcome but `ok`."""
PAGE = 1000
_LAST = select(audit.c.sha256).order_by(audit.c.seq.desc()).limit(1)


class Verification(NamedTuple):
    """How far the chain holds: `broken_at` is the first entry that does not fit, and `why`."""

    entries: int
    head: str
    broken_at: int | None = None
    why: str | None = None


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
        surface: str = "process",
        client: str = "",
        request_id: str = "",
    ) -> None:
        """Record a call; names that could not be stored are made legible, never refused.

        The last statement of its transaction: from here to the commit other writers wait.
        """
        row: dict[str, Any] = {
            "at": self.at,
            "actor": legible(actor, 200),
            "role": legible(role, 32),
            "operation": legible(operation, 200),
            "pipeline_id": None if pipeline_id is None else legible(pipeline_id, 200),
            "revision": revision,
            "arguments_sha256": arguments_sha256,
            "outcome": legible(outcome, 64),
            "duration_ms": duration_ms,
            "surface": legible(surface, 32),
            "client": legible(client, 200),
            "request_id": legible(request_id, 64),
        }
        lock_audit(self._writing())
        last = self._first(_LAST)
        row["previous_sha256"] = BEGINNING if last is None else last.sha256
        row["sha256"] = entry_sha256(row)
        self._run(audit.insert().inline(), row)

    def list_audit(
        self,
        *,
        pipeline_id: str | None = None,
        actor: str | None = None,
        operation: str | None = None,
        outcome: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
        before: int | None = None,
    ) -> list[AuditEntry]:
        """The latest first; `before` is the `seq` of the last entry of the page before."""
        table = audit.c
        same = {"pipeline_id": pipeline_id, "actor": actor}
        same |= {"operation": operation, "outcome": None if outcome in REFUSED else outcome}
        found = select(*columns(AuditEntry, audit)).where(
            *(table[name] == value for name, value in same.items() if value is not None)
        )
        if outcome in REFUSED:
            found = found.where(table.outcome != "ok")
        if since is not None:
            found = found.where(table.at >= since)
        if until is not None:
            found = found.where(table.at < until)
        if before is not None:
            found = found.where(table.seq < before)
        found = found.order_by(table.seq.desc()).limit(checked_limit(limit))
        return [AuditEntry._make(row) for row in self._rows(found)]

    def audit_entries(self, after: int = 0) -> Iterator[AuditEntry]:
        """All entries in their order, from after a `seq`; a page is in memory at a time."""
        page = select(*columns(AuditEntry, audit)).order_by(audit.c.seq).limit(PAGE)
        while rows := self._rows(page.where(audit.c.seq > after)):
            yield from (AuditEntry._make(row) for row in rows)
            after = rows[-1].seq

    def verify_audit(self, known: str = "") -> Verification:
        """Recompute the chain from its beginning; a `known` hash must be in it."""
        entries, head, met = 0, BEGINNING, known in ("", BEGINNING)
        for entry in self.audit_entries():
            if entry.previous_sha256 != head:
                why = "the entry before it was changed, removed, or put in"
                return Verification(entries, head, entry.seq, why)
            if entry.sha256 != entry_sha256(entry._asdict()):
                return Verification(entries, head, entry.seq, "its content was changed")
            entries, head, met = entries + 1, entry.sha256, met or entry.sha256 == known
        return Verification(entries, head, None, None if met else "the known hash is not in it")


def entry_sha256(row: dict[str, Any]) -> str:
    """The hash of an entry: sha256 of its fields as a JSON list, `at` in microseconds since 1970.

    The `seq` is the database's own and left out, so that a copy in another database verifies too.
    """
    at = (row["at"] - EPOCH) // MICROSECOND
    content = [at if name == "at" else row[name] for name in HASHED]
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
