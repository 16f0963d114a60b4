"""Tests that make their own events, or compare two configurations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import InvalidArgument

if TYPE_CHECKING:
    from ..cep.testing import TestRequest
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
        from ..cep.host import Host
        from ..cep.testing import refuse_errors
        from ..explain import examples, what_if

        if not isinstance(events, dict) or set(events) != {"examples"}:
            return None
        kinds = {"all": (True, False), "match": (True,), "no match": (False,)}
        if events["examples"] not in kinds:
            raise InvalidArgument(
                "Which examples are asked for is not clear.",
                where={"argument": "events"},
                got=events["examples"],
                expected=list(kinds),
            )
        validation = ws.validate(stored.document)
        refuse_errors(validation)
        host = Host(stored.document, validation, ws.catalog, ws.engine, ws.resolver, ws.progress)
        pattern = what_if.one_pattern(_patterns(ws, stored), node)
        found, left = examples.examples_of(host, pattern)
        found = [e for e in found if e.scenario.matches in kinds[events["examples"]]]
        left = [s for s in left if s.matches in kinds[events["examples"]]]
        return cls(found, left, examples.combined(host, pattern, found))

    def told(self, matches: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What came of each."""
        from ..explain import examples

        return examples.told(self.found, self.left, matches)


def _having(
    ws: Workspace, stored: Stored, patterns: list[str], changes: dict[str, Any]
) -> list[str]:
    """The patterns whose type has all the fields that are to be changed."""
    types = {node.id: ws.catalog.get(node.type) for node in stored.document.nodes}
    return [name for name in patterns if changes.keys() <= types[name].Config.model_fields.keys()]


def _patterns(ws: Workspace, stored: Stored) -> list[str]:
    from ..cep.pattern_type import PatternType

    nodes = stored.document.nodes
    return [n.id for n in nodes if isinstance(ws.catalog.get(n.type), PatternType)]


def compared(
    ws: Workspace, stored: Stored, request: TestRequest, changes: dict[str, Any], limit: int
) -> dict[str, Any]:
    """The same events under another configuration of one pattern."""
    from ..cep.host import Host
    from ..cep.testing import read_sources
    from ..explain import what_if

    documents = [stored.document]
    validations = [ws.validate(stored.document)]
    patterns = _patterns(ws, stored)
    having = _having(ws, stored, patterns, changes)
    node = what_if.one_pattern(having or patterns, request.node or "")
    documents.append(what_if.variant(stored.document, node, changes))
    validations.append(ws.validate(documents[1]))
    base, other = (
        Host(document, validation, ws.catalog, ws.engine, ws.resolver, ws.progress)
        for document, validation in zip(documents, validations, strict=True)
    )
    sources, _ = read_sources(base, request.events, ws.find_file)
    opened = what_if.reopened(base, sources, request.options)
    return what_if.compare(opened, other, validations[1], node, limit) | {"config": changes}
