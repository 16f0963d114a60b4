"""Runs of jobs: tasks in their order, each moving step by step to the outcome it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from databricks.sdk.service.jobs import JobsAPI

from .refusals import invalid, missing
from .service import Asked, Service, page, serves
from .updates import DONE, Update

if TYPE_CHECKING:
    from .jobs import Job

ENDED = ("TERMINATED", "SKIPPED", "INTERNAL_ERROR")


class Outcome(NamedTuple):
    """How a task ends: its result, what it printed or returned, and its error."""

    result: str = "SUCCESS"
    output: str = ""
    error: str | None = None


@dataclass
class TaskRun:
    """One task of a run."""

    id: int
    key: str
    task: dict[str, Any]
    state: str = "BLOCKED"
    outcome: Outcome | None = None
    update: Update | None = None


@dataclass
class Run:
    """One run of a job, or of tasks that were submitted without one."""

    id: int
    job_id: int | None
    name: str
    user: str
    started_ms: int
    tasks: list[TaskRun] = field(default_factory=list)
    state: str = "PENDING"
    result: str | None = None
    message: str = ""
    token: str | None = None
    goes_on: bool = False

    @property
    def active(self) -> bool:
        """Whether it still moves."""
        return self.state not in ENDED


class RunsOfJobs(Service):
    """All runs, newest first.

    `outcomes`: how tasks end, by task key; else they succeed. `work`: what does the work of a task,
    by its key: called at each step until it gives an outcome.
    """

    known: dict[int, Job]

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        self.runs: list[Run] = []
        self.outcomes: dict[str, Outcome] = {}
        self.work: dict[str, Callable[[TaskRun], Outcome | None]] = {}

    @serves(JobsAPI.run_now)
    def run_now(self, asked: Asked) -> dict[str, Any]:
        """Start a run; the same token starts it once."""
        job = self.one(asked, "CAN_MANAGE_RUN")
        run = self._by_token(asked) or self._start(job, asked.user.name)
        run.token = asked.get("idempotency_token")
        return {"run_id": run.id, "number_in_job": run.id}

    @serves(JobsAPI.submit)
    def submit(self, asked: Asked) -> dict[str, Any]:
        """Run tasks once, without a job."""
        run = self._by_token(asked)
        if run is None:
            name = asked.get("run_name", "Untitled")
            run = self._new(None, name, asked.user.name, asked.get("tasks", []))
            self.world.principals.own(asked.user, "jobs", f"run {run.id}")
        run.token = asked.get("idempotency_token")
        return {"run_id": run.id}

    @serves(JobsAPI.get_run)
    def get_run(self, asked: Asked) -> dict[str, Any]:
        """One run with its tasks."""
        run = self._run(asked, "CAN_VIEW")
        self.world.moved()
        return _shown(run)

    @serves(JobsAPI.list_runs)
    def list_runs(self, asked: Asked) -> dict[str, Any]:
        """Runs, newest first."""
        found = [
            run
            for run in self.runs
            if asked.get("job_id") in (None, run.job_id)
            and (not asked.get("active_only") or run.active)
            and (not asked.get("completed_only") or not run.active)
            and self._may(asked, run, "CAN_VIEW")
        ]
        part, more = page(found, asked, 20, 25, limit="limit")
        return {"runs": [_shown(run) for run in part], "has_more": bool(more), **more}

    @serves(JobsAPI.cancel_run)
    def cancel_run(self, asked: Asked) -> None:
        """End a run, or one task of it."""
        for run in self.runs:
            for task in run.tasks:
                if task.id == asked["run_id"] and self._may(asked, run, "CAN_MANAGE_RUN"):
                    _end_task(task)
                    return
        self._cancel(self._run(asked, "CAN_MANAGE_RUN"))

    @serves(JobsAPI.cancel_all_runs)
    def cancel_all_runs(self, asked: Asked) -> None:
        """End every run of a job."""
        self.cancel_all(self.one(asked, "CAN_MANAGE_RUN").id)

    @serves(JobsAPI.get_run_output)
    def get_run_output(self, asked: Asked) -> dict[str, Any]:
        """What a task returned, printed or died of."""
        for run in self.runs:
            for task in run.tasks:
                if task.id == asked["run_id"]:
                    return _output(run, task)
        run = self._run(asked, "CAN_VIEW")
        if len(run.tasks) != 1:
            raise invalid("Retrieving the output of runs with multiple tasks is not supported.")
        return _output(run, run.tasks[0])

    def one(self, asked: Asked, level: str) -> Job:
        """The job that is asked for."""
        raise NotImplementedError

    def keep_running(self, job: Job) -> None:
        """A continuous job that is not paused has a run, always."""
        continuous = job.settings.get("continuous")
        running = [r for r in self.runs if r.job_id == job.id and r.active]
        if continuous and continuous.get("pause_status") != "PAUSED":
            if not running:
                self._start(job, job.creator).goes_on = True
        else:
            for run in running:
                if run.goes_on:
                    self._cancel(run)

    def cancel_all(self, job_id: int) -> None:
        """End every run of a job."""
        for run in self.runs:
            if run.job_id == job_id and run.active:
                self._cancel(run)

    def advance(self) -> None:
        """Every active run goes one step."""
        for run in self.runs:
            if run.state == "PENDING":
                run.state = "RUNNING"
            elif run.state == "RUNNING":
                self._work(run)

    def _start(self, job: Job, user: str) -> Run:
        running = [r for r in self.runs if r.job_id == job.id and r.active]
        run = self._new(job.id, job.settings["name"], user, job.settings.get("tasks", []))
        if len(running) >= job.settings.get("max_concurrent_runs", 1):
            run.state, run.message = "SKIPPED", "An active run of this job is in the way."
        return run

    def _new(self, job_id: int | None, name: str, user: str, tasks: list[dict[str, Any]]) -> Run:
        made = [TaskRun(self.world.number(), task["task_key"], task) for task in tasks]
        run = Run(self.world.number(), job_id, name, user, self.world.now_ms(), made)
        self.runs.insert(0, run)
        return run

    def _work(self, run: Run) -> None:
        """Tasks whose forerunners are done begin; those that run come to their outcome."""
        ended = {task.key: task.outcome for task in run.tasks}
        for task in run.tasks:
            before = [ended[d["task_key"]] for d in task.task.get("depends_on", [])]
            if task.state == "RUNNING":
                self._end(run, task)
            elif task.state == "BLOCKED" and not all(before):
                continue
            elif task.state == "BLOCKED" and _is_spoiled(task, before):
                task.state, task.outcome = "TERMINATED", Outcome("UPSTREAM_FAILED")
            elif task.state == "BLOCKED":
                self._begin(task)
        if all(task.outcome for task in run.tasks):
            bad = [task for task in run.tasks if task.outcome and task.outcome.result != "SUCCESS"]
            run.state, run.result = "TERMINATED", _result(run, bad)
            run.message = f"Task {bad[0].key} failed." if bad else ""

    def _begin(self, task: TaskRun) -> None:
        task.state = "RUNNING"
        pipeline = task.task.get("pipeline_task", {}).get("pipeline_id")
        if pipeline is None:
            return
        if pipeline not in self.world.pipelines.known:
            task.state = "TERMINATED"
            task.outcome = Outcome("FAILED", error=f"Pipeline {pipeline} was not found.")
        else:
            task.update = self.world.pipelines.begin(pipeline)

    def _end(self, run: Run, task: TaskRun) -> None:
        if task.update is not None:
            if task.update.state in DONE:
                good = task.update.state == "COMPLETED"
                error = None if good else f"Update {task.update.id} {task.update.state}"
                task.outcome = Outcome("SUCCESS" if good else "FAILED", error=error)
                task.state = "TERMINATED"
        elif task.key in self.work:
            task.outcome = self.work[task.key](task) or task.outcome
            task.state = "TERMINATED" if task.outcome else task.state
        elif task.key in self.outcomes or not run.goes_on:
            task.state, task.outcome = "TERMINATED", self.outcomes.get(task.key, Outcome())

    def _cancel(self, run: Run) -> None:
        if run.active:
            run.state, run.result, run.message = "TERMINATED", "CANCELED", "Run cancelled."
            for task in run.tasks:
                _end_task(task)

    def _by_token(self, asked: Asked) -> Run | None:
        token = asked.get("idempotency_token")
        return next((run for run in self.runs if token and run.token == token), None)

    def _run(self, asked: Asked, level: str) -> Run:
        for run in self.runs:
            if run.id == asked["run_id"] and self._may(asked, run, level):
                return run
        raise missing(f"Run {asked['run_id']} does not exist.")

    def _may(self, asked: Asked, run: Run, level: str) -> bool:
        key = f"run {run.id}" if run.job_id is None else str(run.job_id)
        return self.world.principals.has(asked.user, "jobs", key, level)


def _end_task(task: TaskRun) -> None:
    if task.outcome is None:
        task.state, task.outcome = "TERMINATED", Outcome("CANCELED")


def _is_spoiled(task: TaskRun, before: list[Outcome | None]) -> bool:
    """Whether a task is not run because of those before it."""
    failed = any(outcome and outcome.result != "SUCCESS" for outcome in before)
    return failed and task.task.get("run_if", "ALL_SUCCESS") != "ALL_DONE"


def _result(run: Run, bad: list[TaskRun]) -> str:
    """The last tasks decide how a run has ended."""
    followed = {d["task_key"] for task in run.tasks for d in task.task.get("depends_on", [])}
    if any(task.key not in followed for task in bad):
        return "FAILED"
    return "SUCCESS_WITH_FAILURES" if bad else "SUCCESS"


def _shown(run: Run) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "run_id": run.id,
        "run_name": run.name,
        "creator_user_name": run.user,
        "start_time": run.started_ms,
        "state": _state(run.state, run.result, run.message),
        "run_page_url": f"https://workspace/runs/{run.id}",
        "tasks": [
            {
                "run_id": task.id,
                "task_key": task.key,
                "state": _state(task.state, task.outcome and task.outcome.result, ""),
            }
            for task in run.tasks
        ],
    }
    return shown | ({} if run.job_id is None else {"job_id": run.job_id})


def _state(life: str, result: str | None, message: str) -> dict[str, Any]:
    return {
        "life_cycle_state": life,
        "state_message": message,
        **({"result_state": result} if result else {}),
    }


def _output(run: Run, task: TaskRun) -> dict[str, Any]:
    outcome = task.outcome or Outcome()
    said: dict[str, Any] = {"metadata": _shown(run)}
    if outcome.error:
        said |= {"error": outcome.error, "error_trace": f"Traceback …\n{outcome.error}"}
    if "notebook_task" in task.task:
        said["notebook_output"] = {"result": outcome.output, "truncated": False}
    elif outcome.output:
        said["logs"] = outcome.output
    return said
