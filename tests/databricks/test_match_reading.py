"""Names and values in the query for a match stay names and values, whatever they hold."""

from __future__ import annotations

import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from lakestream_mcp.deploy.match_reading import match_query, readable, row_of
from lakestream_mcp.graph.model import Column, Relation
from lakestream_mcp.relational.column_types import quoted

NAMES = st.text(
    st.characters(blacklist_categories=("Cc", "Cs"), blacklist_characters="\x7f"),
    min_size=1,
    max_size=12,
).filter(lambda name: name.strip() and "${" not in name)
TYPES = st.sampled_from(["string", "bigint", "double", "date", "timestamp", "decimal(9,2)"])


def relation(key: str, kept: str, kind: str) -> Relation:
    """The rows of a pattern with a key and a kept column of these names."""
    events = f"array<struct<step:string,event_time:timestamp,{quoted(kept)}:{kind}>>"
    names = [("match_id", "string"), ("pattern", "string"), (key, kind)]
    names += [(name, "timestamp") for name in ("started_at", "ended_at", "detected_at")]
    return Relation(tuple(Column(*pair) for pair in [*names, ("events", events)]))


@given(st.lists(NAMES, min_size=3, max_size=3), NAMES, NAMES, TYPES, st.text(max_size=64))
def test_a_hostile_name_is_quoted(
    table: list[str], key: str, kept: str, kind: str, match_id: str
) -> None:
    columns = readable(relation(key, kept, kind))
    statement = match_query(table, columns, match_id)
    (tree,) = sqlglot.parse(statement, dialect="databricks")
    assert isinstance(tree, exp.Select)
    (source,) = tree.find_all(exp.Table)
    assert [part.name for part in source.parts] == table
    assert [selected.alias for selected in tree.selects] == [c.name for c in columns]
    assert key in {column.name for column in tree.find_all(exp.Column)}
    (place,) = tree.find_all(exp.Placeholder)
    assert place.name == "match_id" and not list(tree.find_all(exp.Subquery))


@given(st.integers(-(2**62), 2**62), st.sampled_from(["bigint", "timestamp", "date"]))
def test_whole_numbers_come_back_exactly(number: int, kind: str) -> None:
    bound = {"bigint": 2**62, "timestamp": 10**15, "date": 700_000}[kind]
    number %= bound
    (column,) = [Column("a", kind)]
    (value,) = row_of([str(number)], [column]).values()
    assert value == number if kind == "bigint" else value.year >= 1970
    (again,) = row_of([str(number)], [column]).values()
    assert again == value and row_of([None], [column]) == {"a": None}
