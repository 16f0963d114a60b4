"""A Databricks workspace on loopback, for tests that drive the real SDK.

    with StandIn() as w:
        w.client().jobs.create(name="j", …)
        w.fail("jobs.create", 1, "cut after")
        assert [call.route for call in w.writes] == ["jobs.create"]

State is kept, requests are held to the SDK's own types, permissions are enforced, and what takes
long moves when it is looked at, or, in a paused world, by `w.advance()` alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .service import Service


def services() -> list[type[Service]]:
    """All services, in the order in which `advance` moves them."""
    from .apps import Apps
    from .catalogs import Catalogs, Grants, Schemas, Tables, Volumes
    from .files import Files
    from .jobs import Jobs
    from .lakebase import Database, Postgres
    from .permissions import JobPermissions, Permissions, PipelinePermissions
    from .pipelines import Pipelines
    from .secret_scopes import Secrets
    from .serving import ServingEndpoints
    from .statements import StatementExecution
    from .users import CurrentUser
    from .warehouses import Warehouses
    from .workspace_files import Workspace

    return [
        Warehouses,
        StatementExecution,
        Catalogs,
        Schemas,
        Tables,
        Volumes,
        Grants,
        Secrets,
        ServingEndpoints,
        Apps,
        Database,
        Postgres,
        Files,
        Workspace,
        Pipelines,
        Jobs,
        Permissions,
        PipelinePermissions,
        JobPermissions,
        CurrentUser,
    ]


def __getattr__(name: str) -> object:
    """`StandIn` and `Fault`, without a circle of imports."""
    if name == "StandIn":
        from .server import StandIn

        return StandIn
    if name == "Fault":
        from .faults import Fault

        return Fault
    raise AttributeError(name)
