"""Every value enters generated text through a filter that quotes it."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import nodes

from lakestream_mcp.codegen import filters
from lakestream_mcp.codegen.render import PACKAGE, environment
from lakestream_mcp.errors import Unsupported

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
TEXTS = st.text(st.characters(exclude_categories=())) | st.text(alphabet="\\\"'{}\r\n\x00#é")


@given(PLAIN)
def test_a_python_literal_evaluates_to_the_value(value: object) -> None:
    assert ast.literal_eval(filters.py_repr(value)) == value


@given(TEXTS)
def test_a_block_of_text_evaluates_to_the_text(text: str) -> None:
    literal = filters.py_text(text)
    assert ast.literal_eval(literal) == f"\n{text}\n"
    literal.encode("utf-8")


@given(TEXTS)
def test_a_comment_stays_on_its_line(text: str) -> None:
    source = f"# Node: {filters.py_comment(text)}\nx = 1\n"
    assert len(ast.parse(source).body) == 1
    assert len(source.splitlines()) == 2
    source.encode("utf-8")


@pytest.mark.parametrize("name", ["a b", "class", "1a", "a-b", "a.b", "", "x\n", "é"])
def test_only_identifiers_are_names(name: str) -> None:
    with pytest.raises(Unsupported):
        filters.py_name(name)


@pytest.mark.parametrize("value", [object(), {1, 2}, b"x", float("nan"), float("inf")])
def test_only_plain_data_becomes_a_literal(value: object) -> None:
    with pytest.raises(Unsupported):
        filters.py_repr(value)


def test_source_is_never_a_users_text() -> None:
    with pytest.raises(Unsupported):
        filters.source_text("x = 1")


TEMPLATES = sorted(
    path.relative_to(PACKAGE).as_posix()
    for folder in ("codegen", "nodes")
    for path in PACKAGE.glob(f"{folder}/**/*.py.j2")
)


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_write_no_bare_value(name: str) -> None:
    tree = environment().parse((PACKAGE / name).read_text(encoding="utf-8"))
    outputs = [part for output in tree.find_all(nodes.Output) for part in output.nodes]
    bare = [
        part.lineno
        for part in outputs
        if not isinstance(part, nodes.TemplateData)
        and not (isinstance(part, nodes.Filter) and part.name in filters.FILTERS)
    ]
    assert not bare, f"lines without a quoting filter: {bare}"


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_only_loop_and_choose(name: str) -> None:
    tree = environment().parse((PACKAGE / name).read_text(encoding="utf-8"))
    allowed = (nodes.Output, nodes.For, nodes.If)
    found = {type(n).__name__ for n in tree.find_all(nodes.Stmt) if not isinstance(n, allowed)}
    assert not found
