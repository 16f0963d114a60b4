"""Reading deployments: runs, errors in plain words, what is gone, history, bundles in folders."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from .site import HYBRID, ID, Site, jobs
from .stand_in import StandIn
from .stand_in.runs import Outcome


def test_nothing_deployed_is_said_with_the_next_call(site: Site) -> None:
    site.make()
    answer = site.call("get_deployment", pipeline_id=ID)
    assert (answer["status"], answer["history"]) == ("draft", [])
    assert answer["next"].startswith("deploy")


def test_a_job_that_nobody_starts_is_said_in_the_plan(site: Site) -> None:
    site.make({"trigger": "available now"})
    codes = {f["code"] for f in site.call("validate_pipeline", pipeline_id=ID)["findings"]}
    assert "NOBODY_STARTS_IT" in codes
    assert any("nobody starts" in said for said in site.plan(target="bundle")["plan"]["warnings"])
    site.set(deploy={"continuous": True})
    assert not site.plan(target="bundle")["plan"].get("warnings")


def test_a_review_and_a_plan_mean_the_same_by_tested(site: Site) -> None:
    def untested() -> tuple[bool, bool]:
        reviewed = site.call("review_pipeline", pipeline_id=ID, mode="review")
        planned = site.plan(target="bundle", force_reason="")
        said = {risk["code"] for risk in reviewed["risks"]}, planned.get("error", {}).get("code")
        return "NOT_TESTED" in said[0], said[1] == "NOT_TESTED"

    site.make()
    assert untested() == (True, True)
    site.test()
    site.set(deploy={"continuous": True})
    assert untested() == (False, False), "settings need no other test"
    site.threshold(3)
    assert untested() == (True, True)
    site.threshold(1_000)
    site.test()
    assert untested() == (True, True), "a run in which nothing matched shows nothing"


def test_what_can_be_done_with_a_bundle_is_said_with_its_target(site: Site) -> None:
    site.make()
    site.deploy(target="bundle")
    following = site.call("get_deployment", pipeline_id=ID)["next"]
    assert following.count('target="bundle"') == 1
    assert "stop" not in following and "start" not in following


def all_ends(world: StandIn) -> None:
    """What runs comes to its end."""
    for _ in range(12):
        world.advance()


def with_a_failing_pipeline(site: Site, world: StandIn) -> None:
    """A deployment whose pipeline was started and has failed."""
    site.make(HYBRID)
    site.deploy()
    world.pipelines.failures["*"] = "[TABLE_OR_VIEW_NOT_FOUND] The table `a`.`b` cannot be found."
    site.deploy("start")
    all_ends(world)


def with_a_failing_notebook(site: Site, world: StandIn) -> None:
    """A deployment whose notebook was started and has failed."""
    site.make()
    site.deploy()
    world.jobs.outcomes["streaming"] = Outcome("FAILED", error="java.lang.OutOfMemoryError: heap")
    site.deploy("start")
    all_ends(world)


def test_a_deployment_knows_its_target_and_folder(site: Site, tmp_path: Path) -> None:
    site.make_plain()
    folder = {"options": {"folder": str(tmp_path / "root" / "out")}}
    for place in ({}, folder):
        first = site.deploy(target="bundle", **place)
        site.above(120)
        site.deploy(target="bundle", **place)
        back = site.plan("rollback")
        assert (back["target"], back["place"]) == ("bundle", first["place"])
        assert site.confirm(back)["status"] == "deployed"
        named = site.plan("rollback", deployment=first["deployment"])
        assert named["target"] == "bundle"
        assert site.plan("stop")["error"]["code"] == "NOT_DEPLOYED"
        gone = site.deploy("destroy")
        assert (gone["status"], gone["place"]) == ("destroyed", first["place"])
        site.above(100)


def test_a_bundle_may_be_said_to_be_deployed(site: Site) -> None:
    site.make_plain()
    change = {"op": "set_pipeline", "status": "deployed"}
    refused = site.call("edit_pipeline", pipeline_id=ID, changes=[change])
    assert refused["error"]["code"] == "NOT_DEPLOYED"
    site.deploy(target="bundle")
    site.edit(change)
    assert site.call("list_pipelines")["pipelines"][0]["status"] == "deployed"


def test_what_runs_is_meant_before_a_bundle(site: Site) -> None:
    site.make_plain()
    site.deploy()
    site.deploy(target="bundle")
    assert site.plan("destroy")["target"] == "workspace"
    assert site.plan("destroy", target="bundle")["target"] == "bundle"
    assert site.deploy("destroy")["status"] == "destroyed"
    assert site.plan("destroy")["target"] == "bundle"


def test_runs_and_links(site: Site, world: StandIn) -> None:
    site.make(HYBRID)
    site.deploy()
    site.deploy("start")
    (job_id,) = world.jobs.known
    all_ends(world)
    answer = site.call("get_deployment", pipeline_id=ID)
    states = {run["of"]: run["state"] for run in answer["health"]["runs"]}
    assert states == {"job orders": "SUCCESS", "pipeline orders_declarative": "COMPLETED"}
    assert answer["health"]["links"]["job orders"] == f"{world.url}/jobs/{job_id}"
    assert answer["health"]["errors"] == []


def test_errors_of_the_event_log_in_plain_words(site: Site, world: StandIn) -> None:
    with_a_failing_pipeline(site, world)
    answer = site.call("get_deployment", pipeline_id=ID)
    (error,) = answer["health"]["errors"]
    assert error.startswith("pipeline orders_declarative: A table that is read does not exist")
    assert "`a`.`b`" in error
    assert "rollback" in answer["next"]


def test_errors_of_a_notebook_in_plain_words(site: Site, world: StandIn) -> None:
    with_a_failing_notebook(site, world)
    (error,) = site.call("get_deployment", pipeline_id=ID)["health"]["errors"]
    assert error.startswith("task streaming: It ran out of memory")


def test_what_is_tried_again_still_says_why_it_failed(site: Site, world: StandIn) -> None:
    with_a_failing_pipeline(site, world)
    world.pipelines.failures.clear()
    world.client().pipelines.start_update(next(iter(world.pipelines.known)))
    answer = site.call("get_deployment", pipeline_id=ID)
    newest = next(r for r in answer["health"]["runs"] if r["of"].startswith("pipeline"))
    assert newest["state"] not in ("COMPLETED", "FAILED", "CANCELED")
    (error,) = answer["health"]["errors"]
    assert error.startswith("pipeline orders_declarative: A table that is read does not exist")
    assert error.endswith("before the one under way)")
    all_ends(world)
    assert site.call("get_deployment", pipeline_id=ID)["health"]["errors"] == []


def test_a_notebook_that_is_tried_again_still_says_why(site: Site, world: StandIn) -> None:
    with_a_failing_notebook(site, world)
    site.deploy("start")
    answer = site.call("get_deployment", pipeline_id=ID)
    assert [run["state"] for run in answer["health"]["runs"]][1:] == ["FAILED"]
    (error,) = answer["health"]["errors"]
    assert error.startswith("task streaming: It ran out of memory")
    assert error.endswith("before the one under way)")


def test_what_is_gone_and_what_cannot_be_asked(
    site: Site, world: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.make()
    site.deploy()
    world.jobs.known.clear()
    assert "job orders" in site.call("get_deployment", pipeline_id=ID)["health"]["missing"][0]
    world.fail("jobs.get", 1, "500")
    assert "DATABRICKS" in site.call("get_deployment", pipeline_id=ID)["unknown"]
    monkeypatch.delenv("DATABRICKS_TOKEN")
    answer = site.call("get_deployment", pipeline_id=ID)
    assert answer["unknown"].startswith("DATABRICKS_NOT_CONNECTED")
    assert len(answer["history"]) == 1


def test_the_history_says_who_when_what(site: Site, world: StandIn) -> None:
    site.make()
    done = site.deploy()
    site.threshold(3)
    world.fail("jobs.reset", 1, "500")
    failed = site.deploy(host=site.by("bob@example.com"))["error"]
    site.deploy("stop")
    history = site.call("get_deployment", pipeline_id=ID)["history"]
    assert [(h["action"], h["status"], h["actor"]) for h in history] == [
        ("stop", "paused", "ann"),
        ("deploy", "undone", "bob@example.com"),
        ("deploy", "replaced", "ann"),
    ]
    assert history[1]["deployment"] == failed["where"]["deployment"]
    steps = site.call("get_deployment", pipeline_id=ID, deployment=history[1]["deployment"])
    assert [s["state"] for s in steps["steps"]] == ["undone"] * 3
    one = site.call("get_deployment", pipeline_id=ID, deployment=done["deployment"])
    assert [s["state"] for s in one["steps"]] == ["done"] * 3
    error = site.call("get_deployment", pipeline_id=ID, deployment="dep_nothing")["error"]
    assert error["code"] == "DEPLOYMENT_NOT_FOUND"


def test_of_what_is_gone_no_link_and_no_action_is_offered(site: Site, world: StandIn) -> None:
    site.make()
    world.fail("jobs.create", 1, "500")
    assert site.deploy()["error"]["code"] == "DEPLOYMENT_UNDONE"
    undone = site.call("get_deployment", pipeline_id=ID)
    site.deploy()
    assert site.call("get_deployment", pipeline_id=ID)["health"]["links"]
    site.deploy("destroy")
    destroyed = site.call("get_deployment", pipeline_id=ID)
    for answer in (undone, destroyed):
        assert ("health" in answer, answer["next"]) == (False, "deploy makes a plan")
    assert [h["status"] for h in destroyed["history"]] == ["destroyed", "replaced", "undone"]


def test_an_edit_leaves_the_pipeline_deployed(site: Site) -> None:
    site.make()
    site.deploy()
    site.threshold(5)
    assert site.call("list_pipelines", status="deployed")["pipelines"][0]["id"] == ID
    assert site.call("get_pipeline", pipeline_id=ID)["status"] == "deployed"


def test_the_canvas_shows_which_nodes_run_as_they_are(site: Site) -> None:
    def states() -> dict[str, str]:
        view = site.call("get_view", pipeline_id=ID)
        return {node["id"]: node["status"]["state"] for node in view["nodes"]}

    site.make()
    site.test()
    assert set(states().values()) == {"tested"}
    site.deploy()
    assert set(states().values()) == {"deployed"}
    site.threshold(5)
    before = {"orders": "deployed", "big": "deployed"}
    assert states() == before | {"burst": "stale", "out": "stale"}
    site.test()
    assert states() == before | {"burst": "tested", "out": "tested"}, "what runs is the one before"
    site.deploy("stop")
    assert set(states().values()) == {"tested"}


def test_a_bundle_is_written_below_a_data_root(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "root" / "out"
    given = {"target": "bundle", "options": {"folder": str(folder)}}
    site.make(HYBRID)
    plan = site.plan(**given)
    assert not folder.exists()
    assert site.confirm(plan, **given)["status"] == "deployed"
    written = {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}
    made = site.call("generate_code", pipeline_id=ID, target="bundle", content=True)["files"]
    assert written == made
    assert site.plan(**given)["status"] == "unchanged"
    site.set(deploy={"code": "sss"})
    site.deploy(target="bundle", options={**given["options"], "state": "new"})
    assert not (folder / "src/orders.sql").exists()
    assert site.plan("rollback", **given)["error"]["code"] == "STATE_CHANGED"
    site.deploy("rollback", target="bundle", options={**given["options"], "state": "new"})
    assert (folder / "src/orders.sql").exists()
    (folder / "src/mine.txt").write_text("mine")
    assert site.deploy("destroy", **given)["status"] == "destroyed"
    assert [p.name for p in folder.rglob("*") if p.is_file()] == ["mine.txt"]
    assert site.call("list_pipelines")["pipelines"][0]["status"] == "draft"


def test_a_bundle_that_is_written_later_does_not_hide_what_runs(site: Site) -> None:
    site.make_plain()
    site.deploy(target="bundle")
    assert site.call("get_deployment", pipeline_id=ID)["deployment"]["target"] == "bundle"
    runs = site.deploy()
    site.above(120)
    assert site.deploy(target="bundle")["status"] == "deployed"
    answer = site.call("get_deployment", pipeline_id=ID)
    assert answer["deployment"]["deployment"] == runs["deployment"]
    assert answer["deployment"]["revision"] == runs["revision"]
    assert answer["health"]["links"]
    assert [line["target"] for line in answer["history"]] == ["bundle", "workspace", "bundle"]


def test_a_bundle_does_not_leave_the_data_roots(site: Site, tmp_path: Path) -> None:
    site.make()
    for folder in ("../../x", "/etc/x", str(tmp_path / "elsewhere")):
        error = site.plan(target="bundle", options={"folder": folder})["error"]
        assert error["code"] == "FILE_REFUSED"
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "root" / "link").mkdir()
    (tmp_path / "root" / "link" / "src").symlink_to(tmp_path / "elsewhere")
    given = {"target": "bundle", "options": {"folder": str(tmp_path / "root" / "link")}}
    assert site.deploy(**given)["error"]["code"] == "FILE_REFUSED"
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_without_a_folder_a_bundle_has_its_own(site: Site) -> None:
    site.make()
    answer = site.deploy(target="bundle")
    resources = Path(answer["place"]) / "resources/orders.yml"
    assert yaml.safe_load(resources.read_text())["resources"]["jobs"][ID]["name"]
    assert site.plan("stop", target="bundle")["error"]["code"] == "NOT_DEPLOYED"


def test_two_stores_with_one_pipeline_keep_apart(
    site: Site, world: StandIn, tmp_path: Path, engine: object
) -> None:
    site.make()
    site.deploy()
    other = Site(world, tmp_path / "other", engine)  # type: ignore[arg-type]
    other.make()
    other.deploy()
    assert len(jobs(world)) == 2
    other.deploy("destroy")
    assert site.plan()["status"] == "unchanged"
    other.close()
