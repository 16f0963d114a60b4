"""All risks of a pipeline with a score, and what it does in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..errors import LakestreamError
from ..graph.apply import apply
from ..graph.model import Finding
from .checks import CHECKS
from .facts import Facts, Risk, Weight

WEIGHTS: dict[Weight, int] = {"error": 25, "high": 15, "medium": 7, "low": 2}
OF_FINDINGS: dict[str, Weight] = {"error": "error", "warning": "medium"}
ORDER: tuple[Weight, ...] = ("error", "high", "medium", "low")


class Sentence(NamedTuple):
    """What one node does, in the order in which rows flow."""

    node: str
    type: str
    text: str


def risks(facts: Facts) -> list[Risk]:
    """What validation and the checks say, the heaviest first. Notes of validation are no risks."""
    found = [_proven(facts, risk) for risk in _all(facts)]
    return sorted(found, key=lambda risk: ORDER.index(risk.weight))


def _all(facts: Facts) -> list[Risk]:
    found = [_of_finding(f) for f in facts.validation.findings if f.severity in OF_FINDINGS]
    return [*found, *(risk for check in CHECKS for risk in check(facts))]


def _proven(facts: Facts, risk: Risk) -> Risk:
    """The risk with its fix, if that was tried: it applies, mends, and breaks nothing else."""
    if not risk.fix:
        return risk
    try:
        document = apply(facts.document, risk.fix, facts.catalog).document
    except LakestreamError:
        return risk.model_copy(update={"fix": None})
    after = facts._replace(document=document, validation=facts.judge(document))
    left = {(other.code, other.node) for other in _all(after)}
    worse = len(after.validation.errors) > len(facts.validation.errors)
    mended = (risk.code, risk.node) not in left and not worse
    return risk if mended else risk.model_copy(update={"fix": None})


def score(found: Sequence[Risk]) -> int:
    """100 for a pipeline without risks, less for each by its weight, 0 at worst."""
    return max(0, 100 - sum(WEIGHTS[risk.weight] for risk in found))


def explained(facts: Facts) -> list[Sentence]:
    """A sentence per node: what it does, from where, and what rows are like after it."""
    said = []
    nodes = {node.id: node for node in facts.document.nodes}
    known = [*facts.validation.order, *(n for n in nodes if n not in facts.validation.order)]
    for node_id in known:
        node = nodes[node_id]
        said.append(Sentence(node_id, node.type, _sentence(facts, node_id)))
    return said


def summary(facts: Facts) -> str:
    """The whole in a sentence or two."""
    by = {c: [n.name for n, _ in facts.nodes(c)] for c in ("source", "pattern", "sink")}
    counts = f"{len(facts.document.nodes)} nodes"
    parts = [f"Reads {_listed(by['source'])}" if by["source"] else "Has no source yet"]
    if by["pattern"]:
        parts.append(f"finds {_listed(by['pattern'])}")
    parts.append(f"writes to {_listed(by['sink'])}" if by["sink"] else "writes nowhere yet")
    return f"{facts.document.name} ({counts}): {', '.join(parts)}."


def _sentence(facts: Facts, node_id: str) -> str:
    node = facts.document.node(node_id)
    assert node is not None
    config = facts.validation.configs.get(node_id)
    try:
        kind = facts.kind(node)
        what = kind.sentence(config) if config is not None else f"{kind.summary}; not right yet"
    except LakestreamError:
        return f"{node.name}: its type `{node.type}` is not known."
    before = [edge.source for edge in facts.document.inputs(node_id)]
    of = f" (from {', '.join(before)})" if before else ""
    return f"{node.name}{of}: {what}.{_time(facts, node_id)}{_state(facts, node_id)}"


def _time(facts: Facts, node_id: str) -> str:
    """Where event time begins, and what it costs."""
    relation = facts.validation.relations.get(node_id)
    before = [edge.source for edge in facts.document.inputs(node_id)]
    declared = relation is not None and relation.event_time and relation.delay_ms is not None
    first = not any(
        getattr(facts.validation.relations.get(b), "delay_ms", None) is not None for b in before
    )
    if not declared or not first or relation is None:
        return ""
    delay = (relation.delay_ms or 0) / 60_000
    return f" Its event time is `{relation.event_time}`; rows may come {delay:g} minutes late."


def _state(facts: Facts, node_id: str) -> str:
    node, config = facts.document.node(node_id), facts.validation.configs.get(node_id)
    bound = getattr(facts.kind(node), "state_bound", None) if node and config else None
    kept = bound(config) if bound else None
    if kept is None or isinstance(kept, str):
        return f" It keeps {kept}." if kept else ""
    until = f", {kept.kept_for} long" if kept.kept_for else ", for ever"
    most = f" ({kept.events:,})" if kept.events and kept.events > 1 else ""
    return f" Per key it keeps at most {kept.formula}{most}{until}."


def _of_finding(finding: Finding) -> Risk:
    return Risk(
        code=finding.code,
        weight=OF_FINDINGS[finding.severity],
        node=finding.node,
        message=f"{finding.message[:1].upper()}{finding.message[1:]}.",
        hint=finding.hint,
        fix=finding.fix,
    )


def _listed(names: Sequence[str]) -> str:
    shown = [f"“{name}”" for name in names[:4]]
    return ", ".join(shown) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
