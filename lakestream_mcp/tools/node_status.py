"""The one badge of each node on the canvas: what is wrong with it, or how far it has come."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from pydantic import BaseModel

from ..graph.index import GraphIndex
from ..graph.model import Finding, PipelineDocument

if TYPE_CHECKING:
    from ..graph.node_type import TypeCatalog
    from ..storage.rows import Run

State = Literal["error", "unconfigured", "missing_input", "untested", "stale", "tested", "deployed"]
LABELS: dict[State, str] = {
    "error": "Error",
    "unconfigured": "Not configured",
    "missing_input": "Input missing",
    "untested": "Not tested",
    "stale": "Changed since test",
    "tested": "Tested",
    "deployed": "Deployed",
}
# Findings that say that something is not there yet, rather than wrong.
ABSENT: Mapping[str, State] = {
    "MISSING_CONFIG": "unconfigured",
    "MISSING_FIELD": "unconfigured",
    "MISSING_INPUT": "missing_input",
    "SINK_NOT_CONNECTED": "missing_input",
}


class NodeStatus(BaseModel):
    """The one badge of a node."""

    state: State
    label: str
    detail: str | None = None


Fingerprints = Mapping[str, str]
"""By node id: equal where equal rows that come in make equal rows go out."""


class Tested(NamedTuple):
    """A test, and the nodes of the revision it ran on."""

    run: Run
    nodes: Fingerprints


class NodeStatuses(NamedTuple):
    """What badges are made of: the nodes as they are, as tests had them (newest first), and as
    they run now; `deployed` is empty where nothing runs."""

    now: Fingerprints
    tests: Sequence[Tested]
    deployed: Fingerprints

    def of(self, node_id: str, findings: Sequence[Finding]) -> NodeStatus:
        """The first state that holds, in the order in which they matter."""
        wrong = [f for f in findings if f.severity == "error" and f.code not in ABSENT]
        if wrong:
            return _status("error", wrong[0].message)
        for state in ("unconfigured", "missing_input"):
            for finding in findings:
                if ABSENT.get(finding.code) == state:
                    return _status(state, finding.message)
        if all(node_id not in tested.nodes for tested in self.tests):
            return _status("untested")
        now = self.now.get(node_id, "")
        same = next((t.run for t in self.tests if t.nodes.get(node_id) == now), None)
        if same is None:
            return _status("stale")
        if self.deployed.get(node_id) == now:
            return _status("deployed")
        return _status("tested", f"{same.counts.get('matches', 0)} matches in {same.id}")


def fingerprints(document: PipelineDocument, catalog: TypeCatalog) -> Fingerprints:
    """What decides each node's rows: its configuration and all that feeds it, not titles or places.

    Nodes that a cycle feeds have no rows, and none of these.
    """
    graph = GraphIndex(document, catalog)
    found: dict[str, str] = {}
    for node_id in graph.order:
        node = graph.nodes[node_id]
        feeding = sorted([edge.text(), found[edge.source]] for edge in graph.into[node_id])
        said = json.dumps([node_id, node.type, node.config, feeding], sort_keys=True)
        found[node_id] = hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()
    return found


def _status(state: State, detail: str | None = None) -> NodeStatus:
    return NodeStatus(state=state, label=LABELS[state], detail=detail)
