"""Two deployments at once, and a process that is killed in the middle of one."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.relational.local import LocalEngine

from .site import ID, Site, jobs, pipelines
from .stand_in import StandIn
from .stand_in.faults import SLOW
from .stories import STORIES, Ground, Scene, ends_right

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


@pytest.mark.parametrize("name", ["changed", "gone"])
def test_killed_in_the_middle_and_taken_up_again(ground: Ground, name: str) -> None:
    doing = ground.known(name).doing
    number = next(n for n, call in enumerate(doing, 1) if n > len(doing) // 2 and "get" not in call)
    killed(ground, name, number, "hang after")


@pytest.mark.soak
@pytest.mark.timeout(3_000)
@pytest.mark.parametrize("how", SLOW)
@pytest.mark.parametrize("name", STORIES)
def test_killed_at_every_call_and_taken_up_again(ground: Ground, name: str, how: str) -> None:
    for number in range(1, len(ground.known(name).doing) + 1):
        killed(ground, name, number, how)


def killed(ground: Ground, name: str, number: int, how: str) -> None:
    """A process that carries out a plan dies at its nth call; then another one goes on."""
    with ground.scene(name) as now:
        plan, seen = now.plan(), now.world.faults.seen
        before = len(seen)
        now.world.fail("*", number, how)
        with deployer(now, plan) as child:
            wait(lambda: len(seen) - before >= number or child.poll() is not None)
            assert child.poll() is None, child.communicate()[0]
            time.sleep(0.1)  # what was asked for is done by now, where the fault lets it
        now.mend()
        again = now.plan()
        if again.get("error", {}).get("code") == "DEPLOYMENT_RUNNING":
            now.site.clock.ahead += AFTER_THE_LEASE
            again = now.plan()
            assert again["plan"]["continues"]
        ends_right(now, ground.end(name))


@contextlib.contextmanager
def deployer(now: Scene, plan: dict[str, Any], nth: str = "0") -> Iterator[subprocess.Popen[bytes]]:
    """A process that carries out a plan, and is killed in the end."""
    asked = [plan["confirm"], plan["action"], plan["target"], nth]
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.databricks.deployer", now.folder, *asked],
        cwd=ROOT,
        env=os.environ | now.world.environment,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield child
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def wait(until: Any) -> None:
    """Wait for something that comes."""
    end = time.monotonic() + PATIENCE_S
    while not until():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)
