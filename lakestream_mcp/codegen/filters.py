"""The only ways a value enters generated text. Templates use nothing else (a test refuses it)."""

from __future__ import annotations

import ast
import io
import keyword
import math
import re
import tokenize
from collections.abc import Callable
from typing import Any

from ..cep.syntax_tree import module_tree
from ..errors import Unsupported
from ..nodes.fields import SecretRef

PLAIN = (str, int, float, bool, type(None))


def py_repr(value: Any) -> str:
    """A Python literal that evaluates to the value: plain data only."""
    if isinstance(value, dict):
        items = ", ".join(f"{py_repr(k)}: {py_repr(v)}" for k, v in value.items())
        return "{" + items + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(py_repr, value)) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(py_repr, value)) + ("," if len(value) == 1 else "") + ")"
    if type(value) not in PLAIN or (isinstance(value, float) and not math.isfinite(value)):
        raise Unsupported(f"A value of type {type(value).__name__} cannot be written as code.")
    return ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)


def py_items(value: dict[str, Any]) -> str:
    """The entries of a dict, for a display that has more of them."""
    return ", ".join(f"{py_repr(k)}: {py_repr(v)}" for k, v in value.items())


def py_arguments(value: list[Any]) -> str:
    """The items of a list, for a call."""
    return ", ".join(map(py_repr, value))


def py_value(value: Any) -> str:
    """The same, where places of secrets become calls that read them."""
    if isinstance(value, SecretRef):
        return f"secret({py_repr(value.scope)}, {py_repr(value.key)})"
    if isinstance(value, dict):
        items = ", ".join(f"{py_repr(k)}: {py_value(v)}" for k, v in value.items())
        return "{" + items + "}"
    return py_repr(value)


def py_name(value: str) -> str:
    """A Python identifier, as given; anything else is refused."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value) or keyword.iskeyword(value):
        raise Unsupported(f"{value!r} is not a Python name.", got=value)
    return value


def py_text(value: str) -> str:
    """A text of several lines as a triple-quoted string, raw where it holds backslashes."""
    lines = f"\n{value}\n"
    printable = value.replace("\n", "").isprintable()
    if printable and '"""' not in lines:
        return f'r"""{lines}"""' if "\\" in lines else f'"""{lines}"""'
    return '"""' + "".join(map(_escaped, lines)) + '"""'


def _escaped(char: str) -> str:
    if char in '\\"':
        return "\\" + char
    return char if char == "\n" or char.isprintable() else ascii(char)[1:-1]


def delay_text(value: int) -> str:
    """Milliseconds as the literal of a Spark interval."""
    return py_repr(f"{int(value)} milliseconds")


def py_comment(value: str) -> str:
    """Text for one comment line: control and format characters become spaces."""
    if not value.isprintable():
        value = "".join(char if char.isprintable() else " " for char in value)
    return " ".join(value.split())


def sql_comment(value: str) -> str:
    """Text for one SQL comment line; pipelines would replace `${…}` there too."""
    return py_comment(value).replace("${", "$ {")


def sql_str(value: str) -> str:
    """A Spark SQL string literal."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def sql_ident(value: str) -> str:
    """A quoted Spark SQL identifier."""
    return "`" + value.replace("`", "``") + "`"


class Source(str):
    """Python source made by this package, never a user's value."""

    __slots__ = ()


def source_text(value: str) -> str:
    """Python source that is our own: carried files and rendered cells."""
    if not isinstance(value, Source):
        raise Unsupported("Only carried or rendered source enters as source.")
    return str(value)


def inside_function(code: str) -> Source:
    """An author's code, checked before, as the body of a function: only its indentation changes.

    Raises Unsupported where that would change its meaning.
    """
    inside: set[int] = set()
    depth_start: list[int] = []
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        kind = tokenize.tok_name[token.type]
        if kind.endswith("STRING_START"):
            depth_start.append(token.start[0])
        first = depth_start.pop() if kind.endswith("STRING_END") else token.start[0]
        if kind == "STRING" or kind.endswith("STRING_END"):
            inside |= set(range(first + 1, token.end[0] + 1))
    lines = code.split("\n")
    moved = [
        line if number in inside or not line.strip() else f"    {line}"
        for number, line in enumerate(lines, 1)
    ]
    text = "\n".join(moved).rstrip()
    (function,) = module_tree(f"def made():\n{text}\n    pass\n").body
    assert isinstance(function, ast.FunctionDef)
    before = [ast.dump(statement) for statement in module_tree(code).body]
    if before != [ast.dump(statement) for statement in function.body[:-1]]:
        raise Unsupported("This code cannot stand inside a function.", where={"field": "code"})
    return Source(text)


FILTERS: dict[str, Callable[..., str]] = {
    f.__name__: f
    for f in (
        py_repr,
        py_items,
        py_arguments,
        py_value,
        py_name,
        py_text,
        py_comment,
        delay_text,
        sql_comment,
        sql_str,
        sql_ident,
        source_text,
        inside_function,
    )
}
