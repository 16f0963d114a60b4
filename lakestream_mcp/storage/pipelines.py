"""Pipelines: finding, listing, deleting, bringing back; and the order of changes among all."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Select, bindparam, or_, select, update

from ..errors import NotFound, RevisionConflict, nearest
from ..graph.model import PipelineDocument
from .encoding import check_text
from .rows import Pipeline
from .session import Session, checked_limit, columns, contains
from .tables import counters, pipelines, revisions

_BY_ID = select(*columns(Pipeline, pipelines)).where(pipelines.c.id == bindparam("pipeline_id"))
# Readers do not wait for this lock, nor do runs that refer to the pipeline. SQLite ignores it:
# there the writer holds the whole database.
_LOCKED_BY_ID = _BY_ID.with_for_update(key_share=True)
# Sets the columns that are given beside the id.
CHANGE = update(pipelines).where(pipelines.c.id == bindparam("pipeline_id"))
_COUNT_CHANGES = (
    update(counters)
    .where(counters.c.name == "change")
    .values(value=counters.c.value + bindparam("count"))
    .returning(counters.c.value)
)
# The latest few revisions after one: what a caller with an old revision has missed.
_SINCE = (
    select(
        revisions.c.number,
        revisions.c.actor,
        revisions.c.operation,
        revisions.c.reason,
        revisions.c.changed,
    )
    .where(
        revisions.c.pipeline_id == bindparam("pipeline_id"),
        revisions.c.number > bindparam("number"),
    )
    .order_by(revisions.c.number.desc())
    .limit(5)
)
DEPLOYED = ("deployed", "paused")
_CHANGE_SEQ = select(counters.c.value).where(counters.c.name == "change")


class PipelineRows(Session):
    """The part of a transaction that keeps the row of each pipeline."""

    def get_pipeline(self, pipeline_id: str, *, deleted: bool = False) -> Pipeline:
        """The row of a pipeline; of a deleted one only when asked."""
        return self._pipeline(_BY_ID, pipeline_id, deleted)

    def lock_pipeline(self, pipeline_id: str, *, deleted: bool = False) -> Pipeline:
        """The row of a pipeline, which nobody else can change before this transaction ends."""
        self._writing()
        return self._pipeline(_LOCKED_BY_ID, pipeline_id, deleted)

    def _pipeline(self, statement: Select[Any], pipeline_id: str, deleted: bool) -> Pipeline:
        row = self._first(statement, {"pipeline_id": pipeline_id})
        if row is None or not self.sees(pipeline_id):
            raise self._unknown(pipeline_id)
        pipeline = Pipeline._make(row)
        if pipeline.deleted_at is not None and not deleted:
            raise NotFound(
                f"Pipeline {pipeline_id} is deleted",
                code="PIPELINE_DELETED",
                where={"pipeline": pipeline_id},
                got=f"deleted by {pipeline.deleted_by} at {pipeline.deleted_at.isoformat()}",
                hint="Nothing is lost: `restore_revision` brings it back with its history.",
            )
        return pipeline

    def list_pipelines(
        self,
        *,
        tag: str | None = None,
        status: str | None = None,
        text: str | None = None,
        deleted: bool = False,
        limit: int = 50,
        before: int | None = None,
    ) -> list[Pipeline]:
        """The latest changed first; `text` is looked for in id, name, description and tags.

        `before` is the `change_seq` of the last row of the page before.
        """
        if self.write:
            self.number_changes()
        table = pipelines.c
        found = select(*columns(Pipeline, pipelines)).where(
            table.deleted_at.is_not(None) if deleted else table.deleted_at.is_(None),
            *self._visible(table.id),
        )
        if tag is not None:
            # Quotes inside a JSON string are escaped, so only a whole tag follows `[` or `,`.
            quoted = json.dumps(check_text(tag, "tag"), ensure_ascii=False)
            found = found.where(or_(*(contains(table.tags, mark + quoted) for mark in "[,")))
        if status is not None:
            found = found.where(table.status == status)
        if text:
            found = found.where(contains(table.search_text, check_text(text, "text").casefold()))
        if before is not None:
            found = found.where(table.change_seq < before)
        found = found.order_by(table.change_seq.desc()).limit(checked_limit(limit))
        return [Pipeline._make(row) for row in self._rows(found)]

    def delete_pipeline(
        self, pipeline_id: str, *, actor: str, expect_revision: int | None = None
    ) -> Pipeline:
        """Mark a pipeline deleted; its revisions, runs and deployments stay. Twice is as once."""
        pipeline = self.lock_pipeline(pipeline_id, deleted=True)
        if pipeline.deleted_at is not None:
            return pipeline
        self._check_head(pipeline, expect_revision)
        return self._mark(pipeline, actor, deleted=True)

    def restore_pipeline(self, pipeline_id: str, *, actor: str) -> Pipeline:
        """Bring a deleted pipeline back as it was; one that is not deleted is left alone."""
        pipeline = self.lock_pipeline(pipeline_id, deleted=True)
        if pipeline.deleted_at is None:
            return pipeline
        return self._mark(pipeline, actor, deleted=False)

    def _mark(self, pipeline: Pipeline, actor: str, *, deleted: bool) -> Pipeline:
        marked = pipeline._replace(
            deleted_at=self.at if deleted else None,
            deleted_by=actor if deleted else None,
            updated_at=self.at,
            updated_by=actor,
        )
        fields = ("deleted_at", "deleted_by", "updated_at", "updated_by")
        values = {name: getattr(marked, name) for name in fields}
        self._run(CHANGE, {"pipeline_id": pipeline.id, **values})
        self._touched[pipeline.id] = None
        return marked

    def set_standing(self, pipeline_id: str, status: str) -> None:
        """Say that a pipeline is `deployed` or `paused`, or again `draft`; no revision is made."""
        if self.lock_pipeline(pipeline_id, deleted=True).status != status:
            self._run(CHANGE, {"pipeline_id": pipeline_id, "status": status})
            self._touched[pipeline_id] = None

    def latest_change_seq(self) -> int:
        """The number of the latest committed change of any pipeline."""
        return int(self.connection.execute(_CHANGE_SEQ).scalar_one())

    def number_changes(self) -> None:
        """Give each changed pipeline its number, as late as can be.

        The counter's row is the only one that writers of different pipelines share. Taking it last
        keeps them apart for the commit alone, and makes the order of numbers that of commits, so
        that a reader who asks for what came after a number misses nothing.
        """
        if not self._touched:
            return
        count = len(self._touched)
        last = int(self._writing().execute(_COUNT_CHANGES, {"count": count}).scalar_one())
        for number, pipeline_id in enumerate(self._touched, last - count + 1):
            self._run(CHANGE, {"pipeline_id": pipeline_id, "change_seq": number})
        self._touched.clear()

    def _unknown(self, pipeline_id: str) -> NotFound:
        known = (
            select(pipelines.c.id, pipelines.c.name)
            .where(pipelines.c.deleted_at.is_(None), *self._visible(pipelines.c.id))
            .order_by(pipelines.c.change_seq.desc())
            .limit(1000)
        )
        id_of = {text: row.id for row in self._rows(known) for text in (row.name, row.id)}
        like = nearest(pipeline_id, id_of)
        return NotFound(
            f"There is no pipeline {pipeline_id}",
            code="PIPELINE_NOT_FOUND",
            where={"pipeline": pipeline_id},
            got=pipeline_id,
            expected=f"`{id_of[like]}`" if like else None,
            hint=f"Did you mean `{id_of[like]}`?" if like else "`list_pipelines` shows them.",
        )

    def _check_head(self, pipeline: Pipeline, expect_revision: int | None) -> None:
        if expect_revision is None or expect_revision == pipeline.head:
            return
        since = [
            {"revision": row.number, "actor": row.actor, "operation": row.operation}
            | {"reason": row.reason, "changed": row.changed}
            for row in self._rows(_SINCE, {"pipeline_id": pipeline.id, "number": expect_revision})
        ]
        raise RevisionConflict(
            f"Pipeline {pipeline.id} is at revision {pipeline.head}, not {expect_revision}",
            where={"pipeline": pipeline.id, "since": since},
            got=expect_revision,
            expected=pipeline.head,
            hint="Read it again with `get_pipeline`, see what changed in between with "
            f"`get_history`, and repeat with expect_revision={pipeline.head}.",
        )


def standing(pipeline: Pipeline, document: PipelineDocument) -> str:
    """The status after an edit: one that was deployed stays so, unless the document says more."""
    stands = pipeline.status in DEPLOYED and document.status == "draft"
    return pipeline.status if stands else document.status


def summary(pipeline_id: str, document: PipelineDocument) -> dict[str, Any]:
    """What the row of a pipeline repeats of its document, so that lists need no documents."""
    words = (pipeline_id, document.name, document.description, *document.tags)
    return {
        "name": document.name,
        "description": document.description,
        "status": document.status,
        "tags": document.tags,
        "nodes": len(document.nodes),
        "search_text": "\n".join(words).casefold(),
    }
