"""What is wrong with an author's code is said with its line, before anything runs it."""

from __future__ import annotations

from typing import Any

import pytest

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.graph.config import canonical, parse
from lakestream_mcp.graph.model import Column, Problem, Relation

from .processors import CODES, TOTALS, config

CUSTOM = Catalog.load().get("custom")
COLUMNS = (
    Column("key", "string"),
    Column("amount", "double"),
    Column("at", "timestamp"),
    Column("id", "bigint"),
)
ROWS = Relation(COLUMNS, "at", 60_000)
IMPORTS = "from pyspark.sql import Row\nfrom pyspark.sql.streaming import StatefulProcessor\n"
GOOD = (
    IMPORTS
    + """\
class P(StatefulProcessor):
    def init(self, handle):
        self.handle = handle
        self.n = handle.getValueState('n', 'n bigint')
    def handleInputRows(self, key, rows, timerValues):
        yield Row(key=key[0], n=1)
"""
)


def problems(code: str, **changes: Any) -> list[Problem]:
    """What validation finds."""
    given = {"code": code, "key": ["key"], "output": "key string, n bigint"} | changes
    parsed = parse(CUSTOM, canonical(CUSTOM, given))
    if parsed.config is None:
        return list(parsed.problems)
    return list(CUSTOM.check(parsed.config, [ROWS]))


def test_good_code_has_no_findings() -> None:
    assert problems(GOOD) == []
    assert problems(GOOD.replace("\n", "\r\n")) == []


@pytest.mark.parametrize("name", list(CODES))
def test_the_examples_have_no_findings(name: str) -> None:
    given = config(name)
    code = given.pop("code")
    assert problems(code, **given) == []


BAD_LINES: dict[str, tuple[str, str, str, int]] = {
    # name: (code of the finding, replaced text, its replacement, line)
    "syntax": ("CODE_SYNTAX", "def init(self, handle):", "def init(self, handle)", 4),
    "null byte": ("CODE_LINE_REFUSED", "class P", "\x00class P", 3),
    "notebook cell": ("CODE_LINE_REFUSED", "class P", "# COMMAND ----------\nclass P", 3),
    "notebook magic": ("CODE_LINE_REFUSED", "class P", "# MAGIC %sh id\nclass P", 3),
    "our mark": ("CODE_LINE_REFUSED", "class P", "# lakestream:node=x\nclass P", 3),
    "import os": ("IMPORT_REFUSED", "class P", "import os\nclass P", 3),
    "import in a method": ("IMPORT_REFUSED", "yield", "import socket\n        yield", 8),
    "subprocess": ("IMPORT_REFUSED", "class P", "from subprocess import run\nclass P", 3),
    "random": ("IMPORT_REFUSED", "class P", "import random\nclass P", 3),
    "dataclasses": ("IMPORT_REFUSED", "class P", "from dataclasses import field\nclass P", 3),
    "star": ("IMPORT_REFUSED", "class P", "from math import *\nclass P", 3),
    "relative": ("IMPORT_REFUSED", "class P", "from .x import y\nclass P", 3),
    "open": ("NAME_REFUSED", "yield", "open('x')\n        yield", 8),
    "eval": ("NAME_REFUSED", "yield", "eval('x')\n        yield", 8),
    "getattr": ("NAME_REFUSED", "yield", "getattr(key, 'x')\n        yield", 8),
    "subclasses": ("NAME_REFUSED", "yield", "object.__subclasses__()\n        yield", 8),
    "frames": ("NAME_REFUSED", "yield", "x.gi_frame\n        yield", 8),
    "clock": ("CLOCK_REFUSED", "yield", "dt.datetime.now()\n        yield", 8),
    "global": ("STATEMENT_REFUSED", "yield", "global x\n        yield", 8),
    "async": ("STATEMENT_REFUSED", "class P", "async def f(): pass\nclass P", 3),
    "runs at import": ("STATEMENT_REFUSED", "class P", "print('x')\nclass P", 3),
    "loop outside": ("STATEMENT_REFUSED", "class P", "while True: pass\nclass P", 3),
    "parameters of rows": (
        "METHOD_PARAMETERS",
        "(self, key, rows, timerValues)",
        "(self, k, r)",
        7,
    ),
    "parameters of init": ("METHOD_PARAMETERS", "(self, handle)", "(self, h)", 4),
    "init with arguments": (
        "METHOD_PARAMETERS",
        "    def init",
        "    def __init__(self, x): pass\n    def init",
        4,
    ),
    "timer parameters": (
        "METHOD_PARAMETERS",
        "    def init",
        "    def handleExpiredTimer(self, key, timer_values, info): pass\n    def init",
        4,
    ),
    "misspelt timer": (
        "METHOD_NAME",
        "    def init",
        "    def handleExpiredTimers(self, key, timerValues, expiredTimerInfo): pass\n    def init",
        4,
    ),
    "never called": (
        "NEVER_CALLED",
        "    def init",
        "    def handleInitialState(self, key, initialState, timerValues): pass\n    def init",
        4,
    ),
    "schema": ("STATE_SCHEMA", "'n bigint'", "'n bigin'", 6),
    "no schema": ("STATE_NOT_LITERAL", "'n bigint'", "make()", 6),
    "no name": ("STATE_NOT_LITERAL", "getValueState('n'", "getValueState(name", 6),
    "timestamp in state": ("STATE_TYPE", "'n bigint'", "'n timestamp'", 6),
    "nested timestamp": ("STATE_TYPE", "'n bigint'", "'n array<timestamp>'", 6),
    "varchar": ("STATE_TYPE", "'n bigint'", "'n varchar(3)'", 6),
    "double as map key": (
        "STATE_TYPE",
        "getValueState('n', 'n bigint')",
        "getMapState('n', 'k double', 'n bigint')",
        6,
    ),
    "twice": (
        "STATE_TWICE",
        "    def handle",
        "        self.m = handle.getListState('n', 'n int')\n    def handle",
        7,
    ),
    "declared later": (
        "STATE_OUTSIDE_INIT",
        "yield",
        "self.handle.getValueState('m', 'n int')\n        yield",
        8,
    ),
    "ttl": ("TTL_WITHOUT_PROCESSING_TIME", "'n bigint'", "'n bigint', 1000", 6),
    "ttl by name": ("TTL_WITHOUT_PROCESSING_TIME", "'n bigint'", "'n bigint', ttlDurationMs=9", 6),
    "other clock": (
        "OTHER_CLOCK",
        "yield",
        "timerValues.getCurrentProcessingTimeInMs()\n        yield",
        8,
    ),
    "on self": ("STATE_ON_SELF", "yield", "self.count = 1\n        yield", 8),
    "counted on self": ("STATE_ON_SELF", "yield", "self.count += 1\n        yield", 8),
    "in a global": ("STATE_ON_SELF", "class P", "SEEN = {}\nclass P", 9),
}


@pytest.mark.parametrize("name", list(BAD_LINES))
def test_a_bad_line_is_found(name: str) -> None:
    expected, old, new, line = BAD_LINES[name]
    assert old in GOOD
    code = GOOD.replace(old, new, 1)
    if name == "in a global":
        code = code.replace("yield", "SEEN[key] = 1\n        yield")
    found = problems(code)
    assert (expected, "code") in [(p.code, p.field) for p in found], found
    first = next(p for p in found if p.code == expected)
    assert first.message.startswith(f"Line {line}: "), first


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("", "INVALID_CONFIG"),
        ("x = 1", "ONE_CLASS"),
        (GOOD + GOOD.replace("class P", "class Q"), "ONE_CLASS"),
        (GOOD.replace(IMPORTS, "from pyspark.sql import Row\n"), "MISSING_IMPORT"),
        (GOOD.replace("handleInputRows", "handle_input_rows"), "MISSING_METHOD"),
        ("(" * 5000, "CODE_SYNTAX"),
        ("x" * 100_001, "INVALID_CONFIG"),
    ],
)
def test_what_no_line_can_be_blamed_for(code: str, expected: str) -> None:
    assert expected in [p.code for p in problems(code)]


def test_a_fix_can_be_sent_back() -> None:
    missing = GOOD.replace(IMPORTS, "from pyspark.sql import Row\n")
    (problem,) = problems(missing)
    assert problem.fix is not None
    assert problems(**problem.fix) == []
    timed = GOOD.replace("yield", "self.handle.registerTimer(1)\n        yield")
    (problem,) = problems(timed, time_mode="none")
    assert (problem.code, problem.fix) == ("TIMERS_WITHOUT_TIME", {"time_mode": "event_time"})


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"key": []}, "MISSING_KEY", "key"),
        ({"key": ["kee"]}, "UNKNOWN_COLUMN", "key"),
        ({"key": ["amount"]}, "UNSUPPORTED_TYPE", "key"),
        ({"key": ["at"]}, "UNSUPPORTED_TYPE", "key"),
        ({"output": "key strin"}, "INVALID_TYPE", "output"),
        ({"output": "key string, KEY int"}, "DUPLICATE_COLUMN", "output"),
        ({"output": ""}, "INVALID_ARGUMENT", "output"),
        ({"time_mode": "arrival"}, "INVALID_CONFIG", "time_mode"),
        ({"output_mode": "complete"}, "INVALID_CONFIG", "output_mode"),
    ],
)
def test_other_fields_are_checked(changes: dict[str, Any], code: str, field: str) -> None:
    assert (code, field) in [(p.code, p.field) for p in problems(GOOD, **changes)]


def test_column_names_that_spark_cannot_hand_over() -> None:
    parsed = parse(CUSTOM, {"code": GOOD, "key": ["key"], "output": "key string, n bigint"})
    dotted = ROWS._replace(columns=(*COLUMNS, Column("a.b", "int")))
    assert [p.code for p in CUSTOM.check(parsed.config, [dotted])] == ["UNSUPPORTED_NAME"]


def test_names_of_an_earlier_system() -> None:
    assert Catalog.load().get("custom-stateful-processor") is not None
    given = {"pythonCode": TOTALS, "groupByKeys": "key", "outputSchema": "n bigint"}
    assert canonical(CUSTOM, given) == {"code": TOTALS, "key": "key", "output": "n bigint"}
    parsed = parse(CUSTOM, canonical(CUSTOM, given | {"stateSchema": "n bigint"}))
    (problem,) = parsed.problems
    assert "getValueState" in f"{problem.message} {problem.hint}"
