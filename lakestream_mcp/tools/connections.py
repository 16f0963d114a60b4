"""Whether what a node connects to can be reached."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ..arguments import NodeId, PipelineId
from ..errors import InvalidPipeline, LakestreamError
from ..graph.config import parse
from ..operations import Answer, operation
from .discovery import existing, load

if TYPE_CHECKING:
    from ..workspace import Workspace


NEXT = {
    None: "generate_code, then deploy",
    "SECRET_NOT_FOUND": "set the secret where the server runs, then test_connection once more",
    "UNSUPPORTED": "generate_code: whether it can be reached is seen when the code runs",
}
"""By what became of the try."""


class ConnectionAnswer(Answer):
    """The verdict of a probe."""

    pipeline_id: str
    revision: int
    node: str
    ok: bool
    verdict: str
    seconds: float
    code: str | None = None
    hint: str | None = None
    next: str

    def text(self) -> str:
        """The verdict as a sentence."""
        head = "ok" if self.ok else f"failed ({self.code})"
        tail = f" {self.hint}" if self.hint else ""
        said = f"{self.node}: {head} in {self.seconds} s: {self.verdict}{tail}"
        return f"{said}\nNext: {self.next}"


@operation(
    title="Test a node's connection",
    effect="run",
    role="deployer",
    method="POST",
    path="/api/pipelines/{pipeline_id}/nodes/{node}/connection",
    examples=({"pipeline_id": "quakes", "node": "out"},),
)
def test_connection(
    ws: Workspace,
    pipeline_id: PipelineId,
    node: NodeId,
    send: Annotated[bool, Field(description="Send a test message too")] = False,
) -> ConnectionAnswer:
    """Reach and log in to what a node connects to; harmless unless `send`."""
    from ..nodes.probes import environment_secret

    stored = load(ws, pipeline_id)
    found = existing(stored, node)
    kind = ws.catalog.get(found.type)
    parsed = parse(kind, found.config)
    problems = [*parsed.problems]
    if parsed.config is not None:
        problems += [p for p in kind.check(parsed.config, []) if p.severity == "error"]
    if problems:
        raise InvalidPipeline(
            f"`{node}` is not configured: {problems[0].message}",
            where={"node": node, "field": problems[0].field},
            hint="`validate_pipeline` lists all findings with their fixes.",
        )
    began = time.perf_counter()
    code = hint = None
    try:
        verdict = kind.probe(parsed.config, environment_secret, send)
    except LakestreamError as error:
        verdict, code, hint = error.message, error.code, error.hint
    return ConnectionAnswer(
        pipeline_id=pipeline_id,
        revision=stored.revision,
        node=node,
        ok=code is None,
        verdict=verdict,
        seconds=round(time.perf_counter() - began, 2),
        code=code,
        hint=hint,
        next=NEXT.get(code, "edit_pipeline with update_node, then test_connection once more"),
    )
