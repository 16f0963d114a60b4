"""Every fault at every writing call: no double, no orphan, and the right end once it is over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.relational.local import LocalEngine

from .site import GRANTED, Site, everything, folders, jobs, pipelines
from .stand_in import StandIn
from .stand_in.faults import FAULTS

HASTY_S, PATIENT_S = 1.0, 30.0
"""How long a call may take: short where it hangs on purpose, else long on a busy machine."""
Story = Callable[[Site], Any]


@pytest.fixture
def plain(
    world: StandIn,
    tmp_path: Path,
    engine: LocalEngine,
    site: Site,
    request: pytest.FixtureRequest,
) -> Site:
    """A server with a pipeline that is all SQL."""
    site.close()
    world.unity.add("SCHEMA", "main.default")
    hangs = "hang" in request.node.name
    waits = {"databricks_timeout_s": HASTY_S if hangs else PATIENT_S, "databricks_retry_s": 1}
    made = Site(world, tmp_path, engine, **waits)
    made.make_plain()
    return made


def first(site: Site) -> dict[str, Any]:
    """Nothing is there yet."""
    return site.plan()


def changed(site: Site) -> dict[str, Any]:
    """Code and settings have changed since the first one."""
    assert site.deploy()["status"] == "deployed"
    site.above(200)
    site.set(deploy={**GRANTED, "continuous": True})
    return site.plan()


def gone(site: Site) -> dict[str, Any]:
    """What is there is to go."""
    assert site.deploy()["status"] == "deployed"
    return site.plan("destroy")


WRITES = {"first": 6, "changed": 4, "gone": 6}
"""Writing calls of each story; a test holds this to what the stories do."""
STORIES: dict[str, Story] = {"first": first, "changed": changed, "gone": gone}
ALL = [
    (story, number, fault)
    for story, count in WRITES.items()
    for number in range(1, count + 1)
    for fault in FAULTS
]
# Of each call every fourth fault, another one each time; `make soak` runs them all.
CASES = [
    case if n % 4 == 0 else pytest.param(*case, marks=pytest.mark.soak)
    for n, case in enumerate(ALL)
]


@pytest.mark.parametrize("story", STORIES)
def test_the_writing_calls_of_each_story_are_known(plain: Site, world: StandIn, story: str) -> None:
    plan = STORIES[story](plain)
    before = len(world.writes)
    plain.confirm(plan)
    assert len(world.writes) - before == WRITES[story], [c.route for c in world.writes[before:]]


@pytest.mark.parametrize(("story", "number", "fault"), CASES)
def test_a_fault(plain: Site, world: StandIn, story: str, number: int, fault: str) -> None:
    plan = STORIES[story](plain)
    before = snapshot(world)
    world.fail("writes", number, fault)
    answer = plain.confirm(plan)
    if "error" in answer:
        assert answer["error"]["code"] in ("DEPLOYMENT_UNDONE", "DEPLOYMENT_PARTIAL"), answer
        if answer["error"]["code"] == "DEPLOYMENT_UNDONE":
            assert snapshot(world) == before
    ends_right(plain, world, story)


@pytest.mark.parametrize(("story", "number"), [(s, n) for s in WRITES for n in (1, WRITES[s])])
def test_a_fault_that_hinders_undoing_as_well(
    plain: Site, world: StandIn, story: str, number: int
) -> None:
    plan = STORIES[story](plain)
    world.fail("writes", number, "500 after", times=3)
    answer = plain.confirm(plan)
    assert answer["error"]["code"] in ("DEPLOYMENT_UNDONE", "DEPLOYMENT_PARTIAL")
    if answer["error"]["code"] == "DEPLOYMENT_PARTIAL":
        assert answer["error"]["where"]["left"]
    world.faults.rules.clear()
    ends_right(plain, world, story)


def snapshot(world: StandIn) -> dict[str, Any]:
    """All that is there, with who may do what."""
    levels = {k: dict(v) for k, v in world.principals.levels.items() if k[0] != "directories"}
    return everything(world) | {"folders": folders(world), "levels": levels}


def ends_right(site: Site, world: StandIn, story: str) -> None:
    """The same call again comes to the end that was wanted, and then there is nothing to do."""
    action = "destroy" if story == "gone" else "deploy"
    answer = site.deploy(action)
    assert answer["status"] in ("deployed", "destroyed", "unchanged"), answer
    assert site.plan(action)["status"] == "unchanged"
    count = 0 if story == "gone" else 1
    assert len(jobs(world)) == len(pipelines(world)) == count
    if story == "gone":
        assert folders(world) == []
        return
    (job,), (pipeline,) = jobs(world), pipelines(world)
    assert job["tasks"][0]["pipeline_task"]["pipeline_id"] == pipeline["id"]
    assert world.workspace.text(pipeline["libraries"][0]["file"]["path"])
    versions = [f for f in folders(world) if "/v_" in f]
    assert len(versions) == (2 if story == "changed" else 1)
    for kind, name in (("jobs", next(iter(world.jobs.known))), ("pipelines", pipeline["id"])):
        assert world.principals.levels[kind, str(name)]["users"] == "CAN_VIEW"
