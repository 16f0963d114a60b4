"""Generated statements as the nodes they are of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ...errors import EngineFailed, LakestreamError
from ...graph.model import flow_name
from ...graph.node_type import RelationalType, SourceType
from ...relational.sql import sql
from .accept import CHECKED, Situation, read_as, says, typed
from .draft import Draft, Port
from .shapes import dotted, normal, shaped
from .sources import delay_text

if TYPE_CHECKING:
    from sqlglot import exp

    from ...relational.declarative.pieces import Marker
    from ...relational.declarative.statements import Dataset, Query, Watermark

WATERMARK = "watermark"


def marked_source(draft: Draft, kind: SourceType, marker: Marker, query: Query) -> Port | None:
    """The source that reads so; None where it is no such source.

    What its type cannot read back, the remark above the statement holds.
    """
    tree, mark = _peeled(query)
    reading = kind.read(tree)
    time: dict[str, Any] = {}
    if mark is not None:
        time |= {"event_time": mark.column, "watermark_delay": delay_text(mark.delay_ms)}
    said = {**(reading.config if reading is not None else {}), **time}
    for hint in (*_hints(draft, kind.type, marker), {}):
        rest = dict(hint) if mark is not None else {**hint, "watermark_delay": None}
        for config in (hint, {**said, **rest}, {**rest, **said}):
            kept = {k: v for k, v in config.items() if v is not None}
            if _reads_so(draft, kind, kept, tree, mark):
                return draft.add(marker.node, kind.type, kept, (), marker.name), "out"
    return None


def _reads_so(
    draft: Draft,
    kind: SourceType,
    config: Mapping[str, Any],
    tree: exp.Query,
    mark: Watermark | None,
) -> bool:
    """Whether the source's own query is the one that was read."""
    made = typed(kind, config)
    if made is None:
        return False
    try:
        relation = kind.relation(made, (), draft.resolver)
        if mark is not None and (relation.event_time, relation.delay_ms) != mark[1:]:
            return False
        if mark is None and relation.delay_ms is not None:
            return False
        return normal(kind.declarative(made, relation), None) == normal(tree, None)
    except EngineFailed:
        raise  # it says nothing about the configuration
    except LakestreamError:
        return False


def marked_transform(
    draft: Draft,
    kind: RelationalType,
    marker: Marker,
    declared: Dataset,
    dataset: Callable[[str], Port | None],
) -> Port | None:
    """The transform that says so; None where it is of another type."""
    assert declared.query is not None
    tree, mark = _peeled(declared.query)
    if declared.query.watermarks and mark is None:
        return None
    shape = shaped(tree, lambda table: dataset(dotted(table)) is not None)
    found = [dataset(name) for name in shape.streams]
    ports = [port for port in found if port is not None]
    relations = tuple(draft.relations[node] for node, _ in ports)
    hints = _hints(draft, kind.type, marker)
    if not ports:
        return None
    if kind.type == WATERMARK and mark is not None:
        time = {"event_time": mark.column, "delay": delay_text(mark.delay_ms)}
        return draft.add(marker.node, kind.type, time, ports, marker.name), "out"
    if mark is not None:
        return None
    accepted = read_as(kind, Situation(shape, relations, hints, generated=True), draft.resolver)
    if accepted is None:
        return None
    config = {**accepted.missing, **accepted.config}
    return draft.add(marker.node, kind.type, config, ports, marker.name), "out"


def marked_ports(
    draft: Draft,
    kind: RelationalType,
    marker: Marker,
    declared: Mapping[str, Dataset],
    dataset: Callable[[str], Port | None],
) -> dict[str, Port] | None:
    """The ports of a transform, by the names of their datasets; None where they say otherwise."""
    for hint in _hints(draft, kind.type, marker):
        made = typed(kind, hint)
        if made is None:
            continue
        names = {flow_name(marker.node, p).lower(): p for p in kind.output_ports(made)}
        checked = f"{marker.node}_{CHECKED}"
        stated = {checked: CHECKED, **names} if checked in declared else names
        if set(stated) != set(declared):
            continue
        inputs: list[Port] = []
        for name, port in stated.items():
            query = declared[name].query
            assert query is not None
            if port == "out" and checked in declared:
                if not _reads_whole(query, checked):
                    break
                continue
            shape = shaped(query.tree, lambda table: dataset(dotted(table)) is not None)
            found = [dataset(each) for each in shape.streams]
            inputs = [each for each in found if each is not None]
            relations = tuple(draft.relations[node] for node, _ in inputs)
            situation = Situation(shape, relations, generated=True)
            if not says(kind, hint, situation, draft.resolver, port):
                break
            if port == CHECKED and not _expects(kind, made, situation, declared[name]):
                break
        else:
            draft.add(marker.node, kind.type, hint, inputs, marker.name)
            out = {checked: "out"} if checked in declared else {}
            return {name: (marker.node, port) for name, port in {**out, **names}.items()}
    return None


def _reads_whole(query: Query, name: str) -> bool:
    """Whether a query is `SELECT * FROM STREAM name`, its watermark aside."""
    from sqlglot import exp

    from ...relational.declarative.functions import only_star

    tree, _ = _peeled(query)
    tables = list(tree.find_all(exp.Table))
    whole = isinstance(tree, exp.Select) and only_star(tree)
    return whole and [dotted(table).lower() for table in tables] == [name]


def _expects(kind: RelationalType, made: Any, situation: Situation, declared: Dataset) -> bool:
    """Whether a table states what the node expects."""
    own, stated = (
        [(e.name, sql(e.condition), e.action) for e in given]
        for given in (kind.expectations(made, situation.inputs), declared.expectations)
    )
    return own == stated


def _hints(draft: Draft, node_type: str, marker: Marker) -> tuple[Mapping[str, Any], ...]:
    """The node of the known pipeline, then what the code's own remark says."""
    known = draft.known_node(marker.node, node_type)
    return (*([known.config] if known else []), *([marker.config] if marker.config else []))


def _peeled(query: Query) -> tuple[exp.Query, Watermark | None]:
    """The query inside `SELECT columns FROM (query) WATERMARK …`, and that watermark."""
    from sqlglot import exp

    tree = query.tree
    start = tree.args.get("from_")
    inner = start.this if start is not None else None
    if len(query.watermarks) != 1 or not isinstance(inner, exp.Subquery):
        return tree, None
    mark = query.watermarks[0]
    said = {name for name, value in tree.args.items() if value}
    plain = all(isinstance(item, exp.Column) for item in tree.expressions)
    if said != {"expressions", "from_"} or not plain or mark.relation != inner.alias:
        return tree, None
    return inner.this, mark
