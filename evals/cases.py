"""The sentences, and what is expected of each."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from lakestream_mcp.graph.model import PipelineDocument

FOLDER = Path(__file__).parent / "sentences"


class Case(NamedTuple):
    """A sentence, the pipeline or columns that it is said of, and what should come of it."""

    text: str
    document: PipelineDocument
    schema: dict[str, str]
    expect: dict[str, Any]
    named: str


@cache
def _named(kind: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((FOLDER / f"{kind}.json").read_text(encoding="utf-8"))
    return data


def cases(name: str) -> list[Case]:
    """The cases of a file: `understood`, `held_out`, `ambiguous`, `hostile`, `stories`."""
    lines = (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [_case(json.loads(line)) for line in lines if line.strip()]


def _case(data: dict[str, Any]) -> Case:
    named = data.get("document")
    document = _named("documents")[named] if named else {"name": "New"}
    schema = _named("schemas")[data["schema"]] if "schema" in data else {}
    expect = data.get("expect") or {
        k: v for k, v in data.items() if k not in ("text", "schema", "document")
    }
    return Case(
        data["text"], PipelineDocument.model_validate(document), dict(schema), expect, named or ""
    )
