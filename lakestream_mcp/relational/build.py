"""The one query of a relational node, as both hosts run it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .sql import cast_outputs

if TYPE_CHECKING:
    from sqlglot import exp

    from ..graph.model import Relation
    from ..graph.node_type import RelationalType


def node_query(
    kind: RelationalType,
    config: Any,
    inputs: Sequence[Relation],
    output: Relation,
    port: str | None = None,
) -> exp.Query:
    """The query of a node, or of one of its ports, each computed output cast to its type."""
    query = kind.query(config, inputs) if port is None else kind.port_query(config, inputs, port)
    return cast_outputs(query, output.columns)
