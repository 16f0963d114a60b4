"""Rows made for the patterns of a proposal, and what came of them: shown before it is accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import LakestreamError
from .hosts import host_of

if TYPE_CHECKING:
    from ..cep.host import Host
    from ..explain.examples import Example
    from ..graph.model import PipelineDocument
    from ..language.propose import Judged
    from ..workspace import Workspace

EACH_MOST = 2
PATTERNS_MOST = 4
ROWS_MOST = 6


def tried(
    ws: Workspace, before: PipelineDocument, judged: Judged
) -> tuple[list[dict[str, Any]], list[str]]:
    """Examples of the first patterns that the proposal adds or changes, and what is to be noted.

    Only what came out as told, when the whole pipeline ran on its rows, is an example.
    """
    document, validation = judged.document, judged.validation
    if document is None or validation is None or judged.errors:
        return [], []
    was = {node.id: node for node in before.nodes}
    patterns = [
        node.id
        for node in document.nodes
        if ws.catalog.get(node.type).category == "pattern" and was.get(node.id) != node
    ]
    if not patterns:
        return [], []
    host = host_of(ws, document, validation)
    examples: list[dict[str, Any]] = []
    notes = []
    each = EACH_MOST if len(patterns) == 1 else 1
    for pattern in patterns[:PATTERNS_MOST]:
        try:
            examples += _examples(host, pattern, each)
        except LakestreamError as error:
            notes.append(f"No examples could be made for {pattern}: {error.message}")
    if left := patterns[PATTERNS_MOST:]:
        notes.append(f"Not tried on examples: {', '.join(left)}.")
    return examples, notes


def _examples(host: Host, pattern: str, each: int) -> list[dict[str, Any]]:
    from ..explain.examples import examples_of

    found, _ = examples_of(host, pattern)
    matching = [example for example in found if example.scenario.matches]
    missing = [example for example in found if not example.scenario.matches]
    return [_shown(pattern, e) for e in [*matching[:each], *missing[:each]]]


def _shown(pattern: str, example: Example) -> dict[str, Any]:
    from ..explain.examples import plain

    cut = {source: rows[:ROWS_MOST] for source, rows in example.rows.items()}
    return {
        "pattern": pattern,
        "name": example.scenario.name,
        "expected": "match" if example.scenario.matches else "no match",
        "rows": plain(cut),
    }
