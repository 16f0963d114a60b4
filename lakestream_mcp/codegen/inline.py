"""The carried source: which parts of our own files a notebook contains, word for word."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from ..cep.syntax_tree import module_tree
from .filters import Source

FOLDER = Path(__file__).parent / "structured_streaming"
MARK = "# --- carried ---\n"
PACKAGE = Path(__file__).parent.parent
PLATFORM = (
    *("core", "sources", "formats", "encoding", "mqtt", "sinks"),
    *("alerts", "databases", "authored", "services"),
)
"""Files of `structured_streaming/platform/`, in the order in which generated code carries them."""
ELSEWHERE = ("nodes/sources/stream_simulator/clicks", "nodes/messages", "cep/processor/calls")
"""Files that lie where local tests use them too; carried after those of the platform."""
PLATFORM_FILES = (
    *(FOLDER / "platform" / f"{name}.py" for name in PLATFORM),
    *(PACKAGE / f"{name}.py" for name in ELSEWHERE),
)


@lru_cache(maxsize=32)
def carried_text(name: str) -> Source:
    """What follows the mark in one of the files of this target, or in a file of this path."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    return Source(text.partition(MARK)[2].strip() + "\n")


class Names(NamedTuple):
    """What a piece of Python mentions, and what of it is read without being imported or set."""

    mentioned: frozenset[str] = frozenset()
    read: frozenset[str] = frozenset()


class Code(NamedTuple):
    """A piece of Python and the names in it; those of an author's own code are not counted."""

    text: Source
    names: Names


def platform_functions(used: Iterable[str]) -> Code:
    """The platform functions of these names, and what those use, in file order.

    Constants of the first file are always there, those of the others where they are used.
    """
    defined, always = _platform()
    needed: set[str] = set()
    todo = [*always, *used]
    while todo:
        name = todo.pop()
        if name in defined and name not in needed:
            needed.add(name)
            todo += defined[name].names.mentioned
    pieces = [piece for name, piece in defined.items() if name in needed]
    constants = [piece.source for piece in pieces if piece.kind is ast.Assign]
    definitions = [piece.source for piece in pieces if piece.kind is not ast.Assign]
    text = Source("\n\n\n".join(["\n".join(constants), *definitions]) + "\n")
    names = [piece.names for piece in pieces]
    return Code(text, Names(*(frozenset().union(*each) for each in zip(*names, strict=True))))


def platform_names() -> frozenset[str]:
    """What the platform's files define and only some notebooks carry."""
    defined, always = _platform()
    return frozenset(defined.keys() - always)


class _Piece(NamedTuple):
    """What stands at the top level of a file under one name."""

    source: str
    kind: type
    names: Names


@lru_cache(maxsize=1)
def _platform() -> tuple[dict[str, _Piece], list[str]]:
    """All platform functions, and the names that are always carried."""
    core, *others = (carried_text(str(path)) for path in PLATFORM_FILES)
    constants = [n for n, piece in _definitions(core).items() if piece.kind is ast.Assign]
    return _definitions("\n".join([core, *others])), constants


def _definitions(text: str) -> dict[str, _Piece]:
    """Top-level names with what they stand for."""
    lines = text.splitlines()
    found: dict[str, _Piece] = {}
    for statement in module_tree(text).body:
        first = min(
            [statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", []))]
        )
        source = "\n".join(lines[first - 1 : statement.end_lineno])
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            found[statement.name] = _Piece(source, type(statement), names_in(source))
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            found[statement.targets[0].id] = _Piece(source, ast.Assign, names_in(source))
    return found


def names_in(code: str) -> Names:
    """The names in a piece of Python; what one part of it sets, others may still read."""
    mentioned: set[str] = set()
    read: set[str] = set()
    for statement in module_tree(code).body:
        inside = _inside(statement)
        names = [n for n in inside if isinstance(n, ast.Name)]
        own = {n.id for n in names if isinstance(n.ctx, ast.Store)}
        for found in inside:
            if isinstance(found, ast.Import | ast.ImportFrom):
                own |= {a.asname or a.name.partition(".")[0] for a in found.names}
        mentioned |= {n.id for n in names}
        read |= {n.id for n in names} - own
    return Names(frozenset(mentioned), frozenset(read))


def _inside(statement: ast.stmt) -> list[ast.AST]:
    """A statement and all below it, in half the time that `ast.walk` takes."""
    found: list[ast.AST] = [statement]
    for node in found:
        for value in vars(node).values():
            if isinstance(value, ast.AST):
                found.append(value)
            elif isinstance(value, list):
                found += [each for each in value if isinstance(each, ast.AST)]
    return found


def top_level_names(code: str) -> set[str]:
    """Every name a piece of Python defines or imports at its top level."""
    names: set[str] = set()
    for statement in module_tree(code).body:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            names.add(statement.name)
        elif isinstance(statement, (ast.Import, ast.ImportFrom)):
            names |= {(a.asname or a.name).partition(".")[0] for a in statement.names}
        else:
            targets = (n for n in ast.walk(statement) if isinstance(n, ast.Name))
            names |= {n.id for n in targets if isinstance(n.ctx, ast.Store)}
    return names
