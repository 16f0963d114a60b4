"""Access-control lists of workspace objects: read, replaced, added to."""

from __future__ import annotations

from typing import Any

from databricks.sdk.service.iam import PermissionsAPI
from databricks.sdk.service.jobs import JobsAPI
from databricks.sdk.service.pipelines import PipelinesAPI

from .principals import LEVELS
from .refusals import invalid, missing
from .service import Asked, Service, serves

NAMES = ("user_name", "group_name", "service_principal_name")
SAME = {"sql/warehouses": "warehouses", "notebooks": "directories", "files": "directories"}


class Permissions(Service):
    """The general form: any kind of object."""

    name = "permissions"

    @serves(PermissionsAPI.get)
    def get(self, asked: Asked) -> dict[str, Any]:
        """Who has which level."""
        return self.shown(asked["request_object_type"], asked["request_object_id"], asked)

    @serves(PermissionsAPI.set)
    def set(self, asked: Asked) -> dict[str, Any]:
        """Replace the list; the owner stays."""
        return self.replaced(asked["request_object_type"], asked["request_object_id"], asked)

    @serves(PermissionsAPI.update)
    def update(self, asked: Asked) -> dict[str, Any]:
        """Add to the list."""
        return self.added(asked["request_object_type"], asked["request_object_id"], asked)

    def shown(self, kind: str, id: str, asked: Asked) -> dict[str, Any]:
        """The list of one object."""
        known = self._known(kind, id)
        weakest = LEVELS[known[0]][0]
        self.world.principals.need(asked.user, *known, weakest)
        return _list(kind, id, self.world.principals.levels[known])

    def replaced(self, kind: str, id: str, asked: Asked) -> dict[str, Any]:
        """The list as given, and its owner."""
        known = self._known(kind, id)
        self.world.principals.need(asked.user, *known, "CAN_MANAGE")
        given = levels_of(asked.get("access_control_list", []), known[0])
        now = self.world.principals.levels[known]
        owners = {name: level for name, level in now.items() if level == "IS_OWNER"}
        if "IS_OWNER" in given.values():
            owners = {}
        self.world.principals.levels[known] = {**given, **owners}
        return _list(kind, id, self.world.principals.levels[known])

    def added(self, kind: str, id: str, asked: Asked) -> dict[str, Any]:
        """The list with what was given."""
        known = self._known(kind, id)
        self.world.principals.need(asked.user, *known, "CAN_MANAGE")
        given = levels_of(asked.get("access_control_list", []), known[0])
        self.world.principals.levels[known] |= given
        return _list(kind, id, self.world.principals.levels[known])

    def _known(self, kind: str, id: str) -> tuple[str, str]:
        known = SAME.get(kind, kind), id
        if known not in self.world.principals.levels:
            raise missing(f"{kind} {id} does not exist.")
        return known


class PipelinePermissions(Permissions):
    """The same by the client's `pipelines`."""

    name = "pipelines"
    get = set = update = None  # type: ignore[assignment]

    @serves(PipelinesAPI.get_permissions)
    def read(self, asked: Asked) -> dict[str, Any]:
        """Who has which level."""
        return self.shown("pipelines", asked["pipeline_id"], asked)

    @serves(PipelinesAPI.set_permissions)
    def replace(self, asked: Asked) -> dict[str, Any]:
        """Replace the list."""
        return self.replaced("pipelines", asked["pipeline_id"], asked)

    @serves(PipelinesAPI.update_permissions)
    def add(self, asked: Asked) -> dict[str, Any]:
        """Add to the list."""
        return self.added("pipelines", asked["pipeline_id"], asked)


class JobPermissions(Permissions):
    """The same by the client's `jobs`."""

    name = "jobs"
    get = set = update = None  # type: ignore[assignment]

    @serves(JobsAPI.get_permissions)
    def read(self, asked: Asked) -> dict[str, Any]:
        """Who has which level."""
        return self.shown("jobs", asked["job_id"], asked)

    @serves(JobsAPI.set_permissions)
    def replace(self, asked: Asked) -> dict[str, Any]:
        """Replace the list."""
        return self.replaced("jobs", asked["job_id"], asked)

    @serves(JobsAPI.update_permissions)
    def add(self, asked: Asked) -> dict[str, Any]:
        """Add to the list."""
        return self.added("jobs", asked["job_id"], asked)


def levels_of(entries: list[dict[str, Any]], kind: str) -> dict[str, str]:
    """Levels by name, from a list of access control."""
    given = {}
    for entry in entries:
        named = [entry[name] for name in NAMES if entry.get(name)]
        if len(named) != 1:
            raise invalid("Each entry names one user, group or service principal.")
        level = entry.get("permission_level")
        if level not in LEVELS[kind]:
            raise invalid(f"{level} is no permission of {kind}: {', '.join(LEVELS[kind])}")
        given[named[0]] = level
    return given


def _list(kind: str, id: str, levels: dict[str, str]) -> dict[str, Any]:
    entries = [
        {
            "user_name" if "@" in name else "group_name": name,
            "all_permissions": [{"permission_level": level, "inherited": False}],
        }
        for name, level in sorted(levels.items())
    ]
    return {"object_id": f"/{kind}/{id}", "object_type": kind, "access_control_list": entries}
