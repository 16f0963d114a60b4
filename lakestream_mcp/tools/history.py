"""The past of a pipeline: reading it, and going back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, Field

from ..arguments import ExpectRevision, PipelineId, Reason
from ..errors import InvalidArgument
from ..operations import Answer, operation
from .answers import Changed, EditAnswer
from .discovery import instant, load
from .edits import described

if TYPE_CHECKING:
    from ..storage.rows import Revision, Stored
    from ..storage.store import Transaction
    from ..workspace import Workspace

Mode = Literal["undo", "redo", "restore"]


class RevisionLine(BaseModel):
    """One revision: who, what, why, when."""

    revision: int
    actor: str
    operation: str
    reason: str
    changed: dict[str, list[str]]
    restores: int | None = None
    at: str

    @classmethod
    def of(cls, row: Revision) -> RevisionLine:
        """The line of a log entry."""
        return cls(
            revision=row.number,
            actor=row.actor,
            operation=row.operation,
            reason=row.reason,
            changed={kind: row.changed.get(kind, []) for kind in ("added", "updated", "removed")},
            restores=row.restores,
            at=instant(row.at),
        )

    def text(self) -> str:
        """One line."""
        changed = "; ".join(f"{k} {', '.join(v)}" for k, v in self.changed.items() if v)
        why = f" ({self.reason})" if self.reason else ""
        return (
            f"{self.revision} {self.at} {self.actor} {self.operation}{why}: {changed or 'no nodes'}"
        )


class History(Answer):
    """Revisions, newest first; or the difference between two of them."""

    pipeline_id: str
    revisions: list[RevisionLine] | None = None
    from_revision: int | None = None
    to_revision: int | None = None
    diff: dict[str, Any] | None = None
    next: str

    def text(self) -> str:
        """A line per revision; a diff as JSON."""
        if self.revisions is None:
            return super().text()
        return "\n".join([*(r.text() for r in self.revisions), f"Next: {self.next}"])


@operation(
    title="Read the history",
    effect="read",
    method="GET",
    path="/api/pipelines/{pipeline_id}/history",
    examples=(
        {"pipeline_id": "quakes"},
        {"pipeline_id": "quakes", "kind": "diff", "from_revision": 1},
    ),
)
def get_history(
    ws: Workspace,
    pipeline_id: PipelineId,
    kind: Literal["revisions", "diff"] = "revisions",
    from_revision: Annotated[int, Field(ge=0, description="For a diff; 0: the one before")] = 0,
    to_revision: Annotated[int, Field(ge=0, description="0: newest")] = 0,
    limit: Annotated[int, Field(ge=1, le=200)] = 20,
) -> History:
    """List revisions with who, what and why; or compare two of them."""
    if kind == "diff":
        return _difference(ws, pipeline_id, from_revision, to_revision)
    with ws.reading() as store:
        before = to_revision + 1 if to_revision else None
        rows = store.revisions(pipeline_id, limit=limit, before=before)
    return History(
        pipeline_id=pipeline_id,
        revisions=[RevisionLine.of(row) for row in rows],
        next='get_history(kind="diff", from_revision=…) or restore_revision',
    )


def _difference(ws: Workspace, pipeline_id: str, first: int, second: int) -> History:
    from ..graph.diff import diff

    new = load(ws, pipeline_id, second)
    old = load(ws, pipeline_id, first or max(new.revision - 1, 1))
    return History(
        pipeline_id=pipeline_id,
        from_revision=old.revision,
        to_revision=new.revision,
        diff=diff(old.document, new.document).model_dump(mode="json", exclude_none=True),
        next=f'restore_revision(mode="restore", revision={old.revision}) goes back',
    )


@operation(
    title="Undo, redo or restore",
    effect="edit",
    method="POST",
    path="/api/pipelines/{pipeline_id}/restore",
    examples=(
        {"pipeline_id": "quakes", "mode": "undo"},
        {"pipeline_id": "quakes", "mode": "restore", "revision": 3},
    ),
)
def restore_revision(
    ws: Workspace,
    pipeline_id: PipelineId,
    mode: Annotated[
        Mode, Field(description="restore without revision brings a deleted pipeline back")
    ] = "undo",
    revision: Annotated[int, Field(ge=0, description="Which, for restore")] = 0,
    expect_revision: ExpectRevision = 0,
    reason: Reason = "",
) -> EditAnswer:
    """Undo or redo the last edit, or make an older revision the newest. Nothing is lost."""
    mode = _meant(mode, revision)
    with ws.writing(pipeline_id) as store:
        before, after = _restored(ws, store, pipeline_id, mode, revision, expect_revision, reason)
        ws.call.revision = after.revision
    ws.notify("revision", pipeline_id, {"revision": after.revision})
    findings = ws.validate(after.document).findings
    changed = _changed(before, after)
    said = described(ws, pipeline_id, after.revision, after.document, findings, changed)
    if mode == "restore" and not revision:
        said.notes = [f"`{pipeline_id}` is there with its history, at revision {after.revision}"]
    return said


def _meant(mode: Mode, revision: int) -> Mode:
    """The mode; a revision that is named is one to restore. Raises InvalidArgument."""
    if revision and mode == "redo":
        raise InvalidArgument(
            "`redo` takes back an undo; it goes to no revision of your choice.",
            where={"argument": "revision"},
            got=revision,
            hint=f'mode="restore", revision={revision} makes that one the newest.',
        )
    return "restore" if revision else mode


def _restored(
    ws: Workspace,
    store: Transaction,
    pipeline_id: str,
    mode: Mode,
    revision: int,
    expect_revision: int,
    reason: str,
) -> tuple[Stored, Stored]:
    """The head before and after."""
    actor, operation = ws.identity.name, ws.call.operation
    if mode == "restore":
        store.restore_pipeline(pipeline_id, actor=actor)
    before = store.load(pipeline_id)
    if mode == "restore" and not revision:
        return before, before
    expected = expect_revision or None
    if mode == "restore":
        return before, store.restore_revision(
            pipeline_id,
            revision,
            actor=actor,
            operation=operation,
            reason=reason,
            expect_revision=expected,
        )
    step = store.undo if mode == "undo" else store.redo
    return before, step(
        pipeline_id, actor=actor, operation=operation, reason=reason, expect_revision=expected
    )


def _changed(before: Stored, after: Stored) -> Changed:
    from ..graph.diff import settings_changed
    from ..storage.history import changed_nodes

    old, new = ({e.text() for e in s.document.edges} for s in (before, after))
    edges = [f"- {e}" for e in sorted(old - new)] + [f"+ {e}" for e in sorted(new - old)]
    fields = [field.path for field in settings_changed(before.document, after.document)]
    nodes = changed_nodes(before.document, after.document)
    return Changed(**nodes, edges=edges, settings=fields)
