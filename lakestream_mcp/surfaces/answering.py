"""Calls of operations over MCP: as their sender, in a thread, with progress and cancellation."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import anyio
import anyio.from_thread
import anyio.to_thread
from fastmcp.server.dependencies import get_context

from ..calls import WORKING
from ..dialogue import Dialogue
from ..errors import LakestreamError
from ..operations import Answer, Operation, call
from ..tools.answers import EXPECTED_CHARACTERS, compact
from .host import Host
from .senders import sender

PROGRESS_INTERVAL_S = 0.1
BEAT_S = 1.0


def error_text(error: LakestreamError) -> str:
    """An error as a model reads it: sentence, then what it can act on, as JSON to send back."""
    lines = [f"{error.code}: {error.message}"]
    shape = error.to_json()
    for part in ("where", "got", "expected", "hint", "fix"):
        if part in shape:
            value = shape[part]
            text = value if isinstance(value, str) else compact(value)
            # A hint names what is near, or what lists it all: so a long list need not be read.
            if part != "expected" or "hint" not in shape or len(text) <= EXPECTED_CHARACTERS:
                lines.append(f"{part}: {text}")
    return "\n".join(lines)


async def answered(
    host: Host, op: Operation, arguments: dict[str, Any], dialogue: Dialogue | None = None
) -> Answer:
    """The answer of an operation to whoever sent this message. Raises LakestreamError."""
    told = _Told()
    ws = sender(host, told.report)
    ws = ws.in_dialogue(dialogue) if dialogue else ws
    failed: Exception | None = None
    async with anyio.create_task_group() as group:
        group.start_soon(told.beat)
        try:
            answer = await anyio.to_thread.run_sync(call, op, ws, arguments)
        except Exception as error:  # noqa: BLE001 - raised below, not within the group's own error
            failed = error
        group.cancel_scope.cancel()
    if failed is not None:
        raise failed
    return answer


class _Told:
    """Progress notifications of one call: at most ten a second, and one a second when it is silent.

    They always rise, as the protocol asks, also where work that is done again begins at 0.
    """

    def __init__(self) -> None:
        self._context = get_context()
        self._sent_at = 0.0
        self._said_at = 0.0
        self._reached = 0.0

    def report(self, fraction: float, message: str) -> None:
        """Tell how far the work has come, from the operation's thread."""
        anyio.from_thread.check_cancelled()
        # That the work goes on keeps nothing back that is said of it.
        waits, last = PROGRESS_INTERVAL_S, self._said_at
        if message == WORKING:
            waits, last = BEAT_S, self._sent_at
        if fraction < 1 and time.monotonic() - last < waits:
            return
        # A client that has left must not fail the work; its cancellation ends it, above.
        with contextlib.suppress(Exception):
            anyio.from_thread.run(self._send, fraction, message)

    async def beat(self) -> None:
        """Tell that the work goes on where it does not say so itself."""
        while True:
            await anyio.sleep(BEAT_S)
            if time.monotonic() - self._sent_at >= BEAT_S:
                with contextlib.suppress(Exception):
                    await self._send(0.0, WORKING)

    async def _send(self, fraction: float, message: str) -> None:
        self._sent_at = time.monotonic()
        if message != WORKING:
            self._said_at = self._sent_at
        self._reached = max(fraction, self._reached + (1 - self._reached) * 0.01)
        await self._context.report_progress(self._reached, 1.0, message)
