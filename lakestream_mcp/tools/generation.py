"""Generating code."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field

from ..arguments import PipelineId
from ..errors import NotFound
from ..operations import Answer, operation
from .discovery import load

if TYPE_CHECKING:
    from ..codegen import Generated
    from ..storage.rows import Stored
    from ..workspace import Workspace


class GeneratedFile(BaseModel):
    """One file, without its text."""

    name: str
    lines: int
    sha256: str
    resource: str


class CodeAnswer(Answer):
    """Generated files: what they are, and their text where it was asked for."""

    pipeline_id: str
    revision: int
    generated: list[GeneratedFile]
    hashes: dict[str, str]
    files: dict[str, str] | None = None
    line_map: dict[str, dict[str, list[list[int]]]] | None = None
    state_version: str
    next: str
    link: str

    def text(self) -> str:
        """The files' text, or a line per file."""
        if self.files is not None:
            return "\n\n".join(self.files.values())
        lines = [
            f"{g.name}: {g.lines} lines, sha256 {g.sha256[:12]}, {g.resource}"
            for g in self.generated
        ]
        return "\n".join([*lines, f"Next: {self.next}", self.link])

    def resource_text(self, file: str | None) -> str:
        """The text of one file."""
        files = self.files or {}
        if file not in files:
            raise NotFound(
                "There is no such generated file.", got=str(file)[:80], expected=sorted(files)
            )
        return files[file]


@operation(
    title="Generate code",
    effect="read",
    method="POST",
    path="/api/pipelines/{pipeline_id}/code",
    examples=({"pipeline_id": "quakes"}, {"pipeline_id": "quakes", "content": True}),
)
def generate_code(
    ws: Workspace,
    pipeline_id: PipelineId,
    revision: Annotated[int, Field(ge=0, description="0: the newest")] = 0,
    content: Annotated[bool, Field(description="Answer with the text of the files")] = False,
) -> CodeAnswer:
    """Generate the Spark Structured Streaming notebook, self-contained, the tested matcher inside.

    Answers with names and hashes; read the text by the resource, or with content=true.
    """
    stored = load(ws, pipeline_id, revision)
    made = generated(ws, stored)
    return CodeAnswer(
        pipeline_id=pipeline_id,
        revision=stored.revision,
        generated=[_file(pipeline_id, name, text) for name, text in made.files.items()],
        hashes=dict(made.hashes),
        files=dict(made.files) if content else None,
        line_map=_line_map(made) if content else None,
        state_version=made.state_version,
        next=f"lakestream run {pipeline_id} runs it on a local Spark",
        link=ws.link(pipeline_id, stored.revision, panel="code"),
    )


@operation(
    title="Read generated code",
    effect="read",
    method="GET",
    path="/api/pipelines/{pipeline_id}/code",
    mcp=False,
    examples=({"pipeline_id": "quakes"},),
)
def get_code(
    ws: Workspace,
    pipeline_id: PipelineId,
    revision: Annotated[int, Field(ge=0, description="0: the newest")] = 0,
) -> CodeAnswer:
    """Read the generated files of a pipeline, with the lines of each node."""
    return generate_code(ws, pipeline_id, revision, content=True)


def generated(ws: Workspace, stored: Stored) -> Generated:
    """The files of a revision. Raises InvalidPipeline while it has errors."""
    from ..cep.testing import refuse_errors
    from ..codegen import generate

    validation = ws.validate(stored.document)
    refuse_errors(validation)
    return generate(
        stored.document, validation, ws.catalog, stored.pipeline_id, stored.revision, ws.resolver
    )


def _line_map(made: Generated) -> dict[str, dict[str, list[list[int]]]]:
    """For each file the ranges of lines of each node; all nodes are in the one notebook."""
    by_node: dict[str, list[list[int]]] = {}
    for lines in made.line_map:
        by_node.setdefault(lines.node, []).append([lines.start, lines.end])
    return dict.fromkeys(made.files, by_node)


def _file(pipeline_id: str, name: str, text: str) -> GeneratedFile:
    return GeneratedFile(
        name=name,
        lines=text.count("\n"),
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        resource=f"lakestream://pipelines/{pipeline_id}/code/{name}",
    )
