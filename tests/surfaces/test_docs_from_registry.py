"""What is derived from the registry is complete, and every code has its page."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lakestream_mcp.operations import operations
from lakestream_mcp.surfaces.openapi import document, page
from lakestream_mcp.surfaces.pages import pages

PACKAGE = Path(__file__).parents[2] / "lakestream_mcp"
CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
NAME = re.compile(r"[A-Z]+(_[A-Z]+)+")
# Where codes stand in tables, or are passed on by a helper: there, every such name is one.
TABLES = ("graph/*.py", "relational/sail_errors.py", "relational/files.py", "storage/failures.py")
NO_CODES = re.compile(r"SQLITE_|LAKESTREAM_")
# Codes that are put together where they are raised, so no source names them.
COMPOSED = {"NOTHING_TO_UNDO", "NOTHING_TO_REDO", "SSS_ONLY", "SDP_ONLY"}


def codes() -> Iterator[str]:
    """Codes as the source names them: `code = …`, `code=…`, the first argument of findings."""
    in_tables = {file for pattern in TABLES for file in PACKAGE.glob(pattern)}
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            for value in _named(node):
                yield from _text(value, CODE)
            if file in in_tables:
                yield from (n for n in _text(node, NAME) if not NO_CODES.match(n))
    yield from COMPOSED


def _text(node: ast.AST, shape: re.Pattern[str]) -> Iterator[str]:
    said = node.value if isinstance(node, ast.Constant) else None
    if isinstance(said, str) and shape.fullmatch(said):
        yield said
    elif isinstance(node, ast.IfExp):
        yield from _text(node.body, shape)
        yield from _text(node.orelse, shape)


def _named(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.Call):
        yield from (k.value for k in node.keywords if k.arg == "code")
        called = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if called in {"Problem", "Finding"} and node.args:
            yield node.args[0]
        # A line of an author's code, and what its handle refuses.
        if called in {"at", "fail"}:
            yield from node.args[1 if called == "at" else 0 :][:1]
    elif isinstance(node, ast.Assign):
        if any(isinstance(t, ast.Name) and t.id == "code" for t in node.targets):
            yield node.value


def test_every_code_in_the_source_has_a_page() -> None:
    missing = sorted(set(codes()) - set(pages()))
    assert not missing, "write them into docs/errors.md"


def test_every_page_says_something() -> None:
    assert all(len(text) > 20 for text in pages().values())


def references(value: Any) -> Iterator[str]:
    """Every `$ref` of a document."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def test_openapi_has_every_operation_and_no_loose_end() -> None:
    made = document()
    ids = {op["operationId"] for path in made["paths"].values() for op in path.values()}
    assert ids == {op.name for op in operations()} | {"stream_events"}
    known = {f"#/components/schemas/{name}" for name in made["components"]["schemas"]}
    assert set(references(made)) <= known
    for path, methods in made["paths"].items():
        wanted = set(re.findall(r"{(\w+)}", path))
        for described in methods.values():
            assert wanted == {p["name"] for p in described["parameters"] if p["in"] == "path"}


def test_the_docs_page_shows_every_operation() -> None:
    text = page()
    assert all(f'<section id="{op.name}">' in text for op in operations())
    assert "http://" not in text, "nothing is loaded from elsewhere"
    assert "https://" not in text


def test_every_operation_is_documented_with_examples_that_hold() -> None:
    for op in operations():
        assert op.description.endswith("."), op.name
        assert op.title, op.name
        assert op.examples, op.name
        for example in op.examples:
            op.arguments.model_validate(dict(example))
        assert set(op.path_parameters) <= set(op.arguments.model_fields), op.name


def test_operations_differ_in_route_and_command() -> None:
    every = operations()
    assert len({(op.method, op.path) for op in every}) == len(every)
    assert len({op.command for op in every}) == len(every)
