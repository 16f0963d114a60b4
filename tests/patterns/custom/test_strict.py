"""What Spark would store as NULL, drop or die of is an error that names state, field and line."""

from __future__ import annotations

from typing import Any

import pytest

from lakestream_mcp.cep.authored.safety import ALLOWED_MODULES
from lakestream_mcp.errors import InvalidPipeline

from .runs import processor, run, said

EXACT = "import datetime as dt\nfrom decimal import Decimal\nimport numpy as np\n"


def kept(kind: str, value: str) -> str:
    """What a value of this type reads as, after it has been in state."""
    init = f"self.v = handle.getValueState('v', 'a {kind}')"
    code = EXACT + processor(
        f"self.v.update(({value},))\nyield Row(said=repr(self.v.get()[0]))", init
    )
    return str(said(run(code))[0]["said"])


def refused(code: str, **options: Any) -> InvalidPipeline:
    with pytest.raises(InvalidPipeline) as caught:
        run(EXACT + code, **options)
    return caught.value


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("bigint", "2 ** 63 - 1", "9223372036854775807"),
        ("bigint", "np.int32(3)", "3"),
        ("bigint", "None", "None"),
        ("tinyint", "-128", "-128"),
        ("double", "-0.0", "-0.0"),
        ("double", "float('nan')", "nan"),
        ("double", "np.float64(2)", "2.0"),
        ("float", "0.1", "0.10000000149011612"),
        ("float", "float('-inf')", "-inf"),
        ("boolean", "np.bool_(True)", "True"),
        ("string", "'é'", "'é'"),
        ("binary", "bytearray(b'x')", "b'x'"),
        ("date", "dt.date(1, 1, 1)", "datetime.date(1, 1, 1)"),
        ("timestamp_ntz", "dt.datetime(1969, 1, 1)", "datetime.datetime(1969, 1, 1, 0, 0)"),
        ("decimal(5,2)", "Decimal('1.5')", "Decimal('1.50')"),
        ("decimal(5,2)", "Decimal('-999.99')", "Decimal('-999.99')"),
        ("array<int>", "(1, None)", "[1, None]"),
        ("map<string,int>", "{'b': 1, 'a': None}", "{'a': None, 'b': 1}"),
        ("struct<x:int,y:string>", "(1, 'z')", "Row(x=1, y='z')"),
        ("struct<x:int,y:string>", "Row(x=1, y='z')", "Row(x=1, y='z')"),
        ("struct<x:int,y:string>", "{'y': 'z', 'x': 1}", "Row(x=1, y='z')"),
    ],
)
def test_what_fits_comes_back(kind: str, value: str, expected: str) -> None:
    assert kept(kind, value) == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("bigint", "1.0"),
        ("bigint", "True"),
        ("bigint", "2 ** 63"),
        ("bigint", "'1'"),
        ("bigint", "np.float64(1)"),
        ("int", "2 ** 31"),
        ("tinyint", "128"),
        ("double", "1"),
        ("double", "Decimal('1')"),
        ("float", "1e39"),
        ("float", "3"),
        ("boolean", "1"),
        ("string", "5"),
        ("string", "b'x'"),
        ("string", "'\\ud800'"),
        ("binary", "'x'"),
        ("date", "dt.datetime(2024, 1, 1)"),
        ("date", "'2024-01-01'"),
        ("timestamp_ntz", "dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)"),
        ("timestamp_ntz", "0"),
        ("decimal(5,2)", "1"),
        ("decimal(5,2)", "Decimal('1.001')"),
        ("decimal(5,2)", "Decimal('1000')"),
        ("decimal(5,2)", "Decimal('NaN')"),
        ("array<int>", "'ab'"),
        ("array<int>", "[1.5]"),
        ("map<string,int>", "{None: 1}"),
        ("map<string,int>", "[('a', 1)]"),
        ("struct<x:int,y:string>", "(1,)"),
        ("struct<x:int,y:string>", "Row(y='z', x=1)"),
        ("struct<x:int,y:string>", "{'x': 1}"),
        ("struct<x:int,y:string>", "7"),
    ],
)
def test_what_spark_would_corrupt_is_refused(kind: str, value: str) -> None:
    init = f"self.v = handle.getValueState('total', 'a {kind}')"
    error = refused(processor(f"self.v.update(({value},))\nyield", init))
    assert error.code == "STATE_VALUE", error.to_json()
    assert error.where["state"] == "total"
    assert error.where["line"] == 11
    assert error.message.startswith("State `total`, value: `a")
    assert error.got and error.expected


@pytest.mark.parametrize(
    "value", ["1", "None", "(1, 2)", "()", "{'a': 1, 'b': 2}", "Row(b=1)", "'x'"]
)
def test_a_state_takes_tuples_of_its_length(value: str) -> None:
    init = "self.v = handle.getValueState('v', 'a int')"
    assert refused(processor(f"self.v.update({value})\nyield", init)).code == "STATE_VALUE"


LIST = "self.v = handle.getListState('v', 'a int')"
MAP = "self.v = handle.getMapState('v', 'k string', 'a int')"
CALLS: dict[str, tuple[str, str, str]] = {
    "empty list": ("self.v.put([])\nyield", LIST, "STATE_VALUE"),
    "append nothing": ("self.v.appendList([])\nyield", LIST, "STATE_VALUE"),
    "list of numbers": ("self.v.put([1])\nyield", LIST, "STATE_VALUE"),
    "map key": ("self.v.updateValue((1,), (1,))\nyield", MAP, "STATE_VALUE"),
    "map key without tuple": ("self.v.getValue('a')\nyield", MAP, "STATE_VALUE"),
    "map value": ("self.v.updateValue(('a',), ('b',))\nyield", MAP, "STATE_VALUE"),
    "float timer": ("self.handle.registerTimer(1e13)\nyield", "pass", "TIMER_VALUE"),
    "timer of a boolean": ("self.handle.registerTimer(True)\nyield", "pass", "TIMER_VALUE"),
    "timer too far": ("self.handle.registerTimer(2 ** 63)\nyield", "pass", "TIMER_VALUE"),
    "state in init": ("yield", LIST + "\nself.v.clear()", "STATE_OUTSIDE_KEY"),
    "timer in init": ("yield", "handle.registerTimer(1)", "STATE_OUTSIDE_KEY"),
    "declared late": (
        "self.handle.getValueState('w', 'a int')\nyield",
        LIST,
        "STATE_OUTSIDE_INIT",
    ),
    "deleted late": ("self.handle.deleteIfExists('v')\nyield", LIST, "STATE_OUTSIDE_INIT"),
    "deleted and declared": ("yield", LIST + "\nhandle.deleteIfExists('v')", "STATE_DELETED"),
    "returns None": ("pass", "pass", "NO_ITERATOR"),
    "returns a number": ("return 5", "pass", "NO_ITERATOR"),
    "yields a tuple": ("yield ('x',)", "pass", "NOT_A_ROW"),
    "yields a dict": ("yield {'said': 'x'}", "pass", "NOT_A_ROW"),
    "yields a Row without names": ("yield Row('x')", "pass", "NOT_A_ROW"),
    "yields nothing": ("yield", "pass", "NOT_A_ROW"),
    "a field too many": ("yield Row(said='x', more=1)", "pass", "OUTPUT_VALUE"),
    "a field too few": ("yield Row()", "pass", "NOT_A_ROW"),
    "another field": ("yield Row(sad='x')", "pass", "OUTPUT_VALUE"),
    "wrong type": ("yield Row(said=1)", "pass", "OUTPUT_VALUE"),
    "self": ("self.n = 1\nyield Row(said='x')", "pass", "STATE_ON_SELF"),
    "self, in place": ("self.n.append(1)\nyield Row(said='x')", "self.n = []", "STATE_ON_SELF"),
}


@pytest.mark.parametrize("name", list(CALLS))
def test_a_call_that_spark_would_not_survive(name: str) -> None:
    body, init, expected = CALLS[name]
    error = refused(processor(body, init))
    assert error.code == expected, error.to_json()
    assert error.where["node"] == "it"


def test_catching_everything_does_not_save_a_query() -> None:
    init = "self.v = handle.getValueState('v', 'a int')"
    body = (
        "try:\n    self.v.update(('x',))\nexcept BaseException:\n    pass\nyield Row(said='fine')"
    )
    assert refused(processor(body, init)).code == "STATE_VALUE"


def test_an_output_row_may_have_its_fields_in_any_order() -> None:
    output = "a int, b double, c timestamp, d map<string,int>"
    body = (
        "yield Row(d={'x': 1}, c=dt.datetime(2024, 1, 1), b=1, a=np.int64(2))\n"
        "yield Row(a=None, b=None, c=None, d=[('y', None)])"
    )
    first, second = said(run(EXACT + processor(body), output=output), output)
    assert (first["a"], first["b"], first["d"]) == (2, 1.0, [("x", 1)])
    assert first["c"].isoformat() == "2024-01-01T00:00:00+00:00"
    assert second == {"a": None, "b": None, "c": None, "d": [("y", None)]}


@pytest.mark.parametrize(
    ("imports", "expression", "expected"),
    [
        ("import numpy as np", "float(np.quantile([1, 2, 4], 0.5))", "2.0"),
        ("import pandas as pd", "int(pd.Series([1, 2]).sum())", "3"),
        ("import collections.abc", "isinstance([], collections.abc.Sized)", "True"),
        ("import pyspark.sql", "pyspark.sql.Row(a=1)", "Row(a=1)"),
        ("from datetime import datetime", "datetime.strptime('2024', '%Y').year", "2024"),
        ("import hashlib", "hashlib.sha256(b'x').hexdigest()[:4]", "'2d71'"),
        ("import re, json, decimal", "json.loads(re.sub('a', '1', 'a'))", "1"),
        ("from enum import Enum", "Enum('E', 'A B').A.name", "'A'"),
        ("from typing import NamedTuple", "hash('x') == hash('x')", "True"),
        ("import math", "'é'.encode('latin-1')", "b'\\xe9'"),
    ],
)
def test_what_may_be_imported_works(imports: str, expression: str, expected: str) -> None:
    code = f"{imports}\n" + processor(f"yield Row(said=repr({expression}))")
    assert said(run(code)) == [{"said": expected}]


def test_every_allowed_module_can_be_loaded() -> None:
    names = sorted(name for name in ALLOWED_MODULES if not name.startswith("pyspark"))
    code = "".join(f"import {name}\n" for name in names) + processor("yield Row(said='ok')")
    assert said(run(code)) == [{"said": "ok"}]


def test_state_is_not_shared_with_what_was_given() -> None:
    init = "self.v = handle.getValueState('v', 'a array<int>')"
    body = (
        "given = [1]\nself.v.update((given,))\ngiven.append(2)\n"
        "self.v.get()[0].append(3)\nyield Row(said=str(self.v.get()))"
    )
    assert said(run(processor(body, init))) == [{"said": "([1],)"}]


def test_empty_states() -> None:
    init = (
        "self.v = handle.getValueState('v', 'a int')\n"
        "self.l = handle.getListState('l', 'a int')\n"
        "self.m = handle.getMapState('m', 'k int', 'a int')"
    )
    body = (
        "a = [self.v.exists(), self.v.get(), list(self.l.get()), self.m.getValue((1,))]\n"
        "self.v.update((None,))\nself.l.appendList([(1,), (2,)])\nself.m.updateValue((1,), (5,))\n"
        "b = [self.v.exists(), self.v.get(), list(self.l.get()), self.m.getValue((1,))]\n"
        "self.m.removeKey((1,))\nself.m.removeKey((7,))\nself.l.put([(9,)])\nself.v.clear()\n"
        "c = [self.v.exists(), list(self.l.get()), self.m.exists(), list(self.m.values())]\n"
        "yield Row(said=str([a, b, c]))"
    )
    (row,) = said(run(processor(body, init)))
    assert row["said"] == (
        "[[False, None, [], None], [True, (None,), [(1,), (2,)], Row(a=5)], "
        "[False, [(9,)], False, []]]"
    )
