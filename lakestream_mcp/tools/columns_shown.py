"""Columns that a source lacks, taken from the events it is tried with, as a fix."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from ..errors import LakestreamError
from ..graph.config import parse
from ..graph.model import ChangeData, Node, PipelineDocument
from ..graph.node_type import SourceType

if TYPE_CHECKING:
    from ..graph.validate import Validation
    from ..workspace import Workspace

FIELD = "columns"
MOST_ROWS = 1_000


def columns_shown(
    ws: Workspace, document: PipelineDocument, validation: Validation, events: Any
) -> list[ChangeData]:
    """For each source whose columns are not known: the change that declares those of its events."""
    changes: list[ChangeData] = []
    sources = [n for n in document.nodes if _is_source(ws, n)]
    for node in sources:
        known = validation.relations.get(node.id)
        if (known is not None and known.columns) or node.config.get(FIELD) is not None:
            continue
        given = events if len(sources) == 1 and _is_whole(events) else _of(events, node.id)
        columns = shown_columns(ws, given)
        if columns is not None and _fits(ws, node, columns):
            changes.append({"op": "update_node", "id": node.id, "config": {FIELD: columns}})
    return changes


def _is_source(ws: Workspace, node: Node) -> bool:
    known = node.type in ws.catalog.types()
    kind = ws.catalog.get(node.type) if known else None
    return isinstance(kind, SourceType) and FIELD in kind.Config.model_fields


def _is_whole(events: Any) -> bool:
    return isinstance(events, list) or (isinstance(events, dict) and "file" in events)


def _of(events: Any, source: str) -> Any:
    return events.get(source) if isinstance(events, dict) else None


def shown_columns(ws: Workspace, given: Any) -> str | None:
    """The columns of given rows or of a file, as DDL; None where they show none."""
    from ..cep.event_files import read_rows
    from ..relational.column_types import ddl
    from ..relational.files import columns_of_rows

    try:
        text = False
        if isinstance(given, dict) and isinstance(given.get("file"), str):
            path = ws.find_file(given["file"])
            text = path.suffix == ".csv"
            given = list(islice(read_rows(path), MOST_ROWS))
        rows = [row for row in given or () if isinstance(row, dict)]
        if text:
            rows = [{k: "" if v is None else v for k, v in row.items()} for row in rows]
        columns = columns_of_rows(rows[:MOST_ROWS], text)
    except LakestreamError:
        return None
    return ddl(columns) if columns else None


def _fits(ws: Workspace, node: Node, columns: str) -> bool:
    """Whether the source's `columns` are of this form."""
    kind = ws.catalog.get(node.type)
    problems = parse(kind, {**node.config, FIELD: columns}).problems
    return not any((p.field or "").startswith(FIELD) for p in problems)
