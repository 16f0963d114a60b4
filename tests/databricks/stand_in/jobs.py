"""Jobs: their settings, checked as the service checks them. Runs are in `runs.py`."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from databricks.sdk.service.jobs import JobsAPI

from .permissions import levels_of
from .refusals import invalid, missing
from .runs import RunsOfJobs
from .service import Asked, page, serves

NOT_SETTINGS = ("access_control_list",)
CRON_FIELDS = (6, 7)


@dataclass
class Job:
    """One job."""

    id: int
    settings: dict[str, Any]
    creator: str
    created_ms: int


class Jobs(RunsOfJobs):
    """All jobs by id."""

    name = "jobs"

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        self.known: dict[int, Job] = {}

    @serves(JobsAPI.create)
    def create(self, asked: Asked) -> dict[str, Any]:
        """Make a job."""
        settings = {n: v for n, v in asked.body.items() if n not in NOT_SETTINGS}
        given = levels_of(asked.get("access_control_list", []), "jobs")
        self._check(settings)
        job = Job(self.world.number(), settings, asked.user.name, self.world.now_ms())
        job.settings.setdefault("name", "Untitled")
        self.known[job.id] = job
        self.world.principals.own(asked.user, "jobs", str(job.id))
        self.world.principals.levels["jobs", str(job.id)] |= given
        self.keep_running(job)
        return {"job_id": job.id}

    @serves(JobsAPI.reset)
    def reset(self, asked: Asked) -> None:
        """Replace all settings."""
        job = self.one(asked, "CAN_MANAGE")
        settings = asked["new_settings"]
        self._check(settings)
        job.settings = settings
        self.keep_running(job)

    @serves(JobsAPI.update)
    def update(self, asked: Asked) -> None:
        """Replace or remove some settings."""
        job = self.one(asked, "CAN_MANAGE")
        settings = {**copy.deepcopy(job.settings), **asked.get("new_settings", {})}
        for name in asked.get("fields_to_remove", []):
            settings.pop(name, None)
        self._check(settings)
        job.settings = settings
        self.keep_running(job)

    @serves(JobsAPI.delete)
    def delete(self, asked: Asked) -> None:
        """Remove a job; its runs are cancelled."""
        job = self.one(asked, "CAN_MANAGE")
        self.cancel_all(job.id)
        del self.known[job.id]
        del self.world.principals.levels["jobs", str(job.id)]

    @serves(JobsAPI.get)
    def get(self, asked: Asked) -> dict[str, Any]:
        """One job."""
        job = self.one(asked, "CAN_VIEW")
        return {**self._shown(job), "settings": job.settings}

    @serves(JobsAPI.list)
    def list(self, asked: Asked) -> dict[str, Any]:
        """Jobs the caller may see, newest first, without their tasks unless asked."""
        name = asked.get("name", "").lower()
        found = [
            job
            for job in sorted(self.known.values(), key=lambda job: -job.id)
            if self.world.principals.has(asked.user, "jobs", str(job.id), "CAN_VIEW")
            and name in ("", job.settings["name"].lower())
        ]
        part, more = page(found, asked, 20, 100, limit="limit")
        hidden = () if asked.get("expand_tasks") else ("tasks", "environments", "job_clusters")
        rows = [
            {
                **self._shown(job),
                "settings": {n: v for n, v in job.settings.items() if n not in hidden},
            }
            for job in part
        ]
        return {"jobs": rows, "has_more": bool(more), **more}

    def one(self, asked: Asked, level: str) -> Job:
        """The job that is asked for."""
        job_id = asked["job_id"]
        if job_id not in self.known:
            raise missing(f"Job {job_id} does not exist.")
        self.world.principals.need(asked.user, "jobs", str(job_id), level)
        return self.known[job_id]

    def _shown(self, job: Job) -> dict[str, Any]:
        return {
            "job_id": job.id,
            "creator_user_name": job.creator,
            "run_as_user_name": job.creator,
            "created_time": job.created_ms,
        }

    def _check(self, settings: dict[str, Any]) -> None:
        tasks = settings.get("tasks", [])
        keys = [task.get("task_key") for task in tasks]
        if None in keys or len(set(keys)) != len(keys):
            raise invalid("Each task needs a task_key of its own.")
        kinds = {"notebook_task", "pipeline_task", "spark_python_task", "sql_task", "run_job_task"}
        for task in tasks:
            after = [d["task_key"] for d in task.get("depends_on", [])]
            if unknown := set(after) - set(keys):
                raise invalid(f"Task {task['task_key']} depends on unknown {unknown.pop()}.")
            if len(kinds & task.keys()) != 1:
                raise invalid(f"Task {task['task_key']} must have exactly one kind of task.")
            known = {e["environment_key"] for e in settings.get("environments", [])}
            if (key := task.get("environment_key")) and key not in known:
                raise invalid(f"Task {task['task_key']} names an unknown environment {key}.")
        if settings.get("schedule") and settings.get("continuous"):
            raise invalid("A job has a schedule or is continuous, not both.")
        if schedule := settings.get("schedule"):
            _check_schedule(schedule)


def _check_schedule(schedule: dict[str, Any]) -> None:
    cron = schedule.get("quartz_cron_expression", "").split()
    if len(cron) not in CRON_FIELDS or (cron[3] == "?") == (cron[5] == "?"):
        raise invalid(f"Invalid quartz cron expression: {' '.join(cron)}")
    try:
        ZoneInfo(schedule.get("timezone_id", ""))
    except (KeyError, ValueError):
        raise invalid(f"Invalid timezone: {schedule.get('timezone_id')}") from None
