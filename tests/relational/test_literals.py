"""Strings and names come back from the engine as they were, whatever is in them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from lakestream_mcp.relational.local import LocalEngine
from lakestream_mcp.relational.sql import identifier, parse_expression, sql

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
HOSTILE = st.one_of(
    TEXT,
    st.text(st.sampled_from("'\"`\\;-/*\n\r\t\x00{}$%_ux0041é😀"), max_size=20),
    st.sampled_from(
        ["' OR 1=1 --", "\\'; DROP TABLE x", "it''s", "${x}", "\\u0041", "\\x41", "\\", "%\\%"]
    ),
)
NAME = st.text(
    st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"]), min_size=1, max_size=15
)


@settings(max_examples=60)
@given(st.lists(HOSTILE, min_size=1, max_size=12))
def test_string_literals_round_trip(engine: LocalEngine, texts: list[str]) -> None:
    # Parsing refuses control characters in text people write; trees may hold them.
    literals = [exp.Alias(this=exp.Literal.string(t), alias=f"c{i}") for i, t in enumerate(texts)]
    row = engine.run(sql(exp.select(*literals)), {}).to_pylist()[0]
    assert list(row.values()) == texts


@given(TEXT)
def test_a_literal_reads_back_as_itself(text: str) -> None:
    literal = sql(exp.Literal.string(text))
    assert "${" not in literal, "Spark would replace it by a setting"
    assert all(c >= " " for c in literal)
    assert parse_expression(literal, None).this == text


@settings(max_examples=30)
@given(st.lists(NAME, min_size=1, max_size=8, unique_by=str.lower))
def test_names_round_trip(engine: LocalEngine, names: list[str]) -> None:
    columns = [exp.Alias(this=exp.Literal.number(1), alias=identifier(n)) for n in names]
    assert engine.run(sql(exp.select(*columns)), {}).schema.names == names
