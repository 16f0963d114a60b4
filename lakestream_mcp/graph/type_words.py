"""Names of node types as agents write them, where the graph or the name says more."""

from __future__ import annotations

from contextlib import suppress

from ..errors import NotFound
from .config_places import Config
from .naming import snake_case
from .node_type import NodeType, TypeCatalog


def meant(catalog: TypeCatalog, name: str, fed: bool) -> NodeType:
    """The type of a name. `kafka` and `delta` are sinks where rows flow in, else sources.

    Raises NotFound with the nearest name.
    """
    try:
        found = catalog.get(name)
    except NotFound:
        with suppress(NotFound):
            return catalog.get(f"{name}-{'sink' if fed else 'source'}")
        raise
    if fed and found.category == "source" and name != found.type:
        with suppress(NotFound):
            return catalog.get(f"{name}-sink")
    return found


def with_implied(node_type: NodeType, name: str, config: Config) -> Config:
    """The configuration with what the name says of it: `slack` has the provider slack."""
    words = snake_case(name)
    said = [implied for word, implied in node_type.implied.items() if word in words]
    if name == node_type.type or len(said) != 1:
        return config
    return {**said[0], **config}
