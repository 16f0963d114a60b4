"""How many rows of a test fail a node's expectations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import InvalidEvents
from ..graph.node_type import RelationalType
from .events import ROW

if TYPE_CHECKING:
    from .host import Host


def failed_expectations(
    host: Host, kind: RelationalType, node_id: str, inputs: Sequence[Any]
) -> dict[str, int]:
    """Failing rows by expectation. Raises InvalidEvents where Spark would stop the query."""
    from sqlglot import exp

    from ..relational.sql import column, named, sql

    known = kind.expectations(host.configs[node_id], host.input_relations(node_id))
    if not known:
        return {}
    rows = [column(ROW), *(named(e.condition, f"met_{i}") for i, e in enumerate(known))]
    found = host.engine.run(sql(exp.select(*rows).from_("in_0")), {"in_0": inputs[0]})
    failed: dict[str, int] = {}
    for i, expectation in enumerate(known):
        events = found.filter(_not(found[f"met_{i}"]))[ROW].to_pylist()
        failed[expectation.name] = len(events)
        if events and expectation.action == "fail":
            raise InvalidEvents(
                f"`{node_id}` stops the query: event {min(events)} fails the expectation "
                f"`{expectation.name}`.",
                code="EXPECTATION_FAILED",
                where={"node": node_id},
                got=len(events),
                expected=sql(expectation.condition),
                hint="set its `action` to `drop` or `warn` to go on without such rows",
            )
    return failed


def _not(column: Any) -> Any:
    import pyarrow.compute as pc

    return pc.invert(column)
