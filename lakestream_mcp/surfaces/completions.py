"""What a client may complete while a person types: ids, node types, templates."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from ..errors import LakestreamError
from ..operations import call, find
from .senders import sender

if TYPE_CHECKING:
    from mcp.types import CompletionArgument

    from ..workspace import Workspace
    from .host import Host

MOST = 100


def _pipelines(ws: Workspace, typed: str) -> list[str]:
    found = _answer(ws, "list_pipelines", text=typed, limit=MOST)["pipelines"]
    return [line["id"] for line in found]


def _runs(ws: Workspace, typed: str) -> list[str]:
    del typed
    return [line["run_id"] for line in _answer(ws, "list_runs", limit=MOST)["runs"]]


def _types(ws: Workspace, typed: str) -> list[str]:
    del typed
    return list(ws.catalog.types())


def _templates(ws: Workspace, typed: str) -> list[str]:
    del typed
    return [line["id"] for line in _answer(ws, "list_templates")["templates"]]


SOURCES: dict[str, Callable[[Workspace, str], list[str]]] = {
    "pipeline_id": _pipelines,
    "pipeline": _pipelines,
    "run_id": _runs,
    "type": _types,
    "template": _templates,
}
"""By the name of an argument, wherever a resource or a prompt takes it."""


async def completed(host: Host, argument: CompletionArgument) -> list[str] | None:
    """Values that begin as typed, then those that contain it; None for any other argument.

    Whoever may not read something is not helped to its name.
    """
    source = SOURCES.get(argument.name)
    if source is None:
        return None
    try:
        ws = sender(host)
        values = await anyio.to_thread.run_sync(source, ws, argument.value)
    except LakestreamError:
        return []
    typed = argument.value.lower()
    fitting = [value for value in values if typed in value.lower()]
    return sorted(fitting, key=lambda value: not value.lower().startswith(typed))[:MOST]


def _answer(ws: Workspace, operation: str, **arguments: Any) -> dict[str, Any]:
    return call(find(operation), ws, arguments).to_json()
