"""The two notebooks of a backtest in the workspace: one that finds, one that forgets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ...cep.host import Host
from ...cep.watermark import CLOSING_US
from ...codegen import Generated
from ...errors import InvalidArgument
from ...graph.model import Column, Relation
from ..match_reading import physical_columns
from ..remote.files import NOTEBOOK
from ..replay import schema_text
from ..spark_child import replaced
from ..unity import names_of
from .asked import Asked
from .broker import kafka_read
from .reading import bounded, casts, quoted

BEGIN, END = "# --- carried ---\n", "# --- to here ---\n"
HOLD_S = 900
"""For how long results wait for whoever asked for them."""
PREFIX = "lakestream_backtest"


class Scratch(NamedTuple):
    """What a backtest makes in a workspace: tables in a schema, checkpoints, a folder."""

    catalog: str
    schema: str
    token: str
    checkpoints: str
    folder: str

    def table(self, what: str) -> str:
        """The full name of one table."""
        return f"{self.catalog}.{self.schema}.{PREFIX}_{self.token}_{what}"

    def tables(self, asked: Asked) -> dict[str, str]:
        """Full names by what they hold; of the results first, whose end is the word to forget."""
        made = ["results"]
        for name in asked.slices:
            made += [f"closing/{name}", f"copy/{name}", f"rows/{name}"]
        for pattern in asked.patterns:
            made += [f"found/{pattern}", f"kept/{pattern}"]
        return {what: self.table("results" if not n else str(n)) for n, what in enumerate(made)}


def finding(host: Host, generated: Generated, asked: Asked, scratch: Scratch) -> str:
    """The notebook that runs the generated code over history and writes the results."""
    names = {what: _quoted(name) for what, name in scratch.tables(asked).items()}
    sources = {name: _source(host, generated, asked, name, names) for name in asked.slices}
    code = replaced(next(iter(generated.files.values())), sources)  # type: ignore[no-untyped-call]
    told = {
        "sources": {name: _told(source) for name, source in sources.items()},
        "collect": {node: generated.frames[node] for node in asked.patterns},
        "keys": dict(asked.keys),
        "limit": asked.limit,
        "rows": asked.rows,
    }
    lines = [
        f"CODE = {code!r}",
        f"ASKED = {told!r}",
        f"tables = Tables(CODE, {scratch.checkpoints!r}, {names!r}, {physical(host, asked)!r})",
        "tables.finish(Backtest(tables, **ASKED).run())",
    ]
    return _notebook("finds matches in history", *_carried(), "\n".join(lines))


def forgetting(asked: Asked, scratch: Scratch) -> str:
    """The notebook that drops what the other has made, whatever became of it."""
    tables = [_quoted(name) for name in scratch.tables(asked).values()]
    where = f"{scratch.checkpoints!r}, {scratch.folder!r}, {HOLD_S}"
    (_, carried) = _carried()
    call = f"forget({tables!r}, {tables[0]!r}, {where})"
    return _notebook("drops its tables when they have been read", carried, call)


def columns_given(host: Host, asked: Asked) -> dict[str, tuple[Column, ...]]:
    """The columns of the rows that come back, by what they are."""
    found = {node: host.relations[node].columns for node in asked.patterns}
    return found | {f"rows-{name}": host.relations[name].columns for name in asked.slices}


def physical(host: Host, asked: Asked) -> dict[str, list[str]]:
    """SQL for the values of the rows that come back."""
    return {name: physical_columns(c) for name, c in columns_given(host, asked).items()}


def _source(
    host: Host, generated: Generated, asked: Asked, name: str, names: Mapping[str, str]
) -> dict[str, Any]:
    """How the job reads the history of a source, and the row that closes it."""
    part, relation, frame = asked.slices[name], host.relations[name], generated.frames[name]
    table = "" if part.offsets else _table(part.table, name, asked)
    if part.offsets is not None:
        notebook = next(iter(generated.files.values()))
        history = kafka_read(notebook, name, part.offsets)
    else:
        read = names[f"copy/{name}"] if part.version is not None else table
        reader = f"spark.readStream.format('delta').table({read!r})"
        history = f"{frame} = {reader}.selectExpr(*{casts(relation)!r})"
    ends = f"spark.readStream.format('delta').table({names[f'closing/{name}']!r})"
    return {
        "frame": frame,
        "read": f"{history}\n{bounded(frame, part.condition(relation, name), ends)}",
        "closing_us": CLOSING_US,
        "schema": schema_text(relation),
        "last": _last(relation),
        "copy": [table, part.version] if part.version is not None and table else None,
    }


def _told(source: Mapping[str, Any]) -> dict[str, Any]:
    """What of a source is not in the code."""
    return {key: source[key] for key in ("frame", "schema", "last", "copy")}


def _last(relation: Relation) -> list[str] | None:
    """The row that closes a source, as SQL for each column."""
    if relation.event_time is None:
        return None
    at = f"timestamp_micros({CLOSING_US})"
    return [
        f"CAST({at if c.name == relation.event_time else 'NULL'} AS {c.type}) AS {quoted(c.name)}"
        for c in relation.columns
    ]


def _table(given: str, source: str, asked: Asked) -> str:
    """The table of a history, quoted, where the pipeline's tables are unless it says its place."""
    if not given:
        raise InvalidArgument(
            f"Say which table has the history of `{source}`.",
            where={"argument": "history", "source": source},
            expected={"table": "catalog.schema.table"},
            hint="a `path` below the data roots is for a backtest on this machine",
        )
    parts = names_of(given)
    return ".".join(map(quoted, [*asked.place[: 3 - len(parts)], *parts]))


def _quoted(full_name: str) -> str:
    return ".".join(map(quoted, full_name.split(".")))


def _carried() -> tuple[str, str]:
    """The texts that both hosts of a backtest share, and that a job has of its own."""
    here = Path(__file__)
    shared = here.parents[1].joinpath("spark_history.py").read_text(encoding="utf-8")
    own = here.with_name("job_tables.py").read_text(encoding="utf-8")
    return shared.partition(BEGIN)[2].partition(END)[0], own.partition(BEGIN)[2]


def _notebook(what: str, *cells: str) -> str:
    head = (
        f"{NOTEBOOK}\n# A backtest of LakeStream MCP: {what}.\n\n"
        "import contextlib\nimport json\nimport os\nimport shutil\nimport time\n\n"
        "from pyspark.sql import SparkSession\nfrom pyspark.sql import functions as F\n"
    )
    return "\n\n# COMMAND ----------\n\n".join([head, *map(str.strip, cells)]) + "\n"
