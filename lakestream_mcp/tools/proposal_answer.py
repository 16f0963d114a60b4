"""What nl_generate answers: changes to look at, a question, a kind refusal, or a form."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from ..graph.diff import Diff
from ..graph.model import Finding
from ..language.propose import shown_changes
from ..operations import Answer
from .answers import Counts, compact, finding_lines

LINE_CHARACTERS = 360
LINES_MOST = 14
FINDINGS_SHOWN = 4
Status = Literal["proposed", "applied", "question", "refused", "form"]


class Asked(BaseModel):
    """What must be known first, with answers that would do."""

    text: str
    options: list[str] = Field(default_factory=list)


class ProposalAnswer(Answer):
    """A proposal and all there is to say of it; what does not apply is absent."""

    status: Status
    proposal: str | None = None
    pipeline_id: str | None = None
    revision: int | None = None
    backend: str | None = None
    model: str | None = None
    others: dict[str, str] | None = Field(None, description="Why other back-ends did not answer")
    summary: str | None = None
    changes: list[dict[str, Any]] | None = None
    diff: Diff | None = None
    counts: Counts | None = None
    findings: list[Finding] | None = None
    assumptions: list[str] | None = None
    questions: list[Asked] | None = None
    flags: list[str] | None = Field(None, description="To be read before accepting")
    refusal: str | None = None
    examples: list[dict[str, Any]] | None = Field(
        None, description="Rows made for the pattern, run through the proposal: match or no match"
    )
    notes: list[str] | None = None
    form: str | None = None
    next: str
    link: str | None = None

    def text(self) -> str:
        """The same in lines: what happened, the changes, what is open, the next call."""
        lines = [self._head()]
        lines += _cut(shown_changes(self.changes or []), LINES_MOST, LINE_CHARACTERS)
        if self.counts and self.findings:
            shown = finding_lines(self.counts, self.findings[:FINDINGS_SHOWN])
            lines += [line[: 2 * LINE_CHARACTERS] for line in shown]
        lines += _cut([f"Look: {flag}" for flag in self.flags or []], 4)
        lines += _cut([f"Assumed: {said}" for said in self.assumptions or []], 6)
        for asked in (self.questions or [])[:4]:
            options = f" ({' / '.join(asked.options)})" if asked.options else ""
            lines.append(f"Question: {asked.text}{options}"[:LINE_CHARACTERS])
        lines += _cut([_example(example) for example in self.examples or []], 4, 500)
        lines += _cut(self.notes or [], 3)
        lines += [part for part in (self.form, f"Next: {self.next}", self.link) if part]
        return "\n".join(lines)

    def outcome(self) -> str:
        """A refusal is an answer, but the audit log shows that nothing was done."""
        return "REQUEST_REFUSED" if self.status == "refused" else "ok"

    def _head(self) -> str:
        if self.refusal:
            return self.refusal[: 2 * LINE_CHARACTERS]
        place = self.pipeline_id or "a new pipeline"
        at = f"@{self.revision}" if self.revision else ""
        parts = [f"{self.status}: {self.summary or 'no changes yet'} for {place}{at}"]
        if self.backend:
            parts.append(f"by {self.backend}" + (f" ({self.model})" if self.model else ""))
        tried = {n: why for n, why in (self.others or {}).items() if why.startswith("MODEL_")}
        absent = [n for n in self.others or {} if n not in tried]
        parts += [f"not {name}: {why[:120]}" for name, why in tried.items()]
        if absent:
            parts.append(f"not {', '.join(absent)} (not set up)")
        return ", ".join(parts)


def _example(example: dict[str, Any]) -> str:
    told = f"{example['expected']} of {example['pattern']}: {example['name']}"
    return f"{told} {compact(example['rows'])}"


def _cut(lines: list[str], most: int, characters: int = LINE_CHARACTERS) -> list[str]:
    """The first lines, each up to a length."""
    shown = [line if len(line) <= characters else line[:characters] + "…" for line in lines[:most]]
    return [*shown, f"… {len(lines) - most} more"] if len(lines) > most else shown
