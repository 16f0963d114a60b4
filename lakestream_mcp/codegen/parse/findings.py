"""What there is to say about code that was read."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import BaseModel, Field

from ...graph.model import Finding, PipelineDocument

LOST = frozenset({"STATEMENT_NOT_READ", "DATASET_TWICE", "CLAUSE_NOT_KEPT", "CYCLE"})
"""Codes of errors after which a part of the code is in no node."""


class CodeFinding(Finding):
    """A finding with its place in the text, counted from 1."""

    line: int
    column: int

    @property
    def lost(self) -> bool:
        """Whether a part of the code is in no node."""
        return self.severity == "error" and self.code in LOST


class ReadStatement(BaseModel):
    """One statement: where it begins, how, and the nodes it became."""

    line: int
    column: int
    text: str
    nodes: list[str] = Field(default_factory=list)


class ParsedCode(NamedTuple):
    """The graph of a text, what there is to say about it, and what became of each statement."""

    document: PipelineDocument
    findings: list[CodeFinding]
    statements: list[ReadStatement]
