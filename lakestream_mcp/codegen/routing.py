"""Which target takes a pipeline, or each of its nodes, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from ..errors import LakestreamError, Unsupported
from ..graph.model import PipelineDocument, Target
from ..graph.node_type import NodeType, SinkType, SourceType
from ..graph.validate import Validation
from .declarative.plan import node_statements
from .generated import CodeTarget, Route

ASKED = "asked for"
DECLARATIVE = "declarative SQL has a form for it"
TITLES: Mapping[Target, str] = {"sdp": "declarative SQL", "sss": "Structured Streaming"}


class Routing(NamedTuple):
    """The target that was chosen, and every node's place.

    stages: by node, when it runs: even stages are declarative, odd ones are notebooks, and a stage
    reads what earlier ones have written. statements: of the nodes that were asked for theirs.
    """

    target: Literal["sdp", "sss", "hybrid"]
    routes: list[Route]
    stages: dict[str, int]
    statements: dict[str, tuple[Any, ...]]


class _Able:
    """What keeps each node from each target; asked once per node."""

    def __init__(self, document: PipelineDocument, validation: Validation, catalog: Any) -> None:
        self.validation = validation
        self.into = document.edges_into()
        self.types: dict[str, NodeType] = {n.id: catalog.get(n.type) for n in document.nodes}
        self.known: dict[tuple[str, Target], Unsupported | None] = {}
        self.statements: dict[str, tuple[Any, ...]] = {}

    def refusal(self, node_id: str, target: Target) -> Unsupported | None:
        """Why a node has no code for a target, or None where it has."""
        key = node_id, target
        if key not in self.known:
            self.known[key] = self._asked(node_id, target)
        return self.known[key]

    def first(self, target: Target) -> tuple[str, Unsupported] | None:
        """A node that keeps the whole pipeline from a target; those are first that are cheap."""
        order = self.validation.order
        for node_id in sorted(order, key=lambda n: target in self.types[n].targets):
            refusal = self.refusal(node_id, target)
            if refusal is not None:
                return node_id, refusal
        return None

    def _asked(self, node_id: str, target: Target) -> Unsupported | None:
        kind = self.types[node_id]
        try:
            if target not in kind.targets:
                raise Unsupported(
                    f"`{kind.type}` has no {TITLES[target]}.",
                    where={"node": node_id},
                    got=target,
                    expected=sorted(kind.targets),
                )
            if target == "sdp":
                made = node_statements(self.into[node_id], self.validation, kind, node_id)
                self.statements[node_id] = made
            elif isinstance(kind, (SourceType, SinkType)):
                config, relation = (
                    self.validation.configs[node_id],
                    self.validation.relations[node_id],
                )
                kind.code(config, relation)
        except Unsupported as error:
            error.where = {"node": node_id, **error.where}
            return error
        return None


def route(
    document: PipelineDocument, validation: Validation, catalog: Any, target: CodeTarget
) -> Routing:
    """Choose. `auto` prefers one target for all nodes, and of those the declarative one.

    Raises Unsupported, naming a node, the reason and the target that can, where there is none.
    """
    able = _Able(document, validation, catalog)
    if target == "hybrid":
        return _hybrid(able)
    if target in ("sdp", "sss"):
        return _whole(able, target, ASKED)
    blocked = able.first("sdp")
    if blocked is None:
        return _all(able, "sdp", dict.fromkeys(validation.order, DECLARATIVE))
    if able.first("sss") is None:
        node_id, refusal = blocked
        reasons = {
            each: refusal.message
            if each == node_id
            else f"`{node_id}` needs Structured Streaming, and one target takes all nodes"
            for each in validation.order
        }
        return _all(able, "sss", reasons)
    return _hybrid(able)


def _whole(able: _Able, target: Target, reason: str) -> Routing:
    blocked = able.first(target)
    if blocked is None:
        return _all(able, target, dict.fromkeys(able.validation.order, reason))
    node_id, refusal = blocked
    other: Target = "sss" if target == "sdp" else "sdp"
    can = other if able.first(other) is None else "hybrid"
    raise _no_form(refusal, node_id, f"The target `{can}` can: set `target` to it.", [can, "auto"])


def _all(able: _Able, target: Target, reasons: Mapping[str, str]) -> Routing:
    order = able.validation.order
    routes = [Route(node=n, target=target, reason=reasons[n]) for n in order]
    stages = dict.fromkeys(order, 0 if target == "sdp" else 1)
    return Routing(target, routes, stages, able.statements)


def _hybrid(able: _Able) -> Routing:
    """Each node as early as what it reads allows, on the side of what it reads if it can."""
    routes: list[Route] = []
    stages: dict[str, int] = {}
    for node_id in able.validation.order:
        sources = [edge.source for edge in able.into[node_id]]
        last = max((stages[s] for s in sources), default=0)
        can = {t: able.refusal(node_id, t) for t in ("sdp", "sss")}
        wanted = "sss" if last % 2 else "sdp"
        stages[node_id] = last if can[wanted] is None else last + 1
        if can["sdp"] is not None and can["sss"] is not None:
            raise _no_form(can["sdp"], node_id, can["sss"].message, [])
        routes.append(_reasoned(node_id, stages, sources, can))
    return Routing("hybrid", routes, stages, able.statements)


def _reasoned(
    node_id: str, stages: Mapping[str, int], sources: list[str], can: Mapping[str, Any]
) -> Route:
    target: Target = "sss" if stages[node_id] % 2 else "sdp"
    refused = can["sdp" if target == "sss" else "sss"]
    if refused is not None:
        return Route(node=node_id, target=target, reason=refused.message)
    if target == "sdp":
        return Route(node=node_id, target=target, reason=DECLARATIVE)
    feeding = next(s for s in sources if stages[s] == stages[node_id])
    return Route(node=node_id, target=target, reason=f"reads `{feeding}`, which is streaming code")


def _no_form(refusal: LakestreamError, node_id: str, hint: str, expected: list[str]) -> Unsupported:
    return Unsupported(
        f"`{node_id}` has no code for this target: {refusal.message}",
        code="NO_CODE_FOR_TARGET",
        where={"node": node_id, **refusal.where},
        got=refusal.got,
        expected=expected,
        hint=hint,
        fix=refusal.fix and [{"id": node_id, **change} for change in refusal.fix],
    )
