"""A hand-written GROUP BY window: the aggregates as a node, and what is made of them as another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from ...errors import LakestreamError
from ...graph.model import Relation
from ...nodes.transforms.window_aggregate.aggregations import Aggregation, aggregated
from ...nodes.transforms.window_aggregate.reading import aggregation, is_window, window_fields
from .draft import Port
from .shapes import OTHER, Shape, assumed_relation

if TYPE_CHECKING:
    from .split import Splitter

TYPE = "window-aggregate"
START, END = "window_start", "window_end"


def windowed(splitter: Splitter, shape: Shape, port: Port, wanted: str) -> Port | None:
    """The windows and aggregates as one node, then the columns; None where that cannot be."""
    query = shape.query.copy()
    if TYPE not in splitter.draft.catalog.types() or query.args.get("where"):
        return None
    window, keys = _grouping(query)
    if window is None or not all(isinstance(key, exp.Column) for key in keys):
        return None
    fields = window_fields(window)
    relation = splitter.draft.relations[port[0]] or assumed_relation(shape, 0)
    time = window.expressions[0]
    if fields is None or not isinstance(time, exp.Column) or time.name != relation.event_time:
        return None
    found: list[dict[str, Any]] = []
    rest = [_over_node(item, window, found, relation) for item in query.expressions]
    if not found or any(_is_left(item) for item in rest):
        return None
    config = fields | {"group_by": [key.name for key in keys], "aggregations": found}
    config = {k: v for k, v in config.items() if v != []}
    node = splitter.draft.add(splitter.draft.id(f"{wanted}_windows"), TYPE, config, [port]), "out"
    columns = exp.select(*rest).from_("in_0")
    having = query.args.get("having")
    if having is not None:
        condition = _over_node(having.this, window, found, relation)
        columns = columns.where(condition)
    return splitter.fitted(Shape(columns, shape.streams, {}), [node], wanted)


def _grouping(query: exp.Query) -> tuple[exp.Anonymous | None, list[exp.Expr]]:
    """The one window and the other items of GROUP BY; names of outputs as what they name."""
    group = query.args.get("group")
    outputs = {i.alias.lower(): i.this for i in query.selects if isinstance(i, exp.Alias)}
    items = []
    for item in group.expressions if group is not None else []:
        plain = item.this if isinstance(item, exp.Paren) else item
        known = outputs.get(plain.name.lower()) if isinstance(plain, exp.Column) else None
        items.append(known if known is not None and is_window(known) else plain)
    windows = [i for i in items if isinstance(i, exp.Anonymous) and is_window(i)]
    return (windows[0] if len(windows) == 1 else None), [i for i in items if not is_window(i)]


def _over_node(
    item: exp.Expr, window: exp.Anonymous, found: list[dict[str, Any]], relation: Relation
) -> exp.Expr:
    """An output over the node's columns: the window's bounds, and aggregates by their names."""
    tree = exp.Paren(this=item.copy())
    bounds = {"start": START, "end": END}
    for node in list(tree.find_all(exp.Dot, exp.Column, exp.Anonymous, exp.AggFunc)):
        if isinstance(node, exp.Dot) and node.this == window and node.name.lower() in bounds:
            node.replace(exp.column(bounds[node.name.lower()]))
        elif isinstance(node, exp.Column) and node.table.lower() == "window":
            node.replace(exp.column(bounds.get(node.name.lower(), node.name)))
        elif node == window and not isinstance(node.parent, exp.Dot):
            node.replace(_both_bounds())
        elif isinstance(node, exp.AggFunc):
            name = _known(node, found, relation)
            if name is not None:
                node.replace(exp.column(name))
    inside: exp.Expr = tree.this
    return inside


def _both_bounds() -> exp.Expr:
    """The window as the structure that Spark makes of it."""
    pairs = [exp.Literal.string("start"), exp.column(START), exp.Literal.string("end")]
    return exp.func("named_struct", *pairs, exp.column(END), dialect="spark")


def _known(node: exp.Expr, found: list[dict[str, Any]], relation: Relation) -> str | None:
    """The name of an aggregate's column, which is added; None for one that no node computes."""
    said = aggregation(node)
    parent = node.parent
    if said is None:
        return None
    if said["function"] == "avg" and (relation.type_of(said["column"]) or "").startswith("decimal"):
        return None
    alias = parent.alias if isinstance(parent, exp.Alias) else "_".join(said.values()).lower()
    given = said | {"name": alias}
    if OTHER not in relation.names and not _fits(given, relation):
        return None
    if given not in found:
        if any(each["name"].lower() == alias.lower() for each in found):
            return None
        found.append(given)
    return alias


def _fits(given: dict[str, Any], relation: Relation) -> bool:
    try:
        aggregated(Aggregation.model_validate(given), relation, [], "aggregations")
    except LakestreamError:
        return False
    return True


def _is_left(item: exp.Expr) -> bool:
    """Whether an output still has an aggregate or a window in it."""
    nodes: Sequence[exp.Expr] = list(item.find_all(exp.AggFunc, exp.Anonymous))
    return any(isinstance(n, exp.AggFunc) or is_window(n) for n in nodes)
