"""What a hand-written query reads: functions and tables as source nodes, and their watermarks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ...graph.duration import duration_text
from ...graph.naming import slug
from ...graph.node_parts import Reading
from ...graph.node_type import SourceType
from .accept import typed
from .draft import Draft, Place, Port
from .shapes import dotted

if TYPE_CHECKING:
    from sqlglot import exp

    from ...relational.declarative.statements import Watermark

TABLE_SOURCE = "delta-table-source"


def whole_source(draft: Draft, query: exp.Query, wanted: str) -> Port | None:
    """The source whose columns a query gives, its condition aside."""
    bare = query.copy()
    bare.set("where", None)
    name = wanted if bare == query else f"{wanted}_source"
    for kind in _kinds(draft):
        reading = kind.read(bare)
        if reading is not None and reading.exact:
            return draft.add(draft.id(name), kind.type, reading.config, ()), "out"
    return None


def source_of(
    draft: Draft, table: exp.Table, full: Callable[[str], str], wanted: str, place: Place
) -> Port | None:
    """The source node of a function or of a table made elsewhere; None if there is no such node."""
    name = dotted(table)
    if name:
        return _table(draft, full(name), place)
    query = _all_rows(table)
    for kind in _kinds(draft):
        reading = kind.read(query)
        if reading is not None:
            return _added(draft, draft.id(wanted), kind.type, reading, place), "out"
    return None


def _kinds(draft: Draft) -> list[SourceType]:
    kinds = (draft.catalog.get(name) for name in draft.catalog.types())
    return [kind for kind in kinds if isinstance(kind, SourceType)]


def _all_rows(table: exp.Table) -> exp.Query:
    from sqlglot import exp

    bare = table.copy()
    bare.set("alias", None)
    return exp.select("*").from_(exp.Stream(this=bare))


def _table(draft: Draft, name: str, place: Place) -> Port:
    """The node that reads a table; the same one for all who read it."""
    for node in draft.nodes.values():
        if node.type == TABLE_SOURCE and str(node.config.get("table")).lower() == name.lower():
            return node.id, "out"
    reading = Reading({"table": name}, {"columns": ""})
    known = draft.known.nodes if draft.known else []
    for node in known:
        if node.type == TABLE_SOURCE and str(node.config.get("table")).lower() == name.lower():
            reading = Reading(node.config)
    wanted = slug(name.rpartition(".")[2])
    wanted = f"{wanted}_source" if wanted in draft.datasets else wanted
    return _added(draft, draft.id(wanted), TABLE_SOURCE, reading, place), "out"


def _added(draft: Draft, node_id: str, kind: str, reading: Reading, place: Place) -> str:
    known = draft.known_node(node_id, kind)
    config = with_unsaid(reading, known.config if known else {})
    draft.add(node_id, kind, config, ())
    for field in reading.assumed:
        if field not in config:
            draft.say(
                "COLUMNS_UNKNOWN",
                f"the SQL does not say the columns of `{node_id}`: set `{field}`",
                place,
                node=node_id,
                field=field,
                expected="id bigint, at timestamp",
            )
    return node_id


def with_unsaid(reading: Reading, known: Mapping[str, Any]) -> dict[str, Any]:
    """What was read, and from a known configuration what SQL does not say."""
    return {**{k: known[k] for k in reading.assumed if k in known}, **reading.config}


def timed(draft: Draft, port: Port, mark: Watermark, wanted: str, fresh: bool) -> Port:
    """The port's rows with a watermark: of the source if it is new, or by a node of its own."""
    node_id = port[0]
    relation = draft.relations[node_id]
    if relation is not None and (relation.event_time, relation.delay_ms) == mark[1:]:
        return port
    delay = delay_text(mark.delay_ms)
    kind = draft.catalog.get(draft.nodes[node_id].type)
    if fresh and isinstance(kind, SourceType):
        config = {"event_time": mark.column, "watermark_delay": delay}
        if typed(kind, {**draft.nodes[node_id].config, **config}) or relation is None:
            draft.update(node_id, config)
            return port
    config = {"event_time": mark.column, "delay": delay}
    return draft.add(draft.id(f"{wanted}_watermark"), "watermark", config, [port]), "out"


def delay_text(delay_ms: int) -> str:
    """A watermark's delay as configurations have it."""
    return duration_text(delay_ms * 1000)
