"""What is deployed, as the classes of Databricks' SDK: bundle and API calls come from this."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ...settings import need_databricks_sdk
from ..deploying import Cluster, Deploying
from ..generated import Task

if TYPE_CHECKING:
    from databricks.sdk.service import compute, jobs, pipelines

TAG = "lakestream_pipeline"
"""The tag that says of which pipeline a resource is; its value is the pipeline's id."""
KEY_TAG = "lakestream_key"
"""The tag that says which resource of that pipeline it is."""
CLUSTER_KEY = "main"
JOB_LEVELS = {"CAN_RUN": "CAN_MANAGE_RUN"}


class Declared(NamedTuple):
    """What resources are made from.

    checkpoints: where notebooks keep their state, if not where their code says. paused: neither
    schedule nor continuous runs take place.
    """

    pipeline_id: str
    name: str
    tasks: Sequence[Task]
    catalog: str
    schema: str
    deploying: Deploying
    checkpoints: str | None = None
    paused: bool = False
    tags: dict[str, str] = {}


class Place(NamedTuple):
    """How resources name a file of a task, and a pipeline by its key."""

    file: Callable[[Task, str], str]
    pipeline: Callable[[str], str]


class Pipeline(NamedTuple):
    """A declarative pipeline: its specification, and what the SDK keeps apart from that."""

    spec: pipelines.PipelineSpec
    run_as: pipelines.RunAs | None

    def as_dict(self) -> dict[str, Any]:
        """All fields, as they go over the wire."""
        return self.spec.as_dict() | ({"run_as": self.run_as.as_dict()} if self.run_as else {})


class Resources(NamedTuple):
    """Pipelines and the job by key, and who may do what with each of them."""

    pipelines: dict[str, Pipeline]
    jobs: dict[str, jobs.JobSettings]
    permissions: dict[str, list[dict[str, str]]]


IN_BUNDLE = Place(
    file=lambda _, file: f"../src/{file}",
    pipeline=lambda key: f"${{resources.pipelines.{key}.id}}",
)


def resources_of(declared: Declared, place: Place = IN_BUNDLE) -> Resources:
    """A pipeline for each declarative task, and one job that runs all tasks in order.

    Raises DatabricksFailed where the SDK is not installed, whose classes they are.
    """
    need_databricks_sdk()
    keys = {task.key: resource_key(declared, task) for task in declared.tasks}
    made = {
        keys[task.key]: _pipeline(task, declared, place)
        for task in declared.tasks
        if task.kind == "pipeline"
    }
    job = {declared.pipeline_id: _job(declared, keys, place)}
    grants = declared.deploying.permissions
    named = {key: [{**g.principal, "permission_level": g.level} for g in grants] for key in made}
    named[declared.pipeline_id] = [
        {**g.principal, "permission_level": JOB_LEVELS.get(g.level, g.level)} for g in grants
    ]
    return Resources(made, job, named if grants else {})


def resource_key(declared: Declared, task: Task) -> str:
    """What a pipeline is called among the resources."""
    return f"{declared.pipeline_id}_{task.key}"


def plain(text: str) -> str:
    """A title in which nothing is a reference that a bundle would replace."""
    return text.replace("${", "$ {")


def title(declared: Declared) -> str:
    """The job's name; it carries the pipeline's id."""
    return f"{plain(declared.name)} [{declared.pipeline_id}]"


def _tags(declared: Declared, key: str) -> dict[str, str]:
    own = {TAG: declared.pipeline_id, KEY_TAG: key}
    return {**declared.deploying.tags, **own, **declared.tags}


def _pipeline(task: Task, declared: Declared, place: Place) -> Pipeline:
    from databricks.sdk.service import pipelines as sdk

    asked = declared.deploying
    mails = ["on-update-failure", "on-update-fatal-failure", "on-flow-failure"]
    told = [sdk.Notifications(alerts=mails, email_recipients=list(asked.notify))]
    files = [sdk.FileLibrary(path=place.file(task, file)) for file in task.files]
    spec = sdk.PipelineSpec(
        name=f"{title(declared)} {task.key}",
        catalog=declared.catalog,
        schema=declared.schema,
        serverless=asked.cluster is None,
        continuous=False,
        clusters=[_pipeline_cluster(asked.cluster)] if asked.cluster else None,
        libraries=[sdk.PipelineLibrary(file=file) for file in files],
        notifications=told if asked.notify else None,
        tags=_tags(declared, resource_key(declared, task)),
    )
    run_as = sdk.RunAs(**_run_as(asked)) if asked.run_as else None
    return Pipeline(spec, run_as)


def _pipeline_cluster(asked: Cluster) -> pipelines.PipelineCluster:
    from databricks.sdk.service import pipelines as sdk

    span = None
    if asked.min_workers and asked.max_workers:
        span = sdk.PipelineClusterAutoscale(
            min_workers=asked.min_workers, max_workers=asked.max_workers
        )
    return sdk.PipelineCluster(
        label="default",
        node_type_id=asked.node_type,
        num_workers=asked.workers,
        autoscale=span,
        policy_id=asked.policy,
    )


def _job(declared: Declared, keys: dict[str, str], place: Place) -> jobs.JobSettings:
    from databricks.sdk.service import jobs as sdk

    asked = declared.deploying
    needs_cluster = asked.cluster and any(task.kind == "notebook" for task in declared.tasks)
    mails = sdk.JobEmailNotifications(on_failure=list(asked.notify))
    paused = sdk.PauseStatus.PAUSED if declared.paused else sdk.PauseStatus.UNPAUSED
    when = asked.schedule
    return sdk.JobSettings(
        name=title(declared),
        max_concurrent_runs=1,
        tasks=[_task(task, declared, keys, place) for task in declared.tasks],
        job_clusters=[_job_cluster(asked.cluster)] if asked.cluster and needs_cluster else None,
        schedule=sdk.CronSchedule(when.cron, when.timezone, paused) if when else None,
        continuous=sdk.Continuous(pause_status=paused) if asked.continuous else None,
        email_notifications=mails if asked.notify else None,
        run_as=sdk.JobRunAs(**_run_as(asked)) if asked.run_as else None,
        tags=_tags(declared, declared.pipeline_id),
    )


def _task(task: Task, declared: Declared, keys: dict[str, str], place: Place) -> jobs.Task:
    from databricks.sdk.service import jobs as sdk

    after = [sdk.TaskDependency(task_key=key) for key in task.depends_on] or None
    if task.kind == "pipeline":
        runs = sdk.PipelineTask(pipeline_id=place.pipeline(keys[task.key]))
        return sdk.Task(task_key=task.key, depends_on=after, pipeline_task=runs)
    (notebook,) = task.files
    given = {"checkpoints": declared.checkpoints} if declared.checkpoints else None
    shown = sdk.NotebookTask(notebook_path=place.file(task, notebook), base_parameters=given)
    return sdk.Task(
        task_key=task.key,
        depends_on=after,
        notebook_task=shown,
        job_cluster_key=CLUSTER_KEY if declared.deploying.cluster else None,
    )


def _job_cluster(asked: Cluster) -> jobs.JobCluster:
    from databricks.sdk.service import jobs as sdk

    return sdk.JobCluster(CLUSTER_KEY, cluster_spec(asked))


def cluster_spec(asked: Cluster) -> compute.ClusterSpec:
    """A cluster of a job's own."""
    from databricks.sdk.service import compute

    span = None
    if asked.min_workers and asked.max_workers:
        span = compute.AutoScale(min_workers=asked.min_workers, max_workers=asked.max_workers)
    return compute.ClusterSpec(
        spark_version=asked.runtime,
        node_type_id=asked.node_type,
        num_workers=asked.workers,
        autoscale=span,
        policy_id=asked.policy,
        data_security_mode=compute.DataSecurityMode.SINGLE_USER,
    )


def _run_as(asked: Deploying) -> dict[str, str]:
    who = asked.run_as
    assert who is not None
    if who.user:
        return {"user_name": who.user}
    return {"service_principal_name": str(who.service_principal)}
