"""An author's module with one function: found, and checked as a tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from ...graph.model import Problem
from ..syntax_tree import module_tree
from . import safety
from .mutation import shared_names


class AuthoredFunction(NamedTuple):
    """What an author's code is made of: `public` are its functions without leading underscore."""

    tree: ast.Module
    public: tuple[ast.FunctionDef, ...]

    @property
    def imports(self) -> tuple[str, ...]:
        """The modules it names."""
        return tuple(sorted({module for module, _ in safety.imported_modules(self.tree)}))

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the function's parameters by position."""
        arguments = self.public[0].args
        return tuple(a.arg for a in (*arguments.posonlyargs, *arguments.args))


@lru_cache(maxsize=64)
def read_function(code: str) -> AuthoredFunction:
    """Parse an author's code. Raises SyntaxError, ValueError, RecursionError, MemoryError."""
    tree = module_tree(code)
    functions = [n for n in tree.body if isinstance(n, ast.FunctionDef)]
    return AuthoredFunction(tree, tuple(f for f in functions if not f.name.startswith("_")))


def function_problems(code: str, columns: Sequence[str], field: str) -> Iterator[Problem]:
    """What is wrong with code that is to be one function of these columns, named by `field`."""
    yield from safety.refused_lines(code)
    try:
        authored = read_function(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        yield safety.syntax(error)
        return
    yield from safety.unsafe_names(authored.tree, safety.COMPUTING_MODULES)
    yield from shared_names(authored.tree)
    names = [f.name for f in authored.public]
    if len(names) != 1:
        yield Problem(
            "ONE_FUNCTION",
            f"The code has {len(names)} functions without a leading underscore; it needs one, "
            "and names what helps it `_like_this`.",
            "code",
            names,
            f"def name({', '.join(columns)})",
        )
        return
    yield from _shape(authored.public[0])
    yield from _parameters(authored, columns, field)


def _shape(function: ast.FunctionDef) -> Iterator[Problem]:
    own = [n for n in ast.walk(function) if isinstance(n, ast.Yield | ast.YieldFrom)]
    if own or function.decorator_list:
        yield safety.at(
            function.lineno,
            "FUNCTION_SHAPE",
            f"`{function.name}` returns its answer: no `yield`, no decorator.",
            expected=f"def {function.name}(…): return …",
        )


def _parameters(
    authored: AuthoredFunction, columns: Sequence[str], field: str
) -> Iterator[Problem]:
    function, given = authored.public[0], authored.parameters
    required = len(given) - len(function.args.defaults)
    free = function.args.vararg is not None
    by_keyword = any(default is None for default in function.args.kw_defaults)
    if by_keyword or not required <= len(columns) or not (free or len(columns) <= len(given)):
        yield safety.at(
            function.lineno,
            "FUNCTION_PARAMETERS",
            f"`{function.name}` is called with {len(columns)} values, one for each of `{field}`.",
            got=f"def {function.name}({', '.join(given)})",
            expected=f"{len(columns)} parameters by position",
        )
    elif list(given) != list(columns) and sorted(given) == sorted(columns):
        yield safety.at(
            function.lineno,
            "FUNCTION_PARAMETERS",
            f"the parameters of `{function.name}` have the columns' names in another order; "
            "values go by position.",
            got=list(given),
            expected=list(columns),
            fix={field: list(given)},
        )
