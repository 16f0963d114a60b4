"""A bundle: generated files, and the pipeline and job that run them, as Databricks deploys them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from ...graph.model import PipelineDocument
from ..deploying import Deploying
from ..generated import Generated
from ..settings import AVAILABLE_NOW, CodeSettings
from .resources import Declared, Resources, resources_of
from .write import bundle_text, resources_text

__all__ = ["Declared", "Resources", "bundle", "bundle_files", "resources_of"]

SOURCES = "src"


def bundle(made: Generated, document: PipelineDocument, pipeline_id: str) -> Generated:
    """The generated files below `src/`, with `databricks.yml` and the resources beside them."""
    settings = CodeSettings.of(document, pipeline_id)
    declared = Declared(
        pipeline_id,
        document.name,
        made.tasks,
        settings.catalog,
        settings.schema,
        Deploying.of(document),
    )
    moved = {name: f"{SOURCES}/{name}" for name in made.files}
    files = bundle_files(declared, made.files)
    own = {name: hashlib.sha256(files[name].encode()).hexdigest() for name in list(files)[:2]}
    return made.model_copy(
        update={
            "target": "bundle",
            "files": files,
            "hashes": own | {moved.get(name, name): value for name, value in made.hashes.items()},
            "line_map": [
                lines.model_copy(update={"file": moved[lines.file]}) for lines in made.line_map
            ],
            "tasks": [
                task.model_copy(update={"files": [moved[name] for name in task.files]})
                for task in made.tasks
            ],
            "warnings": [*made.warnings, *_warnings(made, settings, declared.deploying)],
        }
    )


def bundle_files(declared: Declared, sources: Mapping[str, str]) -> dict[str, str]:
    """All files of a bundle: the two that describe it first."""
    files = {
        "databricks.yml": bundle_text(declared.pipeline_id),
        f"resources/{declared.pipeline_id}.yml": resources_text(resources_of(declared)),
    }
    return files | {f"{SOURCES}/{name}": text for name, text in sources.items()}


def _warnings(made: Generated, settings: CodeSettings, deploying: Deploying) -> list[str]:
    notebooks = {task.key for task in made.tasks if task.kind == "notebook"}
    if settings.trigger == AVAILABLE_NOW or not notebooks:
        return []
    said = []
    if deploying.cluster is None:
        said.append(
            "With an interval as `trigger` the notebook never ends, and serverless compute does "
            f"not run it: set `deploy.cluster`, or `trigger` to `{AVAILABLE_NOW}` and "
            "`deploy.continuous`."
        )
    if any(notebooks & set(task.depends_on) for task in made.tasks):
        said.append(f"Tasks after the notebook only start when `trigger` is `{AVAILABLE_NOW}`.")
    return said
