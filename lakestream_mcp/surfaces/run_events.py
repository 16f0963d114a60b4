"""How a pipeline runs on this machine, for its event stream: told when it has changed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from ..errors import StoreFailed

if TYPE_CHECKING:
    from ..workspace import Workspace

LOOK_S = 1.0


class RunNews:
    """What one subscriber has been told of a pipeline's run."""

    def __init__(self, ws: Workspace, pipeline_id: str) -> None:
        self._ws = ws
        self._pipeline_id = pipeline_id
        self._told: dict[str, Any] | None = None
        self._look_at = 0.0

    async def next(self) -> dict[str, Any] | None:
        """The run's status where it differs from what was told; looked at once a second."""
        if time.monotonic() < self._look_at:
            return None
        self._look_at = time.monotonic() + LOOK_S
        now = await anyio.to_thread.run_sync(self._news)
        self._told = now or self._told
        return now

    def _news(self) -> dict[str, Any] | None:
        """None where it is as told, never ran here, may not be seen any more, or cannot be read."""
        from ..deploy.running import folder_of, status_of

        folder = folder_of(self._ws, self._pipeline_id)
        if not folder.exists:
            return None
        try:
            now = status_of(folder, self._pipeline_id).model_dump(mode="json", exclude_none=True)
            # What is granted by now is asked only where there is something to tell.
            is_news = now != self._told and self._ws.anew().access.sees(self._pipeline_id)
        except StoreFailed:
            return None
        return now if is_news else None
