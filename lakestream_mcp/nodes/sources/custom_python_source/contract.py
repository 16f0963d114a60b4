"""Whether an author's code is one streaming data source, as far as a tree can tell."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from ....cep.authored import safety
from ....cep.syntax_tree import module_tree
from ....graph.model import Problem

BASE = "DataSource"
FACTORIES = ("simpleStreamReader", "streamReader")
READERS: dict[str, dict[str, tuple[str, ...]]] = {
    "SimpleDataSourceStreamReader": {
        "initialOffset": ("self",),
        "read": ("self", "start"),
        "readBetweenOffsets": ("self", "start", "end"),
    },
    "DataSourceStreamReader": {
        "initialOffset": ("self",),
        "latestOffset": ("self",),
        "partitions": ("self", "start", "end"),
        "read": ("self", "partition"),
    },
}
_MODULES = """concurrent.futures csv email gzip html http.client io logging os queue random requests
secrets socket ssl threading time typing urllib.error urllib.parse urllib.request uuid
xml.etree.ElementTree zoneinfo pyspark.sql pyspark.sql.datasource pyspark.sql.types
pyspark.sql.streaming.datasource"""
SOURCE_MODULES = safety.COMPUTING_MODULES | frozenset(_MODULES.split())
"""What a source may import: it reaches out, so it may use network and clocks."""


class AuthoredSource(NamedTuple):
    """What an author's code is made of: its classes by name, and those that are sources."""

    tree: ast.Module
    classes: dict[str, ast.ClassDef]
    sources: tuple[str, ...]


@lru_cache(maxsize=64)
def read_source(code: str) -> AuthoredSource:
    """Parse an author's code. Raises SyntaxError, ValueError, RecursionError, MemoryError."""
    tree = module_tree(code)
    classes = {n.name: n for n in tree.body if isinstance(n, ast.ClassDef)}
    sources = tuple(name for name, node in classes.items() if BASE in bases(node))
    return AuthoredSource(tree, classes, sources)


def bases(node: ast.ClassDef) -> list[str]:
    """The last names of a class's bases."""
    names = [b.attr if isinstance(b, ast.Attribute) else b for b in node.bases]
    return [n.id if isinstance(n, ast.Name) else str(n) for n in names]


def source_problems(code: str) -> Iterator[Problem]:
    """What is wrong with code that is to be a streaming data source."""
    yield from safety.refused_lines(code)
    try:
        authored = read_source(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        yield safety.syntax(error)
        return
    yield from safety.unsafe_names(authored.tree, SOURCE_MODULES, clocks=True)
    if len(authored.sources) != 1:
        yield Problem(
            "ONE_CLASS",
            f"The code has {len(authored.sources)} subclasses of {BASE}; it needs exactly one.",
            "code",
            list(authored.sources),
            f"class Name({BASE})",
        )
        return
    source = authored.classes[authored.sources[0]]
    if not any(name in methods(source) for name in FACTORIES):
        yield safety.at(
            source.lineno,
            "MISSING_METHOD",
            f"`{source.name}` makes no reader of a stream.",
            got=sorted(methods(source)),
            expected=[f"def {name}(self, schema)" for name in FACTORIES],
        )
    for node in authored.classes.values():
        for base in set(bases(node)) & READERS.keys():
            yield from _reader_problems(node, READERS[base])


def methods(node: ast.ClassDef) -> dict[str, ast.FunctionDef]:
    """The methods of a class."""
    return {n.name: n for n in node.body if isinstance(n, ast.FunctionDef)}


def _reader_problems(node: ast.ClassDef, wanted: dict[str, tuple[str, ...]]) -> Iterator[Problem]:
    own = methods(node)
    for name, parameters in wanted.items():
        signature = f"def {name}({', '.join(parameters)})"
        if name == "partitions" and name in own and len(own[name].args.args) == len(parameters):
            continue
        if name not in own:
            yield safety.at(
                node.lineno,
                "MISSING_METHOD",
                f"`{node.name}` has no method `{name}`, which Spark calls.",
                got=sorted(own),
                expected=signature,
            )
        elif len(own[name].args.args) - len(own[name].args.defaults) != len(parameters):
            yield safety.at(
                own[name].lineno,
                "METHOD_PARAMETERS",
                f"`{name}` is called with {len(parameters) - 1} values on every runtime; more "
                "parameters need defaults.",
                got=f"def {name}({', '.join(a.arg for a in own[name].args.args)})",
                expected=signature,
            )
