"""A draft mended by what the validator offers; what it does not offer becomes a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..proposal import Draft, Question

if TYPE_CHECKING:
    from ..proposal import Request


def repaired(request: Request, draft: Draft, findings: Sequence[Mapping[str, Any]]) -> Draft:
    """The fixes of errors appended; a question for an error without one."""
    from ...errors import LakestreamError
    from ...graph.apply import apply
    from ...graph.changes import parse_changes

    changes, assumptions = list(draft.changes), list(draft.assumptions)
    questions = list(draft.questions)
    for finding in findings:
        if finding.get("severity") != "error":
            continue
        fix = finding.get("fix")
        try:
            more = parse_changes(fix) if fix else []
            if more:
                apply(request.document, [*changes, *more], request.catalog)
        except LakestreamError:
            more = []
        if more:
            changes += more
            assumptions.append(f"{finding.get('message', '')} I mended that as the validator says.")
        else:
            asked = _question(finding)
            questions += [asked] if asked not in questions else []
    return draft._replace(
        changes=tuple(changes), assumptions=tuple(assumptions), questions=tuple(questions)
    )


def _question(finding: Mapping[str, Any]) -> Question:
    expected = finding.get("expected")
    options = tuple(map(str, expected[:8])) if isinstance(expected, list) else ()
    said = str(finding.get("message") or "something is wrong").rstrip(".")
    return Question(f"{said[:1].upper()}{said[1:]}. What is meant?", options)
