"""What Unity Catalog shows the caller, a page at a time, with types as sources take them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from ..errors import InvalidArgument
from ..graph.model import Column
from ..relational.column_types import canonical_type, check_names
from .databricks_client import calling

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

UNITY = "/api/2.1/unity-catalog"
PART = r"`[^`]+`|[^`.]+"
PATH = re.compile(rf"(?:{PART})(?:\.(?:{PART})){{0,2}}")
NEVER = re.compile(r"[\x00-\x1f\x7f/]")
TABLES_NEXT = "tables:"
"""How the page of a search begins that has come to the tables."""
REQUESTS_MAX = 20
"""A search asks for so many pages that hold nothing; then the caller goes on with the next page."""


class Found(NamedTuple):
    """One thing in a list."""

    name: str
    kind: str
    about: str = ""


class Listed(NamedTuple):
    """A page of things, and the token of the next one."""

    found: list[Found]
    page: str | None


class Listing(NamedTuple):
    """How a kind of thing is asked for."""

    route: str
    key: str
    kind: str
    name: str = "full_name"
    about: str = "comment"
    size: str = "max_results"


CATALOGS = Listing(f"{UNITY}/catalogs", "catalogs", "catalog", name="name")
SCHEMAS = Listing(f"{UNITY}/schemas", "schemas", "schema")
TABLES = Listing(f"{UNITY}/table-summaries", "tables", "table", about="table_type")
VOLUMES = Listing(f"{UNITY}/volumes", "volumes", "volume")
WAREHOUSES = Listing(
    "/api/2.0/sql/warehouses", "warehouses", "warehouse", "name", "state", "page_size"
)


class TableFound(NamedTuple):
    """A table, the columns a source can read, and those whose types it cannot."""

    name: str
    kind: str
    about: str
    columns: tuple[Column, ...]
    left_out: tuple[str, ...]


def names_of(path: str) -> list[str]:
    """`catalog.schema.table`, or its beginning, as names. Raises InvalidArgument."""
    if not path:
        return []
    names = [part.strip("`") for part in re.findall(PART, path)]
    if not PATH.fullmatch(path) or any(NEVER.search(name) for name in names):
        raise InvalidArgument(
            "`path` is no name in Unity Catalog.",
            where={"argument": "path"},
            got=path[:200],
            expected="catalog, catalog.schema or catalog.schema.table; `a b` in backticks",
        )
    return names


def listed(w: WorkspaceClient, names: list[str], search: str, limit: int, page: str) -> Listed:
    """Catalogs, the schemas of a catalog, the tables of a schema; below a catalog, by part of a
    name, its schemas and then their tables."""
    if not names:
        return _page(w, CATALOGS, {}, search, limit, page)
    if len(names) == 1 and not page.startswith(TABLES_NEXT):
        schemas = _page(w, SCHEMAS, {"catalog_name": names[0]}, search, limit, page)
        if schemas.page or not search:
            return schemas
        tables = _tables(w, names, search, limit, "")
        return Listed([*schemas.found, *tables.found], tables.page)
    return _tables(w, names, search, limit, page.removeprefix(TABLES_NEXT))


def _tables(w: WorkspaceClient, names: list[str], search: str, limit: int, page: str) -> Listed:
    """The tables of a schema, or those of a catalog that are searched for."""
    asked = {"catalog_name": names[0]}
    if len(names) > 1:
        # A pattern: the `_` of a name lets other schemas through, which are then left out.
        asked["schema_name_pattern"] = names[1]
    if search:
        asked["table_name_pattern"] = f"%{search}%"
    found = _page(w, TABLES, asked, search, limit, page, below=names)
    return found._replace(page=f"{TABLES_NEXT}{found.page}" if found.page else None)


def volumes(w: WorkspaceClient, names: list[str], search: str, limit: int, page: str) -> Listed:
    """The volumes of a schema."""
    if len(names) != 2:
        raise InvalidArgument(
            "Volumes are listed schema by schema.",
            where={"argument": "path"},
            got=".".join(names),
            expected="catalog.schema",
        )
    asked = {"catalog_name": names[0], "schema_name": names[1]}
    return _page(w, VOLUMES, asked, search, limit, page)


def warehouses(w: WorkspaceClient, search: str, limit: int, page: str) -> Listed:
    """SQL warehouses: name, id and state."""
    return _page(w, WAREHOUSES, {}, search, limit, page)


def table(w: WorkspaceClient, names: list[str]) -> TableFound:
    """One table with its columns."""
    full_name = ".".join(names)
    with calling(f"reading the table {full_name}", table=full_name):
        # Names go into the address, where some of their characters mean something else.
        found = w.tables.get(".".join(quote(name, safe="") for name in names))
    columns: list[Column] = []
    left_out = []
    for column in found.columns or []:
        try:
            kind = canonical_type(column.type_text or "")
            columns += check_names([Column(column.name or "", kind)])
        except InvalidArgument:
            left_out.append(f"{column.name} {column.type_text}"[:200])
    kind = found.table_type.value if found.table_type else "TABLE"
    about = found.comment or ""
    return TableFound(full_name, kind.lower(), about, tuple(columns), tuple(left_out))


def _page(
    w: WorkspaceClient,
    listing: Listing,
    asked: Mapping[str, str],
    search: str,
    limit: int,
    page: str,
    below: list[str] | None = None,
) -> Listed:
    """The next things that fit. The service may send empty pages that are not the last."""
    token: str | None = page
    found: list[Found] = []
    for _ in range(REQUESTS_MAX):
        query = {**asked, listing.size: limit, **({"page_token": token} if token else {})}
        with calling(f"listing {listing.key}", **asked):
            answer: Any = w.api_client.do("GET", listing.route, query=query)
        token = answer.get("next_page_token") or None
        found += _fitting(answer.get(listing.key) or [], listing, search, below or [])
        if found or not token:
            break
    return Listed(found, token)


def _fitting(
    rows: list[dict[str, Any]], listing: Listing, search: str, below: list[str]
) -> Iterator[Found]:
    start = "".join(f"{name.lower()}." for name in below)
    for row in rows:
        name = str(row.get(listing.name, ""))
        last = name.lower().rsplit(".", 1)[-1]
        if name.lower().startswith(start) and search.lower() in last:
            about = str(row.get(listing.about) or "")
            if listing is WAREHOUSES:
                about = f"id {row.get('id')}, {about.lower()}"
            yield Found(name, listing.kind, about[:200])
