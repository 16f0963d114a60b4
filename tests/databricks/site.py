"""A server with a store of its own beside a stand-in workspace, and what tests do with both."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lakestream_mcp.errors import LakestreamError
from lakestream_mcp.identity import Identity, LocalUser, Role
from lakestream_mcp.operations import call, find
from lakestream_mcp.relational.local import LocalEngine
from lakestream_mcp.settings import Settings
from lakestream_mcp.storage.store import Store
from lakestream_mcp.surfaces.host import Host
from lakestream_mcp.workspace import Workspace

from ..surfaces.pipelines import CHANGES, ORDERS
from .stand_in import StandIn

DATA = Path(__file__).parents[1] / "data" / "surfaces"
ID = "orders"
VOLUME = "main.default.lakestream"
FORCED = "a test of deploying"
HYBRID = {"deploy": {"code": "hybrid"}}
GRANTED = {"permissions": [{"group": "users", "level": "CAN_VIEW"}]}
Json = dict[str, Any]


class Clock:
    """The store's time, which tests move."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Site:
    """One server that is connected to one workspace."""

    def __init__(self, world: StandIn, folder: Path, engine: LocalEngine, **settings: Any) -> None:
        self.world = world
        self.clock = Clock()
        roots = (DATA, folder / "root")
        roots[1].mkdir(parents=True, exist_ok=True)
        told = {"databricks_timeout_s": 2.0, "databricks_retry_s": 3} | settings
        self.settings = Settings(data_dir=folder, data_roots=roots, **told)
        user = LocalUser("deployer")
        user.identity = user.identity._replace(name="ann")
        self.host = Host(Workspace.open(self.settings, user.identity), user)
        services = self.host.workspace.services
        services.once("engine", lambda: engine)
        services.once("store", lambda: Store.open(folder / "lakestream.db", clock=self.clock))

    def by(self, name: str, role: Role = "deployer") -> Host:
        """The same server, served to somebody else."""
        user = LocalUser(role)
        user.identity = Identity(name, role)
        return Host(self.host.workspace.with_caller(user.identity), user)

    def call(self, operation: str, /, host: Host | None = None, **arguments: Any) -> Json:
        """An operation's answer, or `{"error": …}`."""
        ws = (host or self.host).caller({})
        try:
            return call(find(operation), ws, arguments).to_json()
        except LakestreamError as error:
            return {"error": error.to_json()}

    def make(self, settings: Json | None = None) -> None:
        """The pipeline of the tests: many large orders of a customer."""
        self.call("create_pipeline", id=ID, name="Orders")
        self.edit({"op": "add_node", "node": ORDERS}, *copy.deepcopy(CHANGES))
        if settings:
            self.set(**settings)

    def make_plain(self, settings: Json | None = None) -> None:
        """A pipeline that is all SQL, whose code is made fast: a file's large orders in a table."""
        self.call("create_pipeline", id=ID, name="Orders")
        sink = {"type": "delta-table-sink", "id": "out", "config": {"table": "main.default.big"}}
        self.edit(
            {"op": "add_node", "node": ORDERS},
            copy.deepcopy(CHANGES[0]),
            {"op": "add_node", "node": sink, "after": "big"},
        )
        self.set(**(settings or {"deploy": GRANTED}))

    def above(self, amount: int) -> None:
        """Change the condition of the filter."""
        condition = f"amount > {amount}"
        self.edit({"op": "update_node", "id": "big", "config": {"condition": condition}})

    def edit(self, *changes: Json) -> Json:
        """Change the pipeline."""
        answer = self.call("edit_pipeline", pipeline_id=ID, changes=list(changes))
        assert "error" not in answer, answer
        return answer

    def set(self, **settings: Any) -> Json:
        """Change the pipeline's settings."""
        return self.edit({"op": "set_pipeline", "settings": settings})

    def threshold(self, number: int) -> None:
        """Change the pattern so that its code is another, and its state is not."""
        self.edit({"op": "update_node", "id": "burst", "config": {"threshold": number}})

    def deploy(self, action: str = "deploy", host: Host | None = None, **given: Any) -> Json:
        """A plan, confirmed at once unless there is nothing to do."""
        plan = self.plan(action, host, **given)
        return self.confirm(plan, host, **given) if plan.get("confirm") else plan

    def plan(self, action: str = "deploy", host: Host | None = None, **given: Any) -> Json:
        """A plan, or why there is none."""
        given = {"force_reason": FORCED} | given
        return self.call("deploy", host, pipeline_id=ID, action=action, **given)

    def confirm(self, plan: Json, host: Host | None = None, **given: Any) -> Json:
        """Carry a plan out."""
        assert "confirm" in plan, plan
        given = {"force_reason": FORCED} | given
        return self.call(
            "deploy", host, pipeline_id=ID, action=plan["action"], confirm=plan["confirm"], **given
        )

    def test(self) -> Json:
        """Run the pipeline on events in which it matches."""
        return self.call("test_pattern", pipeline_id=ID, events={"file": "orders.jsonl"})

    def close(self) -> None:
        """End the server, but for the engine that tests share."""
        self.host.workspace.services._opened.pop("engine", None)
        self.host.workspace.close()


def jobs(world: StandIn) -> list[Json]:
    """The settings of all jobs."""
    return [job.settings for job in world.jobs.known.values()]


def pipelines(world: StandIn) -> list[Json]:
    """The specifications of all pipelines."""
    return [pipeline.spec for pipeline in world.pipelines.known.values()]


def files(world: StandIn) -> list[str]:
    """The paths of all files and notebooks."""
    return sorted(p for p, item in world.workspace.items.items() if item.content is not None)


def folders(world: StandIn) -> list[str]:
    """The paths of LakeStream's folders."""
    kept = (p for p, item in world.workspace.items.items() if item.content is None)
    return sorted(path for path in kept if f"/lakestream/{ID}" in path)


def everything(world: StandIn) -> Json:
    """All that a deployment can make, without numbers that differ from run to run."""
    return {"jobs": jobs(world), "pipelines": pipelines(world), "files": files(world)}
