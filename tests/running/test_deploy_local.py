"""Deploying to this machine: a plan first, then the run is started, changed, stopped, gone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from lakestream_mcp.errors import LakestreamError
from lakestream_mcp.storage.tables import deployments

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


def test_a_machine_without_spark_says_so(opened: Any, tmp_path: Path) -> None:
    bare = opened(tmp_path / "no-python")
    bare.call("create_pipeline", id="quiet", name="Quiet")
    with pytest.raises(LakestreamError) as refused:
        plan(bare)
    assert refused.value.code == "TARGET_NOT_HERE"
