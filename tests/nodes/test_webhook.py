"""The configuration of a webhook source, and how declarative SQL reads what landed."""

from __future__ import annotations

from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.graph.config import canonical, parse

NODE: Any = Catalog.load().get("rest-webhook-source")
PLAIN = {"landing_path": "/Volumes/main/raw/it's", "columns": "id bigint, at timestamp"}
CLOSED = {"auth": "bearer", "auth_secret": "secret://a/b"}


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        (CLOSED, []),
        ({}, ["OPEN_HOOK"]),
        ({"auth": "basic"}, ["MISSING_CONFIG"]),
        ({"auth_secret": "secret://a/b"}, ["UNUSED_CONFIG", "OPEN_HOOK"]),
        (CLOSED | {"landing_path": "relative/folder"}, ["LANDING_PATH"]),
        (CLOSED | {"landing_path": "s3://bucket/folder"}, ["LANDING_PATH"]),
        (CLOSED | {"landing_path": "/data/../etc"}, ["LANDING_PATH"]),
        (CLOSED | {"landing_path": "/data/*"}, ["LANDING_PATH"]),
        (CLOSED | {"columns": "id binary"}, ["UNSUPPORTED_TYPE"]),
        (CLOSED | {"event_time": "att"}, ["UNKNOWN_COLUMN"]),
    ],
)
def test_what_is_wrong_is_said(given: dict[str, Any], codes: list[str]) -> None:
    parsed = parse(NODE, PLAIN | given)
    assert not parsed.problems
    assert [p.code for p in NODE.check(parsed.config, [])] == codes


@pytest.mark.parametrize(
    "given",
    [{"auth_secret": "hunter2"}, {"auth": "digest"}, {"idempotency_header": "a b"}],
)
def test_bad_values_are_refused_at_their_field(given: dict[str, Any]) -> None:
    problems = parse(NODE, PLAIN | given).problems
    assert [p.field for p in problems] == list(given)
    assert "hunter2" not in str(problems)


def test_an_earlier_configuration_is_understood() -> None:
    given = {
        "listenPort": 8080,
        "path": "/events",
        "authType": "bearer",
        "authSecret": "secret://a/b",
        "payloadSchema": '[{"name": "id", "type": "LONG"}]',
        "landingPath": "/data",
    }
    parsed = parse(NODE, canonical(NODE, given))
    assert [p.field for p in parsed.problems] == ["listenPort", "path"]
    kept = {k: v for k, v in canonical(NODE, given).items() if k not in ("listenPort", "path")}
    assert parse(NODE, kept).config.columns == "id bigint"


def test_declarative_sql_reads_the_landing_folder() -> None:
    config = NODE.Config.model_validate(PLAIN | CLOSED | {"max_files_per_batch": 3})
    query = NODE.declarative(config, NODE.relation(config, [], None))
    parsed = sqlglot.parse_one(query.sql("databricks"), dialect="databricks")
    assert parsed.named_selects == ["id", "at"]
    read = parsed.find(exp.Stream).this.this
    path, *options = read.expressions
    assert (read.name.lower(), path.this) == ("read_files", "/Volumes/main/raw/it's")
    assert {o.this.name: o.expression.this for o in options} == {
        "format": "json",
        "schema": "id bigint, at timestamp",
        "maxFilesPerTrigger": "3",
    }
