"""What operations answer with. Short by default: what changed, what is wrong, what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from ..graph.model import Finding
from ..identity import includes
from ..operations import Answer, find

if TYPE_CHECKING:
    from ..workspace import Workspace

FINDINGS_MAX = 10
NAMES_MAX = 40
EXPECTED_CHARACTERS = 300
ORDER = {"error": 0, "warning": 1, "info": 2}


class Counts(BaseModel):
    """How many findings there are, shown or not."""

    errors: int = 0
    warnings: int = 0
    infos: int = 0

    @classmethod
    def of(cls, findings: Sequence[Finding]) -> Counts:
        """The counts by severity."""
        severities = [f.severity for f in findings]
        return cls(
            errors=severities.count("error"),
            warnings=severities.count("warning"),
            infos=severities.count("info"),
        )

    def text(self) -> str:
        """`2 errors, 1 warning`, or `no findings`."""
        parts = [("error", self.errors), ("warning", self.warnings), ("info", self.infos)]
        said = [f"{n} {word}{'s' if n > 1 else ''}" for word, n in parts if n]
        return ", ".join(said) or "no findings"


class Changed(BaseModel):
    """Ids of nodes by what happened to them; edges and pipeline fields as text."""

    added: list[str] = Field(default_factory=list)
    updated: list[str] = Field(default_factory=list)
    removed: list[str] = Field(default_factory=list)
    moved: list[str] = Field(default_factory=list)
    edges: list[str] = Field(default_factory=list)
    settings: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """What happened, in one line; empty if nothing did."""
        said = [f"{kind}: {_some(names)}" for kind, names in self if names]
        return "; ".join(said)


def _some(names: Sequence[str]) -> str:
    left_out = len(names) - NAMES_MAX
    return ", ".join(names[:NAMES_MAX]) + (f" and {left_out} more" if left_out > 0 else "")


class EditAnswer(Answer):
    """What every edit answers with; `findings` holds the worst first, at most ten."""

    pipeline_id: str
    revision: int
    changed: Changed
    counts: Counts
    findings: list[Finding] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    dry_run: bool | None = None
    next: str
    link: str

    def text(self) -> str:
        """The same, as a few lines."""
        head = f"{self.pipeline_id}@{self.revision}"
        if self.dry_run:
            head += " (dry run, nothing stored)"
        # A new pipeline's only news is that it was created: a note.
        happened = [part for part in (self.changed.text(), *self.notes) if part]
        lines = [
            f"{head}: {'; '.join(happened) or 'nothing changed'}",
            *finding_lines(self.counts, self.findings),
        ]
        return "\n".join([*lines, f"Next: {self.next}", self.link])


def worst(findings: Sequence[Finding], limit: int = FINDINGS_MAX) -> list[Finding]:
    """The first errors, then warnings, then notes."""
    return sorted(findings, key=lambda f: ORDER[f.severity])[:limit]


def finding_lines(counts: Counts, findings: Sequence[Finding]) -> list[str]:
    """Findings as a model reads them."""
    lines = [counts.text()]
    for finding in findings:
        place = ".".join(part for part in (finding.node, finding.field) if part)
        line = f"- {finding.severity} {finding.code} {place}: {finding.message}"
        if finding.hint and finding.hint not in finding.message:
            line += f" ({finding.hint})"
        if finding.fix:
            line += f" fix: {compact(finding.fix)}"
        elif finding.expected and not finding.hint and str(finding.expected) not in finding.message:
            line += f" expected: {shorten(compact(finding.expected), EXPECTED_CHARACTERS)}"
        lines.append(line)
    hidden = counts.errors + counts.warnings + counts.infos - len(findings)
    return [*lines, f"- and {hidden} more: validate_pipeline"] if hidden > 0 else lines


def next_step(
    pipeline_id: str, counts: Counts, findings: Sequence[Finding], nodes: int, patterns: int
) -> str:
    """The call that most likely helps now."""
    if not nodes:
        return (
            "describe_node_types, then edit_pipeline with add_node; list_templates has ready ones"
        )
    if counts.errors:
        if any(f.fix for f in findings if f.severity == "error"):
            return f'validate_pipeline(pipeline_id="{pipeline_id}", autofix="apply") applies fixes'
        return "edit_pipeline with update_node or connect, to mend the first error"
    if not patterns:
        return (
            'edit_pipeline to add a pattern (describe_node_types(category="pattern") lists them); '
            f'if it needs none, test_pattern(pipeline_id="{pipeline_id}", events=[…])'
        )
    return f'test_pattern(pipeline_id="{pipeline_id}", events=[…])'


def calls_for(ws: Workspace, pipeline_id: str, *calls: tuple[str, str]) -> str:
    """Of next calls, each with the operation's name and as it is told: those the caller may make.

    A tool that the caller does not see must not be named to a model, which would try it.
    """
    role = ws.access.on(pipeline_id)
    return "; ".join(told for name, told in calls if includes(role, find(name).role))


def shorten(text: str, most: int) -> str:
    """The text, cut where it is longer."""
    return text if len(text) <= most else text[: most - 1] + "…"


def compact(value: Any) -> str:
    """JSON in one line without spaces."""
    import json

    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
