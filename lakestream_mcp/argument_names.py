"""Other names that agents give to arguments, read as the ones that an operation declares.

Only what can mean one thing is read: the operation has no argument of that name, and exactly one
that was not given is called so. What was read is told.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

OTHER_NAMES = {
    "accept": "proposal proposal_id",
    "action": "mode",
    "changes": "change edits operations ops fix",
    "code": "sql",
    "config": "configuration parameters params settings",
    "confirm": "hash plan_hash",
    "events": "rows data samples sample_rows",
    "expect_revision": "expected_revision",
    "filled": "changes",
    "id": "pipeline_id node_id",
    "kind": "type",
    "limit": "max_results top_k",
    "match_id": "match id",
    "mode": "action",
    "name": "title",
    "node": "node_id",
    "pipeline_id": "pipeline id",
    "query": "text search q words",
    "reason": "why comment",
    "revision": "version",
    "run_id": "run id",
    "schema": "columns",
    "search": "text query q words",
    "source": "from from_node source_node source_id",
    "source_port": "from_port",
    "sql": "code query",
    "target": "to to_node target_node target_id",
    "target_port": "to_port",
    "template": "template_id",
    "text": "query search q words prompt request goal",
    "type": "node_type kind",
    "types": "type node_type node_types",
}
"""By the declared name."""


def as_declared(
    declared: Collection[str], given: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """The arguments under their declared names, and what was read as what."""
    named, told = dict(given), []
    for name in given:
        free = [d for d in declared if d not in named and name in OTHER_NAMES.get(d, "").split()]
        if name not in declared and len(free) == 1:
            named[free[0]] = named.pop(name)
            told.append(f"read `{name}` as `{free[0]}`")
    return named, told
