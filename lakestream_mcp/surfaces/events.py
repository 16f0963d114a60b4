"""Server-sent events: each revision of a pipeline, whoever made it.

The store is the only source: a notice from this process or a changed sequence number in the store
merely wakes a subscriber, which then reads what is new. So nothing is lost or sent twice.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, NamedTuple

import anyio.to_thread
from starlette.responses import StreamingResponse

from ..errors import InvalidArgument
from ..tools.history import RevisionLine

if TYPE_CHECKING:
    from ..workspace import Notice, Workspace

HEARTBEAT_S = 15.0
POLL_S = 0.25
MISSED_MAX = 200
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Seen(NamedTuple):
    """How far a subscriber has come."""

    revision: int
    sequence: int


async def stream(ws: Workspace, pipeline_id: str, last_event_id: str | None) -> StreamingResponse:
    """The stream of one pipeline, from after `Last-Event-ID` or from now. Raises NotFound."""
    head = await anyio.to_thread.run_sync(_head, ws, pipeline_id)
    after = head if last_event_id is None else _revision(last_event_id)
    return StreamingResponse(
        _events(ws, pipeline_id, after), media_type="text/event-stream", headers=HEADERS
    )


def _revision(text: str) -> int:
    if not text.isdigit() or len(text) > 12:
        raise InvalidArgument(
            "Last-Event-ID is not a revision.", where={"header": "Last-Event-ID"}, got=text[:40]
        )
    return int(text)


async def _events(ws: Workspace, pipeline_id: str, revision: int) -> AsyncIterator[str]:
    loop, notices = asyncio.get_running_loop(), asyncio.Queue[Any]()

    def wake(notice: Notice) -> None:
        if notice.pipeline_id == pipeline_id:
            loop.call_soon_threadsafe(notices.put_nowait, notice)

    unsubscribe = ws.services.subscribe(wake)
    try:
        # The comment opens the stream at once, and proves to a proxy that it is one.
        yield ": connected\n\n"
        seen, beat = Seen(revision, -1), time.monotonic()
        while True:
            news, seen = await anyio.to_thread.run_sync(_news, ws, pipeline_id, seen)
            for text in news:
                yield text
            if news and news[-1].startswith("event: deleted"):
                return
            notice = await _next(notices)
            if notice is not None and notice.kind == "run":
                yield _event("run", notice.data)
            if time.monotonic() - beat >= HEARTBEAT_S:
                beat = time.monotonic()
                yield ": heartbeat\n\n"
    finally:
        unsubscribe()


async def _next(notices: asyncio.Queue[Any]) -> Notice | None:
    """The next notice, or None when it is time to look at the store."""
    try:
        return await asyncio.wait_for(notices.get(), POLL_S)
    except TimeoutError:
        return None


def _head(ws: Workspace, pipeline_id: str) -> int:
    with ws.reading() as store:
        return store.get_pipeline(pipeline_id).head


def _news(ws: Workspace, pipeline_id: str, seen: Seen) -> tuple[list[str], Seen]:
    """What the store holds beyond what was seen; one cheap query where nothing is new."""
    with ws.reading() as store:
        sequence = store.latest_change_seq()
        if sequence == seen.sequence:
            return [], seen
        pipeline = store.get_pipeline(pipeline_id, deleted=True)
        if pipeline.deleted_at is not None:
            return [_event("deleted", {})], seen
        missed = pipeline.head - seen.revision
        rows = store.revisions(pipeline_id, limit=min(missed, MISSED_MAX)) if missed > 0 else []
    texts = [_revision_event(RevisionLine.of(row)) for row in reversed(rows)]
    return texts, Seen(max(pipeline.head, seen.revision), sequence)


def _revision_event(line: RevisionLine) -> str:
    return _event("revision", line.model_dump(mode="json", exclude_none=True), line.revision)


def _event(kind: str, data: dict[str, Any], number: int | None = None) -> str:
    head = f"id: {number}\n" if number is not None else ""
    return f"{head}event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
