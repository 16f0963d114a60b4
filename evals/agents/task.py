"""A task: what the user says, what is there before, and what must be true afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from lakestream_mcp.identity import Role

FOLDER = Path(__file__).parent / "tasks"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ToolCall(_Strict):
    """One call. In arguments `$2.run_id` stands for a part of what the third call answered."""

    tool: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class Behaviour(_Strict):
    """Events, and the keys of the matches that they must give; of rows with `node_type`."""

    events: Any
    keys: list[dict[str, Any]] | None = None
    pattern: str = Field("", description="Only matches of patterns of this node type")
    why: str


class Checks(_Strict):
    """What must hold of the newest revision of the pipeline; nothing is asked of the agent."""

    pipeline_id: str = Field("", description="Empty: the only pipeline that was not given")
    types: dict[str, int] = Field(default_factory=dict, description="Node types, at least so many")
    absent_types: list[str] = Field(default_factory=list)
    paths: list[list[str]] = Field(
        default_factory=list, description="Node types along a path, others may lie between"
    )
    config: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Node type, then dotted field, then its value"
    )
    warnings_at_most: int | None = None
    behaviours: list[Behaviour] = Field(default_factory=list)
    tested: bool = Field(False, description="A test of the newest revision is stored")
    same_as_revision: int | None = Field(None, description="The document is that of this revision")
    generates: list[str] = Field(default_factory=list, description="Targets that must work")
    deployed: str = Field("", description="The target where the newest revision stands")


class PromptUse(_Strict):
    """A prompt of the product and its arguments: what the agent is told."""

    name: str
    arguments: dict[str, str] = Field(default_factory=dict)


class Task(_Strict):
    """One task. `solution` is how a scripted agent does it, with the tools that `role` has."""

    id: str
    says: str = Field("", description="Empty where a prompt says it")
    prompt: PromptUse | None = None
    role: Role = "author"
    files: dict[str, str] = Field(default_factory=dict, description="Text by name, in a data root")
    given: list[ToolCall] = Field(default_factory=list)
    checks: Checks
    solution: list[ToolCall]


def tasks() -> Iterator[Task]:
    """All tasks, by name."""
    for file in sorted(FOLDER.glob("*.json")):
        yield Task(id=file.stem, **json.loads(file.read_text(encoding="utf-8")))
