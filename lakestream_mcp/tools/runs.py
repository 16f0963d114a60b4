"""Runs that are kept: listing, reading, and explaining what matched and what did not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, Field

from ..arguments import Json, Object, RunId
from ..errors import InvalidArgument, NotFound
from ..graph.duration import duration_us
from ..operations import Answer, operation
from .discovery import instant
from .why import Question, answer_what_there_is, answer_why, answer_why_not

if TYPE_CHECKING:
    from ..storage.rows import Run, StoredRun
    from ..workspace import Workspace


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
        ] or ["no such runs"]
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
    kind: Literal["", "test", "preview", "benchmark", "verify", "backtest"] = "",
    result: Annotated[str, Field(max_length=32, description="matched or no_match")] = "",
    since: Annotated[str, Field(max_length=40, description="ISO time; UTC if it has no zone")] = "",
    until: Annotated[str, Field(max_length=40)] = "",
    limit: Annotated[int, Field(ge=1, le=200)] = 20,
) -> RunList:
    """List test runs by pipeline, node, result and time, the latest first."""
    after, before = parsed_instant(since, "since"), parsed_instant(until, "until")
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


def parsed_instant(text: str, argument: str) -> datetime | None:
    """The time that an argument names, None where it is empty. Raises InvalidArgument."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = _ago(text, argument)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _ago(text: str, argument: str) -> datetime:
    """The time that lies a duration back: `1 hour`, or `1 hour ago`."""
    try:
        return datetime.now(UTC) - timedelta(microseconds=duration_us(text.removesuffix(" ago")))
    except InvalidArgument:
        raise InvalidArgument(
            f"`{argument}` is not a time.",
            where={"argument": argument},
            got=text[:40],
            expected="ISO 8601, e.g. 2026-01-31T12:00:00Z, or `1 hour ago`",
        ) from None


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
    """Why a match matched; or, without `match_id`, what came closest and what was missing."""

    run_id: str | None = None
    pipeline_id: str
    revision: int
    sentences: list[str]
    source: dict[str, Any] | None = Field(None, description="Of a deployed pipeline's match")
    match: dict[str, Any] | None = None
    matches: list[dict[str, Any]] | None = Field(
        None, description="Of the run, the newest first, where nothing in particular was asked"
    )
    misses: list[dict[str, Any]] | None = None
    waiting: list[dict[str, Any]] | None = None
    next: str
    link: str

    def text(self) -> str:
        """The sentences."""
        return "\n".join([*self.sentences, f"Next: {self.next}", self.link])


@operation(
    title="Explain a match, or why there is none",
    effect="read",
    method="GET",
    path="/api/runs/{run_id}/explanation",
    examples=(
        {"run_id": "run_0mi5x1a2b", "match_id": "4f1c"},
        {"run_id": "run_0mi5x1a2b", "key": {"net": "us"}},
        {"run_id": "run_0mi5x1a2b", "event": 0},
    ),
)
def explain_match(
    ws: Workspace,
    run_id: Annotated[str, Field(max_length=64, description="As test_pattern answers it")] = "",
    match_id: Annotated[
        str, Field(max_length=64, description="Or its beginning; left out: what there is")
    ] = "",
    key: Annotated[
        Object, Field(description='Why has this key no (other) match? E.g. {"card": 4711}')
    ] = {},  # noqa: B006
    event: Annotated[
        int | None, Field(ge=0, description="Why is the event of this number in no match?")
    ] = None,
    expected: Annotated[
        Annotated[list[int], Field(max_length=100)] | None,
        Json,
        Field(description="Why do these events not match together?"),
    ] = None,
    node: Annotated[str, Field(max_length=64, description="This pattern only")] = "",
    limit: Annotated[int, Field(ge=1, le=100)] = 5,
    pipeline_id: Annotated[
        str,
        Field(max_length=64, description="Its newest run; or a match_id of that or its sink"),
    ] = "",
    warehouse: Annotated[
        str, Field(max_length=64, description="SQL warehouse that reads, or local")
    ] = "",
) -> Explanation:
    """Explain a match: each event, its condition with the values it read, window and timers.

    Without match_id: the matches there are, and what came closest: clause missed, by how much.
    """
    run_id = run_id or _run_with(ws, "" if warehouse else pipeline_id, match_id)
    if pipeline_id and match_id and not run_id:
        from .production import explain_deployed_match

        return explain_deployed_match(ws, pipeline_id, match_id, warehouse=warehouse)
    if run_id and warehouse:
        raise InvalidArgument(
            "A run is explained from its events, and no warehouse reads them.",
            where={"argument": "warehouse"},
            expected="run_id, or pipeline_id and match_id with a warehouse",
        )
    run_id = run_id or _newest_run(ws, pipeline_id)
    return _explained(ws, run_id, match_id, Question(key, event, expected, node, limit))


def _newest_run(ws: Workspace, pipeline_id: str) -> str:
    """The run that a question about a pipeline means. Raises InvalidArgument, NotFound."""
    if not pipeline_id:
        raise InvalidArgument(
            "Say which run; or which pipeline, for its newest run.",
            where={"argument": "run_id"},
            expected="run_id or pipeline_id",
        )
    with ws.reading() as store:
        store.load(pipeline_id)
        runs = store.list_runs(pipeline_id=pipeline_id, kind="test", limit=1)
    if not runs:
        raise NotFound(
            f"`{pipeline_id}` has no test run.",
            code="RUN_NOT_FOUND",
            where={"pipeline": pipeline_id},
            hint=f'test_pattern(pipeline_id="{pipeline_id}", events=[…]) makes one.',
        )
    return runs[0].id


def _run_with(ws: Workspace, pipeline_id: str, match_id: str) -> str:
    """The newest test run of a pipeline if it has this one match; else empty."""
    if not (pipeline_id and match_id):
        return ""
    with ws.reading() as store:
        runs = store.list_runs(pipeline_id=pipeline_id, kind="test", limit=1)
        matches = store.get_run(runs[0].id).report["matches"] if runs else []
    return runs[0].id if sum(m["match_id"].startswith(match_id) for m in matches) == 1 else ""


def _explained(ws: Workspace, run_id: str, match_id: str, asked: Question) -> Explanation:
    stored = _stored(ws, run_id)
    run = stored.run
    answer = Explanation(
        run_id=run_id,
        pipeline_id=run.pipeline_id,
        revision=run.revision,
        sentences=[],
        next="test_pattern with what_if to try another configuration, or generate_code",
        link=ws.link(run.pipeline_id, run.revision, panel="explain", run=run_id, match=match_id),
    )
    if match_id:
        answer_why(ws, answer, stored, match_id)
    else:
        asked = asked._replace(node=asked.node or run.node or "")
        answer_what_there_is(answer, stored, asked)
        answer_why_not(ws, answer, stored, asked)
    return answer
