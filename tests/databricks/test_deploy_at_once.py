"""Two deployments at once, and a process that is killed in the middle of one."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.relational.local import LocalEngine

from .site import ID, Site, jobs, pipelines
from .stand_in import StandIn
from .test_deploy_faults import STORIES, WRITES, ends_right

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60
AFTER_THE_LEASE = timedelta(minutes=4)


@pytest.fixture
def plain(site: Site, world: StandIn) -> Site:
    """A pipeline that is all SQL."""
    world.unity.add("SCHEMA", "main.default")
    site.make_plain()
    return site


def test_of_two_at_once_one_wins_and_the_other_is_told(
    plain: Site, world: StandIn, tmp_path: Path, engine: LocalEngine
) -> None:
    two = [Site(world, tmp_path, engine, databricks_timeout_s=PATIENCE_S) for _ in range(2)]
    for amount in (110, 120, 130):
        plain.above(amount)
        told, won = at_once(world, two, plain.plan())
        assert told["error"]["code"] == "DEPLOYMENT_RUNNING", told
        assert "ann" in told["error"]["message"]
        assert won["status"] == "deployed", won
        assert len(jobs(world)) == len(pipelines(world)) == 1
    for site in two:
        site.close()


def at_once(world: StandIn, sites: list[Site], plan: dict[str, Any]) -> list[dict[str, Any]]:
    """What each is answered, the first answer first; nobody can write before somebody has one."""
    answers: list[dict[str, Any]] = []
    barrier = threading.Barrier(len(sites))

    def confirm(site: Site) -> None:
        barrier.wait()
        answers.append(site.confirm(plan))

    threads = [threading.Thread(target=confirm, args=(site,)) for site in sites]
    world.open_to_writes.clear()
    try:
        for thread in threads:
            thread.start()
        wait(lambda: answers)
    finally:
        world.open_to_writes.set()
        for thread in threads:
            thread.join()
    return answers


def test_who_comes_while_one_is_under_way_is_told_who_it_is(plain: Site, world: StandIn) -> None:
    plan = plain.plan()
    world.fail("jobs.create", 1, "hang")
    thread = threading.Thread(target=plain.confirm, args=(plan,))
    thread.start()
    wait(lambda: any(True for _ in world.named("jobs.create")))
    bob = plain.by("bob@example.com")
    error = plain.plan(host=bob)["error"]
    assert error["code"] == "DEPLOYMENT_RUNNING"
    assert "ann" in error["message"]
    assert plain.call("get_deployment", pipeline_id=ID)["busy"].endswith("by ann")
    thread.join()
    assert "confirm" in plain.plan(host=bob)


KILLS = [
    pytest.param(story, number, how, marks=() if (n % 5 == 2) else pytest.mark.soak)
    for n, (story, number, how) in enumerate(
        (s, n, h) for s in WRITES for n in range(1, WRITES[s] + 1) for h in ("hang", "hang after")
    )
]


@pytest.mark.parametrize(("story", "number", "how"), KILLS)
def test_killed_at_a_writing_call_and_taken_up_again(
    plain: Site, world: StandIn, tmp_path: Path, story: str, number: int, how: str
) -> None:
    plan = STORIES[story](plain)
    before = len(world.writes)
    world.fail("writes", number, how)
    child = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.databricks.deployer",
            tmp_path,
            plan["confirm"],
            plan["action"],
        ],
        cwd=ROOT,
        env=os.environ | world.environment,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        wait(lambda: len(world.writes) - before >= number or child.poll() is not None)
        assert child.poll() is None, child.communicate()[0]
        time.sleep(0.1)  # what was asked for is done by now, where the fault lets it
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    error = plain.plan(plan["action"])["error"]
    assert error["code"] == "DEPLOYMENT_RUNNING", "it may be alive still"
    plain.clock.ahead += AFTER_THE_LEASE
    again = plain.plan(plan["action"])
    if "plan" in again:
        assert again["plan"]["continues"]
    ends_right(plain, world, story)


def wait(until: Any) -> None:
    """Wait for something that comes."""
    end = time.monotonic() + PATIENCE_S
    while not until():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)
