"""A draft judged, repaired at most twice, and handed out as a proposal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import LakestreamError
from ..graph.apply import apply
from ..graph.model import ChangeData, Finding, PipelineDocument
from .allowed import flags, refusals
from .proposal import Draft

if TYPE_CHECKING:
    from ..graph.validate import Validation
    from .proposal import Backend, Request

REPAIRS_MOST = 2
LATER = frozenset({"NO_SINK"})
"""What a pipeline lacks before it is finished, and no fault of a draft."""
Judge = Callable[[PipelineDocument], "Validation"]
Mend = Callable[[PipelineDocument], tuple[list[ChangeData], PipelineDocument]]


class Judged(NamedTuple):
    """What came of a draft: the document it leads to, and what is said of it.

    Without a document the changes cannot be applied; `findings` say why.
    """

    document: PipelineDocument | None
    validation: Validation | None
    findings: list[Finding]

    @property
    def errors(self) -> list[Finding]:
        """What keeps the draft from being right."""
        return [f for f in self.findings if f.severity == "error" and f.code not in LATER]


class Proposal(NamedTuple):
    """Changes to be accepted, with what was assumed, asked and found; or a refusal.

    `flags` are what a person should look at first, `repairs` how often the draft was sent back.
    """

    draft: Draft
    changes: list[ChangeData]
    judged: Judged
    flags: list[str]
    repairs: int

    @property
    def ready(self) -> bool:
        """Whether it can be stored without another look."""
        open_points = self.draft.questions or self.flags or self.judged.errors
        return bool(self.changes) and not open_points


def propose(request: Request, backend: Backend, judge: Judge, mend: Mend) -> Proposal:
    """Ask the back-end, and let it repair what the validator refuses."""
    draft = backend.draft(request)
    judged = judged_draft(request, draft, judge)
    repairs = 0
    while judged.errors and draft.changes and repairs < REPAIRS_MOST:
        repairs += 1
        found = [f.model_dump(exclude_none=True) for f in judged.errors]
        draft = backend.repair(request, draft, found)
        judged = judged_draft(request, draft, judge)
    changes = [change.model_dump(exclude_none=True) for change in draft.changes]
    if judged.document is not None and judged.errors:
        fixes, document = mend(judged.document)
        again = _judged(document, judge)
        if fixes and len(again.errors) < len(judged.errors):
            changes, judged = changes + fixes, again
    return Proposal(draft, changes, judged, flags(draft.changes, request), repairs)


def judged_draft(request: Request, draft: Draft, judge: Judge) -> Judged:
    """What the rules of proposals, the graph and the validator say of a draft."""
    if draft.refusal or not draft.changes:
        return Judged(None, None, [])
    refused = refusals(draft.changes, request)
    if refused:
        return Judged(None, None, refused)
    try:
        document = apply(request.document, list(draft.changes), request.catalog).document
    except LakestreamError as error:
        return Judged(None, None, [_finding(error)])
    return _judged(document, judge)


def _judged(document: PipelineDocument, judge: Judge) -> Judged:
    validation = judge(document)
    return Judged(document, validation, list(validation.findings))


def _finding(error: LakestreamError) -> Finding:
    """Why changes cannot be applied, as the back-end that wrote them can act on it."""
    parts: dict[str, Any] = {k: v for k, v in error.to_json().items() if k in Finding.model_fields}
    node = error.where.get("node")
    return Finding(**parts | {"severity": "error", "node": str(node) if node else None})


def shown_changes(changes: Sequence[ChangeData]) -> list[str]:
    """A line for each change."""
    return [_line(change) for change in changes]


def _line(change: ChangeData) -> str:
    import json

    op = change["op"]
    if op == "add_node":
        node = change["node"]
        after = f" after {change['after']}" if change.get("after") else ""
        config = json.dumps(node.get("config", {}), ensure_ascii=False)
        return f"+ {node.get('id') or node['type']} ({node['type']}){after}: {config}"
    if op == "update_node":
        return f"~ {change['id']}: {json.dumps(change.get('config', {}), ensure_ascii=False)}"
    if op in ("connect", "disconnect"):
        return f"{'+' if op == 'connect' else '-'} {change['source']} -> {change['target']}"
    if op == "remove_node":
        return f"- {change['id']}"
    rest = {k: v for k, v in change.items() if k != "op"}
    return f"~ {op}: {json.dumps(rest, ensure_ascii=False)}"
