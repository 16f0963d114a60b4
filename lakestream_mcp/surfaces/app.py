"""The canvas inside clients that show MCP Apps: one page, and the reading it does as their user."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from ..errors import NotFound
from ..operations import Operation, operations
from .host import PACKAGE

if TYPE_CHECKING:
    from fastmcp.server.context import Context
    from fastmcp.tools import Tool

CANVAS = "ui://lakestream/canvas.html"
READ = "read_canvas"
SHOWN_BY = frozenset(
    {
        "connect",
        "create_node",
        "create_pipeline",
        "edit_pipeline",
        "explain_match",
        "get_pipeline",
        "restore_revision",
        "test_pattern",
    }
)
"""Tools whose answers the canvas shows."""


def shows_apps(context: Context | None) -> bool:
    """Whether the client at the other end renders pages."""
    from fastmcp.apps import UI_EXTENSION_ID

    return context is not None and context.client_supports_extension(UI_EXTENSION_ID)


def page() -> str:
    """The page, which loads nothing from anywhere."""
    return (PACKAGE / "surfaces" / "static" / "index.html").read_text("utf-8")


def meta_of(tool: str) -> dict[str, Any] | None:
    """What a client that renders pages is told about a tool."""
    if tool == READ:
        return {"ui": {"resourceUri": CANVAS, "visibility": ["app"]}}
    return {"ui": {"resourceUri": CANVAS}} if tool in SHOWN_BY else None


def for_client(tools: Sequence[Tool], apps: bool) -> Sequence[Tool]:
    """The tools as a client sees them: with the page's own only where pages are shown."""
    if not apps:
        return [tool for tool in tools if tool.name != READ]
    return [tool.model_copy(update={"meta": meta_of(tool.name)}) for tool in tools]


def asked(path: str) -> tuple[Operation, dict[str, Any]]:
    """The reading operation behind a path of the REST interface. Raises NotFound."""
    split = urlsplit(path)
    given = split.path.strip("/").split("/")
    for op in sorted(operations(), key=lambda op: op.path.count("{")):
        wanted = op.path.strip("/").split("/")
        if op.method == "GET" and op.effect == "read" and len(wanted) == len(given):
            pairs = list(zip(wanted, given, strict=True))
            if all(w == g or w.startswith("{") for w, g in pairs):
                named = {w[1:-1]: unquote(g) for w, g in pairs if w.startswith("{")}
                return op, {**dict(parse_qsl(split.query)), **named}
    raise NotFound(
        "Nothing is read there.", where={"argument": "path"}, got=path[:200], hint="See /api."
    )
