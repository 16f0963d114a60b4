"""What SQL text may say: expressions over one row, and nothing that reaches further."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakestream_mcp.errors import InvalidSql, LakestreamError, Unsupported
from lakestream_mcp.graph.model import Column, Relation
from lakestream_mcp.relational.sql import check_columns, parse_expression, parse_projections, sql

ROWS = Relation(
    (
        Column("amount", "double"),
        Column("Status", "string"),
        Column("loc", "struct<lat:double>"),
        Column("xs", "array<int>"),
        Column("we ird", "int"),
        Column("order", "int"),
    )
)

ALLOWED = {
    "amount > 10 and status = 'x'": "amount > 10 AND Status = 'x'",
    "AMOUNT > 1": "amount > 1",
    "loc.lat > 1": "loc.lat > 1",
    "exists(xs, x -> x > amount)": "EXISTS(xs, x -> x > amount)",
    "`we ird` + `order` > 1": "`we ird` + order > 1",
    "in_0.amount > 1": "in_0.amount > 1",
    "status = 'it''s'": r"Status = 'it\'s'",
    r"status = 'it\'s'": r"Status = 'it\'s'",
    r"status rlike r'\d+'": r"Status RLIKE '\\d+'",
    "amount > 1 -- a remark": "amount > 1",
    "amount /* a remark */ > 1": "amount > 1",
    "to_timestamp(status) > timestamp'2026-01-01'": "TO_TIMESTAMP(Status) > "
    "CAST('2026-01-01' AS TIMESTAMP)",
    "case when amount > 1 then 'a' end = 'a'": "CASE WHEN amount > 1 THEN 'a' END = 'a'",
    "status like any ('a%', 'b%')": "Status LIKE ANY ('a%', 'b%')",
    "nvl(status, '') = ''": "COALESCE(Status, '') = ''",
}

REFUSED = {
    "a subquery": "amount in (select 1)",
    "a scalar subquery": "(select 1) = 1",
    "an exists subquery": "exists(select 1)",
    "a statement": "drop table x",
    "an insert": "insert into x values (1)",
    "two statements": "amount > 1; drop table x",
    "a whole query": "select 1",
    "reading files": "read_files('x')",
    "Java by name": "reflect('java.lang.Runtime', 'x')",
    "Java by another name": "java_method('a', 'b')",
    "the file's name": "input_file_name()",
    "an aggregate": "sum(amount) > 1",
    "a window": "count(*) over () > 1",
    "several rows of one": "explode(xs)",
    "chance": "rand() > 0.5",
    "the clock": "current_timestamp() > timestamp'2026-01-01'",
    "an unknown function": "frob(amount)",
    "a star": "*",
    "a name": "amount as x",
    "a variable": "@v = 1",
    "a shell variable": "${x} = 1",
    "a variable in a name": "`a${x}` = 1",
    "a named parameter": ":p = 1",
    "a placeholder": "? = 1",
    "a brace": "{x} = 1",
    "an open bracket": "(amount",
    "an open quote": "status = 'x",
    "half an expression": "amount > ",
    "a NUL byte": "amount > 1 \x00",
    "an escape character": "status = '\x1b'",
    "half a character": "status = '\ud800'",
    "deep brackets": "(" * 100 + "1" + ")" * 100,
    "deep negation": "not " * 3000 + "true",
    "too much text": "amount > 1 or " * 3000 + "true",
    "nothing": "  ",
    "session_window": "session_window(status, '5 minutes') is null",
    "JSON arrows": "status->'x' = 1",
    "a time zone cast": "status at time zone 'UTC'",
    "a format cast": "cast(status as int format 'x')",
    "row patterns": "status match_recognize (x)",
}


@pytest.mark.parametrize("text", ALLOWED)
def test_expressions_are_written_as_they_were_read(text: str) -> None:
    assert (
        sql(check_columns(parse_expression(text, "condition"), ROWS, "condition", ["in_0"]))
        == (ALLOWED[text])
    )


@pytest.mark.parametrize("what", REFUSED)
def test_everything_else_is_refused_with_its_field(what: str) -> None:
    with pytest.raises(LakestreamError) as caught:
        parse_expression(REFUSED[what], "condition")
    assert isinstance(caught.value, (InvalidSql, Unsupported))
    assert caught.value.where == {"field": "condition"}
    assert caught.value.message


@pytest.mark.parametrize(
    "text", ["parquet.`/etc/passwd`", "text.`/etc/passwd` = ''", "other.amount"]
)
def test_a_path_is_no_column(text: str) -> None:
    with pytest.raises(InvalidSql) as caught:
        check_columns(parse_expression(text, "condition"), ROWS, "condition")
    assert caught.value.code == "UNKNOWN_COLUMN"


def test_an_unknown_column_names_the_nearest_and_the_whole_fix() -> None:
    with pytest.raises(InvalidSql) as caught:
        check_columns(
            parse_expression("amout > 10 AND Status = 'x'", "condition"), ROWS, "condition"
        )
    error = caught.value
    assert (error.code, error.got, error.hint) == ("UNKNOWN_COLUMN", "amout", "amount")
    assert error.expected == list(ROWS.names)
    assert error.fix == [
        {"op": "update_node", "config": {"condition": "amount > 10 AND Status = 'x'"}}
    ]


def test_an_unknown_function_names_the_nearest() -> None:
    with pytest.raises(Unsupported) as caught:
        parse_expression("lowr(status) = 'a'", "condition")
    assert (caught.value.got, caught.value.hint) == ("lowr", "lower")


def test_aggregates_pass_where_the_caller_gives_them_a_meaning() -> None:
    assert sql(parse_expression("COUNT(v) > 3", "where", aggregates=True)) == "COUNT(v) > 3"


@pytest.mark.parametrize(
    "text", ["a from x", "a where 1 = 1", "distinct a", "sum(a) as b", "a + 1", "(select 1) as x"]
)
def test_a_list_of_columns_is_no_query(text: str) -> None:
    with pytest.raises(LakestreamError):
        parse_projections(text, "columns")


@given(st.text(max_size=60))
def test_any_text_is_an_expression_or_a_clear_error(text: str) -> None:
    try:
        written = sql(parse_expression(text, "condition"))
    except LakestreamError as error:
        assert error.where == {"field": "condition"}
    else:
        assert sql(parse_expression(written, "condition")) == written
