"""Generating code."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field

from ..arguments import PipelineId
from ..codegen.generated import CodeTarget, Task
from ..errors import NotFound
from ..operations import Answer, operation
from .answers import calls_for
from .discovery import load

if TYPE_CHECKING:
    from ..codegen import Generated
    from ..storage.rows import Stored
    from ..workspace import Workspace


Target = Annotated[
    CodeTarget,
    Field(description="sdp: declarative SQL; sss: Structured Streaming; bundle: with a job"),
]


class GeneratedFile(BaseModel):
    """One file, without its text."""

    name: str
    lines: int
    sha256: str
    resource: str


class Routed(BaseModel):
    """Nodes that went one way for one reason."""

    target: str
    reason: str
    nodes: list[str]


class CodeAnswer(Answer):
    """Generated files: what they are, and their text where it was asked for."""

    pipeline_id: str
    revision: int
    target: str
    routes: list[Routed]
    tasks: list[Task]
    warnings: list[str]
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
        lines += [
            f"{r.target}: {', '.join(r.nodes[:20])}{' …' if r.nodes[20:] else ''} ({r.reason})"
            for r in self.routes
        ]
        lines += [f"Warning: {warning}" for warning in self.warnings]
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
    examples=(
        {"pipeline_id": "quakes"},
        {"pipeline_id": "quakes", "target": "hybrid", "content": True},
    ),
)
def generate_code(
    ws: Workspace,
    pipeline_id: PipelineId,
    revision: Annotated[int, Field(ge=0, description="0: newest")] = 0,
    content: Annotated[bool, Field(description="Answer with the text of the files")] = False,
    target: Target = "auto",
) -> CodeAnswer:
    """Generate code: declarative SQL where all nodes have it, else a notebook, or both, with why.

    A notebook holds the tested matcher. Answers with names and hashes; read the text by the
    resource, or with content=true.
    """
    stored = load(ws, pipeline_id, revision)
    made = generated(ws, stored, target)
    return CodeAnswer(
        pipeline_id=pipeline_id,
        revision=stored.revision,
        target=made.target,
        routes=_routes(made),
        tasks=made.tasks,
        warnings=made.warnings,
        generated=[_file(pipeline_id, name, text, target) for name, text in made.files.items()],
        hashes=dict(made.hashes),
        files=dict(made.files) if content else None,
        line_map=_line_map(made) if content else None,
        state_version=made.state_version,
        next=_next(ws, pipeline_id, made.target),
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
    revision: Annotated[int, Field(ge=0, description="0: newest")] = 0,
    target: Target = "auto",
) -> CodeAnswer:
    """Read the generated files of a pipeline, with the lines of each node."""
    return generate_code(ws, pipeline_id, revision, True, target)


def generated(ws: Workspace, stored: Stored, target: CodeTarget = "sss") -> Generated:
    """The files of a revision. Raises InvalidPipeline while it has errors."""
    from ..codegen import generate

    return generate(
        stored.document,
        ws.validate(stored.document),
        ws.catalog,
        stored.pipeline_id,
        stored.revision,
        ws.resolver,
        target,
    )


def _next(ws: Workspace, pipeline_id: str, target: str) -> str:
    """What follows code: looking for risks, and what a deployer can do with it."""
    named = f'pipeline_id="{pipeline_id}"'
    into = ', target="bundle"' if target == "bundle" else ""
    return calls_for(
        ws,
        pipeline_id,
        ("review_pipeline", f'review_pipeline({named}, mode="review") before it goes out'),
        ("test_connection", "test_connection for what its nodes connect to"),
        ("run_pipeline", f'run_pipeline({named}, action="start") runs it on this machine'),
        ("deploy", f"deploy({named}{into}) makes a plan"),
    )


def _routes(made: Generated) -> list[Routed]:
    groups: dict[tuple[str, str], list[str]] = {}
    for route in made.routes:
        groups.setdefault((route.target, route.reason), []).append(route.node)
    return [Routed(target=t, reason=reason, nodes=nodes) for (t, reason), nodes in groups.items()]


def _line_map(made: Generated) -> dict[str, dict[str, list[list[int]]]]:
    """For each file the ranges of lines of each node."""
    found: dict[str, dict[str, list[list[int]]]] = {name: {} for name in made.files}
    for lines in made.line_map:
        found[lines.file].setdefault(lines.node, []).append([lines.start, lines.end])
    return found


def _file(pipeline_id: str, name: str, text: str, target: CodeTarget) -> GeneratedFile:
    asked = "" if target == "auto" else f"?target={target}"
    return GeneratedFile(
        name=name,
        lines=text.count("\n"),
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        resource=f"lakestream://pipelines/{pipeline_id}/code/{name}{asked}",
    )
