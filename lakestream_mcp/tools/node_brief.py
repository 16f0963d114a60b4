"""A node type in few words: each field on a line, as much of it as there is room for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from textwrap import shorten
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ..catalog import FieldDoc, NodeTypeDoc

CHARACTERS = 7_000
"""For all the types of one answer, of the 8,000 that an answer may have."""
_SENTENCE = re.compile(r"(?<!e\.g\.)(?<=[.;])\s|\s\(")
_PARAGRAPH = re.compile(r"\n\s*\n")


class _Line(NamedTuple):
    """A field with its place among the others: `steps[].where`."""

    path: str
    field: FieldDoc
    same_as: str | None


def brief_types(docs: Sequence[NodeTypeDoc]) -> list[dict[str, Any]]:
    """The types, each with its fields as lines, its example, and the beginning of its README.

    What there is no room for is left out: first of the README, then of descriptions all but how
    they begin, then the descriptions of fields that have a default. No field is ever left out.
    """
    levels = [0] * len(docs)
    made = [_made(doc, _LEVELS[0]) for doc in docs]
    while (over := sum(map(_size, made)) - CHARACTERS) > 0 and min(levels) < len(_LEVELS) - 1:
        open_to = [n for n, level in enumerate(levels) if level < len(_LEVELS) - 1]
        longest = max(open_to, key=lambda n: (-levels[n], _size(made[n])))
        levels[longest] += 1
        made[longest] = _made(docs[longest], _LEVELS[levels[longest]])
    while sum(map(_size, made)) > CHARACTERS and len(made) > 1:
        made.pop()
    room = max(-over, 0) // max(len(made), 1)
    return [{**part, **_about(doc, room)} for part, doc in zip(made, docs, strict=False)]


def _size(made: dict[str, Any]) -> int:
    return len(json.dumps(made, ensure_ascii=False))


def _made(doc: NodeTypeDoc, describe: Callable[[FieldDoc], str]) -> dict[str, Any]:
    lines = {line.path: _said(line, describe) for line in _lines(doc.fields)}
    made = {
        "type": doc.type,
        "category": doc.category,
        "summary": doc.summary,
        "ports": _ports(doc),
        "targets": list(doc.targets),
        "fields": lines,
    }
    return made if doc.example is None else {**made, "example": doc.example}


def _ports(doc: NodeTypeDoc) -> str:
    """`left, right → out`; several inputs of one port as `in (up to 8)`."""
    many = f" (up to {doc.max_inputs})" if doc.max_inputs > len(doc.input_ports) else ""
    into = ", ".join(doc.input_ports) + many
    return " → ".join(part for part in (into, ", ".join(doc.output_ports)) if part)


def _lines(
    fields: Sequence[FieldDoc], path: str = "", above: tuple[tuple[str, str], ...] = ()
) -> Iterator[_Line]:
    """Every field, depth first; a field that holds what a field above it holds says so."""
    for field in fields:
        name = f"{path}{field.name}"
        inner = ",".join(part.name for part in field.fields)
        same = next((at for at, names in above if inner and names == inner), None)
        yield _Line(name, field, same)
        if field.fields and same is None:
            opened = "[]." if field.type.startswith("list") else "."
            yield from _lines(field.fields, f"{name}{opened}", (*above, (name, inner)))


def _said(line: _Line, describe: Callable[[FieldDoc], str]) -> str:
    field = line.field
    about = "required" if field.required else ""
    if field.default not in (None, [], {}, ""):
        about = f"default {json.dumps(field.default, ensure_ascii=False)}"
    kind = field.type
    if kind.startswith("one of "):
        kind = kind.removeprefix("one of ").replace('", "', '" | "')
    parts = [kind, about, f"like `{line.same_as}`" if line.same_as else ""]
    head = ", ".join(part for part in parts if part)
    text = describe(field)
    return f"{head}: {text}" if text else head


def _whole(field: FieldDoc) -> str:
    return field.description


def _beginning(field: FieldDoc) -> str:
    """The first sentence, or the first part of it."""
    return _SENTENCE.split(field.description, maxsplit=1)[0].rstrip(".;")


def _needed(field: FieldDoc) -> str:
    """How the description begins, where a value must be found; else nothing."""
    if field.required or field.default is None:
        return shorten(_beginning(field), 80, placeholder="…")
    return ""


def _nothing(field: FieldDoc) -> str:
    del field
    return ""


_LEVELS: tuple[Callable[[FieldDoc], str], ...] = (_whole, _beginning, _needed, _nothing)


def _about(doc: NodeTypeDoc, room: int) -> dict[str, str]:
    """The README's paragraphs before its first heading or example, as far as they fit."""
    kept: list[str] = []
    for paragraph in _PARAGRAPH.split(doc.readme)[1:]:
        room -= len(json.dumps(paragraph, ensure_ascii=False)) + 12
        if room < 0 or paragraph.startswith(("#", "```", "|")):
            break
        kept.append(paragraph)
    return {"about": "\n".join(kept)} if kept else {}
