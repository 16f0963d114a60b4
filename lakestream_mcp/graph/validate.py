"""Everything there is to say about a pipeline, as findings. Pure: the resolver is given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..errors import InvalidPipeline
from .analysis import Analysis, AnalysisCache, Inputs, analyse
from .facts import Facts, from_problem, quoted
from .index import GraphIndex
from .model import ChangeData, Finding, PipelineDocument, Relation, Severity
from .node_type import ColumnResolver, NodeConfig, TypeCatalog
from .rules import RULES

_RANK: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class Validation:
    """Findings (errors first), and what is known of the nodes that are right so far.

    `relations` and `configs` have the nodes that could be analysed; `order` has every node that
    no cycle feeds, each after the nodes that feed it.
    """

    findings: list[Finding]
    relations: dict[str, Relation]
    configs: dict[str, NodeConfig]
    order: list[str]

    @property
    def errors(self) -> list[Finding]:
        """The findings that keep the pipeline from running."""
        return [finding for finding in self.findings if finding.severity == "error"]

    @property
    def ok(self) -> bool:
        """Whether there are no errors."""
        return not any(finding.severity == "error" for finding in self.findings)

    def of(self, node_id: str) -> list[Finding]:
        """The findings about one node."""
        return [finding for finding in self.findings if finding.node == node_id]

    def adding(self, findings: list[Finding]) -> Validation:
        """The same with findings about the whole pipeline, in their place."""
        ranked = sorted([*findings, *self.findings], key=lambda f: _RANK[f.severity])
        return replace(self, findings=ranked)


def validate(
    document: PipelineDocument,
    catalog: TypeCatalog,
    resolver: ColumnResolver,
    cache: AnalysisCache | None = None,
) -> Validation:
    """Say what is wrong with a pipeline; never raises for a wrong pipeline."""
    index = GraphIndex(document, catalog)
    kept = AnalysisCache() if cache is None else cache
    facts, findings = _analysed(index, resolver, kept)
    said = {(finding.code, finding.node) for finding in findings}
    for rule in RULES:
        findings += [f for f in rule(facts) if f.node is None or (f.code, f.node) not in said]
    position = {node_id: at for at, node_id in enumerate(index.nodes)}
    findings.sort(key=lambda f: (_RANK[f.severity], position.get(f.node or "", -1)))
    return Validation(findings, dict(facts.relations), dict(facts.configs), index.order)


def refuse_errors(validation: Validation, columns: list[ChangeData] | None = None) -> None:
    """Raise InvalidPipeline naming the first error finding.

    columns: changes that declare columns which the given events show, and sources lack.
    """
    errors = validation.errors
    if errors:
        first = errors[0]
        raise InvalidPipeline(
            f"The pipeline has {len(errors)} error{'s' if len(errors) > 1 else ''}, so it cannot "
            f"run: {first.message}",
            where={"node": first.node, "field": first.field},
            got=first.code,
            expected=first.expected,
            hint="the fix declares the columns that the events show"
            if columns
            else f"`validate_pipeline` lists {'them all' if len(errors) > 1 else 'it'}"
            + (" with fixes" if any(error.fix for error in errors) else ""),
            fix=columns or first.fix,
        )


def _analysed(
    index: GraphIndex, resolver: ColumnResolver, cache: AnalysisCache
) -> tuple[Facts, list[Finding]]:
    """Every node analysed, those in flow order with what flows into them."""
    relations: dict[str, Relation] = {}
    configs: dict[str, NodeConfig] = {}
    findings: list[Finding] = []
    waiting: list[str] = []
    ordered = set(index.order)
    for node_id in [*index.order, *(n for n in index.nodes if n not in ordered)]:
        node_type = index.types[node_id]
        if node_type is None:
            continue
        inputs = _inputs(index, node_id, relations)
        config = index.nodes[node_id].config
        analysis = analyse(node_type, config, inputs, resolver, cache)
        findings += _said(node_id, analysis)
        if analysis.config is not None:
            configs[node_id] = analysis.config
        if analysis.relation is not None:
            relations[node_id] = analysis.relation
        if inputs is None and index.into[node_id] and analysis.config is not None:
            waiting.append(node_id)
    findings += _upstream(waiting)
    return Facts(index, relations, configs), findings


def _inputs(index: GraphIndex, node_id: str, relations: dict[str, Relation]) -> Inputs | None:
    edges = index.usable_inputs(node_id)
    if edges is None or not all(edge.source in relations for edge in edges):
        return None
    return tuple(relations[edge.source] for edge in edges)


def _said(node_id: str, analysis: Analysis) -> Iterator[Finding]:
    for problem in analysis.problems:
        yield from_problem(node_id, problem)


def _upstream(waiting: list[str]) -> Iterator[Finding]:
    if waiting:
        yield Finding(
            code="UPSTREAM_HAS_ERRORS",
            severity="info",
            message=f"columns not checked yet, because of errors upstream: {quoted(waiting)}",
            got=waiting[:20],
            hint="mend the errors; these nodes are checked then",
        )
