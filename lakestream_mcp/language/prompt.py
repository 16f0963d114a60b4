"""What models are told. Whatever comes from a user or from data stands in marked blocks as JSON,
so that it can neither close its block nor pass for an instruction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .type_texts import described, fitting, overview

if TYPE_CHECKING:
    from ..catalog import Catalog
    from .proposal import Draft, Request

FOLDER = Path(__file__).parents[1] / "prompts" / "models"
TEXT_CHARACTERS = 4_000
NAME_CHARACTERS = 100
COLUMNS_MOST = 200
DOCUMENT_CHARACTERS = 16_000
FINDINGS_MOST = 12
VALUE_CHARACTERS = 400


@cache
def stored_text(name: str) -> str:
    """A prompt of `prompts/models` without its front matter."""
    return (FOLDER / f"{name}.md").read_text("utf-8").split("---\n", 2)[2].strip()


def system_text(catalog: Catalog) -> str:
    """The same for every request of a process, so that services can cache it."""
    patterns = [t.type for t in catalog if t.category == "pattern"]
    return (
        stored_text("system")
        .replace("{{types}}", overview(catalog))
        .replace("{{patterns}}", described(catalog, patterns))
    )


def request_text(request: Request) -> str:
    """What is asked, about which pipeline, on which columns."""
    patterns = {t.type for t in request.catalog if t.category == "pattern"}
    others = [name for name in fitting(request) if name not in patterns]
    parts = {
        "pipeline": _pipeline(request),
        "columns": {_cut(n): _columns(known) for n, known in request.columns.items()},
        "schema": _columns(request.schema),
        "wish": request.text[:TEXT_CHARACTERS],
    }
    blocks = [f"<{name}>\n{as_data(value)}\n</{name}>" for name, value in parts.items()]
    return "\n".join(["Fields of types that may fit:", described(request.catalog, others), *blocks])


def repair_text(draft: Draft, findings: Sequence[Mapping[str, Any]]) -> str:
    """What is wrong with the last answer."""
    shown = [
        {k: _short(v) for k, v in finding.items() if v is not None}
        for finding in findings[:FINDINGS_MOST]
    ]
    changes = [change.model_dump(exclude_none=True) for change in draft.changes]
    return (
        stored_text("repair")
        .replace("{{changes}}", as_data(changes)[:DOCUMENT_CHARACTERS])
        .replace("{{findings}}", as_data(shown))
    )


def sha256_of(*texts: str) -> str:
    """What the record of a call keeps of a prompt."""
    return hashlib.sha256("\x00".join(texts).encode("utf-8", "surrogatepass")).hexdigest()


def _pipeline(request: Request) -> Any:
    """The graph without what only people read: descriptions carry no configuration."""
    document = request.document
    if not document.nodes:
        return "empty"
    nodes = [{"id": n.id, "type": n.type, "config": n.config} for n in document.nodes]
    shown = {"nodes": nodes, "edges": [edge.text() for edge in document.edges]}
    if len(as_data(shown)) <= DOCUMENT_CHARACTERS:
        return shown
    return shown | {"nodes": [{"id": n.id, "type": n.type} for n in document.nodes[:200]]}


def _columns(columns: Mapping[str, str]) -> dict[str, str]:
    return {_cut(name): _cut(kind) for name, kind in list(columns.items())[:COLUMNS_MOST]}


def _cut(text: str) -> str:
    return text[:NAME_CHARACTERS]


def _short(value: Any) -> Any:
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    return value if len(text) <= VALUE_CHARACTERS else text[:VALUE_CHARACTERS]


def as_data(value: Any) -> str:
    """JSON in which no markup can stand."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return text.replace("<", "\\u003c").replace(">", "\\u003e")
