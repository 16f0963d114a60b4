"""Rows written by key to a table of PostgreSQL, such as Databricks Lakebase."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from ....errors import LakestreamError, Unsupported
from ....graph.config import problem_of
from ....graph.model import Problem, Relation
from ....graph.node_type import NodeConfig, SinkType
from ....relational.sql import find_column
from ...fields import ColumnName, NameList, Secret, secret_ref
from ...merging import merge_keys, merge_problems
from ...probes import SecretReader, probe_postgres

TYPES = {
    "boolean": "boolean",
    "tinyint": "smallint",
    "smallint": "smallint",
    "int": "integer",
    "bigint": "bigint",
    "float": "real",
    "double": "double precision",
    "string": "text",
    "binary": "bytea",
    "date": "date",
    "timestamp": "timestamptz",
    "timestamp_ntz": "timestamp",
}
_NAME = re.compile(r"[A-Za-z0-9_$.@+-]{1,63}")
_HOST = re.compile(r"[A-Za-z0-9._:/-]{1,255}")


def _host(text: str) -> str:
    if not _HOST.fullmatch(text):
        raise ValueError("a server is a name such as `instance-1.database.cloud.databricks.com`")
    return text


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("a name has letters, digits and `_ $ . @ + -`, 63 of them at most")
    return text


DatabaseName = Annotated[str, AfterValidator(_name)]


class LakebaseSinkConfig(NodeConfig):
    """Which table of which database, and what identifies a row."""

    host: Annotated[str, AfterValidator(_host)] = Field(description="Server")
    port: int = Field(5432, ge=1, le=65_535, description="Port")
    database: DatabaseName = Field("databricks_postgres", description="Database")
    schema_name: DatabaseName = Field("public", description="Schema; it must be there")
    table: DatabaseName = Field(description="Table; made with its primary key when it is missing")
    user: DatabaseName = Field(description="User or service principal")
    password: Secret | None = Field(
        None, description="Password, as `secret://scope/key`; or give `instance`"
    )
    instance: DatabaseName | None = Field(
        None,
        description="Lakebase instance: a token of an hour is made for each batch by the "
        "workspace that runs the code",
    )
    tls: Literal["verify-full", "require", "disable"] = Field(
        "require", description="Encryption; `disable` is for this machine only"
    )
    mode: Literal["merge", "append"] = Field(
        "merge",
        description="`merge` overwrites the row of the same key, `append` leaves it as it is",
    )
    merge_keys: NameList | None = Field(
        None, description="Columns that identify a row; default: match_id"
    )
    sequence_by: ColumnName | None = Field(
        None, description="With `merge`: a row is overwritten by one that is not older by this"
    )


class LakebaseSink(SinkType):
    """A table of PostgreSQL."""

    type = "lakebase-sink"
    title = "Lakebase (PostgreSQL)"
    summary = "Writes rows by key to a table of Lakebase or any PostgreSQL"
    Config = LakebaseSinkConfig
    aliases = ("postgres-sink", "postgresql-sink")
    field_aliases = {
        "schema": "schema_name",
        "writeMode": "mode",
        "mergeKeys": "merge_keys",
        "sequenceBy": "sequence_by",
    }
    moved = {
        "catalog": "a database is named by `host` and `database`",
        "tableType": "rows go to a table of PostgreSQL; unity-catalog-table-sink makes a streaming "
        "table of the lakehouse",
        "partitionColumns": "PostgreSQL tables are partitioned where they are made",
        "clusteringColumns": "PostgreSQL has indexes, which are made where the table is",
        "expectations": "put a data-quality-expectations node before the sink",
    }

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        """`upsert` is `merge`."""
        return config | {"mode": "merge"} if config.get("mode") == "upsert" else config

    def sentence(self, config: LakebaseSinkConfig) -> str:
        return f"writes rows to {config.schema_name}.{config.table} of {config.host}"

    def check(self, config: LakebaseSinkConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        if config.password is None and config.instance is None:
            yield Problem(
                "MISSING_CONFIG",
                "`password` is required, or `instance` for a Lakebase token",
                field="password",
                expected="secret://scope/key",
            )
        if config.password is not None and config.instance is not None:
            yield Problem(
                "UNUSED_CONFIG",
                "`password` has no use with `instance`, which makes a token",
                field="password",
                fix={"password": None},
            )
        if config.mode == "append" and config.sequence_by is not None:
            yield Problem(
                "UNUSED_CONFIG",
                "`sequence_by` is for mode merge only",
                field="sequence_by",
                fix={"sequence_by": None},
            )
        if config.tls == "disable" and not _is_here(config.host):
            yield Problem(
                "UNSAFE_LOGIN",
                "a password would be sent without encryption",
                field="tls",
                got="disable",
                expected=["require", "verify-full"],
                fix={"tls": "require"},
            )
        for rows in inputs[:1]:
            yield from _row_problems(config, rows)

    def code(self, config: LakebaseSinkConfig, relation: Relation) -> dict[str, Any]:
        named, last = merge_keys(config.merge_keys, relation), config.sequence_by
        keys = [find_column(name, relation, "merge_keys") for name in named]
        return {
            "server": _server(config),
            "user": config.user,
            "password": None if config.password is None else secret_ref(config.password),
            "instance": config.instance,
            "name": [config.schema_name, config.table],
            "columns": [(c.name, _type(c.type)) for c in relation.columns],
            "keys": keys,
            "sequence_by": last and find_column(last, relation, "sequence_by"),
            "update": config.mode == "merge",
        }

    def probe(self, config: LakebaseSinkConfig, secret: SecretReader, send: bool) -> str:
        if config.password is None:
            raise Unsupported(
                "A Lakebase token is made by the workspace that runs the code.",
                hint="Give `password` to try the login from here.",
            )
        login = {"user": config.user, "password": secret(secret_ref(config.password))}
        return probe_postgres(_server(config) | login)


def _server(config: LakebaseSinkConfig) -> dict[str, Any]:
    return {
        "host": config.host,
        "port": config.port,
        "dbname": config.database,
        "sslmode": config.tls,
        "sslrootcert": "system" if config.tls == "verify-full" else "",
    }


def _is_here(host: str) -> bool:
    return host in ("localhost", "127.0.0.1", "::1") or host.startswith("/")


def _type(kind: str) -> str:
    if kind.startswith("decimal"):
        return kind.replace("decimal", "numeric")
    return TYPES.get(kind, "jsonb")


def _row_problems(config: LakebaseSinkConfig, rows: Relation) -> Iterator[Problem]:
    keys = merge_keys(config.merge_keys, rows)
    for field, names in (("merge_keys", keys), ("sequence_by", [config.sequence_by])):
        for name in filter(None, names):
            try:
                found = find_column(name, rows, field, keys if field == "merge_keys" else None)
            except LakestreamError as error:
                yield problem_of(error)
                continue
            kind = rows.type_of(found) or ""
            if _type(kind) == "jsonb":
                yield Problem(
                    "TYPE_MISMATCH",
                    f"`{found}` is of type {kind}, which has no order",
                    field=field,
                    got=found,
                    expected=[c.name for c in rows.columns if _type(c.type) != "jsonb"],
                )
    for name in rows.names:
        if len(name.encode()) > 63:
            yield Problem(
                "TEXT_TOO_LONG",
                f"PostgreSQL cuts `{name}` after 63 bytes",
                got=name,
                hint="give it a shorter name with rename-cast before this node",
            )
    updates = config.mode == "merge"
    yield from merge_problems(keys, config.sequence_by, rows, updates=updates)


NODE = LakebaseSink()
