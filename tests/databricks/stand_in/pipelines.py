"""Declarative pipelines: their settings, updates that move step by step, and the event log."""

from __future__ import annotations

from typing import Any

from databricks.sdk.service.pipelines import PipelinesAPI

from .filters import passes
from .principals import User
from .refusals import Refused, bad_state, conflict, invalid, missing
from .service import Asked, Service, page, serves
from .updates import STEPS, Pipeline, Update, goes_on, shown, sources

NOT_SETTINGS = ("allow_duplicate_names", "dry_run", "expected_last_modified", "run_as")


class Pipelines(Service):
    """All pipelines, by id. `failures`: messages with which updates fail, by id or `*`."""

    name = "pipelines"

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        self.known: dict[str, Pipeline] = {}
        self.failures: dict[str, str] = {}

    @serves(PipelinesAPI.create)
    def create(self, asked: Asked) -> dict[str, Any]:
        """Make a pipeline, or say what would be made."""
        spec = self._settings(asked, None)
        if asked.get("dry_run"):
            return {"effective_settings": spec}
        key, now = self.world.uuid(), self.world.now_ms()
        run_as = self._run_as(asked) or asked.user.name
        self.known[key] = Pipeline(key, {"id": key, **spec}, asked.user.name, run_as, now)
        self.world.principals.own(asked.user, "pipelines", key)
        if spec.get("continuous"):
            self._start(self.known[key], {"cause": "API_CALL"})
        return {"pipeline_id": key}

    @serves(PipelinesAPI.get)
    def get(self, asked: Asked) -> dict[str, Any]:
        """One pipeline."""
        pipeline = self._one(asked, "CAN_VIEW")
        self.world.moved()
        return {
            "pipeline_id": pipeline.id,
            "name": pipeline.spec["name"],
            "spec": pipeline.spec,
            "state": pipeline.state,
            "creator_user_name": pipeline.creator,
            "run_as_user_name": pipeline.run_as,
            "last_modified": pipeline.modified_ms,
            "latest_updates": pipeline.latest,
        }

    @serves(PipelinesAPI.update)
    def update(self, asked: Asked) -> None:
        """Replace all settings."""
        pipeline = self._one(asked, "CAN_MANAGE")
        expected = asked.get("expected_last_modified")
        if expected is not None and expected != pipeline.modified_ms:
            raise conflict(f"Pipeline {pipeline.id} was modified meanwhile.")
        spec = self._settings(asked, pipeline)
        pipeline.spec = {"id": pipeline.id, **spec}
        pipeline.modified_ms = self.world.now_ms()
        pipeline.run_as = self._run_as(asked) or pipeline.run_as

    @serves(PipelinesAPI.list_pipelines)
    def list(self, asked: Asked) -> dict[str, Any]:
        """Pipelines the caller may see, by name."""
        seen = [
            {
                "pipeline_id": p.id,
                "name": p.spec["name"],
                "state": p.state,
                "creator_user_name": p.creator,
                "run_as_user_name": p.run_as,
                "latest_updates": p.latest,
            }
            for p in sorted(self.known.values(), key=lambda p: (p.spec["name"], p.id))
            if self.world.principals.has(asked.user, "pipelines", p.id, "CAN_VIEW")
            and passes(asked.get("filter"), {"name": p.spec["name"], "notebook": ""})
        ]
        part, more = page(seen, asked, 25, 100)
        return {"statuses": part, **more}

    @serves(PipelinesAPI.delete)
    def delete(self, asked: Asked) -> None:
        """Remove a pipeline, its events and updates."""
        pipeline = self._one(asked, "CAN_MANAGE")
        del self.known[pipeline.id]
        del self.world.principals.levels["pipelines", pipeline.id]

    @serves(PipelinesAPI.start_update)
    def start_update(self, asked: Asked) -> dict[str, Any]:
        """Begin an update; there is one at a time."""
        pipeline = self._one(asked, "CAN_RUN")
        if pipeline.updates and pipeline.updates[0].active:
            raise conflict(f"An active update {pipeline.updates[0].id} already exists.")
        return {"update_id": self._start(pipeline, asked.body).id}

    @serves(PipelinesAPI.stop)
    def stop(self, asked: Asked) -> None:
        """Cancel what runs; nothing is done where nothing runs."""
        pipeline = self._one(asked, "CAN_RUN")
        for update in pipeline.updates:
            if update.active:
                self._move(pipeline, update, "CANCELED")

    @serves(PipelinesAPI.get_update)
    def get_update(self, asked: Asked) -> dict[str, Any]:
        """One update."""
        pipeline = self._one(asked, "CAN_VIEW")
        self.world.moved()
        for update in pipeline.updates:
            if update.id == asked["update_id"]:
                return {"update": shown(pipeline, update)}
        raise missing(f"Update {asked['update_id']} does not exist.")

    @serves(PipelinesAPI.list_updates)
    def list_updates(self, asked: Asked) -> dict[str, Any]:
        """Updates, newest first."""
        pipeline = self._one(asked, "CAN_VIEW")
        part, more = page([shown(pipeline, u) for u in pipeline.updates], asked, 25, 100)
        return {"updates": part, **more}

    @serves(PipelinesAPI.list_pipeline_events)
    def events(self, asked: Asked) -> dict[str, Any]:
        """The event log, newest first."""
        pipeline = self._one(asked, "CAN_VIEW")
        wanted = asked.get("filter")
        found = [
            e
            for e in pipeline.events
            if passes(wanted, {name: e[name] for name in ("level", "timestamp", "id")})
        ]
        if asked.get("order_by") == ["timestamp asc"]:
            found.reverse()
        part, more = page(found, asked, 25, 250)
        return {"events": part, **more}

    def begin(self, id: str) -> Update:
        """Start an update for a job's task."""
        return self._start(self.known[id], {"cause": "JOB_TASK"})

    def advance(self) -> None:
        """Every active update goes one step; where something is amiss it fails instead."""
        for pipeline in self.known.values():
            for update in pipeline.updates:
                if not update.active:
                    continue
                problem = self._problem(pipeline) if update.state == "INITIALIZING" else None
                if problem:
                    update.state = "FAILED"
                    self._log(pipeline, update, problem)
                elif update.state != "RUNNING" or not goes_on(pipeline, update):
                    self._move(pipeline, update, STEPS[STEPS.index(update.state) + 1])

    def _settings(self, asked: Asked, before: Pipeline | None) -> dict[str, Any]:
        spec = {n: v for n, v in asked.body.items() if n not in NOT_SETTINGS and v is not None}
        spec.pop("pipeline_id", None)
        name = spec.get("name")
        if not name:
            raise invalid("name must be specified.")
        if spec.get("serverless") and spec.get("clusters"):
            raise invalid("You cannot provide cluster settings when using serverless compute.")
        if spec.get("serverless") and not spec.get("catalog"):
            raise invalid("Serverless compute needs a catalog.")
        taken = [p for p in self.known.values() if p is not before and p.spec["name"] == name]
        if taken and not asked.get("allow_duplicate_names"):
            raise conflict(f"The pipeline name '{name}' is already used by another pipeline.")
        return spec

    def _run_as(self, asked: Asked) -> str | None:
        given = asked.get("run_as") or {}
        name: str | None = given.get("user_name") or given.get("service_principal_name")
        if name is not None and name not in self.world.principals.users:
            raise invalid(f"There is no user or service principal {name}.")
        return name

    def _one(self, asked: Asked, level: str) -> Pipeline:
        key = asked["pipeline_id"]
        if key not in self.known:
            raise missing(f"The specified pipeline {key} was not found.")
        self.world.principals.need(asked.user, "pipelines", key, level)
        return self.known[key]

    def _start(self, pipeline: Pipeline, request: dict[str, Any]) -> Update:
        if pipeline.updates and pipeline.updates[0].active:
            raise bad_state(f"An active update {pipeline.updates[0].id} already exists.")
        update = Update(self.world.uuid(), dict(request), self.world.now_ms())
        pipeline.updates.insert(0, update)
        self._log(pipeline, update)
        return update

    def _move(self, pipeline: Pipeline, update: Update, state: str) -> None:
        update.state = state
        self._log(pipeline, update)

    def _log(self, pipeline: Pipeline, update: Update, error: str | None = None) -> None:
        pipeline.log(update, self.world.uuid(), self.world.now_ms(), error)

    def _problem(self, pipeline: Pipeline) -> str | None:
        """Why an update cannot go on: told to fail, or its source is not there to be read."""
        told = self.failures.get(pipeline.id) or self.failures.get("*")
        if told:
            return told
        runner = self.world.principals.users[pipeline.run_as]
        try:
            self.world.unity.may_make_tables(runner, pipeline.spec)
        except Refused as refused:
            return refused.message
        return next(
            (
                f"[PATH_NOT_FOUND] {path} does not exist or {runner.name} may not read it."
                for path in sources(pipeline.spec)
                if not self._is_there(runner, path)
            ),
            None,
        )

    def _is_there(self, runner: User, path: str) -> bool:
        folder, star, _ = path.partition("/*")
        return self.world.workspace.readable(runner, folder if star else path) is not None
