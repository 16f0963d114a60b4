"""What is said about an author's function before and while it runs."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.cep.processor.function_runner import FunctionPlan, run_function
from lakestream_mcp.cep.processor.runner import Limits
from lakestream_mcp.errors import LakestreamError
from lakestream_mcp.graph.config import canonical, parse
from lakestream_mcp.graph.model import Column, Relation

from .udfs import COLUMNS

NODE: Any = Catalog.load().get("custom-python-udf")
ROWS = Relation((*COLUMNS, Column("gap", "interval day to second")), "at", 1000)
PLAIN: dict[str, Any] = {
    "code": "def f(n):\n    return n\n",
    "input_columns": ["n"],
    "output_column": "out",
    "output_type": "int",
}


def problems(**given: Any) -> list[Any]:
    parsed = parse(NODE, PLAIN | given)
    assert not parsed.problems, parsed.problems
    return list(NODE.check(parsed.config, [ROWS]))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, None),
        ({"input_columns": ["m"]}, "UNKNOWN_COLUMN"),
        ({"input_columns": ["gap"]}, "UNSUPPORTED_TYPE"),
        ({"output_column": "N"}, "DUPLICATE_COLUMN"),
        ({"code": "def f(n) return n"}, "CODE_SYNTAX"),
        ({"code": "def f(n):\n    return n\n\n\ndef g(n):\n    return n\n"}, "ONE_FUNCTION"),
        ({"code": "X = 1\n"}, "ONE_FUNCTION"),
        ({"code": "def _g(n):\n    return n\n\n\ndef f(n):\n    return _g(n)\n"}, None),
        ({"code": "def f(n, m):\n    return n\n"}, "FUNCTION_PARAMETERS"),
        ({"code": "def f():\n    return 1\n"}, "FUNCTION_PARAMETERS"),
        ({"code": "def f(n, *, m):\n    return n\n"}, "FUNCTION_PARAMETERS"),
        ({"code": "def f(n, m=1):\n    return n\n"}, None),
        ({"code": "def f(*all):\n    return all[0]\n"}, None),
        (
            {"code": "def f(big, n):\n    return n\n", "input_columns": "n,big"},
            "FUNCTION_PARAMETERS",
        ),
        ({"code": "def f(n):\n    yield n\n"}, "FUNCTION_SHAPE"),
        ({"code": "import os\n\n\ndef f(n):\n    return n\n"}, "IMPORT_REFUSED"),
        ({"code": "import random\n\n\ndef f(n):\n    return n\n"}, "IMPORT_REFUSED"),
        ({"code": "from pyspark.sql import Row\n\n\ndef f(n):\n    return n\n"}, "IMPORT_REFUSED"),
        ({"code": "def f(n):\n    return open('x')\n"}, "NAME_REFUSED"),
        ({"code": "def f(n):\n    return n.__class__.__mro__\n"}, "NAME_REFUSED"),
        (
            {"code": "import datetime\n\n\ndef f(n):\n    return datetime.datetime.now()\n"},
            "CLOCK_REFUSED",
        ),
        ({"code": "print(1)\n\n\ndef f(n):\n    return n\n"}, "STATEMENT_REFUSED"),
        ({"code": "S = {}\n\n\ndef f(n):\n    S[n] = 1\n    return len(S)\n"}, "SHARED_STATE"),
        ({"code": "S = []\n\n\ndef f(n):\n    S.append(n)\n    return len(S)\n"}, "SHARED_STATE"),
        ({"code": "# COMMAND ----------\ndef f(n):\n    return n\n"}, "CODE_LINE_REFUSED"),
        ({"input_columns": ["many"], "style": "pandas"}, "UNSUPPORTED_TYPE"),
        ({"output_type": "array<int>", "style": "pandas"}, "UNSUPPORTED_TYPE"),
        ({"output_type": "map<array<int>,int>"}, "UNSUPPORTED_TYPE"),
    ],
)
def test_what_is_wrong_is_said(given: dict[str, Any], code: str | None) -> None:
    assert [p.code for p in problems(**given)] == ([code] if code else [])


def test_a_swap_can_be_mended() -> None:
    (said,) = problems(code="def f(big, n):\n    return n\n", input_columns=["n", "big"])
    assert said.fix == {"input_columns": ["big", "n"]}
    assert problems(code="def f(big, n):\n    return n\n", **said.fix) == []


def test_earlier_names_are_understood() -> None:
    given = {"pythonCode": PLAIN["code"], "inputColumns": "n", "outputColumn": "out"}
    ours = canonical(NODE, given | {"outputType": "LONG"})
    assert parse(NODE, ours).config.output_type == "bigint"


def answer(
    code: str, output: str, *values: Any, style: str = "row", limits: Limits | None = None
) -> Any:
    plan = FunctionPlan(
        code,
        "f",
        (),
        (Column("n", "bigint"),),
        Column("out", output),
        style,
        "fail",  # type: ignore[arg-type]
    )
    table = pa.table({"n": pa.array(values or (1,), pa.int64())})
    more = () if limits is None else (limits,)
    return run_function(plan, table, "it", *more).to_pylist()


@pytest.mark.parametrize(
    ("body", "output", "code"),
    [
        ("1 / 0", "double", "CODE_RAISED"),
        ("'1'", "bigint", "OUTPUT_VALUE"),
        ("1.0", "bigint", "OUTPUT_VALUE"),
        ("True", "int", "OUTPUT_VALUE"),
        ("128", "tinyint", "OUTPUT_VALUE"),
        ("1", "boolean", "OUTPUT_VALUE"),
        ("1", "decimal(5,2)", "OUTPUT_VALUE"),
        ("2 ** 53 + 1", "double", "OUTPUT_VALUE"),
        ("1e39", "float", "OUTPUT_VALUE"),
        ("'\\ud800'", "string", "OUTPUT_VALUE"),
        ("{'a': 1}", "struct<b:int>", "OUTPUT_VALUE"),
        ("{None: 1}", "map<string,int>", "OUTPUT_VALUE"),
        ("[1, 'x']", "array<int>", "OUTPUT_VALUE"),
        ("object()", "string", "OUTPUT_VALUE"),
        ("[n] * 10 ** 10", "array<bigint>", "CODE_OUT_OF_MEMORY"),
    ],
)
def test_answers_are_of_their_type(body: str, output: str, code: str) -> None:
    with pytest.raises(LakestreamError) as caught:
        answer(f"def f(n):\n    return {body}\n", output)
    assert caught.value.code == code
    assert caught.value.where["node"] == "it"


def test_a_loop_without_end_is_stopped() -> None:
    with pytest.raises(LakestreamError) as caught:
        answer("def f(n):\n    while True:\n        pass\n", "int", limits=Limits(seconds=1))
    assert caught.value.code == "CODE_TIMEOUT"


def test_the_row_is_named() -> None:
    with pytest.raises(LakestreamError) as caught:
        answer("def f(n):\n    return 6 // n\n", "bigint", 1, 2, 0)
    assert (caught.value.where["row"], caught.value.where["line"]) == (2, 2)


def test_a_series_keeps_its_length() -> None:
    for body in ("n[:1]", "n.tolist()", "n.dropna()"):
        with pytest.raises(LakestreamError) as caught:
            answer(f"def f(n):\n    return {body}\n", "bigint", 1, None, style="pandas")
        assert caught.value.code == "OUTPUT_VALUE"


def test_no_rows_are_no_calls() -> None:
    plan = FunctionPlan(
        "def f(n):\n    return 1 / 0\n",
        "f",
        (),
        (Column("n", "bigint"),),
        Column("out", "int"),
        "row",
        "fail",
    )
    assert run_function(plan, pa.table({"n": pa.array([], pa.int64())}), "it").to_pylist() == []


def test_rows_on_which_a_series_raises_are_tried_alone() -> None:
    code = "def f(n):\n    if (n == 0).any():\n        raise ValueError\n    return 6 // n\n"
    given, out = (Column("n", "bigint"),), Column("out", "bigint")
    plan = FunctionPlan(code, "f", (), given, out, "pandas", "null")
    table = pa.table({"n": pa.array([1, 0, 2, None, 0, 3], pa.int64())})
    assert run_function(plan, table, "it").to_pylist() == [6, None, 3, None, None, 2]


@pytest.mark.parametrize(
    "body",
    [
        "pd.to_datetime(n, unit='s').dt.strftime('%Y-%m-%d %H:%M')",
        "n.astype(str).str.extract(r'(\\d)', expand=False)",
        "pd.cut(n.astype(float), [0, 1, 10], labels=['a', 'b']).astype(str)",
        "pd.Series(np.where(n > 1, 'x', 'y'))",
        "n.map({1: 'one', 2: 'two'})",
        "pd.Series(np.char.add('a', n.to_numpy(dtype=str)))",
        "pd.Series(np.linalg.norm(np.stack([n, n]), axis=0)).round(3).astype(str)",
        "n.astype('category').astype(str)",
        "pd.Series(pd.to_datetime('2026-01-31') + pd.to_timedelta(n, unit='D')).dt.day_name()",
        "pd.Series([f'{v:>5}' for v in n]).str.strip().str.zfill(4).str.upper()",
        "n.clip(2).replace(2, 9).where(n > 1).fillna(0).astype(int).astype(str)",
    ],
)
def test_what_pandas_loads_late_is_there(body: str) -> None:
    code = f"import numpy as np\nimport pandas as pd\n\n\ndef f(n):\n    return {body}\n"
    given, out = (Column("n", "bigint"),), Column("out", "string")
    plan = FunctionPlan(code, "f", ("numpy", "pandas"), given, out, "pandas", "fail")
    found = run_function(plan, pa.table({"n": pa.array([1, 2, 3], pa.int64())}), "it")
    assert found.null_count < 3
