"""Runs that are kept: listing, reading, and explaining what matched and what did not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, Field

from ..arguments import Object, RunId
from ..errors import InvalidArgument
from ..operations import Answer, operation
from .discovery import instant, load

if TYPE_CHECKING:
    from ..storage.rows import Run, StoredRun
    from ..workspace import Workspace

ENDED_MAX = 20


class RunLine(BaseModel):
    """One run in a list."""

    run_id: str
    pipeline_id: str
    revision: int
    kind: str
    node: str | None = None
    result: str
    events: int
    matches: int
    actor: str
    duration_ms: int | None = None
    at: str

    @classmethod
    def of(cls, run: Run) -> RunLine:
        """The line of a stored run."""
        return cls(
            run_id=run.id,
            pipeline_id=run.pipeline_id,
            revision=run.revision,
            kind=run.kind,
            node=run.node,
            result=run.result,
            events=run.counts.get("events", 0),
            matches=run.counts.get("matches", 0),
            actor=run.actor,
            duration_ms=run.duration_ms,
            at=instant(run.at),
        )


class RunList(Answer):
    """Runs, the latest first."""

    runs: list[RunLine]
    next: str

    def text(self) -> str:
        """A line each."""
        lines = [
            f"{r.run_id} {r.at} {r.pipeline_id}@{r.revision} {r.node or 'all'} {r.kind}: "
            f"{r.result}, {r.matches} matches of {r.events} events"
            for r in self.runs
        ]
        return "\n".join([*lines, f"Next: {self.next}"])


@operation(
    title="List runs",
    effect="read",
    method="GET",
    path="/api/runs",
    examples=({"pipeline_id": "quakes", "result": "matched"},),
)
def list_runs(
    ws: Workspace,
    pipeline_id: Annotated[str, Field(max_length=64)] = "",
    node: Annotated[str, Field(max_length=64)] = "",
    kind: Literal["", "test", "preview", "benchmark", "verify"] = "",
    result: Annotated[str, Field(max_length=32, description="matched or no_match")] = "",
    since: Annotated[str, Field(max_length=40, description="ISO time; UTC if it has no zone")] = "",
    until: Annotated[str, Field(max_length=40)] = "",
    limit: Annotated[int, Field(ge=1, le=200)] = 20,
) -> RunList:
    """List test runs by pipeline, node, result and time, the latest first."""
    after, before = _instant(since, "since"), _instant(until, "until")
    with ws.reading() as store:
        if pipeline_id:
            store.get_pipeline(pipeline_id, deleted=True)
        rows = store.list_runs(
            pipeline_id=pipeline_id or None,
            node=node or None,
            kind=kind or None,
            result=result or None,
            since=after,
            until=before,
            limit=limit,
        )
    following = "explain_match(run_id=…, match_id=…)" if rows else "test_pattern makes one"
    return RunList(runs=[RunLine.of(row) for row in rows], next=following)


def _instant(text: str, argument: str) -> datetime | None:
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidArgument(
            f"`{argument}` is not a time.",
            where={"argument": argument},
            got=text[:40],
            expected="ISO 8601, e.g. 2026-01-31T12:00:00Z",
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


class RunAnswer(Answer):
    """One run with its whole report."""

    run_id: str
    pipeline_id: str
    revision: int
    kind: str
    node: str | None = None
    result: str
    actor: str
    duration_ms: int | None = None
    at: str
    report: dict[str, Any]
    link: str


@operation(
    title="Read a run",
    effect="read",
    method="GET",
    path="/api/runs/{run_id}",
    mcp=False,
    examples=({"run_id": "run_0mi5x1a2b"},),
)
def get_run(ws: Workspace, run_id: RunId) -> RunAnswer:
    """Read one run with its whole report."""
    stored = _stored(ws, run_id)
    line = RunLine.of(stored.run).model_dump(exclude={"events", "matches"})
    link = ws.link(stored.run.pipeline_id, stored.run.revision, panel="test", run=run_id)
    return RunAnswer(**line, report=stored.report, link=link)


def _stored(ws: Workspace, run_id: str) -> StoredRun:
    with ws.reading() as store:
        return store.get_run(run_id)


class Explanation(Answer):
    """Why a match matched; or, without `match_id`, where partial matches ended."""

    run_id: str
    pipeline_id: str
    revision: int
    sentences: list[str]
    match: dict[str, Any] | None = None
    ended: list[dict[str, Any]] | None = None
    waiting: list[dict[str, Any]] | None = None
    link: str

    def text(self) -> str:
        """The sentences."""
        return "\n".join([*self.sentences, self.link])


@operation(
    title="Explain a match",
    effect="read",
    method="GET",
    path="/api/runs/{run_id}/explanation",
    examples=(
        {"run_id": "run_0mi5x1a2b", "match_id": "4f1c"},
        {"run_id": "run_0mi5x1a2b", "key": {"net": "us"}},
    ),
)
def explain_match(
    ws: Workspace,
    run_id: RunId,
    match_id: Annotated[
        str,
        Field(max_length=64, description="Or its unique beginning; left out: what did not match"),
    ] = "",
    key: Annotated[
        Object, Field(description="Without match_id: only partial matches of this key")
    ] = {},  # noqa: B006
) -> Explanation:
    """Explain a match: each event, its condition with the values it read, window and timers.

    Without match_id: where and why partial matches ended without one.
    """
    stored = _stored(ws, run_id)
    run = stored.run
    answer = Explanation(
        run_id=run_id,
        pipeline_id=run.pipeline_id,
        revision=run.revision,
        sentences=[],
        link=ws.link(run.pipeline_id, run.revision, panel="explain", run=run_id, match=match_id),
    )
    if not match_id:
        _unmatched(answer, stored.report, key)
        return answer
    from ..cep.explain import explain_match as explain

    document = load(ws, run.pipeline_id, run.revision).document
    told = explain(stored.report, match_id, document, ws.validate(document), ws.catalog, ws.engine)
    answer.sentences = told.pop("sentences")
    answer.match = told
    return answer


def _unmatched(answer: Explanation, report: dict[str, Any], key: dict[str, Any]) -> None:
    def concerns(partial: dict[str, Any]) -> bool:
        return all(partial["key"].get(name) == value for name, value in key.items())

    ended = [e for e in report["ended"] if concerns(e)]
    answer.ended = ended[:ENDED_MAX]
    answer.waiting = [w for w in report["waiting"] if concerns(w)][:ENDED_MAX]
    answer.sentences = [_ending(e) for e in answer.ended]
    answer.sentences += [_waiting(w) for w in answer.waiting]
    if len(ended) > ENDED_MAX:
        answer.sentences.append(f"{len(ended) - ENDED_MAX} more partial matches ended.")
    if not answer.sentences:
        answer.sentences = ["No partial match began: no event satisfied a first condition."]


def _ending(ended: dict[str, Any]) -> str:
    by = f" by event {ended['by_event']}" if ended.get("by_event") is not None else ""
    return f"{_partial(ended)} ended{by} at {ended['at']}: {ended['reason']}."


def _waiting(waiting: dict[str, Any]) -> str:
    deadline = f" until {waiting['deadline']}" if waiting.get("deadline") else ""
    return f"{_partial(waiting)} still waits{deadline}."


def _partial(partial: dict[str, Any]) -> str:
    key = ", ".join(f"{name} = {value}" for name, value in partial["key"].items())
    steps = ", ".join(f"{e['step']} at {e['at']}" for e in partial["events"]) or "nothing yet"
    return f"`{partial['pattern']}`{f' for {key}' if key else ''}: a partial match with {steps}"
