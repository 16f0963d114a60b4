"""Queries as `spark.sql` formats them."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import TYPE_CHECKING

from ..relational.pack import Unpacking, unpack_query

if TYPE_CHECKING:
    from sqlglot import exp

NAME = "lakestream_pattern"


def placed(query: exp.Query, names: Collection[str]) -> str:
    """The query's text for `spark.sql`, which formats it: tables as `{in_0}`, braces doubled.

    The tree is used up.
    """
    from sqlglot import exp

    from ..relational.dialect import DIALECT, nodes

    parts = nodes(query)
    named = [part.name for part in parts if isinstance(part, exp.Identifier)]
    said = [part.name for part in parts if isinstance(part, exp.Literal)]
    mark = "lakestream_input_"
    while any(mark in text for text in (*named, *said)):
        mark += "_"
    for table in [part for part in parts if isinstance(part, exp.Table)]:
        if table.name in names and not table.args.get("db"):
            if not table.alias:
                table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name)))
            table.set("this", exp.to_identifier(f"{mark}{table.name}"))
    pretty = not any("\n" in name for name in named)
    text = DIALECT.generate(query, copy=False, comments=False, pretty=pretty, max_text_width=88)
    text = text.replace("{", "{{").replace("}", "}}")
    return re.sub(rf"{mark}(in_\d+)", r"{\1}", text)


def unpack_text(rows: Unpacking, pattern: str) -> str:
    """The query after a pattern's operator, whose rows go by the name of the pattern."""
    from ..relational.dialect import string_literal

    text = _unnamed(rows)
    name = string_literal(NAME)
    if text.count(name) > 1:
        return placed(unpack_query(rows, pattern), ("in_0",))
    return text.replace(name, string_literal(pattern))


@lru_cache(maxsize=256)
def _unnamed(rows: Unpacking) -> str:
    """The query with another name; patterns of one type mostly have it in common."""
    return placed(unpack_query(rows, NAME), ("in_0",))
