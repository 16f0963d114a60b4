"""Configurations as they are while edits are read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ...graph.changes import UpdateNode
from .flow import Flow
from .known_values import known_values
from .names import Columns, parts_of
from .phrase import Phrase
from .references import References
from .scene import Scene
from .talk import Talk

if TYPE_CHECKING:
    from ..proposal import Request


class Configs:
    """What nodes are configured to do, and changes of it."""

    def __init__(self, request: Request, flow: Flow, references: References, talk: Talk) -> None:
        self.request = request
        self.flow = flow
        self.references = references
        self.talk = talk

    def columns_of(self, node: str) -> Columns:
        """The columns that leave a node; unknown ones where it is new or wrong."""
        types = self.request.columns.get(node, {})
        if not types:
            feeding = self.flow.inputs(node)
            types = next(
                (self.request.columns[e[0]] for e in feeding if e[0] in self.request.columns), {}
            )
        columns = Columns(types, bool(types), self._known_values)
        for source in self.flow.of("source"):
            columns.about |= set(parts_of(source))
        return columns

    @cached_property
    def _known_values(self) -> dict[str, list[str]]:
        """Asked for with every node's columns; reading them parses every condition."""
        return known_values(self.request.document)

    def columns_into(self, node: str) -> Columns:
        """The columns that flow into a node."""
        feeding = self.flow.inputs(node)
        return self.columns_of(feeding[0][0]) if feeding else self.columns_of(node)

    def scene(self, node: str) -> Scene:
        """The rows that flow into a node, to read words about them."""
        return Scene(self.columns_into(node), self.talk, self.request.catalog)

    def config(self, node: str) -> dict[str, Any]:
        """A node's configuration, as it is so far."""
        config = self.flow.config(node)
        for change in self.flow.changes:
            if isinstance(change, UpdateNode) and change.id == node and change.config:
                config |= change.config
        return config

    def sequence(self) -> str | None:
        """The one node that has steps, if there is just one."""
        nodes = [node for node in self.flow.types if self.config(node).get("steps")]
        return nodes[0] if len(nodes) == 1 else None

    def update(self, node: str, config: Mapping[str, Any]) -> bool:
        """Set some fields of a node."""
        change = UpdateNode(op="update_node", id=node, config=dict(config))
        self.flow.changes.append(change)
        self.references.last = node
        return True

    def mentioned(self, phrase: Phrase) -> list[str]:
        """The nodes that a phrase names anywhere, one meaning of each; none for none."""
        for at in range(len(phrase)):
            if phrase.tokens[at].kind == "word":
                found, end = self.references.named(phrase, at)
                if found and phrase.part(at, end).has(r"(?!window|threshold|count|time)[a-z]\w*"):
                    return found
        return []
