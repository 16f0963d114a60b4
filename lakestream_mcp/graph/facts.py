"""What rules reason about, and how they say what they found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from .index import GraphIndex
from .model import ChangeData, Edge, Finding, Problem, Relation
from .node_type import NodeConfig
from .plain import shown

MAX_EXPECTED = 50
MAX_MESSAGE = 1_000


class Facts(NamedTuple):
    """A pipeline's graph with what analysis found out about its nodes."""

    graph: GraphIndex
    relations: Mapping[str, Relation]
    configs: Mapping[str, NodeConfig]


Rule = Callable[[Facts], Iterator[Finding]]


def _cut(text: str) -> str:
    """A sentence that may hold a name of the author's, of any length."""
    return text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 1] + "…"


def from_problem(node_id: str, problem: Problem) -> Finding:
    """A node type's problem as a finding, its config fix as a change."""
    fix = None
    if problem.fix:
        fix = [{"op": "update_node", "id": node_id, "config": problem.fix}]
    return Finding(
        code=problem.code,
        severity=problem.severity,
        message=_cut(problem.message),
        node=node_id,
        field=problem.field,
        got=shown(problem.got),
        expected=_short(problem.expected),
        hint=_cut(problem.hint) if problem.hint else None,
        fix=fix,
    )


def _short(expected: object) -> object:
    if isinstance(expected, (list, tuple, set, frozenset)):
        items = list(expected) if isinstance(expected, (list, tuple)) else sorted(expected)
        more = len(items) - MAX_EXPECTED
        return items if more <= 0 else [*items[:MAX_EXPECTED], f"… {more} more"]
    return shown(expected, 300)


def disconnecting(edge: Edge) -> ChangeData:
    """The change that removes exactly this edge."""
    return {
        "op": "disconnect",
        "source": edge.source,
        "target": edge.target,
        "source_port": edge.source_port,
        "target_port": edge.target_port,
    }


def connecting(
    source: str, target: str, target_port: str = "in", source_port: str = "out"
) -> ChangeData:
    """The change that connects two nodes; the usual ports are not spelled out."""
    change = {"op": "connect", "source": source, "target": target}
    change |= {} if source_port == "out" else {"source_port": source_port}
    return change if target_port == "in" else change | {"target_port": target_port}


def quoted(names: list[str], limit: int = 8) -> str:
    """`a`, `b`, `c` and 4 more."""
    text = ", ".join(f"`{name}`" for name in names[:limit])
    return text if len(names) <= limit else f"{text} and {len(names) - limit} more"
