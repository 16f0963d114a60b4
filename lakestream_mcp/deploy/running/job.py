"""What a supervisor is told to run: one file that holds all of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, Field

from ..spark_env import SparkEnvironment
from .place import RunFolder, write_json
from .restarts import Limits

KEPT_BACK = ("LAKESTREAM_", "PG", "DATABRICKS_", "ANTHROPIC_")
"""Variables of the server that the code of a pipeline has no business with."""


class InputOverride(BaseModel):
    """Files that a source reads instead of what it is configured for."""

    frame: str
    folder: str
    columns: str


class Job(BaseModel):
    """One start of one revision's code.

    secrets: variables that the code reads secrets from. inputs and beside: of a rehearsal, the
    files of sources, and of the tables that nodes read beside the stream.
    """

    run_id: str
    pipeline_id: str
    revision: int
    code_sha256: str
    trigger: str
    started_by: str
    started_at: dt.datetime
    cwd: str
    python: str
    java_home: str
    cache: str
    jars: list[str]
    secrets: list[str] = Field(default_factory=list)
    beside: list[tuple[str, str]] = Field(default_factory=list)
    inputs: dict[str, InputOverride] = Field(default_factory=dict)
    limits: Limits = Field(default_factory=Limits)

    @property
    def environment(self) -> SparkEnvironment:
        """The local Spark, as it was found when the run was started."""
        jars = tuple(map(Path, self.jars))
        return SparkEnvironment(Path(self.python), Path(self.java_home), Path(self.cache), jars)

    def variables(self, given: Mapping[str, str]) -> dict[str, str]:
        """The server's variables without its settings and logins; the pipeline's secrets stay."""
        kept = (k for k in given if k in self.secrets or not k.startswith(KEPT_BACK))
        return {name: given[name] for name in kept}

    @classmethod
    def read(cls, folder: RunFolder) -> Job:
        """The job of a run folder."""
        return cls.model_validate_json(folder.job.read_text(encoding="utf-8"))

    def write(self, folder: RunFolder) -> None:
        """Make it the job of a run folder."""
        write_json(folder.job, self.model_dump(mode="json"))
