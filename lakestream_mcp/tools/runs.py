"""Runs that are kept: listing, reading, and explaining what matched and what did not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, Field

from ..arguments import Json, Object, RunId
from ..errors import InvalidArgument
from ..operations import Answer, operation
from .discovery import instant, load

if TYPE_CHECKING:
    from ..explain.reopen import Reopened
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
    """Why a match matched; or, without `match_id`, what came closest and what was missing."""

    run_id: str
    pipeline_id: str
    revision: int
    sentences: list[str]
    match: dict[str, Any] | None = None
    misses: list[dict[str, Any]] | None = None
    waiting: list[dict[str, Any]] | None = None
    link: str

    def text(self) -> str:
        """The sentences."""
        return "\n".join([*self.sentences, self.link])


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
    run_id: RunId,
    match_id: Annotated[
        str,
        Field(max_length=64, description="Or its unique beginning; left out: what did not match"),
    ] = "",
    key: Annotated[
        Object, Field(description='Why has this key no (other) match? E.g. {"card": 4711}')
    ] = {},  # noqa: B006
    event: Annotated[
        int | None, Field(ge=0, description="Why is the event of this number in no match?")
    ] = None,
    expected: Annotated[
        list[int] | None,
        Json,
        Field(max_length=100, description="Why do these events not match together?"),
    ] = None,
    node: Annotated[str, Field(max_length=64, description="This pattern only")] = "",
    limit: Annotated[int, Field(ge=1, le=100)] = 5,
) -> Explanation:
    """Explain a match: each event, its condition with the values it read, window and timers.

    Without match_id: what came closest to a match, which clause was missed, and by how much.
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
    if match_id:
        _answer_why(ws, answer, stored, match_id)
    else:
        asked = Question(key, event, expected, node or run.node or "", limit)
        _answer_why_not(ws, answer, stored, asked)
    return answer


class Question(NamedTuple):
    """What is asked about a run without naming a match."""

    key: dict[str, Any]
    event: int | None
    expected: list[int] | None
    node: str
    limit: int


def _answer_why(ws: Workspace, answer: Explanation, stored: StoredRun, match_id: str) -> None:
    from ..explain.match import explain_match as explain
    from ..explain.match import find_match

    find_match(stored.report, match_id)
    told = explain(stored.report, match_id, _reopened(ws, stored))
    answer.sentences = told.pop("sentences")
    answer.match = told


def _reopened(ws: Workspace, stored: StoredRun) -> Reopened:
    from ..cep.host import Host
    from ..explain.reopen import reopen

    document = load(ws, stored.run.pipeline_id, stored.run.revision).document
    validation = ws.validate(document)
    host = Host(document, validation, ws.catalog, ws.engine, ws.resolver, ws.progress)
    return reopen(stored.report, host, validation, ws.find_file)


def _answer_why_not(ws: Workspace, answer: Explanation, stored: StoredRun, asked: Question) -> None:
    from ..explain import why_not

    opened, report = _reopened(ws, stored), stored.report
    answer.misses = []
    if not opened.same_code:
        answer.sentences.append("The product's code has changed since this run.")
    for node in why_not.nodes_asked(opened, asked.node):
        if asked.expected:
            told = why_not.why_not_together(opened, node, asked.expected, asked.limit)
        elif asked.event is not None:
            told = why_not.why_not_event(opened, node, asked.event, asked.limit)
        else:
            told = why_not.why_no_match_of_key(opened, node, asked.key, asked.limit)
        answer.sentences += [f"`{node}`: {sentence}" for sentence in told[0]]
        answer.misses += told[1]
    waiting = [w for w in report["waiting"] if asked.key.items() <= w["key"].items()]
    if asked.event is None and not asked.expected and waiting:
        answer.waiting = waiting[: asked.limit]
        answer.sentences += [_waiting(w) for w in answer.waiting]


def _waiting(waiting: dict[str, Any]) -> str:
    deadline = f" until {waiting['deadline']}" if waiting.get("deadline") else ""
    key = ", ".join(f"{name} = {value}" for name, value in waiting["key"].items())
    steps = ", ".join(f"{e['step']} at {e['at']}" for e in waiting["events"]) or "nothing yet"
    return (
        f"`{waiting['pattern']}`{f' for {key}' if key else ''}: a partial match with {steps} waited"
        f"{deadline} when the last event had been handled."
    )
