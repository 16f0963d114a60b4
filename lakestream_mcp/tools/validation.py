"""What is wrong with a pipeline, and mending it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from ..arguments import ExpectRevision, PipelineId
from ..graph.autofix import Mends
from ..graph.model import Finding
from ..operations import Answer, operation
from .answers import Counts, finding_lines, next_step, worst
from .discovery import count_patterns, load
from .edits import check_expected, edit

if TYPE_CHECKING:
    from ..workspace import Workspace


class ValidationAnswer(Answer):
    """Findings, errors first; with `autofix` the changes that mend them.

    `mends` has the finding of each change of `fixes`, in the same order.
    """

    pipeline_id: str
    revision: int
    ok: bool
    counts: Counts
    findings: list[Finding]
    fixes: list[dict[str, Any]] | None = None
    mends: list[Mends] | None = None
    remaining: Counts | None = None
    next: str
    link: str

    def text(self) -> str:
        """A line per finding; fixes as they can be sent."""
        lines = [f"{self.pipeline_id}@{self.revision}: {'ok' if self.ok else 'not ok'}"]
        lines += finding_lines(self.counts, self.findings)
        if self.fixes is not None and self.remaining is not None:
            import json

            lines.append(f"autofix: {json.dumps(self.fixes, ensure_ascii=False)}")
            answered = "; ".join(each.text() for each in self.mends or [])
            lines += [f"its changes mend, one by one: {answered}"] if answered else []
            lines.append(f"after it: {self.remaining.text()}")
        return "\n".join([*lines, f"Next: {self.next}", self.link])


@operation(
    title="Validate a pipeline",
    effect="edit",
    role="viewer",
    method="POST",
    path="/api/pipelines/{pipeline_id}/validation",
    idempotent=True,
    examples=({"pipeline_id": "quakes"}, {"pipeline_id": "quakes", "autofix": "preview"}),
)
def validate_pipeline(
    ws: Workspace,
    pipeline_id: PipelineId,
    autofix: Annotated[
        Literal["off", "preview", "apply"],
        Field(description="preview: the changes that would mend findings; apply: make them"),
    ] = "off",
    limit: Annotated[int, Field(ge=1, le=500)] = 50,
    expect_revision: ExpectRevision = 0,
) -> ValidationAnswer:
    """List what is wrong or risky: code, place, what is expected, and the fix if there is one."""
    stored = load(ws, pipeline_id)
    check_expected(pipeline_id, stored.revision, expect_revision)
    findings, mended_by = ws.validate(stored.document).findings, {}
    revision, document = stored.revision, stored.document
    if autofix != "off":
        from ..graph.autofix import autofix as mend

        mended = mend(document, ws.catalog, ws.resolver, ws.cache)
        left = ws.validate(mended.document).findings
        mended_by = {"fixes": mended.changes, "mends": mended.mends, "remaining": Counts.of(left)}
        if autofix == "apply" and mended.changes:
            ws.require("author", "`autofix=apply`")
            why = "Fixes of findings"
            said = edit(ws, pipeline_id, mended.changes, reason=why, expect_revision=revision)
            revision, document, findings = said.revision, mended.document, left
    counts = Counts.of(findings)
    patterns = count_patterns(ws, document)
    return ValidationAnswer(
        pipeline_id=pipeline_id,
        revision=revision,
        ok=not counts.errors,
        counts=counts,
        findings=worst(findings, limit),
        next=next_step(pipeline_id, counts, findings, len(document.nodes), patterns),
        link=ws.link(pipeline_id, revision, panel="findings"),
        **mended_by,
    )
