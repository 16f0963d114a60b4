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
    kind: RelationalType, config: Any, inputs: Sequence[Relation], output: Relation
) -> exp.Query:
    """The node's query, with each computed output cast to the type that was declared for it."""
    return cast_outputs(kind.query(config, inputs), output.columns)
