"""The audit log: searching it, taking it elsewhere, and checking that nothing in it was touched."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import BaseModel, Field

from ..errors import LimitExceeded
from ..operations import Answer, operation
from .discovery import instant
from .runs import parsed_instant

if TYPE_CHECKING:
    from ..storage.rows import AuditEntry
    from ..workspace import Workspace

SHOWN_LINES = 50
EXPORT_MAX = 100_000


class AuditLine(BaseModel):
    """One call, and how it ended."""

    seq: int
    at: str
    actor: str
    role: str
    operation: str
    pipeline_id: str | None = None
    revision: int | None = None
    outcome: str
    duration_ms: int
    surface: str
    client: str
    request_id: str
    arguments_sha256: str
    previous_sha256: str
    sha256: str

    @classmethod
    def of(cls, row: AuditEntry) -> AuditLine:
        """The line of a stored entry."""
        return cls(**row._asdict() | {"at": instant(row.at)})

    def text(self) -> str:
        """As much as fits a line."""
        on = f" {self.pipeline_id}" if self.pipeline_id else ""
        at = f"@{self.revision}" if self.revision else ""
        by = f"{self.surface}/{self.client}"[:40]
        return f"{self.seq} {self.at} {self.actor} {self.operation}{on}{at}: {self.outcome} ({by})"


class AuditList(Answer):
    """Entries, the latest first."""

    entries: list[AuditLine]
    next: str

    def text(self) -> str:
        """A line each."""
        lines = [entry.text()[:150] for entry in self.entries[:SHOWN_LINES]] or ["no such entries"]
        return "\n".join([*lines, f"Next: {self.next}"])


@operation(
    title="Search the audit log",
    effect="read",
    role="deployer",
    method="GET",
    path="/api/audit",
    examples=({"pipeline_id": "quakes", "outcome": "FORBIDDEN"},),
)
def list_audit(
    ws: Workspace,
    pipeline_id: Annotated[str, Field(max_length=64)] = "",
    actor: Annotated[str, Field(max_length=200)] = "",
    operation: Annotated[str, Field(max_length=64)] = "",
    outcome: Annotated[str, Field(max_length=64, description="ok, refused or an error code")] = "",
    since: Annotated[str, Field(max_length=40, description="ISO time")] = "",
    before: Annotated[int, Field(ge=0, description="seq: the next page")] = 0,
    limit: Annotated[int, Field(ge=1, le=200)] = 20,
) -> AuditList:
    """Find who changed, ran or deployed what, and what was refused; the latest first."""
    after = parsed_instant(since, "since")
    with ws.reading() as store:
        rows = store.list_audit(
            pipeline_id=pipeline_id or None,
            actor=actor or None,
            operation=operation or None,
            outcome=outcome or None,
            since=after,
            before=before or None,
            limit=limit,
        )
    last = rows[min(len(rows), SHOWN_LINES) - 1].seq if len(rows) >= min(limit, SHOWN_LINES) else 0
    more = f"list_audit(before={last}, …)" if last else "get_history of a pipeline"
    return AuditList(entries=[AuditLine.of(row) for row in rows], next=more)


class AuditExport(Answer):
    """Entries in their order, one JSON object a line."""

    media_type: ClassVar[str] = "application/x-ndjson"
    entries: list[dict[str, Any]]

    def text(self) -> str:
        """JSON Lines."""
        return "\n".join(json.dumps(entry, ensure_ascii=False) for entry in self.entries)


@operation(
    title="Export the audit log",
    effect="read",
    role="deployer",
    method="GET",
    path="/api/audit/export",
    mcp=False,
    examples=({"after": 0},),
)
def export_audit(
    ws: Workspace,
    after: Annotated[int, Field(ge=0, description="The `seq` of the last entry you have")] = 0,
    limit: Annotated[int, Field(ge=1, le=EXPORT_MAX)] = EXPORT_MAX,
) -> AuditExport:
    """Write the audit log as JSON Lines, oldest first, with the hashes that chain its entries."""
    with ws.reading() as store:
        rows = list(itertools.islice(store.audit_entries(after), limit + 1))
    if len(rows) > EXPORT_MAX:
        raise LimitExceeded(
            "The log has more entries than one export takes.",
            where={"argument": "limit"},
            expected=f"at most {EXPORT_MAX} entries",
            hint=f"Ask for limit={EXPORT_MAX - 1}, then go on with `after`.",
        )
    return AuditExport(entries=[_exported(row) for row in rows[:limit]])


def _exported(row: AuditEntry) -> dict[str, Any]:
    """All fields, the time to the microsecond: the hash covers it."""
    return row._asdict() | {"at": row.at.isoformat(timespec="microseconds")}


class AuditVerification(Answer):
    """Whether the chain holds, and where it breaks."""

    ok: bool
    entries: int
    head: str
    broken_at: int | None = None
    why: str | None = None
    next: str

    def text(self) -> str:
        """Two lines."""
        said = "The chain holds" if self.ok else f"BROKEN at entry {self.broken_at}: {self.why}"
        return f"{said}; {self.entries} entries, head {self.head}.\nNext: {self.next}"


@operation(
    title="Verify the audit log",
    effect="read",
    role="deployer",
    method="GET",
    path="/api/audit/verification",
    mcp=False,
    examples=({}, {"known": "0" * 64}),
)
def verify_audit(
    ws: Workspace,
    known: Annotated[
        str, Field(max_length=64, description="A hash kept elsewhere that must be in the chain")
    ] = "",
) -> AuditVerification:
    """Recompute the chain of the audit log: was an entry changed, removed or put in?

    Keep the head somewhere else; given as `known` later, it also shows if the end was cut off.
    """
    with ws.reading() as store:
        found = store.verify_audit(known)
    following = "keep the head where the database's owner cannot write"
    if found.broken_at is not None or found.why:
        following = "export_audit, and compare with a backup from before that entry"
    return AuditVerification(ok=found.why is None, **found._asdict(), next=following)
