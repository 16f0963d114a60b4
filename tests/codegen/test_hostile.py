"""Generated text holds no unquoted user value.

Every text in a configuration is replaced by hostile ones. Where the document is not refused, the
code must parse to the same tree as with a harmless text, with the hostile one as a literal.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlglot.tokens import TokenType

from lakestream_mcp.errors import LakestreamError
from lakestream_mcp.relational.dialect import tokenize

from .bench import Bench
from .cases import BASES, CHANGES, Json, document

BENIGN = "zzbenignzz"
HOSTILE = (
    "'; DROP TABLE x; --",
    '"""\nimport os\nos.system("id")\n"""',
    "\\",
    "\\'",
    "{in_0}",
    "{{ x }}{% raw %}",
    "`; x`",
    "a\nb\r\x00\x1b",
    "# COMMAND ----------",
    "\n# COMMAND ----------\n# MAGIC %sh id",
    "\n# lakestream:node=other",
    "coding: latin-1",
    "\u202e\u2028\ud800",
    "$(id) ${x} %s %(x)s",
    "r'''x'''",
    "x" * 90,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths to every text in a configuration, keys of objects apart."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from places(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from places(item, (*path, number))


def put(config: Json, path: tuple[Any, ...], text: str) -> Json:
    """A copy with the text at a place; in a text that reads as SQL, also as a literal there."""
    changed = copy.deepcopy(config)
    holder: Any = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = text
    return changed


def sql_literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


SHAPES: tuple[Callable[[str], str], ...] = (
    lambda text: text,
    lambda text: f"kind = {sql_literal(text)}",
    lambda text: f"*, {sql_literal(text)} AS said",
    lambda text: "`" + text.replace("`", "``") + "` string, key string, at timestamp",
    lambda text: f"main.raw.{text}",
    lambda text: f"secret://kafka/{text}",
    lambda text: f"choice(north, {text})",
    lambda text: f"{{key}} {text.replace('{', '{{').replace('}', '}}')}",
)


def code(bench: Bench, made: Json) -> str | None:
    try:
        found = bench.attempt(made)
    except LakestreamError:
        return None
    return None if found is None else next(iter(found.generated.files.values()))


def assert_same_tree(benign: str, hostile: str, given: tuple[tuple[str, str], ...]) -> None:
    """The same statements; constants differ only by the texts given, harmless and hostile."""
    open_pairs: list[tuple[Any, Any]] = [(ast.parse(benign), ast.parse(hostile))]
    while open_pairs:
        ours, theirs = open_pairs.pop()
        assert type(ours) is type(theirs)
        if isinstance(ours, ast.Constant) and isinstance(ours.value, str):
            assert_same_text(ours.value, theirs.value, given)
        elif isinstance(ours, ast.AST):
            open_pairs += [(getattr(ours, name), getattr(theirs, name)) for name in ours._fields]
        elif isinstance(ours, list):
            open_pairs += zip(ours, theirs, strict=True)
        else:
            assert ours == theirs


def assert_same_text(benign: str, hostile: str, given: tuple[tuple[str, str], ...]) -> None:
    """Equal but for the texts; else, as SQL, the same tokens but for the texts."""
    if hostile in [benign.replace(*pair) for pair in given]:
        return
    assert BENIGN in benign
    is_formatted = "FROM {in_0}" in benign
    ours, theirs = (unformatted(t) if is_formatted else t for t in (benign, hostile))
    for a, b in zip(tokenize(ours), tokenize(theirs), strict=True):
        quoted = (a.token_type, b.token_type) == (TokenType.VAR, TokenType.IDENTIFIER)
        assert a.token_type == b.token_type or quoted
        assert b.text in [a.text.replace(*pair) for pair in given]


def unformatted(sql: str) -> str:
    """What spark.sql makes of a text with braces."""
    return sql.format(in_0="in_0", in_1="in_1")


def variants(node_type: str) -> Iterator[Json]:
    yield BASES[node_type]
    for change in CHANGES[node_type].values():
        yield BASES[node_type] | change


def check(bench: Bench, node_type: str, share: int) -> None:
    """Put texts into every place: all of them, or one of `share`, another at each place."""
    seen: set[str] = set()
    for config in variants(node_type):
        for path in places(config):
            for number, shape in enumerate(SHAPES):
                harmless = put(config, path, shape(BENIGN))
                if repr((path, number)) in seen:
                    continue
                base = code(bench, document(node_type, harmless))
                if base is None:
                    continue
                seen.add(repr((path, number)))
                for text in HOSTILE[len(seen) % share :: share]:
                    made = code(bench, document(node_type, put(config, path, shape(text))))
                    if made is not None:
                        given = (
                            (BENIGN, text),
                            (BENIGN, text.strip()),
                            (shape(BENIGN), shape(text)),
                        )
                        assert_same_tree(base, made, given)


@pytest.mark.parametrize("node_type", list(BASES))
def test_hostile_texts_become_literals(bench: Bench, node_type: str) -> None:
    check(bench, node_type, share=5)


@pytest.mark.soak
@pytest.mark.parametrize("node_type", list(BASES))
def test_all_hostile_texts_become_literals(bench: Bench, node_type: str) -> None:
    check(bench, node_type, share=1)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_in_their_comments(bench: Bench, text: str) -> None:
    made = document("filter", BASES["filter"], name=text[:120])
    hostile = code(bench, {**made, "name": text[:120], "description": text})
    benign = code(bench, {**document("filter", BASES["filter"]), "name": BENIGN})
    assert benign is not None
    if hostile is not None:
        assert ast.dump(ast.parse(hostile)) == ast.dump(ast.parse(benign))
        marks = [line for line in hostile.splitlines() if line.startswith("# COMMAND")]
        assert marks == [line for line in benign.splitlines() if line.startswith("# COMMAND")]
