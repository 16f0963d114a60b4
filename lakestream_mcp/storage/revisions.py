"""Revisions: the append-only log that edits, history, undo, redo and restore read and write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel
from sqlalchemy import bindparam, select

from ..errors import InvalidArgument, NotFound
from ..graph.model import PipelineDocument
from .encoding import canonical
from .engine import insert_new
from .history import changed_nodes, redo_target, undo_target
from .pipelines import CHANGE, PipelineRows, standing, summary
from .rows import LogEntry, Pipeline, Revision, RevisionKind, Stored
from .session import checked_limit, columns
from .tables import pipelines, revisions

_DOCUMENT = select(
    revisions.c.document,
    revisions.c.actor,
    revisions.c.operation,
    revisions.c.reason,
    revisions.c.at,
).where(
    revisions.c.pipeline_id == bindparam("pipeline_id"), revisions.c.number == bindparam("number")
)
_LOG = (
    select(*columns(LogEntry, revisions))
    .where(revisions.c.pipeline_id == bindparam("pipeline_id"))
    .order_by(revisions.c.number)
)
_APPEND = revisions.insert()


class _Author(NamedTuple):
    actor: str
    operation: str
    reason: str


class RevisionRows(PipelineRows):
    """The part of a transaction that keeps documents and their history."""

    def create_pipeline(
        self,
        pipeline_id: str,
        document: PipelineDocument,
        *,
        actor: str,
        operation: str = "create_pipeline",
        reason: str = "",
        changes: Sequence[dict[str, Any] | BaseModel] = (),
    ) -> Stored:
        """Store revision 1. Sending the same id and document again gives the same answer."""
        if not pipeline_id:
            raise InvalidArgument("A pipeline needs an id", where={"field": "pipeline"}, got="")
        row = {
            "id": pipeline_id,
            **summary(pipeline_id, document),
            "head": 1,
            "created_at": self.at,
            "created_by": actor,
            "updated_at": self.at,
            "updated_by": actor,
            "change_seq": 0,
        }
        if not insert_new(self._writing(), pipelines, row):
            return self._created_before(pipeline_id, document)
        first = Revision(
            number=1,
            kind="create",
            restores=None,
            actor=actor,
            operation=operation,
            reason=reason,
            changes=_plain(changes),
            changed={"added": [node.id for node in document.nodes], "updated": [], "removed": []},
            at=self.at,
        )
        self._append(pipeline_id, document, first)
        return Stored(pipeline_id, document, 1, 1, actor, operation, reason, self.at, created=True)

    def load(self, pipeline_id: str, revision: int | None = None) -> Stored:
        """The document at a revision, by default the head.

        In a write transaction the pipeline is locked: what is loaded is what an append follows.
        """
        read = self.lock_pipeline if self.write else self.get_pipeline
        return self._stored(read(pipeline_id), revision)

    def append_revision(
        self,
        pipeline_id: str,
        document: PipelineDocument,
        *,
        actor: str,
        operation: str,
        reason: str = "",
        changes: Sequence[dict[str, Any] | BaseModel] = (),
        changed: Mapping[str, Sequence[str]] | None = None,
        expect_revision: int | None = None,
        kind: RevisionKind = "edit",
        restores: int | None = None,
    ) -> int:
        """Make the document the new head; the number of the new revision.

        `changed` are the ids of the nodes `added`, `updated` and `removed`; RevisionConflict if the
        head is not `expect_revision` any more.
        """
        pipeline = self.lock_pipeline(pipeline_id)
        self._check_head(pipeline, expect_revision)
        revision = Revision(
            number=pipeline.head + 1,
            kind=kind,
            restores=restores,
            actor=actor,
            operation=operation,
            reason=reason,
            changes=_plain(changes),
            changed={name: list(ids) for name, ids in (changed or {}).items()},
            at=self.at,
        )
        self._append(pipeline_id, document, revision)
        row = {
            "pipeline_id": pipeline_id,
            "head": revision.number,
            "updated_at": self.at,
            "updated_by": actor,
            **summary(pipeline_id, document),
            "status": standing(pipeline, document),
        }
        self._run(CHANGE, row)
        return revision.number

    def revisions(
        self, pipeline_id: str, *, limit: int = 50, before: int | None = None, deleted: bool = False
    ) -> list[Revision]:
        """The log without its documents, newest first, from below the revision `before`."""
        self.get_pipeline(pipeline_id, deleted=deleted)
        log = select(*columns(Revision, revisions)).where(revisions.c.pipeline_id == pipeline_id)
        if before is not None:
            log = log.where(revisions.c.number < before)
        log = log.order_by(revisions.c.number.desc()).limit(checked_limit(limit))
        return [Revision._make(row) for row in self._rows(log)]

    def undo(
        self,
        pipeline_id: str,
        *,
        actor: str,
        operation: str = "restore_revision",
        reason: str = "",
        expect_revision: int | None = None,
    ) -> Stored:
        """Append the document as it was before the last edit that is not undone yet."""
        target = undo_target(self._log(pipeline_id))
        if target is None:
            raise _nothing("undo", pipeline_id)
        who = _Author(actor, operation, reason)
        return self._repeat(pipeline_id, target, "undo", who, expect_revision)

    def redo(
        self,
        pipeline_id: str,
        *,
        actor: str,
        operation: str = "restore_revision",
        reason: str = "",
        expect_revision: int | None = None,
    ) -> Stored:
        """Append the document as it was before the last undo."""
        target = redo_target(self._log(pipeline_id))
        if target is None:
            raise _nothing("redo", pipeline_id)
        who = _Author(actor, operation, reason)
        return self._repeat(pipeline_id, target, "redo", who, expect_revision)

    def restore_revision(
        self,
        pipeline_id: str,
        revision: int,
        *,
        actor: str,
        operation: str = "restore_revision",
        reason: str = "",
        expect_revision: int | None = None,
    ) -> Stored:
        """Append the document of an older revision: an edit, which can be undone."""
        who = _Author(actor, operation, reason)
        return self._repeat(pipeline_id, revision, "edit", who, expect_revision)

    def _repeat(
        self,
        pipeline_id: str,
        target: int,
        kind: RevisionKind,
        who: _Author,
        expect_revision: int | None,
    ) -> Stored:
        head = self.load(pipeline_id)
        document = self.load(pipeline_id, target).document
        number = self.append_revision(
            pipeline_id,
            document,
            changed=changed_nodes(head.document, document),
            expect_revision=expect_revision,
            kind=kind,
            restores=target,
            **who._asdict(),
        )
        return Stored(pipeline_id, document, number, number, *who, at=self.at)

    def _log(self, pipeline_id: str) -> list[LogEntry]:
        self.lock_pipeline(pipeline_id)
        return [LogEntry._make(row) for row in self._rows(_LOG, {"pipeline_id": pipeline_id})]

    def _append(self, pipeline_id: str, document: PipelineDocument, revision: Revision) -> None:
        row = {"pipeline_id": pipeline_id, "document": document, **revision._asdict()}
        self._run(_APPEND, row)
        self._touched[pipeline_id] = None

    def _stored(self, pipeline: Pipeline, revision: int | None) -> Stored:
        number = pipeline.head if revision is None else revision
        row = None
        if 1 <= number <= pipeline.head:
            row = self._first(_DOCUMENT, {"pipeline_id": pipeline.id, "number": number})
        if row is None:
            raise NotFound(
                f"Pipeline {pipeline.id} has no revision {number}",
                code="REVISION_NOT_FOUND",
                where={"pipeline": pipeline.id},
                got=number,
                expected=f"1 to {pipeline.head}",
                hint="`get_history` lists the revisions.",
            )
        return Stored(
            pipeline.id,
            row.document,
            number,
            pipeline.head,
            row.actor,
            row.operation,
            row.reason,
            at=row.at,
            status=pipeline.status if number == pipeline.head else row.document.status,
        )

    def _created_before(self, pipeline_id: str, document: PipelineDocument) -> Stored:
        if not self.sees(pipeline_id):
            raise InvalidArgument(
                f"The id {pipeline_id} cannot be used",
                code="PIPELINE_EXISTS",
                where={"pipeline": pipeline_id},
                got=pipeline_id,
                hint="Choose another id.",
            )
        first = self.load(pipeline_id, 1)
        if canonical(first.document) == canonical(document):
            return first
        raise InvalidArgument(
            f"Another pipeline has the id {pipeline_id}",
            code="PIPELINE_EXISTS",
            where={"pipeline": pipeline_id},
            got=document.name,
            expected=f"an id of its own: this one is {first.document.name}, by {first.actor}",
            hint="Choose another id, or change that pipeline with `edit_pipeline`.",
        )


def _plain(changes: Sequence[dict[str, Any] | BaseModel]) -> list[dict[str, Any]]:
    return [c.model_dump(mode="json") if isinstance(c, BaseModel) else c for c in changes]


def _nothing(step: str, pipeline_id: str) -> InvalidArgument:
    return InvalidArgument(
        f"There is nothing to {step} in pipeline {pipeline_id}",
        code=f"NOTHING_TO_{step.upper()}",
        where={"pipeline": pipeline_id},
        hint="`get_history` lists the revisions; `restore_revision` brings any of them back.",
    )
