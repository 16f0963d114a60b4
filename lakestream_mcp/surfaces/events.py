"""Server-sent events: each revision, run and deployment of a pipeline, whoever made it; how it runs
here.

The store is the only source: a notice from this process merely wakes a subscriber, which then reads
what is new. So nothing is lost or sent twice, and what another process made is told as well. What
is sent is what the caller may see by then; a stream ends after a while, and the client comes back
with `Last-Event-ID` and a proof that still holds. How a pipeline runs is read from its run's
folder, which its supervisor writes, server or not.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, NamedTuple

import anyio.to_thread
from starlette.responses import StreamingResponse

from ..errors import InvalidArgument, StoreFailed
from ..tools.deployment_news import DeploymentNews
from ..tools.history import RevisionLine
from .run_events import RunNews

if TYPE_CHECKING:
    from ..storage.deployments import DeploymentMark
    from ..storage.store import Transaction
    from ..workspace import Notice, Workspace

HEARTBEAT_S = 15.0
LIFE_S = 3600.0
POLL_S = 0.25
MISSED_MAX = 200
RUNS_MAX = 20
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Seen(NamedTuple):
    """How far a subscriber has come."""

    revision: int
    sequence: int
    runs: frozenset[str]
    deployment: DeploymentMark | None


async def stream(ws: Workspace, pipeline_id: str, last_event_id: str | None) -> StreamingResponse:
    """The stream of one pipeline, from after `Last-Event-ID` or from now. Raises NotFound."""
    now = await anyio.to_thread.run_sync(_now, ws, pipeline_id)
    seen = now if last_event_id is None else now._replace(revision=_revision(last_event_id))
    return StreamingResponse(
        _events(ws, pipeline_id, seen), media_type="text/event-stream", headers=HEADERS
    )


def _revision(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 12:
        raise InvalidArgument(
            "Last-Event-ID is not a revision.", where={"header": "Last-Event-ID"}, got=text[:40]
        )
    return int(text)


async def _events(ws: Workspace, pipeline_id: str, seen: Seen) -> AsyncIterator[str]:
    loop, woken = asyncio.get_running_loop(), asyncio.Event()

    def wake(notice: Notice) -> None:
        if notice.pipeline_id == pipeline_id:
            loop.call_soon_threadsafe(woken.set)

    unsubscribe = ws.services.subscribe(wake)
    try:
        # The comment opens the stream at once, and proves to a proxy that it is one. The id tells a
        # client that is cut off before the first event where to go on.
        yield f": connected\nid: {seen.revision}\n\n"
        beat = time.monotonic()
        end, run = beat + LIFE_S, RunNews(ws, pipeline_id)
        while time.monotonic() < end:
            woken.clear()
            news, seen = await anyio.to_thread.run_sync(_news, ws, pipeline_id, seen)
            for text in news:
                yield text
            if news and news[-1].startswith("event: deleted"):
                return
            if (status := await run.next()) is not None:
                yield _event("metrics", status)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), POLL_S)
            if time.monotonic() - beat >= HEARTBEAT_S:
                beat = time.monotonic()
                yield ": heartbeat\n\n"
    finally:
        unsubscribe()


def _now(ws: Workspace, pipeline_id: str) -> Seen:
    with ws.reading() as store:
        head = store.get_pipeline(pipeline_id).head
        runs = frozenset(store.latest_runs(pipeline_id, RUNS_MAX))
        return Seen(head, -1, runs, store.latest_deployment(pipeline_id))


def _news(ws: Workspace, pipeline_id: str, seen: Seen) -> tuple[list[str], Seen]:
    """What the store holds beyond what was seen; three cheap queries where nothing is new."""
    try:
        with ws.reading() as store:
            sequence = store.latest_change_seq()
            runs = store.latest_runs(pipeline_id, RUNS_MAX)
            mark = store.latest_deployment(pipeline_id)
        known = sequence == seen.sequence and mark == seen.deployment
        if known and seen.runs.issuperset(runs):
            return [], seen
        with ws.anew().reading() as store:
            if not store.sees(pipeline_id):
                return [_event("deleted", {})], seen
            now = Seen(seen.revision, sequence, frozenset(runs), mark)
            return _read(store, pipeline_id, seen, now, runs)
    except StoreFailed:  # the database is away: the stream stays open and tells all later
        return [], seen


def _read(
    store: Transaction, pipeline_id: str, seen: Seen, now: Seen, runs: dict[str, str]
) -> tuple[list[str], Seen]:
    pipeline = store.get_pipeline(pipeline_id, deleted=True)
    if pipeline.deleted_at is not None:
        return [_event("deleted", {})], seen
    # Each statement sees its own moment: the list ends where the head was, whatever came since.
    newest = max(min(pipeline.head, seen.revision + MISSED_MAX), seen.revision)
    missed = newest - seen.revision
    rows = store.revisions(pipeline_id, limit=missed, before=newest + 1) if missed else []
    made = [_revision_event(RevisionLine.of(row)) for row in reversed(rows)]
    ran = [
        _event("run", {"run_id": run_id, "result": result})
        for run_id, result in reversed(runs.items())
        if run_id not in seen.runs
    ]
    mark = now.deployment if now.deployment != seen.deployment else None
    news = DeploymentNews.of(store, mark)
    deployed = [_event("deployment", news.model_dump(mode="json"))] if news else []
    told_all = newest >= pipeline.head
    sequence = now.sequence if told_all else seen.sequence
    return [*made, *ran, *deployed], now._replace(revision=newest, sequence=sequence)


def _revision_event(line: RevisionLine) -> str:
    return _event("revision", line.model_dump(mode="json", exclude_none=True), line.revision)


def _event(kind: str, data: dict[str, Any], number: int | None = None) -> str:
    head = f"id: {number}\n" if number is not None else ""
    return f"{head}event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
