"""A hand-written query as a chain of nodes, as far as that keeps its meaning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ...graph.node_type import RelationalType
from ...relational.sql import plain_select
from .accept import Accepted, Situation, read_as
from .custom import CUSTOM, custom
from .draft import Draft, Place, Port, Unreadable
from .shapes import Shape, dotted, normal, shaped
from .sources import source_of, timed, whole_source

if TYPE_CHECKING:
    from sqlglot import exp

    from ...relational.declarative.statements import Query, Watermark

FIRST = ("filter", "rename-cast")
LAST = ("map-select",)
UNLIKELY = {"rename-cast": {"others": "drop"}}
"""Fields that make a type the wrong choice for a query that another type says more simply."""

Local = dict[str, Port]


class Splitter:
    """Reads the query of one statement. `dataset` finds what the file itself makes."""

    def __init__(
        self,
        draft: Draft,
        dataset: Callable[[str], Port | None],
        query: Query,
        place: Place,
        full: Callable[[str], str],
    ) -> None:
        self.draft = draft
        self.dataset = dataset
        self.tree = query.tree
        self.marks: dict[str, Watermark] = {w.relation.lower(): w for w in query.watermarks}
        self.place = place
        self.full = full
        self.made = 0

    def rows(self, wanted: str) -> Port:
        """The node that gives the query's rows."""
        port = self._rows(self.tree, wanted, {})
        if self.marks:
            mark = next(iter(self.marks.values()))
            raise Unreadable("it is not clear what this watermark is of", mark.column)
        return port

    def _rows(self, tree: exp.Query, wanted: str, outer: Local) -> Port:
        from sqlglot import exp

        local = dict(outer)
        for cte in tree.ctes:
            local[cte.alias.lower()] = self._rows(cte.this, cte.alias, local)
        if isinstance(tree, exp.Subquery):
            return self._rows(tree.this, wanted, local)
        plain = tree.copy()
        plain.set("with_", None)
        if isinstance(plain, exp.SetOperation):
            return self._united(plain, wanted, local)
        if not isinstance(plain, exp.Select):
            raise Unreadable("a SELECT is expected", plain.sql())
        source = whole_source(self.draft, plain, wanted)
        if source is not None:
            return self._rest_of_source(plain, source, wanted)
        self._resolve(plain, wanted, local)
        shape = shaped(plain, lambda table: dotted(table).lower() in local)
        tables = {key: self.full(name) for key, name in shape.tables.items()}
        ports = [local[name.lower()] for name in shape.streams]
        return self.fitted(shape._replace(tables=tables), ports, wanted)

    def _rest_of_source(self, select: exp.Select, port: Port, wanted: str) -> Port:
        """The condition of a query whose columns are those of a source."""
        from sqlglot import exp

        where = select.args.get("where")
        if where is None:
            return port
        for column in list(where.find_all(exp.Column)):
            column.set("table", None)
        rest = exp.select("*").from_("in_0").where(where.this)
        return self.fitted(Shape(rest, (port[0],), {}), [port], wanted)

    def _resolve(self, select: exp.Select, wanted: str, local: Local) -> None:
        """Each stream that a SELECT reads as a name in `local`; tables of a join are left."""
        start = select.args.get("from_")
        if start is not None:
            self._source(start, wanted, local, joined=False)
        for join in select.args.get("joins") or []:
            self._source(join, wanted, local, joined=True)

    def _source(self, clause: exp.Expr, wanted: str, local: Local, joined: bool) -> None:
        from sqlglot import exp

        streamed = isinstance(clause.this, exp.Stream)
        source = clause.this.this if streamed else clause.this
        known_as = source.alias_or_name
        called = source.this if isinstance(source, exp.Table) else None
        marked_as = str(called.this) if isinstance(called, exp.Anonymous) else known_as
        if isinstance(source, exp.Subquery):
            port: Port | None = self._rows(source.this, known_as or f"{wanted}_rows", local)
            fresh = False
        elif isinstance(source, exp.Table):
            port, fresh = self._table(source, wanted, local, streamed or not joined)
        else:
            return
        if port is None:
            return
        mark = self.marks.pop((known_as or marked_as).lower(), None)
        if mark is not None:
            port = timed(self.draft, port, mark, known_as or wanted, fresh)
        self.made += 1
        name = f"lakestream_{self.made}"
        local[name] = port
        alias = exp.TableAlias(this=exp.to_identifier(known_as)) if known_as else None
        clause.set("this", exp.Table(this=exp.to_identifier(name), alias=alias))

    def _table(
        self, table: exp.Table, wanted: str, local: Local, stream: bool
    ) -> tuple[Port | None, bool]:
        """Where a table's rows come from, and whether that node was made for it just now."""
        name = dotted(table).lower()
        if name and "." not in name and name in local:
            return local[name], False
        if not stream:
            return None, False
        known = self.dataset(name) if name else None
        if known is not None:
            return known, False
        before = len(self.draft.nodes)
        port = source_of(self.draft, table, self.full, f"{wanted}_source", self.place)
        if port is None:
            raise Unreadable("no source reads so", table.sql(dialect="databricks"))
        return port, len(self.draft.nodes) > before

    def fitted(self, shape: Shape, ports: Sequence[Port], wanted: str) -> Port:
        """One SELECT over `in_n` as a node, or as several."""
        from .joins import joined

        if len(ports) == 1 and not shape.tables and self._identity(shape, ports[0]):
            return ports[0]
        made = self.one_node(shape, ports, wanted)
        if made is not None:
            return made
        if len(ports) == 1 and shape.query.args.get("group"):
            made = self._grouped(shape, ports[0], wanted)
            return made or self._custom(shape, ports, wanted)
        if len(ports) == 1 and not shape.tables:
            return self._filtered(shape, ports[0], wanted) or self._custom(shape, ports, wanted)
        return joined(self, shape, ports, wanted) or self._custom(shape, ports, wanted)

    def _identity(self, shape: Shape, port: Port) -> bool:
        from sqlglot import exp

        query = shape.query
        if not plain_select(query):
            return False
        if len(query.expressions) == 1 and query.expressions[0].is_star:
            star = query.expressions[0]
            if isinstance(star, exp.Column):
                star = star.this if star.table in ("", "in_0") else exp.Star(except_=[star])
            return not star.args.get("except_") and not star.args.get("replace")
        relation = self.draft.relations[port[0]]
        if relation is None:
            return False
        names = {"in_0": relation.names}
        return normal(query, names) == normal(exp.select("*").from_("in_0"), names)

    def one_node(self, shape: Shape, ports: Sequence[Port], wanted: str) -> Port | None:
        for kind in _kinds(self.draft):
            found = self._read(kind, shape, ports)
            unlikely = UNLIKELY.get(kind.type, {})
            if found is not None and not unlikely.items() & found.config.items():
                return self._added(kind, found, ports, wanted)
        return None

    def _read(self, kind: RelationalType, shape: Shape, ports: Sequence[Port]) -> Accepted | None:
        relations = tuple(self.draft.relations[node] for node, _ in ports)
        return read_as(kind, Situation(shape, relations), self.draft.resolver)

    def _added(
        self, kind: RelationalType, found: Accepted, ports: Sequence[Port], wanted: str
    ) -> Port:
        node_id = self.draft.id(wanted)
        known = self.draft.known_node(node_id, kind.type)
        unsaid = {k: v for k, v in known.config.items() if k in found.missing} if known else {}
        self.draft.add(node_id, kind.type, {**unsaid, **found.config}, ports)
        for field, assumed in found.missing.items():
            if field not in unsaid:
                self.draft.say(
                    "COLUMNS_UNKNOWN",
                    f"the SQL does not say all of `{field}` of `{node_id}`: set it",
                    self.place,
                    node=node_id,
                    field=field,
                    expected=assumed,
                )
        return node_id, "out"

    def _grouped(self, shape: Shape, port: Port, wanted: str) -> Port | None:
        """Windows and aggregates, behind the condition on single rows."""
        from sqlglot import exp

        from .windows import windowed

        where = shape.query.args.get("where")
        if where is None or shape.tables:
            return None if shape.tables else windowed(self, shape, port, wanted)
        mark = self.draft.mark()
        rows = exp.select("*").from_("in_0").where(where.this.copy())
        first = self.one_node(Shape(rows, ("in_0",), {}), [port], f"{wanted}_filter")
        rest = shape.query.copy()
        rest.set("where", None)
        plain = shape._replace(query=rest)
        made = windowed(self, plain, first, wanted) if first is not None else None
        if made is None:
            self.draft.back_to(mark)
        return made

    def _filtered(self, shape: Shape, port: Port, wanted: str) -> Port | None:
        """A condition as a filter, then the columns."""
        from sqlglot import exp

        if not plain_select(shape.query, "where") or not shape.query.args.get("where"):
            return None
        condition = exp.select("*").from_("in_0").where(shape.query.args["where"].this.copy())
        first = self.one_node(Shape(condition, ("in_0",), {}), [port], f"{wanted}_filter")
        if first is None:
            return None
        rest = shape.query.copy()
        rest.set("where", None)
        return self.fitted(Shape(rest, ("in_0",), {}), [first], wanted)

    def _united(self, tree: exp.SetOperation, wanted: str, local: Local) -> Port:
        from sqlglot import exp

        branches: list[exp.Query] = []
        todo: list[exp.Expr] = [tree]
        while todo:
            node = todo.pop()
            plain = isinstance(node, exp.Union) and not node.args.get("distinct")
            if plain and not any(node.args.get(k) for k in ("with_", "order", "limit")):
                todo += [node.args["expression"], node.this]
            else:
                branches.append(node)  # type: ignore[arg-type]
        if len(branches) == 1:
            return self._whole(tree, wanted, local)
        ports = [self._rows(b, f"{wanted}_{i}", local) for i, b in enumerate(branches, 1)]
        if tree.args.get("by_name") or self._same_names(branches, ports):
            return self.draft.add(self.draft.id(wanted), "union-merge", {}, ports), "out"
        selects = [exp.select("*").from_(f"in_{i}") for i in range(len(ports))]
        united: exp.Query = selects[0]
        for select in selects[1:]:
            united = exp.Union(this=united, expression=select, distinct=False)
        return self._custom(Shape(united, tuple(n for n, _ in ports), {}), ports, wanted)

    def _whole(self, tree: exp.SetOperation, wanted: str, local: Local) -> Port:
        """A set operation that no stream can do, as it is."""
        from sqlglot import exp

        names = dict(local)
        for select in tree.find_all(exp.Select):
            self._resolve(select, wanted, names)
        shape = shaped(tree, lambda table: dotted(table).lower() in names)
        return self._custom(shape, [names[name.lower()] for name in shape.streams], wanted)

    def _custom(self, shape: Shape, ports: Sequence[Port], wanted: str) -> Port:
        return custom(self.draft, shape, ports, wanted, self.place)

    def _same_names(self, branches: Sequence[exp.Query], ports: Sequence[Port]) -> bool:
        """Whether all branches have the same columns in the same order."""
        found: set[tuple[str, ...]] = set()
        for branch, (node_id, _) in zip(branches, ports, strict=True):
            relation = self.draft.relations[node_id]
            names = relation.names if relation is not None else tuple(branch.named_selects)
            found.add(tuple(name.lower() for name in names))
        return len(found) == 1 and not any(name in ("*", "") for name in found.pop())


def _kinds(draft: Draft) -> list[RelationalType]:
    """Types that can be read, the most telling first; SQL as it is comes last, elsewhere."""
    kinds = [draft.catalog.get(name) for name in draft.catalog.types()]
    found = [
        kind
        for kind in kinds
        if isinstance(kind, RelationalType)
        and type(kind).read is not RelationalType.read
        and kind.type != CUSTOM
    ]
    return sorted(found, key=lambda kind: (kind.type in LAST, kind.type not in FIRST))
