"""The calling agent as the model: a form to fill in, and its changes taken back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...graph.changes import parse_changes
from ..proposal import Draft
from ..type_texts import described, fitting

if TYPE_CHECKING:
    from ..proposal import Request

FORM_CHARACTERS = 6_000
COLUMNS_MOST = 60
TYPES_MOST = 4
GRAMMAR = """\
Send nl_generate again with `filled`: a list of changes, applied in order, all or none.
{"op":"add_node","node":{"id":"big","type":"filter","config":{"condition":"amount > 100"}},\
"after":"orders"}
{"op":"update_node","id":"burst","config":{"window":"1 hour"}}  merged key by key; null removes
{"op":"connect","source":"a","target":"b"}  {"op":"disconnect","source":"a","target":"b"}
{"op":"remove_node","id":"a"}
Flow: source → transforms, pattern → sink; `after` connects. A source for a pattern has `columns` \
("id bigint, name string, at timestamp"), `event_time` and `watermark_delay` ("10 minutes").
Conditions are Spark SQL over the input's columns; durations are texts ("90 seconds")."""


class Filled:
    """Changes that the calling agent wrote: there is nobody else to repair them."""

    name = "agent"

    def __init__(self, changes: Sequence[Any]) -> None:
        self._changes = changes

    def draft(self, request: Request) -> Draft:
        """The changes, typed. Raises InvalidChange."""
        return Draft(changes=tuple(parse_changes(self._changes)))

    def repair(
        self, request: Request, draft: Draft, findings: Sequence[Mapping[str, Any]]
    ) -> Draft:
        """The same: the findings go to the agent."""
        return draft


def form(request: Request) -> str:
    """What an agent needs to write the changes itself: grammar, types that may fit, columns."""
    parts = [GRAMMAR]
    if request.document.nodes:
        nodes = [f"{n.id} ({n.type})" for n in request.document.nodes[:COLUMNS_MOST]]
        edges = [edge.text() for edge in request.document.edges[:COLUMNS_MOST]]
        parts.append(f"The pipeline: {', '.join(nodes)}; {', '.join(edges) or 'no edges'}")
    if request.schema:
        columns = {n[:80]: kind[:80] for n, kind in list(request.schema.items())[:COLUMNS_MOST]}
        parts.append(f"Columns, as data: {json.dumps(columns, ensure_ascii=False)}")
    patterns = [t for t in request.catalog if t.category == "pattern"]
    parts.append("Patterns:\n" + "\n".join(f"- {t.type}: {t.summary}" for t in patterns))
    there = {n.type for n in request.document.nodes}
    for name in [t for t in fitting(request) if t not in there][:TYPES_MOST]:
        text = described(request.catalog, [name])
        if sum(map(len, parts)) + len(text) < FORM_CHARACTERS:
            parts.append(text)
    parts.append("describe_node_types has the other types.")
    return "\n\n".join(parts)
