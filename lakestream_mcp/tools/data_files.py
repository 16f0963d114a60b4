"""Files below the data roots as tables: their names, and the columns of one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InvalidArgument
from ..graph.model import Column
from .columns_page import ColumnsPage, columns_page

if TYPE_CHECKING:
    from ..workspace import Workspace
    from .discover_schema import SchemaAnswer

LOOKED_AT_MAX = 20_000


def local_files(ws: Workspace, path: str, search: str, limit: int, page: str) -> SchemaAnswer:
    """The files that a pipeline or a test may read; of one, its columns."""
    from .discover_schema import SchemaAnswer, Thing

    if path:
        return _columns(ws, path, search, page)
    found = islice(_files(ws.settings.data_roots, search.lower()), limit + 1)
    things = [Thing(name=name, kind=kind) for name, kind in found]
    more = " More files are there: narrow it by `search`." if len(things) > limit else ""
    return SchemaAnswer(
        path="",
        found=things[:limit],
        next=f'discover_schema(kind="files", path="…") shows columns.{more}',
    )


def _columns(ws: Workspace, path: str, search: str, page: str) -> SchemaAnswer:
    from ..relational.files import FORMATS, file_columns, local_file
    from .discover_schema import SchemaAnswer, Thing

    file = local_file(path, ws.settings.data_roots)
    kind = _format(file)
    if kind is None:
        raise InvalidArgument(
            "The columns of such a file are not inferred.",
            where={"argument": "path"},
            got=path[:300],
            expected=sorted(ending for endings in FORMATS.values() for ending in endings),
        )
    shown = columns_page(file_columns(path, kind, ws.settings.data_roots), search, page)
    return SchemaAnswer(
        path=path,
        found=[Thing(name=path, kind=kind)],
        columns=shown.ddl,
        times=shown.times,
        page=shown.next,
        next=f'create_node(type="auto-loader", config={_ready(path, kind, shown)})',
    )


def _ready(path: str, kind: str, shown: ColumnsPage) -> str:
    """The configuration of a source of the file; where no column is a time, a date becomes one.

    Where there are more columns than are shown, it is the caller who says which.
    """
    from ..relational.column_types import ddl

    times = [c.name for c in shown.columns if c.type == "timestamp"]
    dates = [] if times else [c.name for c in shown.columns if c.type == "date"][:1]
    timed = [Column(c.name, "timestamp") if c.name in dates else c for c in shown.columns]
    config = {"path": path, "format": kind, "columns": "…" if shown.next else ddl(timed)}
    if clock := times + dates:
        config |= {"event_time": clock[0], "watermark_delay": "10 minutes"}
    return json.dumps(config, ensure_ascii=False)


def _files(roots: tuple[Path, ...], search: str) -> Iterator[tuple[str, str]]:
    """Names from their root, in order; hidden folders are not looked into."""
    for root in roots:
        for file in islice(_below(root), LOOKED_AT_MAX):
            kind = _format(file)
            if kind and search in file.name.lower():
                yield str(file.relative_to(root)), kind


def _below(folder: Path) -> Iterator[Path]:
    """Files in their order; those of a Delta table are no tables by themselves."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    if any(entry.name == "_delta_log" for entry in entries):
        return
    for entry in entries:
        if entry.name.startswith((".", "_")) or entry.is_symlink():
            continue
        if entry.is_dir():
            yield from _below(entry)
        else:
            yield entry


def _format(file: Path) -> str | None:
    from ..relational.files import FORMATS

    return next((kind for kind, endings in FORMATS.items() if file.suffix in endings), None)
