"""What a schema registry says of a source's columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import InvalidPipeline, LakestreamError
from ..graph.config import parse
from .discovery import existing

if TYPE_CHECKING:
    from ..graph.model import Node
    from ..nodes.registry_client import Registered
    from ..storage.rows import Stored
    from ..workspace import Workspace

FIELD = "schema_registry_url"


def with_registry(stored: Stored, node: str) -> Node | None:
    """The node asked for, or the first without columns, if a schema registry knows its values."""
    if node:
        found = existing(stored, node)
        return found if found.config.get(FIELD) else None
    known = (n for n in stored.document.nodes if n.config.get(FIELD))
    return next((n for n in known if not n.config.get("columns")), None)


def ask_registry(ws: Workspace, node: Node) -> Registered:
    """The newest schema of its values. Takes the role deployer, as all that reaches out.

    Raises Forbidden, InvalidPipeline, ConnectionRefused, and what cannot be read of a schema.
    """
    from ..nodes.probes import environment_secret
    from ..nodes.registry_client import newest

    ws.require("deployer", "asking a schema registry")
    parsed = parse(ws.catalog.get(node.type), node.config)
    if parsed.config is None:
        problem = parsed.problems[0]
        raise InvalidPipeline(
            f"`{node.id}` is not configured: {problem.message}",
            where={"node": node.id, "field": problem.field},
        )
    try:
        return newest(parsed.config, environment_secret)
    except LakestreamError as error:
        error.where = {"node": node.id, **error.where}
        raise
