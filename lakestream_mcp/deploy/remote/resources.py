"""Jobs and pipelines in a workspace: found by tag, read, made, changed, deleted.

Every resource carries the pipeline's id, its own key and the origin: two stores that hold a
pipeline of one name do not take each other's. Nothing is found by its name alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from ...codegen.bundle.resources import KEY_TAG, TAG, Pipeline, Resources
from ..databricks_client import calling
from ..databricks_failures import whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from databricks.sdk import WorkspaceClient

T = TypeVar("T")
ORIGIN_TAG = "lakestream_origin"
Spec = dict[str, Any]


class Seen(NamedTuple):
    """A resource as the workspace has it."""

    id: str
    spec: Spec


class Resource(Protocol):
    """One kind of resource."""

    kind: str

    def get(self, resource_id: str) -> Seen | None:
        """The resource, or None."""

    def named(self, names: Iterable[str], pipeline_id: str) -> list[Seen]:
        """Those that may be ours, by what their names hold; tags decide."""

    def create(self, spec: Any) -> str:
        """Make one; its id."""

    def update(self, resource_id: str, spec: Any) -> None:
        """Replace its settings."""

    def restore(self, resource_id: str, spec: Spec) -> None:
        """Replace its settings by what was read before."""

    def delete(self, resource_id: str) -> None:
        """Delete it; one that is gone is fine."""


class Jobs:
    """Jobs. What is compared are the fields that a deployment can set."""

    kind = "job"

    def __init__(self, client: WorkspaceClient) -> None:
        self.client = client

    def get(self, resource_id: str) -> Seen | None:
        """The job, or None."""
        with calling("reading the job", job=resource_id):
            return _or_none(lambda: _job(self.client.jobs.get(int(resource_id))))

    def named(self, names: Iterable[str], pipeline_id: str) -> list[Seen]:
        """Jobs of exactly these names, with the tasks that lists leave out."""
        with calling("looking for jobs", pipeline=pipeline_id):
            ids = [str(job.job_id) for name in names for job in self.client.jobs.list(name=name)]
        return [seen for seen in map(self.get, ids) if seen is not None]

    def create(self, spec: Any) -> str:
        """Make a job; its id."""
        with calling("creating the job", job=spec.name):
            return str(whole(self.client.jobs.create(**_fields(spec)).job_id))

    def update(self, resource_id: str, spec: Any) -> None:
        """Replace all settings."""
        with calling("changing the job", job=resource_id):
            self.client.jobs.reset(int(resource_id), spec)

    def restore(self, resource_id: str, spec: Spec) -> None:
        """Replace all settings by those read before."""
        from databricks.sdk.service.jobs import JobSettings

        self.update(resource_id, JobSettings.from_dict(spec))

    def delete(self, resource_id: str) -> None:
        """Delete the job; its runs end."""
        with calling("deleting the job", job=resource_id):
            number = int(resource_id)
            remove(lambda: self.client.jobs.delete(number), lambda: self.client.jobs.get(number))


class Pipelines:
    """Declarative pipelines."""

    kind = "pipeline"

    def __init__(self, client: WorkspaceClient) -> None:
        self.client = client

    def get(self, resource_id: str) -> Seen | None:
        """The pipeline, or None."""
        with calling("reading the pipeline", resource=resource_id):
            return _or_none(lambda: _pipeline(self.client.pipelines.get(resource_id)))

    def named(self, names: Iterable[str], pipeline_id: str) -> list[Seen]:
        """Pipelines whose names carry the id; `_` stands for any character there."""
        with calling("looking for pipelines", pipeline=pipeline_id):
            listed = self.client.pipelines.list_pipelines(filter=f"name LIKE '%[{pipeline_id}]%'")
            ids = [str(state.pipeline_id) for state in listed]
        return [seen for seen in map(self.get, ids) if seen is not None]

    def create(self, spec: Pipeline) -> str:
        """Make a pipeline; its id."""
        with calling("creating the pipeline", resource=spec.spec.name):
            given = _fields(spec.spec) | ({"run_as": spec.run_as} if spec.run_as else {})
            return str(whole(self.client.pipelines.create(**given).pipeline_id))

    def update(self, resource_id: str, spec: Pipeline) -> None:
        """Replace all settings."""
        with calling("changing the pipeline", resource=resource_id):
            given = _fields(spec.spec) | ({"run_as": spec.run_as} if spec.run_as else {})
            self.client.pipelines.update(resource_id, **given)

    def restore(self, resource_id: str, spec: Spec) -> None:
        """Replace all settings by those read before."""
        from databricks.sdk.service.pipelines import PipelineSpec, RunAs

        who = RunAs.from_dict(spec["run_as"]) if spec.get("run_as") else None
        own = {key: value for key, value in spec.items() if key not in ("run_as", "id", "storage")}
        self.update(resource_id, Pipeline(PipelineSpec.from_dict(own), who))

    def delete(self, resource_id: str) -> None:
        """Delete the pipeline."""
        with calling("deleting the pipeline", resource=resource_id):
            pipelines = self.client.pipelines
            remove(lambda: pipelines.delete(resource_id), lambda: pipelines.get(resource_id))


def wanted_specs(made: Resources) -> dict[tuple[str, str], Any]:
    """Every resource of a deployment by kind and key, pipelines before the job that runs them."""
    found: dict[tuple[str, str], Any] = {("pipeline", k): v for k, v in made.pipelines.items()}
    return found | {("job", k): v for k, v in made.jobs.items()}


def is_ours(seen: Seen, pipeline_id: str, origin: str) -> bool:
    """Whether a resource carries our id and our origin."""
    tags = seen.spec.get("tags") or {}
    return bool(tags.get(TAG) == pipeline_id and tags.get(ORIGIN_TAG) == origin)


def key_of(seen: Seen) -> str:
    """Which resource it is."""
    return str(seen.spec["tags"].get(KEY_TAG, ""))


def _job(job: Any) -> Seen:
    return Seen(str(whole(job.job_id)), whole(job.settings).as_dict())


def _pipeline(found: Any) -> Seen:
    spec = whole(found.spec).as_dict()
    who = found.run_as_user_name
    if found.run_as:
        spec["run_as"] = found.run_as.as_dict()
    elif who and who != found.creator_user_name:
        spec["run_as"] = {"user_name" if "@" in who else "service_principal_name": who}
    return Seen(str(found.pipeline_id), spec)


def _fields(spec: Any) -> dict[str, Any]:
    """The fields that are set, as they are: the SDK takes its own classes."""
    return {name: value for name, value in vars(spec).items() if value not in (None, [])}


def remove(delete: Callable[[], Any], read: Callable[[], Any]) -> None:
    """Delete what may be gone; what was made just now may be said to be so, and is not."""
    from databricks.sdk.errors import NotFound

    try:
        delete()
    except NotFound:
        if _or_none(read) is not None:
            delete()


def _or_none(read: Callable[[], T]) -> T | None:
    """What there is; None where the workspace says that there is nothing."""
    from databricks.sdk.errors import NotFound

    try:
        return read()
    except NotFound:
        return None
