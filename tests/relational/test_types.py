"""Types and column lists as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakestream_mcp.errors import InvalidArgument
from lakestream_mcp.graph.model import Column
from lakestream_mcp.relational.arrow_types import arrow_type, spark_type
from lakestream_mcp.relational.column_types import canonical_type, ddl, parse_columns, quoted

SIMPLE = st.sampled_from(
    [
        *("boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "string"),
        *("binary", "date", "timestamp", "timestamp_ntz", "decimal(10,2)", "decimal(38,38)"),
    ]
)
CHARACTERS = st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"])
NAMES = (
    st.text(CHARACTERS, min_size=1, max_size=8)
    .filter(str.strip)
    .filter(lambda name: "${" not in name)
)


def named(inner: st.SearchStrategy[str]) -> st.SearchStrategy[list[tuple[str, str]]]:
    """Names with types, the names different from each other."""
    pairs = st.tuples(NAMES, inner)
    return st.lists(pairs, min_size=1, max_size=4, unique_by=lambda pair: pair[0].lower())


def nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Lists, maps and structs of a type."""
    return st.one_of(
        inner.map(lambda t: f"array<{t}>"),
        st.tuples(inner, inner).map(lambda p: f"map<{p[0]},{p[1]}>"),
        named(inner).map(
            lambda fields: "struct<" + ",".join(f"{quoted(n)}:{t}" for n, t in fields) + ">"
        ),
    )


TYPES = st.recursive(SIMPLE, nested, max_leaves=4)


@given(TYPES)
def test_types_pass_through_text_and_arrow(kind: str) -> None:
    canonical = canonical_type(kind)
    assert canonical_type(canonical) == canonical
    assert spark_type(arrow_type(canonical)) == canonical


@given(named(SIMPLE))
def test_column_lists_read_back(pairs: list[tuple[str, str]]) -> None:
    columns = tuple(Column(*pair) for pair in pairs)
    assert parse_columns(ddl(columns)) == columns


def test_what_changes_no_value_is_read_over() -> None:
    text = "id LONG NOT NULL COMMENT 'a, b', name: VARCHAR(10), at TIMESTAMP_LTZ"
    assert ddl(parse_columns(text)) == "id bigint, name string, at timestamp"


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "id",
        "id bigin",
        "a int,",
        "a int b int",
        "a decimal(50)",
        "a array<int",
        "a int, A int",
        "`${x}` int",
    ],
)
def test_bad_lists_are_refused(bad: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_columns(bad)


@given(st.text(max_size=40))
def test_any_text_is_a_list_or_a_clear_error(text: str) -> None:
    try:
        assert parse_columns(ddl(parse_columns(text)))
    except InvalidArgument as error:
        assert error.message
