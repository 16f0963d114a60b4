"""How rows flow through a pipeline, measured on some: who sees how many, and who wants them."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...cep.host import Host, Options
from ...cep.packing import united_rows
from ...cep.pattern_type import PatternType
from .load import Load


class Shares(NamedTuple):
    """Per event of the sources: rows into a node, rows it has a use for, rows out; and the keys."""

    events: int
    reach: dict[str, float]
    wanted: dict[str, float]
    rows: dict[str, float]
    keys: int


def shares_of(host: Host, sources: dict[str, Any]) -> Shares:
    """Run the pipeline on the sources' rows and count. Raises what a test raises."""
    run = host.run(sources, Options(traced=False))
    events = max(sum(table.num_rows for table in sources.values()), 1)
    reach, wanted, rows = {}, {}, {}
    keys = 0
    for node, table in run.tables.items():
        edges = host.inputs(node)
        into = sum(run.along(e).num_rows for e in edges) if edges else table.num_rows
        reach[node] = into / events
        rows[node] = table.num_rows / events
        kind = host.catalog.get(host.type_of(node))
        if isinstance(kind, PatternType):
            packed = _packed(host, kind, node, [run.along(e) for e in edges])
            wanted[node] = packed.num_rows / events
            keys = max(keys, _keys(packed))
    return Shares(events, reach, wanted, rows, keys)


def filled(load: Load, shares: Shares, source: str) -> Load:
    """A load with what was measured, where the caller has said nothing."""
    found: dict[str, Any] = {
        "reach": shares.reach,
        "wanted": shares.wanted,
        "rows": shares.rows,
        "keys": float(shares.keys) or None,
    }
    missing = {name: value for name, value in found.items() if not getattr(load, name)}
    told = load.sources | dict.fromkeys(missing, source)
    return load.model_copy(update=missing | {"sources": told})


def _packed(host: Host, kind: PatternType, node: str, inputs: list[Any]) -> Any:
    relations = host.input_relations(node)
    plan = kind.plan(host.configs[node], relations, host.resolver)
    return united_rows(plan, relations, inputs, host.engine)


def _keys(packed: Any) -> int:
    names = [name for name in packed.column_names if name.startswith("key_")]
    return packed.select(names).group_by(names).aggregate([]).num_rows if names else 1
