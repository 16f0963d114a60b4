"""Statements of Lakeflow Declarative Pipelines as plain data.

Queries are sqlglot trees in the Databricks dialect. What sqlglot has no tree for (expectations,
watermarks, flows) is kept beside them, so that `write` and `read` are each other's inverse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from sqlglot import exp

DatasetKind = Literal["streaming_table", "materialized_view", "temporary_view", "private_table"]


class Watermark(NamedTuple):
    """`FROM STREAM source WATERMARK column DELAY OF INTERVAL …`.

    relation: alias or name of the item of FROM that it stands behind.
    """

    relation: str
    column: str
    delay_ms: int


class Query(NamedTuple):
    """A query, and the watermarks of what it reads."""

    tree: exp.Query
    watermarks: tuple[Watermark, ...] = ()


class Expectation(NamedTuple):
    """`CONSTRAINT name EXPECT (condition) [ON VIOLATION DROP ROW | FAIL UPDATE]`."""

    name: str
    condition: exp.Expr
    action: Literal["warn", "drop", "fail"] = "warn"


class TableColumn(NamedTuple):
    """A column of a dataset's column list; the type is the text that was written."""

    name: str
    type: str | None = None
    comment: str | None = None


class Dataset(NamedTuple):
    """`CREATE OR REFRESH STREAMING TABLE` and its kin. `query` is None where flows fill it."""

    kind: DatasetKind
    name: str
    query: Query | None = None
    expectations: tuple[Expectation, ...] = ()
    comment: str | None = None
    properties: tuple[tuple[str, str], ...] = ()
    partition_by: tuple[str, ...] = ()
    cluster_by: tuple[str, ...] = ()
    columns: tuple[TableColumn, ...] = ()


class Flow(NamedTuple):
    """`CREATE FLOW name AS INSERT INTO target BY NAME query`."""

    name: str
    target: str
    query: Query


class AutoCdc(NamedTuple):
    """`CREATE FLOW name AS AUTO CDC INTO target FROM STREAM source KEYS … SEQUENCE BY …`."""

    name: str
    target: str
    source: str
    keys: tuple[str, ...]
    sequence_by: exp.Expr
    delete_when: exp.Expr | None = None
    columns: tuple[str, ...] = ()
    except_columns: tuple[str, ...] = ()
    scd_type: Literal[1, 2] = 1
    track_history: tuple[str, ...] = ()
    track_history_except: tuple[str, ...] = ()


class Login(NamedTuple):
    """A login to Kafka: the password is where the secret scope keeps it."""

    mechanism: str
    username: str
    scope: str
    key: str


class Sink(NamedTuple):
    """`create_sink` of the Python API, and the flow that fills it: SQL has no form for a sink."""

    name: str
    format: str
    options: tuple[tuple[str, str], ...]
    query: Query
    login: Login | None = None


class Setting(NamedTuple):
    """`SET key = value`."""

    key: str
    value: str


class Use(NamedTuple):
    """`USE CATALOG name` or `USE SCHEMA name`: where names without one are looked up from here."""

    kind: Literal["catalog", "schema"]
    name: str


class Unknown(NamedTuple):
    """A statement that none of the others is; line and column, from 1, are where reading ended."""

    text: str
    line: int
    column: int
    reason: str = ""


Statement = Dataset | Flow | AutoCdc | Sink | Setting | Use | Unknown
