"""What is deployed while something goes wrong: stories, each with an end that is known."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lakestream_mcp.relational.local import LocalEngine
from lakestream_mcp.storage.store import Store

from .site import GRANTED, VOLUME, Json, Site, folders, jobs, pipelines
from .stand_in import StandIn

PATIENT = {"databricks_timeout_s": 30.0, "databricks_retry_s": 60}
"""How long calls may take on a busy machine."""
STORE = "lakestream.db"
ENDS = ("deployed", "destroyed", "unchanged")


class Story(NamedTuple):
    """What was done before, and the call that it is about."""

    before: Callable[[Site], Any]
    action: str = "deploy"
    given: Json = {}


def first(site: Site) -> None:
    """Nothing is there yet."""
    site.make_plain()


def deployed(site: Site) -> None:
    """It has been deployed already."""
    first(site)
    assert site.deploy()["status"] == "deployed"


def changed(site: Site) -> None:
    """Code and settings have changed since the first one."""
    deployed(site)
    site.above(200)
    site.set(deploy={**GRANTED, "continuous": True})


def hybrid(site: Site) -> None:
    """Two files, a pipeline, and a job that runs it and a notebook."""
    site.make({"deploy": {"code": "hybrid", **GRANTED}})


STORIES = {
    "first": Story(first),
    "unchanged": Story(deployed),
    "changed": Story(changed),
    "hybrid": Story(hybrid),
    "bundle": Story(first, given={"target": "bundle"}),
    "gone": Story(deployed, action="destroy"),
}


class Scene(NamedTuple):
    """A story just before its call: the workspace, the server, and where the server's data are."""

    story: Story
    world: StandIn
    site: Site
    folder: Path
    environ: pytest.MonkeyPatch

    def attempt(self, site: Site | None = None) -> Json:
        """A plan, confirmed; or why it came to nothing."""
        return (site or self.site).deploy(self.story.action, **self.story.given)

    def plan(self) -> Json:
        """A plan alone."""
        return self.site.plan(self.story.action, **self.story.given)

    def confirm(self, plan: Json) -> Json:
        """A plan carried out."""
        return self.site.confirm(plan, **self.story.given)

    def mend(self) -> None:
        """Whatever went wrong is over, and a token that has expired is renewed."""
        self.world.calm()
        self.environ.setenv("DATABRICKS_TOKEN", self.world.token)

    def snapshot(self) -> str:
        """All that is there, with who may do what, but for numbers and marks of one run."""
        world, bundle = self.world, self.folder / "bundles"
        texts = {p: i.content.decode() for p, i in world.workspace.items.items() if i.content}
        levels = {k: v for k, v in world.principals.levels.items() if k[0] != "directories"}
        seen = {
            "jobs": jobs(world),
            "pipelines": pipelines(world),
            "files": texts,
            "folders": folders(world),
            "levels": [[*map(str, k), sorted(v.items())] for k, v in sorted(levels.items())],
            "bundle": {str(p.relative_to(bundle)): p.read_text() for p in _files(bundle)},
        }
        text = json.dumps(seen, indent=1, sort_keys=True)
        for number, name in enumerate([*world.pipelines.known, *world.jobs.known]):
            text = text.replace(str(name), f"number {number}")
        for thing in [*jobs(world), *pipelines(world)]:
            text = text.replace(thing["tags"]["lakestream_origin"], "origin")
        return text


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def ends_right(scene: Scene, wanted: str) -> None:
    """The same call again comes to the end that was wanted, and then there is nothing to do."""
    answer = scene.attempt()
    assert answer.get("status") in ENDS, answer
    assert scene.snapshot() == wanted
    assert scene.plan()["status"] == "unchanged"


class Undisturbed(NamedTuple):
    """A story in which nothing goes wrong: its end, and the calls that a plan and doing it take.

    first_write: the number of the first call that writes, or of the first call.
    """

    end: str
    planning: list[str]
    doing: list[str]
    first_write: int

    @property
    def calls(self) -> list[str]:
        """All calls, in their order."""
        return self.planning + self.doing


class Ground:
    """Where stories are played, each in a folder of its own; their ends are found out once."""

    def __init__(self, engine: LocalEngine, folder: Path) -> None:
        self.engine, self.folder, self.count = engine, folder, 0
        self.known = cache(self._undisturbed)

    def _undisturbed(self, name: str) -> Undisturbed:
        with self.scene(name) as now:
            seen = now.world.faults.seen
            begun, writes = len(seen), {r.name for r in now.world.routes if r.writes}
            plan = now.plan()
            planned = len(seen)
            done = now.confirm(plan) if "confirm" in plan else plan
            assert done["status"] in ENDS, done
            planning, doing = seen[begun:planned], seen[planned:]
            numbered = enumerate(planning + doing, 1)
            first = next((n for n, call in numbered if call in writes), 1)
            return Undisturbed(now.snapshot(), planning, doing, first)

    @contextmanager
    def scene(self, name: str) -> Iterator[Scene]:
        """A story just before its call, in a world and with a store of its own."""
        self.count += 1
        folder = self.folder / str(self.count)
        folder.mkdir()
        self._empty_store(folder)
        environ = pytest.MonkeyPatch()
        with StandIn() as world, environ.context() as environ:
            for key, value in world.environment.items():
                environ.setenv(key, value)
            environ.setenv("DATABRICKS_CONFIG_FILE", str(folder / "none"))
            world.unity.add_volume(VOLUME)
            world.unity.add("SCHEMA", "main.default")
            site = Site(world, folder, self.engine, **PATIENT)
            try:
                STORIES[name].before(site)
                yield Scene(STORIES[name], world, site, folder, environ)
            finally:
                site.close()

    def _empty_store(self, folder: Path) -> None:
        """A store as it is made: once by the product, then as a copy."""
        made = self.folder / "empty" / STORE
        if not made.exists():
            made.parent.mkdir()
            Store.open(made).close()
        shutil.copy(made, folder / STORE)

    def end(self, name: str) -> str:
        """How all is when a story has come to its end."""
        return self.known(name).end
