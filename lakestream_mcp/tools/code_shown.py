"""Generated code as a model can afford it: whole where it is short, else node by node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .discovery import existing
from .generation import generated

if TYPE_CHECKING:
    from ..codegen.generated import Generated
    from ..storage.rows import Stored
    from ..workspace import Workspace

WHOLE_CHARACTERS = 8_000


def code_shown(ws: Workspace, stored: Stored, node: str) -> str:
    """All files where they are short; the lines of one node; or which lines each node has."""
    if node:
        existing(stored, node)
    made = generated(ws, stored)
    whole = "\n\n".join(made.files.values())
    if node:
        return "\n\n".join(_of_node(made, node))
    return whole if len(whole) <= WHOLE_CHARACTERS else "\n".join(_outline(stored, made))


def _of_node(made: Generated, node: str) -> list[str]:
    lines = {name: text.split("\n") for name, text in made.files.items()}
    return [
        f"# {part.file}, lines {part.start} to {part.end}\n"
        + "\n".join(lines[part.file][part.start - 1 : part.end])
        for part in made.line_map
        if part.node == node
    ]


def _outline(stored: Stored, made: Generated) -> list[str]:
    found = []
    for name, text in made.files.items():
        found.append(f"{name}: {text.count(chr(10))} lines")
        parts = [part for part in made.line_map if part.file == name]
        found += [f"- {part.node}: lines {part.start} to {part.end}" for part in parts]
    called = f'pipeline_id="{stored.pipeline_id}"'
    return [
        *found,
        f'Next: get_pipeline({called}, detail="code", node="…") shows the lines of a node; '
        f"generate_code({called}, content=true) all of it",
    ]
