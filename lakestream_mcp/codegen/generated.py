"""What generating code answers with."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from ..graph.model import Target

CodeTarget = Literal["auto", "sdp", "sss", "hybrid", "bundle"]


class NodeLines(BaseModel):
    """Where a node's code stands: lines counted from 1, both ends included."""

    node: str
    start: int
    end: int
    file: str = ""


class Route(BaseModel):
    """Where a node's code went, and why."""

    node: str
    target: Target
    reason: str


class Task(BaseModel):
    """What a job runs: a declarative pipeline, or a notebook, after the tasks it depends on."""

    key: str
    kind: Literal["pipeline", "notebook"]
    files: list[str]
    depends_on: list[str] = Field(default_factory=list)


class Checkpoint(BaseModel):
    """What the checkpoint of one query holds: positions in sources, and states of nodes.

    sources: type by node id, in order; inputs: a digest of each source's configuration; states: a
    digest of each stateful node's layout.
    """

    sources: dict[str, str]
    inputs: dict[str, str]
    states: dict[str, str]


class Generated(BaseModel):
    """Generated files and what identifies them.

    hashes: sha256 by file name, and of what each pattern carries by node id: the same that a test
    run names. frames: the Python name of each node's frame. state_version changes when stored state
    can no longer be read; it is empty where nothing is stored. checkpoints: what each query keeps,
    by the id of its sink.
    """

    files: dict[str, str]
    hashes: dict[str, str]
    line_map: list[NodeLines]
    frames: dict[str, str]
    state_version: str
    checkpoints: dict[str, Checkpoint] = Field(default_factory=dict)
    target: Literal["sdp", "sss", "hybrid", "bundle"] = "sss"
    routes: list[Route] = Field(default_factory=list)
    tasks: list[Task] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)
