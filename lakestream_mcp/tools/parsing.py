"""Code back into graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from ..codegen.parse.findings import CodeFinding, ParsedCode, ReadStatement
from ..errors import InvalidArgument
from ..graph.model import ChangeData, Finding, PipelineDocument
from ..operations import Answer, operation
from .answers import Counts, compact, worst
from .discovery import load
from .edits import edit

if TYPE_CHECKING:
    from ..workspace import Workspace

SQL_MAX = 1_000_000


class ParsedAnswer(Answer):
    """Changes that make the graph of the code, and what there is to say about it.

    changes: what `edit_pipeline` takes; applied: whether they were.
    """

    pipeline_id: str | None = None
    revision: int | None = None
    applied: bool = False
    changes: list[ChangeData]
    counts: Counts
    findings: list[CodeFinding] = Field(default_factory=list)
    statements: list[ReadStatement] = Field(default_factory=list)
    next: str

    def text(self) -> str:
        """What each statement became, what is wrong where, and the changes."""
        lines = [
            f"{s.line}:{s.column} {s.text} -> {', '.join(s.nodes) or 'nothing'}"
            for s in self.statements
        ]
        lines.append(self.counts.text())
        for finding in self.findings:
            hint = f" ({finding.hint})" if finding.hint else ""
            place = f"{finding.line}:{finding.column}"
            lines.append(f"- {finding.severity} {finding.code} {place} {finding.message}{hint}")
        changes = "applied" if self.applied else compact(self.changes)
        return "\n".join([*lines, f"Changes: {changes}", f"Next: {self.next}"])


@operation(
    title="Parse code",
    effect="edit",
    method="POST",
    path="/api/code/parse",
    examples=(
        {"sql": "CREATE STREAMING TABLE big AS SELECT * FROM STREAM(main.raw.orders)"},
        {
            "sql": "CREATE TEMPORARY VIEW strong AS SELECT * FROM STREAM feed WHERE mag >= 6",
            "pipeline_id": "quakes",
            "node": "strong",
        },
    ),
)
def parse_code(
    ws: Workspace,
    sql: Annotated[str, Field(max_length=SQL_MAX)],
    pipeline_id: Annotated[str, Field(max_length=64, description="Whose code it is")] = "",
    node: Annotated[str, Field(max_length=64, description="It is of this node only")] = "",
    apply: Annotated[bool, Field(description="Also make the changes")] = False,
) -> ParsedAnswer:
    """Turn Lakeflow pipeline SQL, generated or hand-written, into changes for edit_pipeline.

    Findings say, with line and column, what no node can do.
    """
    if (apply or node) and not pipeline_id:
        raise InvalidArgument(
            "`apply` and `node` are about a pipeline.",
            where={"argument": "pipeline_id"},
            expected="the id of a pipeline",
            hint="create_pipeline(code=…) makes a new one of SQL.",
        )
    if not pipeline_id:
        parsed = parsed_code(ws, sql)
        document = parsed.document.model_dump(mode="json", exclude_none=True)
        whole = [{"op": "replace_document", "document": document}]
        return _answer(parsed, whole if parsed.document.nodes else [])
    stored = load(ws, pipeline_id)
    if node:
        from ..codegen.parse.one_node import parse_node

        parsed, changes = parse_node(
            sql, node, stored.document, ws.catalog, ws.resolver, ws.validate(stored.document)
        )
    else:
        from ..graph.diff import as_changes

        parsed = parsed_code(ws, sql, stored.document)
        # What could not be read is not gone: nothing of it is taken away.
        unread = any(found.severity == "error" for found in parsed.findings)
        changes = [] if unread else as_changes(stored.document, parsed.document)
    said = _answer(parsed, changes)
    said.pipeline_id, said.revision = pipeline_id, stored.revision
    if apply and changes and not said.counts.errors:
        edited = edit(ws, pipeline_id, changes, expect_revision=stored.revision)
        said.applied, said.revision, said.next = True, edited.revision, edited.next
    return said


def parsed_code(
    ws: Workspace, sql: str, known: PipelineDocument | None = None, name: str = "Pipeline"
) -> ParsedCode:
    """The graph of a text, with this server's node types and engine."""
    from ..codegen.parse.code import parse_code as parse

    return parse(sql, ws.catalog, ws.resolver, known, name)


def plain_findings(parsed: ParsedCode) -> list[Finding]:
    """The findings as those of a pipeline are, their places in words."""
    return [
        Finding.model_validate(
            found.model_dump(exclude={"line", "column"})
            | {"message": f"line {found.line}: {found.message}"}
        )
        for found in parsed.findings
    ]


def _answer(parsed: ParsedCode, changes: list[dict[str, Any]]) -> ParsedAnswer:
    counts = Counts.of(parsed.findings)
    done = "mend what the errors say, and parse again" if counts.errors else "edit_pipeline"
    return ParsedAnswer(
        changes=changes,
        counts=counts,
        findings=[f for f in worst(parsed.findings, 50) if isinstance(f, CodeFinding)],
        statements=parsed.statements,
        next=f"{done}; create_pipeline(code=…) makes a new pipeline of SQL",
    )
