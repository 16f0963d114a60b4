"""What is said about an author's data source, and what a local test makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.errors import InvalidEvents
from lakestream_mcp.graph.config import canonical, parse
from tests.codegen.authored import FEED_CODE

NODE: Any = Catalog.load().get("custom-python-source")
PLAIN: dict[str, Any] = {"code": FEED_CODE, "columns": "id bigint, at timestamp"}
PARTED = """\
from pyspark.sql.datasource import DataSource, DataSourceStreamReader, InputPartition


class Reader(DataSourceStreamReader):
    def initialOffset(self):
        return {"n": 0}

    def latestOffset(self, start=None, limit=None):
        return {"n": 1}

    def partitions(self, start, end):
        return [InputPartition(0)]

    def read(self, partition):
        yield (1,)


class Feed(DataSource):
    def streamReader(self, schema):
        return Reader()
"""


def codes(**given: Any) -> list[str]:
    parsed = parse(NODE, PLAIN | given)
    assert not parsed.problems, parsed.problems
    return [p.code for p in NODE.check(parsed.config, [])]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, []),
        ({"code": PARTED}, []),
        ({"code": PARTED.replace("start=None, limit=None", "start, limit")}, ["METHOD_PARAMETERS"]),
        ({"code": PARTED.replace("def read(", "def reed(")}, ["MISSING_METHOD"]),
        ({"code": PARTED.replace("def streamReader", "def reader")}, ["MISSING_METHOD"]),
        ({"code": PARTED.replace("Feed(DataSource)", "Feed")}, ["ONE_CLASS"]),
        (
            {"code": FEED_CODE.replace("def read(self, start)", "def read(self)")},
            ["METHOD_PARAMETERS"],
        ),
        ({"code": FEED_CODE.replace("import json", "import subprocess")}, ["IMPORT_REFUSED"]),
        ({"code": FEED_CODE + "\nopen('/etc/passwd')\n"}, ["NAME_REFUSED", "STATEMENT_REFUSED"]),
        ({"code": "class Feed(DataSource:"}, ["CODE_SYNTAX"]),
        ({"code": "# MAGIC %sh id\n" + FEED_CODE}, ["CODE_LINE_REFUSED"]),
        ({"options": {"url": "x", "token": "secret://a/b"}}, []),
        ({"event_time": "id"}, ["EVENT_TIME_TYPE"]),
        ({"sample_rows": [{"id": "x"}]}, ["UNREADABLE_VALUE"]),
    ],
)
def test_what_is_wrong_is_said(given: dict[str, Any], expected: list[str]) -> None:
    assert codes(**given) == expected


@pytest.mark.parametrize(
    ("options", "code"),
    [({"token": "hunter2"}, "SECRET_IN_CONFIG"), ({"x": "secret://a"}, "INVALID_CONFIG")],
)
def test_an_option_is_no_secret_itself(options: dict[str, str], code: str) -> None:
    (problem,) = parse(NODE, PLAIN | {"options": options}).problems
    assert (problem.code, problem.field) == (code, "options")
    assert "hunter2" not in str(problem)


def test_a_source_may_look_at_the_clock() -> None:
    code = PARTED.replace('{"n": 1}', '{"n": int(time.time())}')
    assert codes(code="import time\n" + code) == []


def test_without_samples_a_test_says_why() -> None:
    config = NODE.Config.model_validate(PLAIN)
    with pytest.raises(InvalidEvents) as caught:
        NODE.simulate(config, 1, None)
    assert caught.value.code == "NO_SAMPLE_ROWS"


def test_earlier_names_are_understood() -> None:
    given = {"pythonCode": FEED_CODE, "outputSchema": "id LONG"}
    assert parse(NODE, canonical(NODE, given)).config.columns == "id bigint"
