"""A bundle whose files cannot be written to the end: all of it, nothing, or the rest next time."""

from __future__ import annotations

import signal
from itertools import count

import pytest

from ..disk import Death, failing
from .stories import ENDS, Ground, Scene, ends_right
from .test_deploy_at_once import AFTER_THE_LEASE, deployer

STORIES = ("bundle", "bundle changed", "bundle gone")


def disk_full(ground: Ground, name: str, nth: int) -> bool:
    """Whether the nth change of a file was one of the story's; it fails, and the call is undone."""
    with ground.scene(name) as now:
        before = now.snapshot()
        with failing(now.folder / "bundles", nth, "full") as disk:
            answer = now.attempt()
        if not disk.failed:
            return False
        if "error" in answer:
            error = answer["error"]
            assert error["got"] == "BUNDLE_FOLDER_UNUSABLE", error
            assert "No space left" in error["message"]
            if error["code"] == "DEPLOYMENT_UNDONE":
                assert now.snapshot() == before
            else:
                assert error["where"]["left"]
        ends_right(now, ground.end(name))
        assert no_traces(now)
        return True


def death(ground: Ground, name: str, nth: int) -> bool:
    """The same, where the process dies instead."""
    with ground.scene(name) as now:
        with failing(now.folder / "bundles", nth, "death") as disk:
            try:
                now.attempt()
            except Death:
                goes_on(now)
        if disk.failed:
            ends_right(now, ground.end(name))
            assert no_traces(now)
        return disk.failed


def goes_on(now: Scene) -> None:
    """Nobody else may deploy while the dead one may be alive still; then its rest is taken over."""
    assert now.plan()["error"]["code"] == "DEPLOYMENT_RUNNING"
    now.site.clock.ahead += AFTER_THE_LEASE
    again = now.plan()
    assert again["status"] == "unchanged" or again["plan"]["continues"]


def no_traces(now: Scene) -> bool:
    """Whether neither parts of files nor empty folders are left."""
    folder = now.folder / "bundles" / "orders"
    return not list(folder.rglob("*.part")) and all(
        any(path.iterdir()) for path in folder.rglob("*") if path.is_dir()
    )


def test_a_full_disk_at_each_file(ground: Ground) -> None:
    assert sum(disk_full(ground, "bundle changed", nth) for nth in (2, 3)) == 2


def test_death_at_each_file(ground: Ground) -> None:
    assert sum(death(ground, name, nth) for name in STORIES for nth in (2, 3)) == 6


@pytest.mark.soak
@pytest.mark.timeout(3_000)
@pytest.mark.parametrize("how", [disk_full, death])
@pytest.mark.parametrize("name", STORIES)
def test_each_file_of_each_story(ground: Ground, name: str, how: object) -> None:
    assert callable(how)
    tried = next(nth for nth in count(1) if not how(ground, name, nth))
    assert tried > 2


def test_killed_before_a_file_is_in_its_place(ground: Ground) -> None:
    """A real kill, between the writing of a file's text and its name."""
    with ground.scene("bundle changed") as now:
        plan = now.plan()
        with deployer(now, plan, "3") as child:
            assert child.wait() == -signal.SIGKILL
        assert list((now.folder / "bundles").rglob("*.part"))
        goes_on(now)
        ends_right(now, ground.end("bundle changed"))
        assert no_traces(now)


@pytest.mark.parametrize("nth", [2, 3])
def test_a_change_that_was_begun_does_not_make_strangers_of_our_files(
    ground: Ground, nth: int
) -> None:
    with ground.scene("bundle changed") as now:
        with failing(now.folder / "bundles", nth, "death"), pytest.raises(Death):
            now.attempt()
        now.site.clock.ahead += AFTER_THE_LEASE
        assert now.site.deploy("destroy", target="bundle")["status"] == "destroyed"
        assert [path for path in (now.folder / "bundles").rglob("*") if path.is_file()] == []


def test_what_somebody_else_wrote_is_theirs_after_an_undoing(ground: Ground) -> None:
    with ground.scene("bundle") as now:
        theirs = now.folder / "bundles" / "orders" / "databricks.yml"
        theirs.parent.mkdir(parents=True)
        theirs.write_text("mine")
        for nth in range(3, 8):
            with failing(now.folder / "bundles", nth, "full"):
                assert now.attempt()["error"]["code"] == "DEPLOYMENT_UNDONE"
            assert theirs.read_text() == "mine"
        assert now.site.deploy("destroy", target="bundle")["status"] in ENDS
        assert theirs.read_text() == "mine"
