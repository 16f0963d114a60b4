"""Deploying to a workspace: plan, confirm, again, changed, back, paused, gone."""

from __future__ import annotations

import pytest
import yaml

from .site import FORCED, HYBRID, ID, Site, everything, files, folders, jobs, pipelines
from .stand_in import StandIn


def did(answer: dict) -> list[tuple[str, str]]:
    """What a plan would do, by kind."""
    return [(c["do"], c["kind"]) for c in answer["plan"]["changes"] if c["do"] != "leave"]


def test_a_plan_changes_nothing_and_its_hash_carries_it_out(site: Site, world: StandIn) -> None:
    site.make()
    plan = site.plan()
    assert did(plan) == [("create", "folder"), ("create", "file"), ("create", "job")]
    assert world.writes == []
    done = site.confirm(plan)
    assert done["status"] == "deployed"
    (job,) = jobs(world)
    assert job["name"] == "Orders [orders]"
    assert job["tags"]["lakestream_pipeline"] == ID
    (file,) = files(world)
    assert "/Workspace" + file == job["tasks"][0]["notebook_task"]["notebook_path"]
    code = site.call("generate_code", pipeline_id=ID, content=True)["files"]["orders.py"]
    assert world.workspace.text(file) == code
    assert site.call("list_pipelines")["pipelines"][0]["status"] == "deployed"


def test_an_unchanged_second_deployment_writes_nothing(site: Site, world: StandIn) -> None:
    site.make(HYBRID)
    site.deploy()
    before = len(world.writes)
    assert site.plan()["status"] == "unchanged"
    assert len(world.writes) == before


def test_a_change_goes_to_a_new_folder_and_the_job_follows(site: Site, world: StandIn) -> None:
    site.make()
    site.deploy()
    (first,) = files(world)
    (job_id,) = world.jobs.known
    site.threshold(3)
    plan = site.plan()
    assert did(plan) == [("create", "folder"), ("create", "file"), ("update", "job")]
    assert plan["plan"]["code_diff"].startswith("--- a/orders.py")
    site.confirm(plan)
    assert list(world.jobs.known) == [job_id]
    assert first in files(world), "runs under way end with the code they began with"
    site.threshold(4)
    site.deploy()
    assert first not in files(world)
    assert len(files(world)) == 2
    assert site.plan()["status"] == "unchanged"


def test_a_hybrid_is_pipelines_and_one_job(site: Site, world: StandIn) -> None:
    site.make(HYBRID)
    site.deploy()
    (pipeline,), (job,) = pipelines(world), jobs(world)
    assert job["tasks"][0]["pipeline_task"]["pipeline_id"] == pipeline["id"]
    assert job["tasks"][1]["depends_on"] == [{"task_key": "declarative"}]
    assert pipeline["catalog"] == "main"
    site.set(deploy={"code": "sss"})
    answer = site.deploy(options={"state": "new"})
    assert answer["status"] == "deployed", answer
    assert pipelines(world) == []


FULL = {
    "deploy": {
        "code": "hybrid",
        "schedule": {"cron": "0 0/15 * * * ?", "timezone": "Europe/Berlin"},
        "cluster": {"node_type": "i3.xlarge", "min_workers": 1, "max_workers": 4},
        "notify": ["ann@example.com"],
        "tags": {"team": "shop"},
        "permissions": [{"group": "users", "level": "CAN_VIEW"}],
        "run_as": {"user": "ann@example.com"},
    }
}


@pytest.mark.parametrize("settings", [HYBRID, FULL, {"deploy": {"continuous": True}}])
def test_the_bundle_says_field_by_field_what_was_sent(
    site: Site, world: StandIn, settings: dict
) -> None:
    site.make(settings)
    assert site.deploy()["status"] == "deployed"
    text = site.call("generate_code", pipeline_id=ID, target="bundle", content=True)["files"]
    told = yaml.safe_load(text["resources/orders.yml"])["resources"]
    grants = [(kind, r.pop("permissions", [])) for kind in told for r in told[kind].values()]
    sent = {"jobs": {ID: jobs(world)[0]}}
    (job_id,) = world.jobs.known
    ids = {("jobs", ID): str(job_id)}
    for pipeline in world.pipelines.known.values():
        key = pipeline.spec["tags"]["lakestream_key"]
        spec = {k: v for k, v in pipeline.spec.items() if k != "id"}
        spec |= {"run_as": {"user_name": pipeline.run_as}} if "run_as" in str(settings) else {}
        sent.setdefault("pipelines", {})[key] = spec
        ids["pipelines", key] = pipeline.id
    assert _as_deployed(told, ids, folders(world)[-1]) == _plain(sent)
    for kind, asked in grants:
        levels = world.principals.levels[kind, next(v for (k, _), v in ids.items() if k == kind)]
        given = {name: level for name, level in levels.items() if level != "IS_OWNER"}
        assert given == {g["group_name"]: g["level"] for g in asked}


def _as_deployed(told: dict, ids: dict, folder: str) -> dict:
    """A bundle's resources as a deployment of it makes them: references and paths resolved."""

    def resolved(value: object) -> object:
        if isinstance(value, dict):
            return {k: resolved(v) for k, v in value.items()}
        if isinstance(value, list):
            return [resolved(v) for v in value]
        if isinstance(value, str) and value.startswith("../src/"):
            name = value.removeprefix("../src/")
            return f"/Workspace{folder}/{name.removesuffix('.py')}"
        for (kind, key), number in ids.items():
            if value == f"${{resources.{kind}.{key}.id}}":
                return number
        return value

    return resolved(told)


def _plain(sent: dict) -> dict:
    """What was sent, without the tag by which a server knows its own."""
    for kind in sent.values():
        for resource in kind.values():
            resource["tags"].pop("lakestream_origin")
    return sent


def test_what_others_changed_is_seen_and_put_right(site: Site, world: StandIn) -> None:
    site.make()
    site.deploy()
    (job,) = world.jobs.known.values()
    wanted = dict(job.settings)
    job.settings["max_concurrent_runs"] = 7
    job.settings["schedule"] = {"quartz_cron_expression": "0 0 1 * * ?", "timezone_id": "UTC"}
    plan = site.plan()
    (change,) = [c for c in plan["plan"]["changes"] if c["do"] == "update"]
    assert set(change["diff"]) == {"max_concurrent_runs", "schedule"}
    site.confirm(plan)
    assert job.settings == wanted


def test_a_resource_that_is_gone_is_made_again(site: Site, world: StandIn) -> None:
    site.make(HYBRID)
    site.deploy()
    world.jobs.known.clear()
    world.pipelines.known.clear()
    site.deploy()
    assert len(jobs(world)) == len(pipelines(world)) == 1
    assert site.plan()["status"] == "unchanged"


def test_resources_of_the_same_name_that_are_not_ours_are_left(site: Site, world: StandIn) -> None:
    w = world.client()
    strange = w.jobs.create(name="Orders [orders]", tags={"lakestream_pipeline": ID}).job_id
    site.make()
    site.deploy()
    site.threshold(3)
    site.deploy()
    site.deploy("destroy")
    assert list(world.jobs.known) == [strange]


def test_a_job_that_lost_its_tags_is_not_doubled(site: Site, world: StandIn) -> None:
    site.make()
    site.deploy()
    (job,) = world.jobs.known.values()
    tags = job.settings.pop("tags")
    error = site.plan()["error"]
    assert error["code"] == "DEPLOYMENT_LACKS"
    assert str(job.id) in error["message"]
    assert str(job.id) in site.plan("destroy")["plan"]["warnings"][0]
    job.settings["tags"] = tags
    assert site.plan()["status"] == "unchanged"


def test_a_folder_that_was_asked_for_stays(site: Site, world: StandIn) -> None:
    folder = "/Users/ann@example.com/shop"
    world.client().workspace.mkdirs(folder)
    site.make({"deploy": {"folder": f"/Workspace{folder}"}})
    site.deploy()
    assert files(world)[0].startswith(f"{folder}/v_")
    site.deploy("destroy")
    assert (files(world), folder in world.workspace.items) == ([], True)


def test_destroying_leaves_nothing(site: Site, world: StandIn) -> None:
    site.make(FULL)
    site.deploy()
    plan = site.plan("destroy")
    assert jobs(world), "a plan changes nothing"
    assert site.confirm(plan)["status"] == "destroyed"
    assert everything(world) == {"jobs": [], "pipelines": [], "files": []}
    assert folders(world) == []
    assert site.call("list_pipelines")["pipelines"][0]["status"] == "draft"
    assert site.plan("destroy")["status"] == "unchanged"
    assert site.plan("stop")["error"]["code"] == "NOT_DEPLOYED"


def test_files_that_others_put_beside_ours_are_left(site: Site, world: StandIn) -> None:
    site.make()
    site.deploy()
    root = folders(world)[0]
    world.client().workspace.mkdirs(f"{root}/notes")
    site.deploy("destroy")
    assert folders(world) == [root, f"{root}/notes"]


def test_stop_pauses_and_ends_runs_and_start_goes_on(site: Site, world: StandIn) -> None:
    site.make({"deploy": {"schedule": {"cron": "0 0 1 * * ?"}}})
    site.deploy()
    (job_id,) = world.jobs.known
    run = world.client().jobs.run_now(job_id).run_id
    assert site.deploy("stop")["status"] == "paused"
    assert jobs(world)[0]["schedule"]["pause_status"] == "PAUSED"
    assert world.client().jobs.get_run(run).state.result_state.value == "CANCELED"
    assert site.call("list_pipelines")["pipelines"][0]["status"] == "paused"
    assert site.plan("stop")["status"] == "unchanged"
    site.threshold(3)
    site.deploy()
    assert jobs(world)[0]["schedule"]["pause_status"] == "PAUSED", "it is not started unasked"
    site.deploy("start")
    assert jobs(world)[0]["schedule"]["pause_status"] == "UNPAUSED"
    assert site.call("list_pipelines")["pipelines"][0]["status"] == "deployed"


def test_start_runs_a_job_without_a_schedule_once(site: Site, world: StandIn) -> None:
    site.make()
    site.deploy()
    site.deploy("start")
    assert len(world.jobs.runs) == 1
    site.deploy("start")
    assert len(list(world.named("jobs.run_now"))) == 2


@pytest.mark.parametrize("fault", ["cut after", "500 after", "page of a proxy after", "500"])
def test_a_start_whose_answer_is_lost_begins_one_run(
    site: Site, world: StandIn, fault: str
) -> None:
    site.make()
    site.deploy()
    for _ in range(2):
        world.fail("jobs.run_now", 1, fault)
        assert site.deploy("start")["error"]["code"] == "DEPLOYMENT_PARTIAL"
    assert site.deploy("start")["status"] == "deployed"
    assert len(world.jobs.runs) == 1
    site.deploy("start")
    assert len(world.jobs.runs) == 2, "a start after that is another one"


def test_rollback_brings_back_the_very_files(site: Site, world: StandIn) -> None:
    site.make()
    first = site.deploy()
    before = {path: world.workspace.text(path) for path in files(world)}
    for number in (3, 4):
        site.threshold(number)
        site.deploy()
    answer = site.deploy("rollback", deployment=first["deployment"])
    assert answer["status"] == "deployed"
    assert answer["revision"] == first["revision"]
    notebook = jobs(world)[0]["tasks"][0]["notebook_task"]["notebook_path"]
    path = notebook.removeprefix("/Workspace")
    assert world.workspace.text(path) == before[path]
    assert site.plan("rollback", deployment=first["deployment"])["status"] == "unchanged"
    assert site.plan()["status"] == "planned"


def test_what_was_not_tested_is_refused(site: Site) -> None:
    site.make()
    error = site.plan(force_reason="")["error"]
    assert (error["code"], error["where"]["nodes"]) == ("NOT_TESTED", ["burst"])
    run = site.test()
    plan = site.plan(force_reason="")
    assert plan["plan"]["tests"]["runs"] == {"burst": run["run_id"]}
    site.test()
    assert site.confirm(plan, force_reason="")["status"] == "deployed", "a test is no change"
    site.set(deploy={"continuous": True})
    assert "confirm" in site.plan(force_reason=""), "a schedule needs no other test"
    site.threshold(3)
    assert site.plan(force_reason="")["error"]["code"] == "NOT_TESTED"
    kept = site.deploy()
    line = site.call("get_deployment", pipeline_id=ID)["history"][0]
    assert (line["deployment"], line["force_reason"]) == (kept["deployment"], FORCED)


def test_state_that_does_not_fit_needs_a_decision(site: Site, world: StandIn) -> None:
    site.make()
    site.deploy()
    site.set(state_layout="keys")
    for options in ({}, {"state": "keep"}):
        error = site.plan(options=options)["error"]
        assert error["code"] == "STATE_CHANGED"
        assert "burst" in str(error["where"]["lost"])
    site.deploy(options={"state": "new"})
    task = jobs(world)[0]["tasks"][0]["notebook_task"]
    assert task["base_parameters"] == {
        "checkpoints": "/Volumes/main/default/lakestream/orders/checkpoints-2"
    }
    site.threshold(3)
    site.deploy()
    task = jobs(world)[0]["tasks"][0]["notebook_task"]
    assert task["base_parameters"]["checkpoints"].endswith("-2"), "and is kept from then on"
    assert site.plan("rollback", deployment="")["status"] == "planned"


def test_old_checkpoints_are_not_taken_up_unseen_after_destroying(site: Site) -> None:
    site.make()
    site.deploy()
    site.deploy("destroy")
    site.set(buckets=4)
    assert site.plan()["error"]["code"] == "STATE_CHANGED"
    assert site.deploy(options={"state": "new"})["status"] == "deployed"


def test_what_it_needs_and_is_not_there_is_said_before(site: Site, world: StandIn) -> None:
    site.make({"schema": "elsewhere"})
    error = site.plan()["error"]
    assert error["code"] == "DEPLOYMENT_LACKS"
    assert "main.elsewhere.lakestream" in str(error["where"]["lacking"])
    site.set(checkpoints="/tmp/checkpoints")
    assert "/tmp/checkpoints" in str(site.plan()["error"]["where"])
    assert world.writes == []


def test_permissions_that_are_no_longer_asked_for_are_taken_back(
    site: Site, world: StandIn
) -> None:
    site.make(FULL)
    site.deploy()
    (job_id,) = world.jobs.known
    levels = world.principals.levels["jobs", str(job_id)]
    assert levels["users"] == "CAN_VIEW"
    world.permit("bob@example.com", "jobs", str(job_id), "CAN_MANAGE")
    site.set(deploy=HYBRID["deploy"])
    plan = site.plan()
    (told,) = [line for line in plan["lines"] if line.startswith("update permissions of the job")]
    assert '"group users: CAN_VIEW"' in told, told
    site.confirm(plan)
    levels = world.principals.levels["jobs", str(job_id)]
    assert levels == {"ann@example.com": "IS_OWNER", "bob@example.com": "CAN_MANAGE"}
    assert site.plan()["status"] == "unchanged"
