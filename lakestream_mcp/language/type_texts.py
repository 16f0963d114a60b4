"""Node types as a model reads them: one line each, and the fields of those that fit the words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..catalog import Catalog, FieldDoc
    from .proposal import Request

FITTING = 6
DESCRIPTION_CHARACTERS = 110
DEPTH = 2
COMMON = frozenset(
    re.findall(
        r"\w+",
        "the and for with from that this when than more less over into each every within after "
        "before are was has have not but its them they who which what where only also new make "
        "pipeline stream data rows row event events please want need should would give get",
    )
)


def overview(catalog: Catalog) -> str:
    """A line for each type."""
    return "\n".join(f"- {t.type} ({t.category}): {t.summary}" for t in catalog)


def fitting(request: Request, most: int = FITTING) -> list[str]:
    """The types of the pipeline at hand, and those that the words may mean, best first."""
    words = re.findall(r"[a-z0-9]+", request.text.lower())
    text = " ".join(w for w in words if len(w) > 2 and w not in COMMON)
    found = [t.type for t in request.catalog.search(text)] if text else []
    known = request.catalog.types()
    there = [n.type for n in request.document.nodes if n.type in known]
    return list(dict.fromkeys([*there, *found[:most]]))


def described(catalog: Catalog, types: Iterable[str]) -> str:
    """The fields of these types, each with an example."""
    return "\n\n".join(_described(catalog, name) for name in types)


def _described(catalog: Catalog, name: str) -> str:
    doc = catalog.describe(name)
    lines = [f"## {doc.type}", *_lines(doc.fields)]
    if doc.max_inputs > 1:
        lines.append(f"Inputs: {', '.join(doc.input_ports)}, at most {doc.max_inputs}")
    if doc.example is not None:
        lines.append(f"Example: {json.dumps(doc.example, ensure_ascii=False)}")
    return "\n".join(lines)


def _lines(fields: Sequence[FieldDoc], depth: int = 0) -> list[str]:
    lines = []
    for field in fields:
        what = field.description.split(". ")[0][:DESCRIPTION_CHARACTERS]
        need = " (required)" if field.required else ""
        lines.append(f"{'  ' * depth}- {field.name}: {field.type}{need}; {what}")
        if depth + 1 < DEPTH:
            lines += _lines(field.fields, depth + 1)
    return lines
