"""The repository's files and parsed modules, for the tests of this folder."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "lakestream_mcp"
CODE = ("lakestream_mcp", "scripts", "benchmarks", "evals", "examples", "tests")


class Module(NamedTuple):
    """A Python file: `name` is its path from the root, without the package's folder."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def dotted(self) -> str:
        """Its name as an import: `lakestream_mcp.graph.model`."""
        parts = list(self.path.relative_to(ROOT).with_suffix("").parts)
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def lines(self) -> int:
        return self.text.count("\n")


@cache
def files() -> tuple[Path, ...]:
    """Every file that belongs to the repository: all but those `.gitignore` names."""
    ignored = [line.strip("/") for line in (ROOT / ".gitignore").read_text().split() if line]
    return tuple(_walk(ROOT, (".git", *ignored)))


def _walk(folder: Path, ignored: tuple[str, ...]) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if any(fnmatch(path.name, pattern) for pattern in ignored):
            continue
        # A folder that is linked is read where it is.
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path, ignored)
        elif path.is_file():
            yield path


@cache
def modules() -> tuple[Module, ...]:
    """Every Python module of ours; golden files are outputs, not modules."""
    return tuple(
        Module(path, text := path.read_text(encoding="utf-8"), ast.parse(text))
        for path in files()
        if path.suffix == ".py"
        and path.relative_to(ROOT).parts[0] in CODE
        and not {"golden", "data"} & set(path.relative_to(ROOT).parts)
    )


def product() -> tuple[Module, ...]:
    """The modules of the package itself."""
    return tuple(m for m in modules() if m.path.is_relative_to(PACKAGE))


def texts() -> Iterator[tuple[Path, str]]:
    """Every text file, with its text; pictures and other bytes are left out."""
    for path in files():
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


class Import(NamedTuple):
    """One import: what, on which line, and whether it happens when the module is loaded."""

    target: str
    line: int
    at_load: bool


def imports(module: Module) -> Iterator[Import]:
    """Every import of a module, relative ones resolved; names imported from a package included."""
    loaded = set(_at_load(module.tree.body))
    package = module.dotted.split(".")
    if module.path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, node in loaded)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            yield Import(source, node.lineno, node in loaded)
            for alias in node.names:
                yield Import(f"{source}.{alias.name}", node.lineno, node in loaded)


def _at_load(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements run at import: not those in functions, nor under `if TYPE_CHECKING`."""
    for node in body:
        yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.dump(node.test):
            yield from _at_load([*node.body, *node.orelse])
        elif isinstance(node, ast.If):
            yield from _at_load(node.orelse)
        elif isinstance(node, ast.Try):
            handled = [statement for handler in node.handlers for statement in handler.body]
            yield from _at_load([*node.body, *handled, *node.orelse, *node.finalbody])
        elif isinstance(node, ast.ClassDef | ast.With):
            yield from _at_load(node.body)
