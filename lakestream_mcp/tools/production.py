"""Explaining a match that a deployed pipeline wrote to its table."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import Field

from ..arguments import PipelineId
from ..errors import InvalidArgument, InvalidPipeline, NotFound, Unsupported
from ..operations import operation
from .discovery import load
from .hosts import host_of
from .runs import Explanation

if TYPE_CHECKING:
    from ..cep.host import Host
    from ..graph.model import Column, Relation
    from ..storage.rows import Deployment
    from ..workspace import Workspace

    Reader = Callable[[list[str], list[Column], str], list[dict[str, Any]]]

SHORTEST_ID = 4
LOCAL = "local"


class SinkTable(NamedTuple):
    """A sink that keeps matches in a table, and what flows into it."""

    node: str
    table: list[str]
    relation: Relation


@operation(
    title="Explain a match of a deployed pipeline",
    effect="read",
    method="GET",
    path="/api/pipelines/{pipeline_id}/matches/{match_id}/explanation",
    mcp=False,
    examples=({"pipeline_id": "quakes", "match_id": "4f1c"},),
)
def explain_deployed_match(
    ws: Workspace,
    pipeline_id: PipelineId,
    match_id: Annotated[str, Field(max_length=64, description="Or its unique beginning")],
    node: Annotated[str, Field(max_length=64, description="The sink whose table to read")] = "",
    revision: Annotated[int, Field(ge=0, description="0: the one that is deployed")] = 0,
    warehouse: Annotated[
        str, Field(max_length=64, description="Its id, or `local`: this machine's tables")
    ] = "",
) -> Explanation:
    """Explain a match from the row that the deployed pipeline wrote to its sink table.

    The events in the row are played again: the same match must come out.
    """
    if len(match_id) < SHORTEST_ID:
        raise InvalidArgument(
            "Say which match.",
            where={"argument": "match_id"},
            got=match_id or None,
            expected=f"at least {SHORTEST_ID} characters of the column match_id",
        )
    standing = _standing(ws, pipeline_id)
    revision, why = _revision(ws, pipeline_id, revision, standing)
    host = _host(ws, pipeline_id, revision)
    sinks = _sinks(ws, host, node)
    here = warehouse == LOCAL or (standing is not None and standing.target == LOCAL)
    if here and warehouse in ("", LOCAL):
        read = _local(ws, pipeline_id)
    else:
        read = _remote(ws, warehouse, _place(host, pipeline_id))
    table, row = _row(sinks, match_id, read)
    answer = Explanation(
        pipeline_id=pipeline_id,
        revision=revision,
        sentences=[f"Read from {table}; explained with revision {revision}, {why}."],
        source={"table": table, "revision": why},
        next=f'get_history(pipeline_id="{pipeline_id}"), or test_pattern on the events shown',
        link=ws.link(pipeline_id, revision, node=row["pattern"]),
    )
    _explain(host, answer, row)
    return answer


def _standing(ws: Workspace, pipeline_id: str) -> Deployment | None:
    """The deployment that runs, as far as is on record."""
    from ..deploy.history import ROWS_LOOKED_AT, standing_of

    with ws.reading() as store:
        known = store.list_deployments(pipeline_id=pipeline_id, limit=ROWS_LOOKED_AT)
    return standing_of(known)


def _revision(
    ws: Workspace, pipeline_id: str, given: int, standing: Deployment | None
) -> tuple[int, str]:
    """The revision to explain with, and how it was chosen."""
    if given:
        return given, "as asked"
    if standing is not None:
        verb = "holds" if standing.target == "bundle" else "runs"
        return standing.revision, f"which deployment {standing.id} {verb}"
    with ws.reading() as store:
        head = store.get_pipeline(pipeline_id).head
    return head, "the newest, since no deployment of this pipeline is on record"


def _host(ws: Workspace, pipeline_id: str, revision: int) -> Host:
    document = load(ws, pipeline_id, revision).document
    validation = ws.validate(document)
    if not validation.ok:
        raise InvalidPipeline(
            f"Revision {revision} has errors, so nothing can be explained with it.",
            where={"pipeline": pipeline_id, "revision": revision},
            hint="`get_history` lists the revisions; give one that was deployed.",
        )
    return host_of(ws, document, validation)


def _row(sinks: list[SinkTable], match_id: str, read: Reader) -> tuple[str, dict[str, Any]]:
    """The match's row, and the table that it was found in."""
    from ..deploy.match_reading import readable

    for sink in sinks:
        rows = read(sink.table, readable(sink.relation), match_id)
        if len({row["match_id"] for row in rows}) > 1:
            raise _not_found(f"Several matches start with `{match_id}`.", match_id, sinks)
        if rows:
            return ".".join(sink.table), rows[0]
    raise _not_found(f"There is no match `{match_id}` in the table.", match_id, sinks)


def _place(host: Host, pipeline_id: str) -> list[str]:
    """The catalog and schema of tables whose names do not say theirs."""
    from ..codegen.settings import CodeSettings

    settings = CodeSettings.of(host.document, pipeline_id)
    return [settings.catalog, settings.schema]


def _remote(ws: Workspace, warehouse: str, place: list[str]) -> Reader:
    """Reads a table of the workspace by a SQL warehouse, as the caller."""
    from ..deploy.databricks_client import client_for
    from ..deploy.match_reading import match_query, row_of
    from ..deploy.warehouse import rows_of, warehouse_of

    w = client_for(ws)
    chosen = warehouse_of(w, warehouse)

    def read(table: list[str], columns: list[Column], match_id: str) -> list[dict[str, Any]]:
        query = match_query([*place[: 3 - len(table)], *table], columns, match_id)
        found = rows_of(w, query, {"match_id": match_id}, chosen)
        return [row_of(values, columns) for values in found]

    return read


def _local(ws: Workspace, pipeline_id: str) -> Reader:
    """Reads a Delta folder that the pipeline's local run writes."""
    from ..deploy.delta_files import matching_rows
    from ..deploy.running import folder_of
    from ..deploy.spark_files import table_folder

    tables = folder_of(ws, pipeline_id).tables

    def read(table: list[str], columns: list[Column], match_id: str) -> list[dict[str, Any]]:
        folder = table_folder(tables, ".".join(table))
        return list(islice(matching_rows(folder, columns, "match_id", match_id), 2))

    return read


def _not_found(message: str, match_id: str, sinks: list[SinkTable]) -> NotFound:
    return NotFound(
        message,
        code="MATCH_NOT_FOUND",
        where={"tables": [".".join(sink.table) for sink in sinks]},
        got=match_id,
        hint="Give more of the id, as the column match_id has it.",
    )


def _sinks(ws: Workspace, host: Host, node: str) -> list[SinkTable]:
    """The sinks whose tables may hold the match: the one asked for, or all that keep matches."""
    from ..deploy.unity import names_of
    from ..graph.node_type import SinkType

    if node and host.document.node(node) is None:
        raise NotFound(
            f"There is no node `{node}` in this revision.",
            where={"argument": "node"},
            got=node,
            expected=[n.id for n in host.document.nodes][:50],
        )
    found = []
    for n in host.document.nodes:
        table = getattr(host.configs.get(n.id), "table", None)
        is_sink = isinstance(ws.catalog.get(n.type), SinkType) and isinstance(table, str)
        if not is_sink or (node and n.id != node):
            continue
        relation = host.input_relations(n.id)[0]
        if node or relation.type_of("match_id"):
            found.append(SinkTable(n.id, names_of(str(table)), relation))
    if not found:
        raise InvalidArgument(
            f"`{node}` writes to no table."
            if node
            else "No sink of this pipeline keeps matches in a table.",
            code="NO_MATCH_TABLE",
            where={"argument": "node"},
            got=node or None,
            expected="a sink such as delta-table-sink or unity-catalog-table-sink",
            hint="explain_match(run_id=…) explains matches of tests.",
        )
    return found


def _explain(host: Host, answer: Explanation, row: dict[str, Any]) -> None:
    from ..cep.pattern_type import PatternType
    from ..explain.production import explain_row

    pattern = host.document.node(row["pattern"])
    if pattern is None or not isinstance(host.catalog.get(pattern.type), PatternType):
        raise Unsupported(
            f"The match was made by `{row['pattern']}`, which revision {answer.revision} lacks.",
            code="OTHER_REVISION",
            got=row["pattern"],
            expected=[n.id for n in host.document.nodes][:50],
            hint="Give the revision that was deployed then; get_history lists them.",
        )
    told = explain_row(host, pattern.id, row)
    answer.sentences += told.told.pop("sentences")
    answer.match = told.told
    assert answer.source is not None
    answer.source["found_again"] = told.found_again
    answer.sentences.append(
        "Played again here, the events in the row give the same match."
        if told.found_again
        else "Played again here, the events in the row alone do not give this match: it also rests "
        "on what the row does not carry, so only what the row holds was evaluated."
    )
    if told.lacking:
        answer.source["not_carried"] = told.lacking
        names = ", ".join(told.lacking[:10])
        answer.sentences.append(f"The row does not carry {names}: what reads them is unknown.")
