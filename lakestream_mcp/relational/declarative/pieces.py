"""A text cut at its semicolons, each piece with its place and the remarks before it."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any, NamedTuple

MARK = "lakestream:node="
CONFIG = "lakestream:config="
NAME = "Node: "

_LEXEME = re.compile(
    r"""
      (?P<remark>--[^\n]*|/\*.*?\*/)
    | (?P<quoted>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`)
    | (?P<open>/\*|['"`])
    | (?P<end>;)
    | (?P<plain>[^-/'"`;\s]+|[-/])
    | \s+
    """,
    re.DOTALL | re.VERBOSE,
)
_MARK = re.compile(rf"{MARK}(?P<node>[a-z][a-z0-9_]*)(?:\s+type=(?P<type>[a-z0-9-]+))?")


class Marker(NamedTuple):
    """What generated code says above a statement: which node it is.

    config: fields that the statement does not say, or says otherwise.
    """

    node: str
    type: str | None = None
    name: str | None = None
    config: dict[str, Any] | None = None


class Piece(NamedTuple):
    """One statement's text, where it begins (from 1), and the remarks above it.

    unclosed: the offset of a quote or remark that never ends.
    """

    text: str
    line: int
    column: int
    marker: Marker | None
    unclosed: int | None = None


class Places:
    """Lines and columns of a text's offsets, counted from 1."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def of(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


def pieces(text: str) -> Iterator[Piece]:
    """The statements of a text, without their semicolons."""
    places = Places(text)
    start: int | None = None
    end = 0
    remarks: list[str] = []
    for found in _LEXEME.finditer(text):
        kind = found.lastgroup
        if kind == "remark":
            if start is None:
                remarks.append(found[0])
        elif kind == "end":
            if start is not None:
                yield Piece(text[start:end], *places.of(start), marker(remarks))
            start, remarks = None, []
        elif kind is not None:
            start = found.start() if start is None else start
            end = found.end()
            if kind == "open":
                unclosed = found.start() - start
                yield Piece(text[start:], *places.of(start), marker(remarks), unclosed)
                return
    if start is not None:
        yield Piece(text[start:end], *places.of(start), marker(remarks))


def marker(remarks: list[str]) -> Marker | None:
    """What the remarks above a statement say about its node; the last one counts."""
    found: Marker | None = None
    for remark in remarks:
        line = remark.removeprefix("--").strip()
        marked = _MARK.match(line)
        if marked:
            found = Marker(marked["node"], marked["type"])
        elif found is not None and line.startswith(NAME) and found.name is None:
            found = found._replace(name=line.removeprefix(NAME).strip() or None)
        elif found is not None and line.startswith(CONFIG):
            found = found._replace(config=_config(line.removeprefix(CONFIG)))
    return found


def _config(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    except RecursionError:
        return None
    return found if isinstance(found, dict) else None
