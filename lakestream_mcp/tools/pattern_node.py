"""What is shown of a pattern beside its configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..cep.pattern_type import PatternType
from ..errors import Unsupported
from ..graph.model import Node, Relation

if TYPE_CHECKING:
    from ..graph.validate import Validation
    from ..storage.rows import Stored
    from ..workspace import Workspace

EVENT_BYTES, VALUE_BYTES = 60, 20
"""About what a kept event costs, and each of its values."""
BATCH_NOTE = "Beta, Databricks Runtime 19.0 or newer, over a table at rest; a stream needs the node"


class PatternNode(NamedTuple):
    """A valid pattern of a pipeline: type, configuration, what flows in and from which nodes."""

    kind: PatternType
    config: Any
    inputs: list[Relation]
    sources: list[str]

    @classmethod
    def of(
        cls, ws: Workspace, stored: Stored, validation: Validation, node: Node
    ) -> PatternNode | None:
        """The pattern a node is; None where it is none, or not valid."""
        kind, config = ws.catalog.get(node.type), validation.configs.get(node.id)
        if not isinstance(kind, PatternType) or config is None:
            return None
        if node.id not in validation.relations:
            return None
        sources = [edge.source for edge in stored.document.inputs(node.id)]
        return cls(kind, config, [validation.relations[name] for name in sources], sources)

    def state(self) -> dict[str, Any]:
        """What is kept per key at most, and what is done with late rows."""
        bound = self.kind.state_bound(self.config)
        width = EVENT_BYTES + VALUE_BYTES * max(len(i.columns) for i in self.inputs)
        return {
            "per_key": bound.formula,
            "events_max": bound.events,
            "bytes_max": bound.events and bound.events * width,
            "kept_for": bound.kept_for or "for ever",
            "late_rows": "dropped and counted where their time is at or below the watermark",
        }

    def batch_sql(self) -> dict[str, Any] | None:
        """The same as Databricks SQL over a table at rest, or why there is no such form."""
        try:
            text = self.kind.batch_sql(self.config, self.inputs, self.sources[0])
        except Unsupported as error:
            return {"refused": error.message, "got": error.got, "hint": error.hint}
        return None if text is None else {"sql": text, "note": BATCH_NOTE}
