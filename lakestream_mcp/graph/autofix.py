"""The fixes of findings applied until none changes anything: a preview, stored by nobody."""

from __future__ import annotations

import json
from typing import NamedTuple

from pydantic import BaseModel

from ..errors import LakestreamError
from .analysis import AnalysisCache
from .apply import Applied, apply
from .model import ChangeData, Finding, PipelineDocument
from .node_type import ColumnResolver, TypeCatalog
from .validate import validate

MAX_ROUNDS = 20


class Mends(BaseModel):
    """The finding that a change answers."""

    code: str
    node: str | None = None
    field: str | None = None

    def text(self) -> str:
        """`UNKNOWN_COLUMN big.condition`."""
        place = ".".join(part for part in (self.node, self.field) if part)
        return f"{self.code} {place}".rstrip()


class Autofixed(NamedTuple):
    """The changes to send to `edit_pipeline`, the document they lead to, and what each mends."""

    changes: list[ChangeData]
    document: PipelineDocument
    mends: list[Mends]


def autofix(
    document: PipelineDocument,
    catalog: TypeCatalog,
    resolver: ColumnResolver,
    cache: AnalysisCache | None = None,
) -> Autofixed:
    """Apply every fix that validation proposes, and those that it proposes then."""
    kept = AnalysisCache() if cache is None else cache
    changes: list[ChangeData] = []
    mends: list[Mends] = []
    tried: set[str] = set()
    current = document
    for _ in range(MAX_ROUNDS):
        before = len(changes)
        touched: set[str] = set()
        for finding in validate(current, catalog, resolver, kept).findings:
            applied = _tried(current, finding, catalog, tried, touched)
            if applied is not None and not applied.unchanged:
                current = applied.document
                fix = finding.fix or []
                changes += fix
                mends += [_mends(finding)] * len(fix)
        if len(changes) == before:
            break
    # One application from the start, so that the document is exactly what the changes give.
    fixed = apply(document, changes, catalog).document if changes else document
    return Autofixed(changes, fixed, mends)


def _mends(finding: Finding) -> Mends:
    return Mends(code=finding.code, node=finding.node, field=finding.field)


def _tried(
    document: PipelineDocument,
    finding: Finding,
    catalog: TypeCatalog,
    tried: set[str],
    touched: set[str],
) -> Applied | None:
    """The fix applied; None if it was tried before, or another fix of this round came first."""
    if not finding.fix:
        return None
    text = json.dumps(finding.fix, sort_keys=True)
    places = {name for change in finding.fix for name in _places(change)}
    if text in tried or places & touched:
        return None
    tried.add(text)
    try:
        applied = apply(document, finding.fix, catalog)
    except LakestreamError:
        return None
    touched |= places
    return applied


def _places(change: ChangeData) -> list[str]:
    """The ids of the nodes a change is about."""
    node = change.get("node", {})
    named = [change.get("id"), change.get("source"), change.get("target"), node.get("id")]
    return [name for name in [*named, change.get("after")] if isinstance(name, str)]
