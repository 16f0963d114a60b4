"""A streaming table as a configuration.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from ....graph.node_parts import Reading
from ....relational.declarative.statements import AutoCdc, Dataset
from ....relational.sql import sql
from .node import TRACKED


def reading(statements: Sequence[Any]) -> Reading | None:
    """The configuration of a table's declaration and of what fills it, or None."""
    declared = next((s for s in statements if isinstance(s, Dataset)), None)
    changes = [s for s in statements if isinstance(s, AutoCdc)]
    flows = [s for s in statements if s is not declared]
    if len(changes) > 1 or (changes and len(flows) > 1) or not statements:
        return None
    table = declared.name if declared is not None else flows[0].target
    config: dict[str, Any] = {"table": table}
    for field in ("partition_by", "cluster_by"):
        names = getattr(declared, field, ())
        config |= {field: list(names)} if names else {}
    if not changes:
        return Reading(config)
    merge = _merged(changes[0])
    return None if merge is None else Reading(config | merge)


def _merged(flow: AutoCdc) -> dict[str, Any] | None:
    """AUTO CDC by keys, where a column says which row is the newer."""
    sequence = flow.sequence_by
    if flow.columns or not isinstance(sequence, exp.Column) or sequence.table:
        return None
    config: dict[str, Any] = {
        "mode": "merge",
        "merge_keys": list(flow.keys),
        "sequence_by": sequence.name,
    }
    if flow.scd_type != 1:
        config["scd_type"] = flow.scd_type
    if flow.delete_when is not None:
        config["delete_when"] = sql(flow.delete_when)
    for field in ("except_columns", *TRACKED):
        names = getattr(flow, field)
        config |= {field: list(names)} if names else {}
    return config
