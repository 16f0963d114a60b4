"""The state of the workspace, and what tests ask of it."""

from __future__ import annotations

import copy
import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from .faults import Fault, Faults
from .principals import Principals, User
from .service import Route, Service
from .unity import Unity

if TYPE_CHECKING:
    from .apps import Apps
    from .jobs import Jobs
    from .lakebase import Database
    from .pipelines import Pipelines
    from .secret_scopes import Secrets
    from .serving import ServingEndpoints
    from .warehouses import Warehouses
    from .workspace_files import Workspace

OWNER = "ann@example.com"
HOUR_MS = 3_600_000
S = TypeVar("S", bound=Service)


class Call(NamedTuple):
    """One request that came in, whatever became of it."""

    route: str
    user: str
    query: dict[str, Any]
    body: Any
    path: dict[str, str]
    writes: bool


class World:
    """Everything that outlives a request. `paused`: what takes long moves by `advance()` only."""

    def __init__(self, paused: bool = False) -> None:
        from . import services

        self.paused = paused
        self.lock = threading.RLock()
        self.principals = Principals()
        self.faults = Faults()
        self.calls: list[Call] = []
        self.owner: User = self.principals.add(OWNER)
        self.unity = Unity(OWNER)
        self._numbers = itertools.count(1)
        self._last_ms = self._skew_ms = 0
        self.later: list[list[Any]] = []
        """Work that was put off: after how many calls it is done, and what is to be done."""
        self._before: list[dict[Any, Any]] | None = None
        self.services = {kind: kind(self) for kind in services()}
        self.workspace.add_home(self.owner)
        self.routes: list[Route] = sorted(
            (route for service in self.services.values() for route in service.routes()),
            key=lambda r: (r.contract.places, -len(r.contract.path.pattern)),
        )

    def service(self, kind: type[S]) -> S:
        """The one service of a class."""
        found = self.services[kind]
        assert isinstance(found, kind)
        return found

    @property
    def writes(self) -> list[Call]:
        """The calls that would change something."""
        return [call for call in self.calls if call.writes]

    @property
    def token(self) -> str:
        """The token of the first user, who may make everything and owns what she made."""
        return self.owner.token

    def user(self, name: str, admin: bool = False, groups: tuple[str, ...] = ()) -> User:
        """Another user."""
        user = self.principals.add(name, admin, groups)
        self.workspace.add_home(user)
        return user

    def fail(self, route: str, nth: int = 1, fault: str | Fault = "500", times: int = 1) -> None:
        """Let the nth call from now fail: of a route (`jobs.create`), of `writes`, or of `*`."""
        known = {r.name for r in self.routes} | {"*", "writes", "login"}
        assert route in known, f"no route {route}: {sorted(known)}"
        self.faults.add(route, nth, fault, times)

    def grant(self, principal: str, privilege: str, on: str) -> None:
        """Give a privilege in Unity Catalog: `USE CATALOG`, `SELECT` …"""
        self.unity.grant(principal, privilege, on)

    def permit(self, user: str, kind: str, id: str, level: str) -> None:
        """Give a level on a workspace object."""
        self.principals.levels.setdefault((kind, id), {})[user] = level

    def advance(self, steps: int = 1) -> None:
        """Move every update, run, statement and warehouse one step."""
        with self.lock:
            for _ in range(steps):
                for service in self.services.values():
                    service.advance()

    def moved(self) -> None:
        """Somebody looked at what takes long: unless paused, it moves."""
        if not self.paused:
            self.advance()

    def number(self) -> int:
        """A number that nothing else has."""
        return 1000 + next(self._numbers)

    def uuid(self) -> str:
        """An id that nothing else has."""
        return f"00000000-0000-4000-8000-{self.number():012d}"

    def clock_ms(self) -> int:
        """The time by the workspace's clock."""
        return int(time.time() * 1000) + self._skew_ms

    def now_ms(self) -> int:
        """The same, later at each call."""
        self._last_ms = max(self._last_ms + 1, self.clock_ms())
        return self._last_ms

    def skew(self) -> None:
        """Set the clock back."""
        with self.lock:
            self._last_ms, self._skew_ms = 0, self._skew_ms - HOUR_MS

    def expire(self) -> None:
        """The owner's token is good no longer; there is a new one."""
        self.principals.renew(self.owner)

    def do_what_is_late(self, all_of_it: bool = False) -> None:
        """One call more has passed: do what was put off until now."""
        with self.lock:
            for put_off in self.later:
                put_off[0] -= 1
            due = [work for left, work in self.later if left <= 0 or all_of_it]
            self.later = [each for each in self.later if each[1] not in due]
            for work in due:
                work()

    def remember(self) -> None:
        """Keep how all is before a change, if it is to be shown after it."""
        if self.faults.expects("stale"):
            self._before = self.content()

    @contextmanager
    def as_before(self) -> Iterator[None]:
        """As all was before the newest change."""
        with self.lock:
            now = [dict(each) for each in self._held()]
            self._hold(self._before or now)
            yield
            self._hold(now)

    def content(self) -> list[dict[Any, Any]]:
        """A copy of all that deployments make, and of who may do what."""
        with self.lock:
            return copy.deepcopy(self._held())

    def become(self, content: list[dict[Any, Any]]) -> None:
        """Hold a copy of this instead of what is there; nothing runs."""
        with self.lock:
            self.jobs.runs.clear()
            self._hold(copy.deepcopy(content))

    def _held(self) -> list[dict[Any, Any]]:
        pipelines, jobs = self.pipelines.known, self.jobs.known
        return [self.workspace.items, pipelines, jobs, self.principals.levels]

    def _hold(self, content: list[dict[Any, Any]]) -> None:
        for held, wanted in zip(self._held(), content, strict=True):
            held.clear()
            held.update(wanted)

    @property
    def pipelines(self) -> Pipelines:
        """Declarative pipelines."""
        from .pipelines import Pipelines

        return self.service(Pipelines)

    @property
    def jobs(self) -> Jobs:
        """Jobs and their runs."""
        from .jobs import Jobs

        return self.service(Jobs)

    @property
    def workspace(self) -> Workspace:
        """Folders, files and notebooks."""
        from .workspace_files import Workspace

        return self.service(Workspace)

    @property
    def warehouses(self) -> Warehouses:
        """SQL warehouses."""
        from .warehouses import Warehouses

        return self.service(Warehouses)

    @property
    def secrets(self) -> Secrets:
        """Secret scopes."""
        from .secret_scopes import Secrets

        return self.service(Secrets)

    @property
    def endpoints(self) -> ServingEndpoints:
        """Model serving endpoints."""
        from .serving import ServingEndpoints

        return self.service(ServingEndpoints)

    @property
    def apps(self) -> Apps:
        """Databricks Apps."""
        from .apps import Apps

        return self.service(Apps)

    @property
    def lakebase(self) -> Database:
        """Databases and the credentials that were given out."""
        from .lakebase import Database

        return self.service(Database)

    def named(self, route: str) -> Iterator[Call]:
        """The calls of one route."""
        return (call for call in self.calls if call.route == route)
