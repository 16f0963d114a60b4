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

from .site import GRANTED, VOLUME, Json, Site, folders, jobs, pipelines
from .stand_in import StandIn

PATIENT = {"databricks_timeout_s": 30.0, "databricks_retry_s": 60}
"""How long calls may take on a busy machine."""
BUNDLE: Json = {"target": "bundle"}
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


def written(site: Site) -> None:
    """Its bundle has been written already."""
    first(site)
    assert site.deploy(**BUNDLE)["status"] == "deployed"


def written_and_changed(site: Site) -> None:
    """Code and settings have changed since then."""
    written(site)
    site.above(200)
    site.set(deploy={**GRANTED, "continuous": True})


STORIES = {
    "first": Story(first),
    "unchanged": Story(deployed),
    "changed": Story(changed),
    "hybrid": Story(hybrid),
    "bundle": Story(first, given=BUNDLE),
    "bundle changed": Story(written_and_changed, given=BUNDLE),
    "bundle gone": Story(written, action="destroy", given=BUNDLE),
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
    """Where stories are played, each on a copy of what comes before it; their ends are known.

    A story is always at the same address and in the same folder, as deployments remember both.
    """

    def __init__(self, engine: LocalEngine, folder: Path, world: StandIn) -> None:
        self.engine, self.folder, self.world = engine, folder, world
        self.known = cache(self._undisturbed)
        self.before = cache(self._before)
        world.unity.add_volume(VOLUME)
        world.unity.add("SCHEMA", "main.default")
        self.empty = world.content()

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

    def _before(self, name: str) -> tuple[Path, Any]:
        """The server's data and the world just before a story's call."""
        self.world.become(self.empty)
        with self._server(name) as now:
            now.story.before(now.site)
        return now.folder.rename(self.folder / f"before {name}"), self.world.content()

    @contextmanager
    def scene(self, name: str) -> Iterator[Scene]:
        """A story just before its call."""
        data, world = self.before(name)
        shutil.rmtree(self.folder / name, ignore_errors=True)
        shutil.copytree(data, self.folder / name)
        self.world.calm()
        self.world.become(world)
        with self._server(name) as now:
            yield now

    @contextmanager
    def _server(self, name: str) -> Iterator[Scene]:
        """A server with the data of a story's folder, connected to the world."""
        environ, folder = pytest.MonkeyPatch(), self.folder / name
        with environ.context() as environ:
            for key, value in self.world.environment.items():
                environ.setenv(key, value)
            environ.setenv("DATABRICKS_CONFIG_FILE", str(folder / "none"))
            site = Site(self.world, folder, self.engine, **PATIENT)
            try:
                yield Scene(STORIES[name], self.world, site, folder, environ)
            finally:
                site.close()

    def end(self, name: str) -> str:
        """How all is when a story has come to its end."""
        return self.known(name).end
