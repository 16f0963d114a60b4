"""How every edit goes: read the head, apply, validate, store; again if somebody was faster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import InvalidChange, RevisionConflict
from ..graph.apply import Applied, apply
from ..graph.model import Finding, PipelineDocument
from ..graph.secrets import refuse_secrets
from ..graph.spelling import as_declared
from .answers import FINDINGS_MAX, Changed, Counts, EditAnswer, calls_for, next_step, worst
from .discovery import count_patterns, load

if TYPE_CHECKING:
    from ..graph.validate import Validation
    from ..storage.rows import Stored
    from ..workspace import Workspace

ATTEMPTS = 100  # each lost one means that an edit of somebody else went through


def edit(
    ws: Workspace,
    pipeline_id: str,
    changes: Sequence[Any],
    *,
    reason: str = "",
    expect_revision: int = 0,
    dry_run: bool = False,
) -> EditAnswer:
    """Apply changes to the newest revision and store the outcome as the next one.

    Without `expect_revision` an edit made meanwhile by somebody else is taken in, not overwritten:
    the changes are applied again to what is newest then.
    """
    for attempt in range(ATTEMPTS):
        head = load(ws, pipeline_id)
        check_expected(pipeline_id, head.revision, expect_revision)
        applied = apply(head.document, changes, ws.catalog)
        _check_status(ws, head, applied.document, changes)
        # Validation may take a while, so it comes before the transaction that others wait for.
        validation = ws.validate(applied.document)
        findings = validation.findings
        refuse_secrets(pipeline_id, head.document, applied.document, findings)
        broken = None if applied.unchanged else _broken(ws, head, applied, validation)
        if applied.unchanged or dry_run:
            said = answer(ws, pipeline_id, head.revision, applied, findings, dry_run=dry_run)
            return with_impact(said, broken)
        try:
            revision = _append(ws, head, applied, changes, reason)
        except RevisionConflict:
            if expect_revision or attempt == ATTEMPTS - 1:
                raise
            continue
        return with_impact(answer(ws, pipeline_id, revision, applied, findings), broken)
    raise AssertionError("the last attempt returns or raises")


def _broken(
    ws: Workspace, head: Stored, applied: Applied, validation: Validation
) -> Finding | None:
    """What the edit breaks by changing columns, with the changes that would mend it."""
    if validation.ok:
        return None
    from ..relational.impact import impact
    from ..relational.renames import Given

    before = head.document, ws.validate(head.document)
    given = Given(ws.catalog, ws.resolver, ws.cache)
    return impact(before, (applied.document, validation), given)


def with_impact(said: EditAnswer, broken: Finding | None) -> EditAnswer:
    """The answer with that finding first: its fix mends several of the others at once."""
    if broken is not None:
        said.findings = [broken, *said.findings[: FINDINGS_MAX - 1]]
        said.counts.warnings += 1
        if broken.fix:
            said.next = "edit_pipeline with the fix of COLUMNS_CHANGED, or undo"
    return said


def check_expected(pipeline_id: str, head: int, expected: int) -> None:
    """Refuse when the newest revision is not the one the caller has seen."""
    if expected and expected != head:
        raise RevisionConflict(
            f"`{pipeline_id}` is at revision {head}, not {expected}. Nothing was changed.",
            where={"pipeline": pipeline_id},
            got=expected,
            expected=head,
            hint=f'get_history(kind="diff", from_revision={expected}) shows what happened.',
        )


def _check_status(
    ws: Workspace, head: Stored, document: PipelineDocument, changes: Sequence[Any]
) -> None:
    """Refuse to call a pipeline deployed by hand of which nothing is.

    A document that is put in as a whole stays what it was where it came from.
    """
    if document.status != "deployed" or head.document.status == "deployed":
        return
    said = [i for i, c in enumerate(as_declared(changes)[0]) if _says_deployed(c)]
    if not said or _is_deployed(ws, head.pipeline_id):
        return
    raise InvalidChange(
        f"Nothing of `{head.pipeline_id}` is deployed: its status says so once something is.",
        code="NOT_DEPLOYED",
        where={"change": said[-1], "op": "set_pipeline", "field": "status"},
        got="deployed",
        expected=["draft", "paused", "archived"],
        hint=calls_for(ws, head.pipeline_id, ("deploy", "deploy makes a plan of a deployment"))
        or "who has the role deployer can deploy it",
    )


def _says_deployed(change: Any) -> bool:
    """Whether a change is one of the status alone."""
    given = change if isinstance(change, Mapping) else change.model_dump()
    return given.get("op") == "set_pipeline" and given.get("status") == "deployed"


def _is_deployed(ws: Workspace, pipeline_id: str) -> bool:
    """Whether something stands, be it a bundle, which others may have deployed."""
    from ..deploy.history import ROWS_LOOKED_AT, standing_of

    with ws.reading() as store:
        rows = store.list_deployments(pipeline_id=pipeline_id, limit=ROWS_LOOKED_AT)
    return standing_of(rows) is not None


def _append(
    ws: Workspace, head: Stored, applied: Applied, changes: Sequence[Any], reason: str
) -> int:
    changed = applied.changed
    with ws.writing(head.pipeline_id) as store:
        revision = store.append_revision(
            head.pipeline_id,
            applied.document,
            actor=ws.identity.name,
            operation=ws.call.operation,
            reason=reason,
            changes=list(changes),
            changed={
                "added": changed.added,
                "updated": [*changed.updated, *changed.moved],
                "removed": changed.removed,
            },
            expect_revision=head.revision,
        )
        ws.call.revision = revision
    ws.notify("revision", head.pipeline_id, {"revision": revision})
    return revision


def answer(
    ws: Workspace,
    pipeline_id: str,
    revision: int,
    applied: Applied,
    findings: Sequence[Finding],
    dry_run: bool = False,
) -> EditAnswer:
    """What an edit says."""
    changed = Changed(
        **applied.changed.model_dump(),
        edges=applied.edges_changed,
        settings=applied.settings_changed,
    )
    said = described(ws, pipeline_id, revision, applied.document, findings, changed)
    said.notes = applied.notes
    said.dry_run = True if dry_run else None
    return said


def described(
    ws: Workspace,
    pipeline_id: str,
    revision: int,
    document: PipelineDocument,
    findings: Sequence[Finding],
    changed: Changed,
) -> EditAnswer:
    """An edit's answer about a document as it is now."""
    counts = Counts.of(findings)
    patterns = count_patterns(ws, document)
    return EditAnswer(
        pipeline_id=pipeline_id,
        revision=revision,
        changed=changed,
        counts=counts,
        findings=worst(findings),
        next=next_step(pipeline_id, counts, findings, len(document.nodes), patterns),
        link=ws.link(pipeline_id, revision),
    )
