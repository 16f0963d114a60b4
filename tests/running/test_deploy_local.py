"""Deploying to this machine: a plan first, then the run is started, changed, stopped, gone."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from lakestream_mcp.deploy.changes import Change
from lakestream_mcp.deploy.local_target import LocalTarget
from lakestream_mcp.errors import LakestreamError
from lakestream_mcp.storage.tables import deployment_locks, deployments

from ..disk import Death, How, failing
from .conftest import Run

Json = dict[str, Any]
LOCAL: Json = {"target": "local", "force_reason": "a test of deploying"}


def plan(run: Run, action: str = "deploy", **given: Any) -> Json:
    """What a call would do."""
    return run.call("deploy", pipeline_id=run.pipeline, action=action, **LOCAL, **given)


def deploy(run: Run, action: str = "deploy", **given: Any) -> Json:
    """A plan, confirmed."""
    shown = plan(run, action, **given)
    return plan(run, action, confirm=shown["confirm"], **given)


def within(run: Run, seconds: int) -> None:
    """Another deadline: other code, the same state."""
    change = {"op": "update_node", "id": "quiet", "config": {"within": f"{seconds}s"}}
    run.call("edit_pipeline", pipeline_id=run.pipeline, changes=[change])


def test_a_local_deployment_runs_changes_stops_and_goes(run: Run) -> None:
    assert plan(run)["status"] == "planned"
    assert run.status.phase == "never-started"
    assert deploy(run)["status"] == "deployed"
    first = run.until_phase("running")
    assert plan(run)["status"] == "unchanged"
    within(run, 120)
    assert deploy(run)["status"] == "deployed"
    now = run.until_phase("running")
    assert (now.revision, now.run_id != first.run_id) == (2, True)
    assert deploy(run, "stop")["status"] == "paused"
    assert run.status.phase == "stopped"
    assert run.call("list_pipelines")["pipelines"][0]["status"] == "paused"
    assert deploy(run, "start")["status"] == "deployed"
    assert run.until_phase("running").revision == 2
    assert deploy(run, "rollback")["status"] == "deployed"
    assert run.until_phase("running").revision == 1
    answer = run.call("get_deployment", pipeline_id=run.pipeline)
    assert answer["health"]["runs"][0]["state"] == "running"
    assert deploy(run, "destroy")["status"] == "destroyed"
    assert run.status.phase == "stopped"


def test_other_code_than_was_deployed_is_not_run_in_its_name(run: Run) -> None:
    first = deploy(run)["deployment"]
    within(run, 120)
    deploy(run)
    written_otherwise(run, first)
    with pytest.raises(LakestreamError, match="cannot be made again") as refused:
        plan(run, "rollback")
    assert refused.value.code == "CODE_CHANGED"
    assert refused.value.where["revision"] == 1
    written_otherwise(run, deploy(run, "stop")["deployment"])
    with pytest.raises(LakestreamError, match="cannot be made again"):
        plan(run, "start")
    assert run.status.phase == "stopped"


def written_otherwise(run: Run, deployment: str) -> None:
    """Put another version's code in place of what was stored with a deployment."""
    with run.ws.store.transaction(write=True) as store:
        files = store.deployed_files(deployment)
        other = {name: f"# Another version.\n{text}" for name, text in files.items()}
        row = update(deployments).where(deployments.c.id == deployment)
        store._run(row.values(files=other))


def test_new_state_takes_a_new_checkpoint(run: Run) -> None:
    deploy(run)
    run.until_phase("running")
    change = {"op": "set_pipeline", "settings": {"state_layout": "keys"}}
    run.call("edit_pipeline", pipeline_id=run.pipeline, changes=[change])
    with pytest.raises(LakestreamError, match="do not fit"):
        plan(run)
    assert deploy(run, options={"state": "new"})["status"] == "deployed"
    assert run.until_phase("running").revision == 2
    assert plan(run)["status"] == "unchanged"


def new_state(run: Run) -> dict[str, Any]:
    """A run whose checkpoints are not to be lost, and a change that takes new ones."""
    deploy(run)
    run.until_phase("running")
    kept = run.folder / "checkpoints" / "kept"
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("open state")
    change = {"op": "set_pipeline", "settings": {"state_layout": "keys"}}
    run.call("edit_pipeline", pipeline_id=run.pipeline, changes=[change])
    return {"options": {"state": "new"}}


def attempt(run: Run, file: str, how: How, given: dict[str, Any]) -> LakestreamError | None:
    """A deployment that fails at the first change of a file of the run, and why."""
    shown = plan(run, **given)
    with failing(run.folder, file, how) as disk:
        try:
            plan(run, confirm=shown["confirm"], **given)
        except LakestreamError as error:
            return error
        except Death:
            pass
    assert disk.failed, disk.seen
    return None


# Of the files that are changed on the way, in their order: the request to stop, the lock of who
# starts, what is put aside, what is written anew.
HALF_WAY = ["starter.lock", "run.db", "job.json"]
ALL_THE_WAY = [
    *(".stop.json.part", "stop.json", "supervisor.lock", "earlier", "checkpoints", "progress"),
    *("pipeline.json", ".pipeline.json.part", "notebook.py", ".job.json.part"),
    "supervisor.log",
]
FILES = [*HALF_WAY, *(pytest.param(file, marks=pytest.mark.soak) for file in ALL_THE_WAY)]
# A folder that is there needs no room: that it cannot be made again is no failure.
THERE = pytest.param("logs", marks=pytest.mark.soak)


@pytest.mark.parametrize("file", FILES)
def test_a_start_that_fails_is_undone_with_its_state(run: Run, file: str) -> None:
    given = new_state(run)
    error = attempt(run, file, "full", given)
    assert error is not None and error.code == "DEPLOYMENT_UNDONE"
    assert "No space left" in error.message
    assert run.until_phase("running").revision == 1
    assert (run.folder / "checkpoints" / "kept").exists()
    assert plan(run, **given)["status"] == "planned"
    goes_on(run, given)


@pytest.mark.parametrize("file", [*FILES, THERE])
def test_a_death_on_the_way_is_gone_on_from(run: Run, file: str) -> None:
    given = new_state(run)
    assert attempt(run, file, "death", given) is None
    with pytest.raises(LakestreamError) as refused:
        plan(run, **given)
    assert refused.value.code == "DEPLOYMENT_RUNNING"
    let_go(run)
    assert plan(run, **given)["plan"]["continues"]
    goes_on(run, given)


def test_a_death_before_the_start_is_recorded_loses_nothing_of_it(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = new_state(run)
    shown = plan(run, **given)
    with monkeypatch.context() as patch:
        does = LocalTarget.do

        def dies_after(self: LocalTarget, change: Change) -> None:
            does(self, change)
            raise Death

        patch.setattr(LocalTarget, "do", dies_after)
        with pytest.raises(Death):
            plan(run, confirm=shown["confirm"], **given)
    began = run.until_phase("running")
    let_go(run)
    for again in (given, {}):
        assert [c["do"] for c in plan(run, **again)["plan"]["changes"]] == ["leave"]
    assert deploy(run, **given)["status"] == "deployed"
    assert run.until_phase("running").run_id == began.run_id
    assert len(list(run.folder.glob("earlier/*"))) == 1
    assert plan(run)["status"] == "unchanged"
    deploy(run, **given)
    assert run.until_phase("running").run_id != began.run_id
    assert len(list(run.folder.glob("earlier/*"))) == 2


def goes_on(run: Run, given: dict[str, Any]) -> None:
    """The same call again runs the new revision on new checkpoints; the old ones are kept aside."""
    assert deploy(run, **given)["status"] == "deployed"
    assert run.until_phase("running").revision == 2
    (kept,) = run.folder.glob("earlier/*/checkpoints/kept")
    assert kept.read_text() == "open state"
    assert not (run.folder / "checkpoints" / "kept").exists()
    assert plan(run)["status"] == "unchanged"


def let_go(run: Run) -> None:
    """The time has passed in which a deployment that is not heard of may be alive still."""
    with run.ws.store.transaction(write=True) as store:
        store._run(update(deployment_locks).values(until=datetime(2020, 1, 1, tzinfo=UTC)))


def test_a_machine_without_spark_says_so(opened: Any, tmp_path: Path) -> None:
    bare = opened(tmp_path / "no-python")
    bare.call("create_pipeline", id="quiet", name="Quiet")
    with pytest.raises(LakestreamError) as refused:
        plan(bare)
    assert refused.value.code == "TARGET_NOT_HERE"
