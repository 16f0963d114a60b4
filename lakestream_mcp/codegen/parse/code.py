"""The graph of declarative SQL.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

from ...graph.draft import edge_key
from ...graph.model import Edge, Node, PipelineDocument, Severity
from ...graph.node_type import ColumnResolver, TypeCatalog
from ...relational.declarative.read import Placed, read_placed
from ...relational.declarative.statements import Dataset, Setting, Unknown
from .draft import Draft, Place
from .findings import ParsedCode, ReadStatement
from .kept import keep_unsaid
from .reader import Reader

SHOWN = 80


def parse_code(
    text: str,
    catalog: TypeCatalog,
    resolver: ColumnResolver,
    known: PipelineDocument | None = None,
    name: str = "Pipeline",
) -> ParsedCode:
    """The graph that declarative SQL says. With `known` it is an edit of that pipeline's code:
    what SQL does not say stays as it is. Raises LimitExceeded.
    """

    placed = read_placed(text)
    draft = Draft(catalog, resolver, known)
    reader = Reader(draft, placed)
    reader.read()
    for each in placed:
        _say(draft, each)
    if known is not None:
        keep_unsaid(draft, known)
    base = known or PipelineDocument(name=name)
    nodes = _in_known_order(draft, known)
    document = base.model_copy(update={"nodes": nodes, "edges": _edges(draft, known)})
    statements = [
        ReadStatement(
            line=each.line,
            column=each.column,
            text=" ".join(each.text.split())[:SHOWN],
            nodes=reader.nodes.get((each.line, each.column), []),
        )
        for each in placed
    ]
    draft.findings.sort(key=lambda f: (f.line, f.column))
    return ParsedCode(document, draft.findings, statements)


def _in_known_order(draft: Draft, known: PipelineDocument | None) -> list[Node]:
    """Nodes as the known pipeline lists them, then new ones as they were met."""
    order = {node.id: at for at, node in enumerate(known.nodes)} if known else {}
    return sorted(draft.nodes.values(), key=lambda node: order.get(node.id, len(order)))


def _edges(draft: Draft, known: PipelineDocument | None) -> list[Edge]:
    """Edges as the known pipeline lists them, where a node's inputs come in the same order."""
    if known is None:
        return draft.edges
    place = {edge_key(edge): at for at, edge in enumerate(known.edges)}
    last = len(place)
    moved: set[str] = set()
    reached: dict[str, int] = {}
    for edge in draft.edges:
        at = place.get(edge_key(edge), last)
        if at < reached.get(edge.target, 0):
            moved.add(edge.target)
        reached[edge.target] = at
    return sorted(
        draft.edges,
        key=lambda e: last if e.target in moved else place.get(edge_key(e), last),
    )


def _say(draft: Draft, placed: Placed) -> None:
    """What is said of one statement beside the nodes it became."""
    statement, place = placed.statement, Place(placed.line, placed.column)
    for note in placed.notes:
        severity: Severity = "info" if note.code == "OLD_SYNTAX" else "warning"
        draft.say(note.code, note.message, Place(note.line, note.column), severity)
    if isinstance(statement, Unknown):
        draft.say(
            "STATEMENT_NOT_READ",
            statement.reason,
            Place(statement.line, statement.column),
            "error",
            got=statement.text[:200],
        )
    elif isinstance(statement, Dataset) and placed.marker is None:
        _say_unkept(draft, statement, place)
    elif isinstance(statement, Setting):
        draft.say("CLAUSE_NOT_KEPT", f"{placed.text[:200]}: no node has a place for it", place)


def _say_unkept(draft: Draft, made: Dataset, place: Place) -> None:
    """What a hand-written declaration says about a table beside its rows and its layout."""
    parts = [
        *(["comment"] if made.comment else []),
        *(["properties"] if made.properties else []),
        *(["column list"] if made.columns else []),
    ]
    if parts:
        draft.say(
            "CLAUSE_NOT_KEPT",
            f"`{made.name}`: {', '.join(parts)}: no node has a place for it",
            place,
            "info",
        )
