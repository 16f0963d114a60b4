"""Calls of operations over MCP: as their sender, in a thread, with progress and cancellation."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import anyio.from_thread
import anyio.to_thread
from fastmcp.server.dependencies import get_context

from ..dialogue import Dialogue
from ..errors import LakestreamError
from ..operations import Answer, Operation, call
from ..workspace import Progress
from .host import Host
from .senders import sender

PROGRESS_INTERVAL_S = 0.1


def error_text(error: LakestreamError) -> str:
    """An error as a model reads it: sentence, then what it can act on."""
    lines = [f"{error.code}: {error.message}"]
    shape = error.to_json()
    lines += [
        f"{part}: {shape[part]}"
        for part in ("where", "got", "expected", "hint", "fix")
        if part in shape
    ]
    return "\n".join(lines)


async def answered(
    host: Host, op: Operation, arguments: dict[str, Any], dialogue: Dialogue | None = None
) -> Answer:
    """The answer of an operation to whoever sent this message. Raises LakestreamError."""
    ws = sender(host, _progress())
    ws = ws.in_dialogue(dialogue) if dialogue else ws
    return await anyio.to_thread.run_sync(call, op, ws, arguments)


def _progress() -> Progress:
    """Progress notifications from the operation's thread, at most ten a second."""
    context, sent_at = get_context(), 0.0

    def report(fraction: float, message: str) -> None:
        nonlocal sent_at
        anyio.from_thread.check_cancelled()
        now = time.monotonic()
        if fraction < 1 and now - sent_at < PROGRESS_INTERVAL_S:
            return
        sent_at = now
        # A client that has left must not fail the work; its cancellation ends it, above.
        with contextlib.suppress(Exception):
            anyio.from_thread.run(context.report_progress, fraction, 1.0, message)

    return report
