"""Whether a revision was tested: stored runs of the same nodes, with the same carried code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from ..graph.model import PipelineDocument
from ..storage.store import Transaction
from .desired import Desired, meaning

RUNS_LOOKED_AT = 200


class Evidence(BaseModel):
    """The test that stands for each pattern, and the patterns that have none."""

    runs: dict[str, str]
    missing: list[str]

    @property
    def ok(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing


def evidence(store: Transaction, desired: Desired, patterns: Iterable[str]) -> Evidence:
    """What shows that a deployment works."""
    found = desired.pipeline_id, desired.document_sha256, desired.hashes
    return _evidence(store, *found, patterns)


def tested(
    store: Transaction,
    pipeline_id: str,
    document: PipelineDocument,
    patterns: Iterable[str],
    hashes: Mapping[str, str] | None,
) -> bool:
    """Whether a deployment would find a document tested; without hashes, by whatever code."""
    return _evidence(store, pipeline_id, meaning(document), hashes, patterns).ok


def _evidence(
    store: Transaction,
    pipeline_id: str,
    document_sha256: str,
    hashes: Mapping[str, str] | None,
    patterns: Iterable[str],
) -> Evidence:
    """For each pattern the newest run of just these nodes in which it matched.

    A revision counts as the same where nodes and edges are: titles, places and settings of
    deployment do not change what a test shows. Without patterns, any run that put rows out counts.
    """
    wanted = list(patterns) or [""]
    found: dict[str, str] = {}
    same: dict[int, bool] = {}
    tests = store.list_runs(pipeline_id=pipeline_id, kind="test", limit=RUNS_LOOKED_AT)
    for run in tests:
        if run.revision not in same:
            document = store.load(pipeline_id, run.revision).document
            same[run.revision] = meaning(document) == document_sha256
        if not same[run.revision]:
            continue
        report = store.get_run(run.id).report
        for node in set(wanted) - set(found):
            if _shows(report, node, hashes):
                found[node] = run.id
        if len(found) == len(wanted):
            break
    missing = [node or "the pipeline" for node in wanted if node not in found]
    return Evidence(runs={node or "pipeline": run for node, run in found.items()}, missing=missing)


def _shows(report: dict[str, Any], node: str, hashes: Mapping[str, str] | None) -> bool:
    """Whether rows came out of this node, made by the very code that would be deployed."""
    nodes = report["nodes"]
    if not node:
        return any(counts["rows_out"] for counts in nodes.values())
    same_code = hashes is None or report["code_hash"].get(node) == hashes.get(node)
    return bool(same_code and nodes[node]["rows_out"])
