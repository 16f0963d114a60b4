"""Authors' functions over every type, and random rows for them."""

from __future__ import annotations

import datetime as dt
import math
import random
import struct
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa

from lakestream_mcp.graph.model import Column
from lakestream_mcp.relational.arrow_types import arrow_schema

Json = dict[str, Any]
SCALARS = {
    "flag": "boolean",
    "tiny": "tinyint",
    "small": "smallint",
    "n": "int",
    "big": "bigint",
    "real": "float",
    "wide": "double",
    "price": "decimal(12,3)",
    "huge": "decimal(38,10)",
    "word": "string",
    "raw": "binary",
    "day": "date",
    "at": "timestamp",
    "local": "timestamp_ntz",
}
NESTED = {
    "many": "array<bigint>",
    "named": "map<string,timestamp>",
    "whole": "struct<a:int,b:array<date>,c:struct<d:timestamp_ntz,e:decimal(5,2)>>",
}
TYPES = {"id": "bigint"} | SCALARS | NESTED
COLUMNS = tuple(Column(name, kind) for name, kind in TYPES.items())
UTC_START = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def time(draw: random.Random) -> dt.datetime:
    """Any microsecond of four centuries, and those around a change of clocks."""
    near = dt.datetime(2026, 10, 25, 1, tzinfo=dt.UTC)
    start, spread = draw.choice(((UTC_START, 6_000_000_000), (near, 7200)))
    micros = draw.randrange(-spread * 1_000_000, spread * 1_000_000)
    return start + dt.timedelta(microseconds=micros)


def whole(bits: int) -> Callable[[random.Random], int]:
    """Whole numbers, the ends of their range among them."""
    top = (1 << (bits - 1)) - 1
    return lambda draw: draw.choice((0, 1, -1, top, -top - 1, draw.randint(-top, top)))


def float32(value: float) -> float:
    """The nearest float of 32 bits."""
    (found,) = struct.unpack("<f", struct.pack("<f", value))
    return float(found)


def number(draw: random.Random) -> float:
    """Floats, the odd ones among them."""
    odd = (0.0, -0.0, math.inf, -math.inf, 1e300, 5e-324)
    return draw.choice((*odd, *(draw.uniform(-1e6, 1e6) for _ in odd)))


def text(draw: random.Random) -> str:
    """Text of several planes."""
    return "".join(draw.choices("aZ 0'\"\\\n\u00e9\u4e16\U0001f600\u0000", k=draw.randrange(6)))


MAKERS: dict[str, Callable[[random.Random], Any]] = {
    "flag": lambda draw: draw.random() < 0.5,
    "tiny": whole(8),
    "small": whole(16),
    "n": whole(32),
    "big": whole(64),
    "real": lambda draw: float32(draw.uniform(-1e6, 1e6)),
    "wide": number,
    "price": lambda draw: Decimal(draw.randint(-(10**12) + 1, 10**12 - 1)).scaleb(-3),
    "huge": lambda draw: Decimal(draw.choice(("0", "1.5", "-9999999999999999999999999999"))),
    "word": text,
    "raw": lambda draw: draw.randbytes(draw.randrange(5)),
    "day": lambda draw: time(draw).date(),
    "at": time,
    "local": lambda draw: time(draw).replace(tzinfo=None),
    "many": lambda draw: [draw.choice((None, whole(64)(draw))) for _ in range(draw.randrange(4))],
    "named": lambda draw: {text(draw): draw.choice((None, time(draw))) for _ in range(3)},
    "whole": lambda draw: {
        "a": draw.choice((None, whole(32)(draw))),
        "b": [time(draw).date()],
        "c": draw.choice((None, {"d": time(draw).replace(tzinfo=None), "e": Decimal("1.25")})),
    },
}


def random_table(draw: random.Random, rows: int) -> pa.Table:
    """Rows of every type; a fifth of the values are NULL."""
    made = [
        {"id": n}
        | {name: None if draw.random() < 0.2 else make(draw) for name, make in MAKERS.items()}
        for n in range(rows)
    ]
    return pa.Table.from_pylist(made, schema=arrow_schema(COLUMNS))


def node(node_id: str, code: str, inputs: str, output: str, **more: Any) -> Json:
    """A node whose column has the node's id as its name."""
    config = {"code": code, "input_columns": inputs, "output_column": f"{node_id}_out"}
    config |= {"output_type": output, **more}
    return {"id": node_id, "type": "custom-python-udf", "name": node_id, "config": config}


SAME = "def same(value):\n    return value\n"
TOLD = "def told(a, b, c):\n    return f'{a!s}|{type(b).__name__}|{c!s}'\n"
SHOWN = """\
import datetime


def shown(flag, n, wide, price, raw, day, at, local, many, named, whole):
    \"\"\"Text of every value, as Python sees it.\"\"\"
    parts = [flag, n, price, raw, day, at, local, many, whole]
    parts += [] if wide is None else [wide * 2, round(wide, 3) if abs(wide) < 1e9 else 0]
    parts += sorted((named or {}).items())
    return "; ".join(f"{type(p).__name__} {p}" for p in parts)
"""
RAISES = """\
def share(n, big):
    if big is None:
        return None
    return big // n
"""
SERIES_RAISES = """\
def share(n, big):
    if (n == 0).any():
        raise ValueError("no share")
    return big // n
"""
HOUR = "def hour(at):\n    return at.dt.hour\n"
WORDS = "def words(word, raw):\n    return word.str.len() + raw.map(len, na_action='ignore')\n"
LATER = "import pandas as pd\n\n\ndef later(at):\n    return at + pd.Timedelta(days=1)\n"
ADDED = "def added(n, wide):\n    return n * wide\n"


def row_nodes() -> list[Json]:
    """Functions of values, one after the other."""
    same = [node(f"same_{name}", SAME, name, kind) for name, kind in TYPES.items()]
    shown = "flag,n,wide,price,raw,day,at,local,many,named,whole"
    return [
        *same,
        node("shown", SHOWN, shown, "string"),
        node("told", TOLD, "tiny,real,huge", "string"),
        node("share", RAISES, "n,big", "bigint", on_error="null"),
    ]


def series_nodes() -> list[Json]:
    """Functions of Series, one after the other."""
    same = [node(f"s_{n}", SAME, n, kind, style="pandas") for n, kind in SCALARS.items()]
    return [
        *same,
        node("s_share", SERIES_RAISES, "n,big", "bigint", style="pandas", on_error="null"),
        node("hour", HOUR, "at", "bigint", style="pandas"),
        node("words", WORDS, "word,raw", "double", style="pandas"),
        node("later", LATER, "at", "timestamp", style="pandas"),
        node("added", ADDED, "n,wide", "double", style="pandas"),
    ]
