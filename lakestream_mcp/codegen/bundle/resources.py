"""What is deployed, as the classes of Databricks' SDK: bundle and API calls come from this."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..generated import Task
from ..settings import CodeSettings

if TYPE_CHECKING:
    from databricks.sdk.service import jobs, pipelines


class Resources(NamedTuple):
    """Pipelines and jobs by key; a job's task names a pipeline by a reference to its key."""

    pipelines: dict[str, pipelines.PipelineSpec]
    jobs: dict[str, jobs.JobSettings]


def resources_of(
    tasks: Sequence[Task], name: str, pipeline_id: str, settings: CodeSettings
) -> Resources:
    """A pipeline for each declarative task, and one job that runs all tasks in order."""
    declared = {
        _key(pipeline_id, task): _pipeline(task, f"{name} ({task.key})", settings)
        for task in tasks
        if task.kind == "pipeline"
    }
    return Resources(declared, {pipeline_id: _job(tasks, name, pipeline_id)})


def _key(pipeline_id: str, task: Task) -> str:
    return f"{pipeline_id}_{task.key}"


def source_path(file: str) -> str:
    """Where a file is, seen from the folder of the resources."""
    return f"../src/{file}"


def plain(text: str) -> str:
    """A title in which nothing is a reference that a bundle would replace."""
    return text.replace("${", "$ {")


def _pipeline(task: Task, name: str, settings: CodeSettings) -> pipelines.PipelineSpec:
    from databricks.sdk.service.pipelines import FileLibrary, PipelineLibrary, PipelineSpec

    return PipelineSpec(
        name=plain(name),
        catalog=settings.catalog,
        schema=settings.schema,
        serverless=True,
        continuous=False,
        libraries=[PipelineLibrary(file=FileLibrary(path=source_path(f))) for f in task.files],
    )


def _job(tasks: Sequence[Task], name: str, pipeline_id: str) -> jobs.JobSettings:
    from databricks.sdk.service import jobs

    made = []
    for task in tasks:
        after = [jobs.TaskDependency(task_key=key) for key in task.depends_on] or None
        if task.kind == "pipeline":
            reference = f"${{resources.pipelines.{_key(pipeline_id, task)}.id}}"
            runs = jobs.PipelineTask(pipeline_id=reference)
            made.append(jobs.Task(task_key=task.key, depends_on=after, pipeline_task=runs))
        else:
            (notebook,) = task.files
            shown = jobs.NotebookTask(notebook_path=source_path(notebook))
            made.append(jobs.Task(task_key=task.key, depends_on=after, notebook_task=shown))
    return jobs.JobSettings(name=plain(name), max_concurrent_runs=1, tasks=made)
