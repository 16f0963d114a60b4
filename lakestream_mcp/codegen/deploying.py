"""How a pipeline is deployed: the part `deploy` of its settings, kept and versioned with it.

The bundle and the calls of the SDK are made from the same record, so both say the same.
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, ValidationError, model_validator

from ..errors import InvalidPipeline, nearest
from ..graph.model import PipelineDocument, Strict
from .quartz import check_quartz

SETTING = "deploy"
UNSTARTED = (
    'it runs once for each deploy(action="start"). For more, set_pipeline with settings '
    '{"deploy": {"continuous": true}}, or {"deploy": {"schedule": {"cron": "0 0/15 * * * ?"}}}'
)
RUNTIME = "17.3.x-scala2.13"
Level = Literal["CAN_VIEW", "CAN_RUN", "CAN_MANAGE"]


def _timezone(name: str) -> str:
    zones = available_timezones()
    if name not in zones:
        near = nearest(name, zones)
        raise ValueError(f"no such time zone{f'; did you mean `{near}`' if near else ''}")
    return name


def _folder(path: str) -> str:
    parts = path.rstrip("/").split("/")
    if not path.startswith("/Workspace/") or ".." in parts or "" in parts[1:]:
        raise ValueError("a folder starts with `/Workspace/` and has no empty part and no `..`")
    return path.rstrip("/")


def _plain(text: str) -> str:
    if "${" in text or not text.isprintable():
        raise ValueError("`${` and control characters cannot stand here")
    return text


Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_plain)]
Email = Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
TagKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,127}$")]
TagValue = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.@ -]{0,255}$")]


class Schedule(Strict):
    """When the job runs."""

    cron: Annotated[str, AfterValidator(check_quartz)]
    timezone: Annotated[str, AfterValidator(_timezone)] = "UTC"


class Cluster(Strict):
    """Compute of your own instead of serverless: a fixed number of workers, or a range."""

    node_type: Name
    workers: int | None = Field(None, ge=0, le=1000)
    min_workers: int | None = Field(None, ge=1, le=1000)
    max_workers: int | None = Field(None, ge=1, le=1000)
    policy: Name | None = None
    runtime: Annotated[str, Field(pattern=r"^\d{2}\.\d[.\w-]*$")] = RUNTIME

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        span = (self.min_workers, self.max_workers)
        if (self.workers is None) == (span == (None, None)) or span.count(None) == 1:
            raise ValueError("give `workers`, or `min_workers` and `max_workers`")
        if self.min_workers and self.max_workers and self.min_workers > self.max_workers:
            raise ValueError("`min_workers` is above `max_workers`")
        return self


class Grant(Strict):
    """What one user, group or service principal may do with the job and its pipelines."""

    user: Name | None = None
    group: Name | None = None
    service_principal: Name | None = None
    level: Level

    @property
    def principal(self) -> dict[str, str]:
        """The one name, as the SDK's fields have it."""
        names = {
            "user_name": self.user,
            "group_name": self.group,
            "service_principal_name": self.service_principal,
        }
        return {field: name for field, name in names.items() if name}

    @model_validator(mode="after")
    def _one_principal(self) -> Self:
        if len(self.principal) != 1:
            raise ValueError("give one of `user`, `group` and `service_principal`")
        return self


class RunAs(Strict):
    """As whom the job runs, instead of whoever deployed it."""

    user: Name | None = None
    service_principal: Name | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.user is None) == (self.service_principal is None):
            raise ValueError("give `user` or `service_principal`")
        return self


class Deploying(Strict):
    """Neither `schedule` nor `continuous`: the job runs when somebody starts it.

    code: the target of the code, where not the one that routing chooses.
    """

    code: Literal["auto", "sdp", "sss", "hybrid"] = "auto"
    schedule: Schedule | None = None
    continuous: bool = False
    cluster: Cluster | None = None
    notify: list[Email] = Field(default_factory=list, max_length=20)
    tags: dict[TagKey, TagValue] = Field(default_factory=dict, max_length=20)
    permissions: list[Grant] = Field(default_factory=list, max_length=50)
    run_as: RunAs | None = None
    folder: Annotated[str, Field(max_length=400), AfterValidator(_folder)] | None = None

    @model_validator(mode="after")
    def _once(self) -> Self:
        if self.schedule and self.continuous:
            raise ValueError("a job runs by `schedule` or is `continuous`, not both")
        if any(key.startswith("lakestream_") for key in self.tags):
            raise ValueError("tags that start with `lakestream_` are LakeStream's own")
        return self

    @property
    def runs_by_itself(self) -> bool:
        """Whether its job runs without being started."""
        return self.schedule is not None or self.continuous

    @property
    def load(self) -> dict[str, str]:
        """What an estimate of its cost would otherwise have to be told."""
        told = {"compute": "classic" if self.cluster else "serverless"}
        told |= {"target": self.code} if self.code != "auto" else {}
        return told | ({"mode": "continuous"} if self.continuous else {})

    @classmethod
    def of(cls, document: PipelineDocument) -> Deploying:
        """The settings of a pipeline, with defaults. Raises InvalidPipeline."""
        try:
            return cls.model_validate(document.settings.get(SETTING, {}))
        except ValidationError as error:
            raise _refusal(error) from None


def _refusal(error: ValidationError) -> InvalidPipeline:
    """The first problem, with its place, the fields there are and, for an unknown one, the
    nearest."""
    problem: Any = error.errors(include_url=False)[0]
    loc, expected = problem["loc"], problem["msg"]
    place, hint = [SETTING, *map(str, loc)], _example(loc)
    if problem["type"] == "extra_forbidden":
        expected = _fields(loc)
        near = nearest(place[-1], expected)
        hint = f"Did you mean `{near}`?" if near else hint
    elif problem["type"] == "model_type":
        expected = _fields((*loc, ""))
    said = re.sub(r"^Value error, ", "", problem["msg"])
    if problem["type"] == "model_type":
        said = "it is an object with fields of its own"
    return InvalidPipeline(
        f"Pipeline setting `{'.'.join(place)}` cannot be used: {said}.",
        code="INVALID_SETTING",
        where={"setting": ".".join(place)},
        got=problem["input"] if isinstance(problem["input"], (str, int, bool)) else None,
        expected=expected,
        hint=hint,
    )


PARTS: dict[str, type[Strict]] = {
    "schedule": Schedule,
    "cluster": Cluster,
    "permissions": Grant,
    "run_as": RunAs,
}
EXAMPLES: dict[str, Any] = {
    "schedule": {"cron": "0 0 6 * * ?", "timezone": "UTC"},
    "cluster": {"node_type": "i3.xlarge", "workers": 2},
    "notify": ["ops@example.com"],
    "tags": {"team": "risk"},
    "permissions": [{"group": "ops", "level": "CAN_RUN"}],
    "run_as": {"service_principal": "streaming"},
    "folder": "/Workspace/Shared/streaming",
    "continuous": True,
    "code": "auto",
}


def _fields(place: tuple[Any, ...]) -> list[str]:
    """The fields of the record that a place is in."""
    model = PARTS.get(str(place[0]), Deploying) if place[1:] else Deploying
    return sorted(model.model_fields)


def _example(place: tuple[Any, ...]) -> str:
    """What can be sent instead: of the setting that a place is in, else of a schedule."""
    key = place[0] if place and place[0] in EXAMPLES else "schedule"
    return f'For example "settings": {json.dumps({SETTING: {key: EXAMPLES[key]}})}.'
