"""Any sequence of edits, deployments, faults, rollbacks and ends leaves the world as it should be.

The model is small: what stands (the revision's files and settings, and whether it is paused), what
stood before, and nothing else.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lakestream_mcp.relational.local import LocalEngine

from .site import GRANTED, ID, Site, files, folders, jobs, pipelines
from .stand_in import StandIn
from .stand_in.faults import FAULTS, SLOW

# What is done later than told is an orphan until the next plan: the model knows no such time.
QUICK = sorted(set(FAULTS) - {*SLOW, "504 long before"})
SETTINGS: tuple[dict[str, Any], ...] = (
    GRANTED,
    {"continuous": True},
    {"schedule": {"cron": "0 0 1 * * ?"}},
)


class Stands(NamedTuple):
    """What a deployment is known by: the condition in its code, its settings."""

    amount: int
    deploy: int


class Deploying(RuleBasedStateMachine):
    """The server, the workspace, and the model of both."""

    engine: LocalEngine

    @initialize()
    def begin(self) -> None:
        self.world = StandIn().__enter__()
        self.environ = pytest.MonkeyPatch()
        for name, value in self.world.environment.items():
            self.environ.setenv(name, value)
        self.world.unity.add("SCHEMA", "main.default")
        self.folder = tempfile.TemporaryDirectory()
        fast = {"databricks_timeout_s": 30.0, "databricks_retry_s": 1}
        self.site = Site(self.world, Path(self.folder.name), self.engine, **fast)
        self.site.make_plain()
        self.head = Stands(100, 0)
        self.standing: Stands | None = None
        self.paused = False
        self.before: list[Stands] = []
        self.unsure = False

    def teardown(self) -> None:
        if hasattr(self, "site"):
            self.site.close()
            self.environ.undo()
            self.world.__exit__(None, None, None)
            self.folder.cleanup()

    @rule(amount=st.integers(101, 105))
    def edit(self, amount: int) -> None:
        if amount != self.head.amount:
            self.site.above(amount)
            self.head = self.head._replace(amount=amount)

    @rule(number=st.integers(0, len(SETTINGS) - 1))
    def configure(self, number: int) -> None:
        self.site.set(deploy=SETTINGS[number])
        self.head = self.head._replace(deploy=number)

    @rule(fault=st.sampled_from([None, None, *QUICK]), nth=st.integers(1, 6))
    def deploy(self, fault: str | None, nth: int) -> None:
        self.act("deploy", fault, nth)

    @precondition(lambda self: self.standing is not None and self.before)
    @rule(fault=st.sampled_from([None, *QUICK]), nth=st.integers(1, 3))
    def rollback(self, fault: str | None, nth: int) -> None:
        self.act("rollback", fault, nth)

    @precondition(lambda self: self.standing is not None)
    @rule(action=st.sampled_from(["stop", "start"]), fault=st.sampled_from([None, *QUICK]))
    def pause(self, action: str, fault: str | None) -> None:
        self.act(action, fault, 1)

    @rule(fault=st.sampled_from([None, *QUICK]), nth=st.integers(1, 6))
    def destroy(self, fault: str | None, nth: int) -> None:
        if self.standing or self.unsure:
            self.act("destroy", fault, nth)

    def act(self, action: str, fault: str | None, nth: int) -> None:
        """Plan, confirm with a fault on the way, and change the model as the answer says."""
        plan = self.site.plan(action)
        if "error" in plan:
            assert plan["error"]["code"] in ("NOT_DEPLOYED", "NO_EARLIER_DEPLOYMENT"), plan
            return
        if fault:
            self.world.fail("writes", nth, fault)
        answer = self.site.confirm(plan) if "confirm" in plan else plan
        self.world.calm()
        self.environ.setenv("DATABRICKS_TOKEN", self.world.token)
        if "error" in answer:
            assert answer["error"]["code"] in ("DEPLOYMENT_UNDONE", "DEPLOYMENT_PARTIAL"), answer
            self.unsure = self.unsure or answer["error"]["code"] == "DEPLOYMENT_PARTIAL"
            return
        if answer["status"] != "unchanged":
            self.moved(action, answer)
        if action in ("deploy", "rollback", "destroy"):
            self.unsure = False
            assert self.site.plan("destroy" if action == "destroy" else "stop").get("status") in (
                "unchanged",
                "planned",
            )

    def moved(self, action: str, answer: dict[str, Any]) -> None:
        """What the model says after an action that came to its end."""
        if action == "destroy":
            self.standing, self.paused, self.before = None, False, []
        elif action in ("stop", "start"):
            self.paused = action == "stop"
        else:
            was = self.standing
            self.standing = self.head if action == "deploy" else self.found(answer["revision"])
            self.before += [was] if was else []

    def found(self, revision: int) -> Stands:
        """What a revision says, by its document."""
        read = self.site.call("get_pipeline", pipeline_id=ID, revision=revision, detail="document")
        config = next(n for n in read["document"]["nodes"] if n["id"] == "big")["config"]
        amount = int(config["condition"].rsplit(" ", 1)[1])
        return Stands(amount, SETTINGS.index(read["document"]["settings"]["deploy"]))

    @invariant()
    def the_world_is_as_the_model_says(self) -> None:
        if not hasattr(self, "world"):
            return
        assert len(jobs(self.world)) <= 1
        assert len(pipelines(self.world)) <= 1
        if self.unsure:
            return
        if self.standing is None:
            assert (jobs(self.world), pipelines(self.world), folders(self.world)) == ([], [], [])
            return
        (job,), (pipeline,) = jobs(self.world), pipelines(self.world)
        said = self.world.workspace.text(pipeline["libraries"][0]["file"]["path"])
        assert f"> {self.standing.amount}" in said
        assert job["tasks"][0]["pipeline_task"]["pipeline_id"] == pipeline["id"]
        asked = SETTINGS[self.standing.deploy]
        assert ("schedule" in job, "continuous" in job) == (
            "schedule" in asked,
            "continuous" in asked,
        )
        for when in (job.get("schedule"), job.get("continuous")):
            assert when is None or (when["pause_status"] == "PAUSED") == self.paused
        levels = self.world.principals.levels["jobs", str(next(iter(self.world.jobs.known)))]
        assert ("users" in levels) == ("permissions" in asked)
        assert len(files(self.world)) <= 2

    @rule()
    def again(self) -> None:
        """What stands needs nothing, unless the pipeline was edited."""
        if self.standing == self.head and not self.unsure:
            answer = self.site.plan()
            if answer["status"] != "unchanged":
                assert (
                    answer["revision"]
                    != self.site.call("get_deployment", pipeline_id=ID)["deployment"]["revision"]
                ), answer


def run(engine: LocalEngine, examples: int, steps: int) -> None:
    """So many sequences of so many steps."""
    from hypothesis.stateful import run_state_machine_as_test

    Deploying.engine = engine
    run_state_machine_as_test(
        Deploying,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_sequences(engine: LocalEngine, no_waiting: None) -> None:
    run(engine, 5, 8)


@pytest.mark.soak
@pytest.mark.timeout(3_000)
def test_many_sequences(engine: LocalEngine, no_waiting: None) -> None:
    run(engine, 100, 12)
