"""What there is to read: catalogs, tables and columns of Databricks, or files below the roots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, Field

from ..errors import DatabricksFailed, InvalidArgument
from ..graph.model import ChangeData, Node
from ..operations import Answer, operation
from .answers import compact
from .columns_page import columns_page, some_left_out
from .discovery import existing, load
from .registry_columns import with_registry

if TYPE_CHECKING:
    from ..deploy.unity import Listed, TableFound
    from ..storage.rows import Stored
    from ..workspace import Workspace

CHARACTERS_MAX = 7_500
Kind = Literal["", "volumes", "warehouses", "connection", "files"]


class Thing(BaseModel):
    """One thing in a list."""

    name: str
    kind: str
    about: str | None = None


class Connection(BaseModel):
    """Who is connected to what, and how."""

    host: str
    user: str
    auth: str


class SchemaAnswer(Answer):
    """A list, a table's columns, or the connection."""

    path: str
    found: list[Thing] = Field(default_factory=list)
    columns: str | None = Field(None, description="As a source takes them")
    times: list[str] | None = Field(None, description="Columns that may be the event time")
    left_out: list[str] | None = Field(None, description="Columns whose types no source takes")
    connection: Connection | None = None
    fix: list[ChangeData] | None = Field(None, description="Changes for edit_pipeline")
    page: str | None = Field(None, description="Send this as `page` for more")
    next: str

    def text(self) -> str:
        """A line for each; columns as they are pasted."""
        lines = [f"{t.kind} {t.name}{f': {t.about}' if t.about else ''}" for t in self.found]
        if self.connection:
            lines.append(compact(self.connection.model_dump()))
        if self.columns is not None:
            lines += [f"{self.path} columns: {self.columns}", f"times: {self.times}"]
        if self.left_out:
            lines.append(f"not readable by a source: {compact(self.left_out)}")
        if self.fix:
            lines.append(f"fix: {compact(self.fix)}")
        shown, size = [], 0
        for line in lines or ["nothing found"]:
            size += len(line) + 1
            if size > CHARACTERS_MAX:
                shown.append("… the rest is in the structured answer")
                break
            shown.append(line)
        more = [f'More: page="{self.page}"; `search` narrows it'] if self.page else []
        return "\n".join([*shown, *more, f"Next: {self.next}"])


@operation(
    title="Discover tables, columns and files",
    effect="read",
    role="author",
    method="GET",
    path="/api/schema",
    examples=({"path": "main.sales"}, {"kind": "files"}),
)
def discover_schema(
    ws: Workspace,
    path: Annotated[
        str, Field(max_length=800, description="catalog[.schema[.table]]; empty: catalogs")
    ] = "",
    kind: Annotated[
        Kind, Field(description="Else tables. connection: who and where; files: local")
    ] = "",
    search: Annotated[str, Field(max_length=100, description="Part of a name")] = "",
    limit: Annotated[int, Field(ge=1, le=200)] = 50,
    page: Annotated[str, Field(max_length=2000)] = "",
    pipeline_id: Annotated[str, Field(max_length=64)] = "",
    node: Annotated[
        str,
        Field(max_length=64, description="Source whose table or registry tells columns"),
    ] = "",
) -> SchemaAnswer:
    """Find data to read in Databricks: catalogs, schemas, tables, then one table's columns.

    They are ready as a source's `columns`, in create_node.
    """
    if pipeline_id or node:
        return _for_node(ws, pipeline_id, node)
    if kind == "files":
        from .data_files import local_files

        return local_files(ws, path, search, limit, page)
    return _in_databricks(ws, path, kind, search, limit, page)


def _in_databricks(
    ws: Workspace, path: str, kind: str, search: str, limit: int, page: str
) -> SchemaAnswer:
    from ..deploy import unity
    from ..deploy.databricks_client import calling, client_for

    names = unity.names_of(path)
    try:
        w = client_for(ws, ws.alive)
    except DatabricksFailed as error:
        error.hint = f'{error.hint} discover_schema(kind="files") lists local files.'
        raise
    if kind == "connection":
        with calling("asking who is connected"):
            user = w.current_user.me().user_name or ""
        connected = Connection(host=w.config.host, user=user, auth=w.config.auth_type or "")
        return SchemaAnswer(path="", connection=connected, next="discover_schema lists catalogs")
    if kind == "warehouses":
        return _list(unity.warehouses(w, search, limit, page), "", "deploy takes a warehouse's id")
    if kind == "volumes":
        listed = unity.volumes(w, names, search, limit, page)
        return _list(listed, path, "auto-loader reads /Volumes/<catalog>/<schema>/<volume>")
    if len(names) == 3:
        return _table(unity.table(w, names), search, page)
    deeper = f'discover_schema(path="{path or "<catalog>"}…")'
    return _list(unity.listed(w, names, search, limit, page), path, f"{deeper} goes deeper")


def _list(listed: Listed, path: str, following: str) -> SchemaAnswer:
    found = [Thing(name=f.name, kind=f.kind, about=f.about or None) for f in listed.found]
    return SchemaAnswer(path=path, found=found, page=listed.page, next=following)


def _table(found: TableFound, search: str, page: str) -> SchemaAnswer:
    shown = columns_page(found.columns, search, page)
    return SchemaAnswer(
        path=found.name,
        found=[Thing(name=found.name, kind=found.kind, about=found.about or None)],
        columns=shown.ddl,
        times=shown.times,
        left_out=None if page else some_left_out(found.left_out, search),
        page=shown.next,
        next='create_node(type="delta-table-source", config={"table": …, "columns": …, '
        '"event_time": …})',
    )


def _for_node(ws: Workspace, pipeline_id: str, node: str) -> SchemaAnswer:
    """The columns of the table that a source reads, and the change that declares them all."""
    from ..deploy import unity
    from ..deploy.databricks_client import client_for
    from ..relational.column_types import ddl

    if not pipeline_id:
        raise InvalidArgument("Say of which pipeline.", where={"argument": "pipeline_id"})
    stored = load(ws, pipeline_id)
    registered = with_registry(stored, node)
    if registered is not None:
        return _registered(ws, pipeline_id, registered)
    node, table = _source(ws, stored, node)
    names = unity.names_of(table)
    if len(names) != 3:
        raise InvalidArgument(
            f"`{node}` names its table without catalog and schema.",
            where={"node": node, "field": "table"},
            got=table,
            expected="catalog.schema.table",
        )
    found = unity.table(client_for(ws, ws.alive), names)
    answer = _table(found, "", "")
    answer.page = None
    answer.fix = [{"op": "update_node", "id": node, "config": {"columns": ddl(found.columns)}}]
    answer.next = f'edit_pipeline(pipeline_id="{pipeline_id}", changes=<fix>)'
    return answer


def _registered(ws: Workspace, pipeline_id: str, node: Node) -> SchemaAnswer:
    """The columns that a schema registry has for a node's values, and the change for them."""
    from ..relational.column_types import ddl
    from .registry_columns import ask_registry

    found = ask_registry(ws, node)
    about = f"version {found.version}, {found.kind}"
    columns = ddl(found.columns)
    return SchemaAnswer(
        path=found.subject,
        found=[Thing(name=found.subject, kind="subject", about=about)],
        columns=columns,
        times=[column.name for column in found.columns if column.type == "timestamp"],
        fix=[{"op": "update_node", "id": node.id, "config": {"columns": columns}}],
        next=f'edit_pipeline(pipeline_id="{pipeline_id}", changes=<fix>)',
    )


def _source(ws: Workspace, stored: Stored, node: str) -> tuple[str, str]:
    """The source asked for, or the first that names a table and no columns; and its table."""
    from ..graph.node_type import SourceType

    nodes = [existing(stored, node)] if node else stored.document.nodes
    for found in nodes:
        known = ws.catalog.get(found.type) if found.type in ws.catalog.types() else None
        fields = known.Config.model_fields if isinstance(known, SourceType) else {}
        table = found.config.get("table")
        reads_table = {"table", "columns"} <= fields.keys() and isinstance(table, str)
        if reads_table and (node or not found.config.get("columns")):
            return found.id, str(table)
    raise InvalidArgument(
        f"`{node}` is no source that names a table."
        if node
        else "No source of this pipeline names a table without columns.",
        where={"pipeline": stored.pipeline_id, "argument": "node"},
        got=node or None,
        expected="a source with `table`, such as delta-table-source, or a schema registry",
    )
