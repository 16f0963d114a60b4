"""Runs: what was tested, previewed, benchmarked and verified, with the full report of each."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Integer, and_, bindparam, or_, select

from ..errors import NotFound
from .pipelines import PipelineRows
from .rows import Run, RunKind, StoredRun
from .session import checked_limit, columns
from .tables import runs

# Asked several times a second by every stream of events, so the statement is made once.
_LATEST = (
    select(runs.c.id, runs.c.result)
    .where(runs.c.pipeline_id == bindparam("pipeline_id"))
    .order_by(runs.c.at.desc(), runs.c.id.desc())
    .limit(bindparam("limit", type_=Integer))
)


class RunRows(PipelineRows):
    """The part of a transaction that keeps runs."""

    def add_run(
        self,
        pipeline_id: str,
        revision: int,
        kind: RunKind,
        *,
        actor: str,
        result: str,
        counts: dict[str, Any],
        report: Any,
        node: str | None = None,
        duration_ms: int | None = None,
        code_sha256: str | None = None,
        run_id: str | None = None,
    ) -> Run:
        """Store a run under an id that sorts by time."""
        self.get_pipeline(pipeline_id)
        run = Run(
            id=run_id or self.new_id("run"),
            pipeline_id=pipeline_id,
            revision=revision,
            kind=kind,
            node=node,
            actor=actor,
            at=self.at,
            result=result,
            counts=counts,
            duration_ms=duration_ms,
            code_sha256=code_sha256,
        )
        self._run(runs.insert(), {**run._asdict(), "report": report})
        return run

    def get_run(self, run_id: str) -> StoredRun:
        """A run with its report."""
        row = self._first(select(*columns(Run, runs), runs.c.report).where(runs.c.id == run_id))
        if row is None or not self.sees(row.pipeline_id):
            raise _no_run(run_id)
        return StoredRun(Run._make(row[:-1]), row[-1])

    def latest_runs(self, pipeline_id: str, limit: int) -> dict[str, str]:
        """The results of a pipeline's latest runs by their ids, the latest first."""
        latest = self._rows(_LATEST, {"pipeline_id": pipeline_id, "limit": limit})
        return {row.id: row.result for row in latest}

    def pipeline_of_run(self, run_id: str) -> str:
        """The pipeline that a run is of, without reading its report."""
        row = self._first(select(runs.c.pipeline_id).where(runs.c.id == run_id))
        if row is None or not self.sees(row.pipeline_id):
            raise _no_run(run_id)
        return str(row.pipeline_id)

    def list_runs(
        self,
        *,
        pipeline_id: str | None = None,
        node: str | None = None,
        kind: RunKind | None = None,
        result: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[Run]:
        """The latest first; `before` is the id of the last run of the page before."""
        table = runs.c
        same = {"pipeline_id": pipeline_id, "node": node, "kind": kind, "result": result}
        found = select(*columns(Run, runs)).where(
            *(table[name] == value for name, value in same.items() if value is not None),
            *self._visible(table.pipeline_id),
        )
        if since is not None:
            found = found.where(table.at >= since)
        if until is not None:
            found = found.where(table.at < until)
        if before is not None:
            last = self.get_run(before).run
            same_time = and_(table.at == last.at, table.id < last.id)
            found = found.where(or_(table.at < last.at, same_time))
        found = found.order_by(table.at.desc(), table.id.desc()).limit(checked_limit(limit))
        return [Run._make(row) for row in self._rows(found)]


def _no_run(run_id: str) -> NotFound:
    return NotFound(
        f"There is no run {run_id}",
        code="RUN_NOT_FOUND",
        where={"run": run_id},
        got=run_id,
        hint="`list_runs` shows the runs of a pipeline.",
    )
