"""What a deployment shall be: files, tasks, settings, and what the checkpoints will hold.

It is made from a document, and kept with the deployment, so that going back to it needs nothing
that may have changed since.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, Field

from ..codegen.bundle.resources import Declared
from ..codegen.deploying import Deploying
from ..codegen.generated import Checkpoint, Generated, Task
from ..codegen.settings import CodeSettings
from ..graph.model import PipelineDocument

FOLDER_PREFIX = "v_"


class Desired(BaseModel):
    """One revision as it is to be deployed.

    generation: counts the checkpoints begun so far; the first stands where the code says.
    """

    pipeline_id: str
    revision: int
    name: str
    code_target: Literal["sdp", "sss", "hybrid"]
    files: dict[str, str] = Field(exclude=True)
    tasks: list[Task]
    hashes: dict[str, str]
    checkpoints: dict[str, Checkpoint]
    catalog: str
    db_schema: str
    checkpoint_root: str
    generation: int = 1
    deploying: Deploying
    paused: bool = False
    document_sha256: str

    @classmethod
    def of(
        cls, document: PipelineDocument, made: Generated, pipeline_id: str, revision: int
    ) -> Desired:
        """What a revision's code and settings ask for. Raises InvalidPipeline."""
        settings = CodeSettings.of(document, pipeline_id)
        assert made.target != "bundle"
        return cls(
            pipeline_id=pipeline_id,
            revision=revision,
            name=document.name,
            code_target=made.target,
            files=dict(made.files),
            tasks=made.tasks,
            hashes=made.hashes,
            checkpoints=made.checkpoints,
            catalog=settings.catalog,
            db_schema=settings.schema,
            checkpoint_root=settings.checkpoints.rstrip("/"),
            deploying=Deploying.of(document),
            document_sha256=meaning(document),
        )

    @property
    def code_sha256(self) -> str:
        """Of all files with their names."""
        return code_sha256(self.files)

    @property
    def folder(self) -> str:
        """The folder of these files: its name follows from what is in them, so none is changed."""
        return f"{FOLDER_PREFIX}{self.code_sha256[:16]}"

    @property
    def checkpoint_folder(self) -> str:
        """Where notebooks keep their state."""
        tail = f"-{self.generation}" if self.generation > 1 else ""
        return f"{self.checkpoint_root}{tail}"

    def declared(self, tags: dict[str, str] | None = None) -> Declared:
        """What its resources are made from."""
        return Declared(
            pipeline_id=self.pipeline_id,
            name=self.name,
            tasks=self.tasks,
            catalog=self.catalog,
            schema=self.db_schema,
            deploying=self.deploying,
            checkpoints=self.checkpoint_folder if self.generation > 1 else None,
            paused=self.paused,
            tags=tags or {},
        )

    @property
    def runs_by_itself(self) -> bool:
        """Whether its job runs without being started."""
        return self.deploying.runs_by_itself


def meaning(document: PipelineDocument) -> str:
    """A digest of what nodes do and how they are connected: neither titles, places nor settings."""
    nodes = [[node.id, node.type, node.config] for node in document.nodes]
    edges = [edge.text() for edge in document.edges]
    return _digest([sorted(nodes, key=lambda node: str(node[0])), sorted(edges)])


def code_sha256(files: Mapping[str, str]) -> str:
    """A digest of all files with their names."""
    return _digest(dict(files))


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
