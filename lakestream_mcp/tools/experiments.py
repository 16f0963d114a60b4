"""Tests that make their own events, or compare two configurations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import InvalidArgument
from ..graph.config import own_words, read_config
from .hosts import host_of

if TYPE_CHECKING:
    from ..cep.testing import TestRequest
    from ..graph.node_type import NodeType
    from ..graph.validate import Validation
    from ..storage.rows import Stored
    from ..workspace import Workspace


class Examples(NamedTuple):
    """Examples that were asked for instead of events, as one input."""

    found: list[Any]
    left: list[Any]
    rows: dict[str, list[dict[str, Any]]] | list[dict[str, Any]]

    @classmethod
    def asked(cls, ws: Workspace, stored: Stored, events: Any, node: str) -> Examples | None:
        """The examples of a pattern, where `events` asks for them."""
        from ..explain import examples, what_if
        from ..graph.validate import refuse_errors

        if not isinstance(events, dict) or set(events) != {"examples"}:
            return None
        kinds = {"all": (True, False), "match": (True,), "no match": (False,)}
        if events["examples"] not in list(kinds):
            raise InvalidArgument(
                "Which examples are asked for is not clear.",
                where={"argument": "events"},
                got=events["examples"],
                expected=list(kinds),
            )
        validation = ws.validate(stored.document)
        refuse_errors(validation)
        host = host_of(ws, stored.document, validation)
        pattern = what_if.one_pattern(_patterns(ws, stored), node)
        found, left = examples.examples_of(host, pattern)
        found = [e for e in found if e.scenario.matches in kinds[events["examples"]]]
        left = [s for s in left if s.matches in kinds[events["examples"]]]
        return cls(found, left, examples.combined(host, pattern, found))

    def told(self, matches: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What came of each."""
        from ..explain import examples

        return examples.told(self.found, self.left, matches)


class _Asked(NamedTuple):
    """The pattern that another configuration is for, and what of it changes."""

    node: str
    changes: dict[str, Any]


def _asked(ws: Workspace, stored: Stored, node: str, changes: dict[str, Any]) -> _Asked:
    """Fields by the names that types have; the node may be named by the only key."""
    from ..explain import what_if

    patterns = _patterns(ws, stored)
    name, inside = next(iter(changes.items()))
    if len(changes) == 1 and name in patterns and isinstance(inside, dict):
        node, changes = name, inside
    nodes = {n.id: n for n in stored.document.nodes if n.id in patterns}
    types = {name: ws.catalog.get(node.type) for name, node in nodes.items()}
    read = {name: _read(types[name], nodes[name].config, changes) for name in patterns}
    having = [p for p in patterns if read[p].keys() <= types[p].Config.model_fields.keys()]
    found = what_if.one_pattern(patterns if node else having or patterns, node)
    return _Asked(found, read.get(found, changes))


def _read(
    node_type: NodeType, config: Mapping[str, Any], changes: dict[str, Any]
) -> dict[str, Any]:
    """The changes as an edit would read them; null takes a field away."""
    gone = {name: None for name, value in changes.items() if value is None}
    try:
        named = own_words(node_type, changes).config
        read = read_config(node_type, {**config, **named}).config
    except InvalidArgument:
        return changes
    return gone | {k: v for k, v in read.items() if k in named or config.get(k) != v}


def _patterns(ws: Workspace, stored: Stored) -> list[str]:
    from ..cep.pattern_type import PatternType

    nodes = stored.document.nodes
    return [n.id for n in nodes if isinstance(ws.catalog.get(n.type), PatternType)]


def _refuse(validation: Validation) -> None:
    """Raise InvalidArgument where the other configuration cannot run; the stored one can."""
    if validation.ok:
        return
    error = validation.errors[0]
    raise InvalidArgument(
        f"With these changes the pipeline could not run: {error.message}",
        where={"argument": "what_if", "node": error.node, "field": error.field},
        got=error.got,
        expected=error.expected,
        hint=error.hint,
    )


def compared(
    ws: Workspace, stored: Stored, request: TestRequest, changes: dict[str, Any], limit: int
) -> dict[str, Any]:
    """The same events under another configuration of one pattern."""
    from ..cep.testing import read_sources
    from ..explain import what_if

    node, changes = _asked(ws, stored, request.node or "", changes)
    base = host_of(ws, stored.document, ws.validate(stored.document))
    document = what_if.variant(stored.document, node, changes)
    validation = ws.validate(document)
    _refuse(validation)
    other = host_of(ws, document, validation)
    sources, _ = read_sources(base, request.events, ws.find_file)
    opened = what_if.reopened(base, sources, request.options)
    return what_if.compare(opened, other, node, limit) | {"config": changes}
