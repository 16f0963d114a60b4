"""Declarative code holds no unquoted user value: the same tokens, but for the texts given."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlglot.tokens import TokenType

from lakestream_mcp.codegen import Generated
from lakestream_mcp.relational.dialect import tokenize
from tests.codegen.bench import Bench
from tests.codegen.cases import BASES, Json
from tests.codegen.test_hostile import (
    BENIGN,
    HOSTILE,
    SHAPES,
    assert_same_tree,
    places,
    put,
    sql_literal,
    variants,
)

from .cases import CONFIG, TYPES, code_or_none, declarative

OWN_SHAPES = (*SHAPES, lambda text: f"SELECT *, {sql_literal(text)} AS said FROM in_0")
NAMED: Json = {"aggregations": [{"function": "sum", "column": "amount", "name": "total"}]}


def own_variants(node_type: str) -> Iterator[Json]:
    yield from variants(node_type)
    if node_type == "window-aggregate":
        yield BASES[node_type] | NAMED


def assert_same_files(ours: Generated, theirs: Generated, given: list[tuple[str, str]]) -> None:
    assert ours.files.keys() == theirs.files.keys()
    for name, benign in ours.files.items():
        hostile = theirs.files[name]
        if name.endswith(".py"):
            assert_same_tree(benign, hostile, tuple(given))
        else:
            assert_same_tokens(benign, hostile, given)
            assert marks(benign) == marks(hostile)
            for a, b in zip(configs(benign), configs(hostile), strict=True):
                assert_same_config(a, b, given)


def assert_same_config(benign: Any, hostile: Any, given: list[tuple[str, str]]) -> None:
    """What the remarks say reads back as it was given: equal, but for the texts."""
    assert type(benign) is type(hostile)
    if isinstance(benign, dict):
        assert benign.keys() == hostile.keys()
        for key, value in benign.items():
            assert_same_config(value, hostile[key], given)
    elif isinstance(benign, list):
        for a, b in zip(benign, hostile, strict=True):
            assert_same_config(a, b, given)
    elif isinstance(benign, str):
        assert hostile in [benign, *(benign.replace(*pair) for pair in given)]
    else:
        assert benign == hostile


def assert_same_tokens(benign: str, hostile: str, given: list[tuple[str, str]]) -> None:
    for a, b in zip(tokenize(benign), tokenize(hostile), strict=True):
        quoted = (a.token_type, b.token_type) == (TokenType.VAR, TokenType.IDENTIFIER)
        assert a.token_type == b.token_type or quoted
        assert b.text in [a.text, *(a.text.replace(*pair) for pair in given)]


def in_login(text: str) -> str:
    """A name as it stands inside a login's text, which has quotes of its own."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def marks(text: str) -> list[str]:
    lines = text.splitlines()
    own = [line for line in lines if line.startswith("-- lakestream:")]
    return [CONFIG if line.startswith(CONFIG) else line for line in own]


def configs(text: str) -> list[Any]:
    lines = text.splitlines()
    return [json.loads(line.removeprefix(CONFIG)) for line in lines if line.startswith(CONFIG)]


@pytest.mark.parametrize("node_type", TYPES)
def test_hostile_texts_become_literals(bench: Bench, node_type: str) -> None:
    seen: set[str] = set()
    for config in own_variants(node_type):
        for path in places(config):
            for number, shape in enumerate(OWN_SHAPES):
                if repr((path, number)) in seen:
                    continue
                harmless = declarative(node_type, put(config, path, shape(BENIGN)))
                base = code_or_none(bench, harmless)
                if base is None:
                    continue
                seen.add(repr((path, number)))
                for text in HOSTILE:
                    changed = declarative(node_type, put(config, path, shape(text)))
                    made = code_or_none(bench, changed)
                    if made is not None:
                        quoted = "`" + text.replace("`", "``") + "`"
                        pairs = [(BENIGN, text), (BENIGN, quoted), (BENIGN, in_login(text))]
                        pairs.append((shape(BENIGN), shape(text)))
                        pairs.append((shape(BENIGN), in_login(shape(text))))
                        assert_same_files(base, made, pairs)
    assert seen or node_type in ("union-merge", "watermark")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_in_their_comments(bench: Bench, text: str) -> None:
    def named(name: str) -> Json:
        made = declarative("filter", BASES["filter"], name=name[:120])
        return {**made, "name": name[:120], "description": name}

    benign, hostile = code_or_none(bench, named(BENIGN)), code_or_none(bench, named(text))
    assert benign is not None
    if hostile is not None:
        assert_same_files(benign, hostile, [])
        assert "${" not in hostile.files["parity.sql"]
