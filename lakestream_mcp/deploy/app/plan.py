"""What the app is called, and what it may use: checked, and as the classes of Databricks' SDK."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ...errors import InvalidArgument
from ...settings import LAKEBASE, need_databricks_sdk

if TYPE_CHECKING:
    from databricks.sdk.service import apps

PREFIX = "mcp-"
APP_NAME = re.compile(r"mcp-[a-z0-9-]{0,25}[a-z0-9]")
DATABASE = re.compile(
    r"[A-Za-z_][A-Za-z0-9_-]{0,62}|projects/[a-z0-9-]+/branches/[a-z0-9-]+/databases/[\w-]+"
)
ADDRESS = re.compile(r"https://[a-z0-9-]+(\.[a-z0-9-]+)+/?")
ADMIN = re.compile(r"[^@\s,*]{1,100}@[^@\s,*]{1,100}")
SCOPE = re.compile(r"[a-z0-9._-]+(:[a-z]+)?")
SCOPES = (
    "iam.current-user:read",
    "catalog.catalogs:read",
    "catalog.schemas:read",
    "catalog.tables:read",
    "files.files",
    "sql",
)
"""What the app may do in a user's name: see who it is, look around in Unity Catalog, query.

Deploying takes jobs and pipelines, for which Databricks Apps have no scope.
"""


class AppPlan(NamedTuple):
    """One app: its name, its database, who gives roles in it and, once it is known, its address."""

    name: str
    lakebase: str
    database: str = "databricks_postgres"
    address: str = ""
    scopes: tuple[str, ...] = SCOPES
    admins: tuple[str, ...] = ()

    def check(self) -> None:
        """Refuse what Databricks would refuse, before anything is written."""
        for argument, value, pattern, expected in (
            ("name", self.name, APP_NAME, f"{PREFIX}…: at most 30 of a-z, 0-9 and -"),
            ("lakebase", self.lakebase, LAKEBASE, "an instance, or its endpoint's path projects/…"),
            ("database", self.database, DATABASE, "the name of a database"),
            ("address", self.address or "https://a.b", ADDRESS, "https://<the app's host>"),
            *(("scope", scope, SCOPE, "such as sql or files.files") for scope in self.scopes),
            *(("admin", name, ADMIN, "the address somebody signs in with") for name in self.admins),
        ):
            if not pattern.fullmatch(value):
                raise InvalidArgument(
                    f"`{argument}` cannot be used.",
                    where={"argument": argument},
                    got=value[:120],
                    expected=expected,
                )

    @property
    def hosts(self) -> str:
        """The host names it answers to; an app's address begins with its name."""
        if self.address:
            return self.address.removeprefix("https://").rstrip("/")
        return f"{self.name}-*.databricksapps.com"

    def app(self) -> apps.App:
        """The app as the API takes it. Raises DatabricksFailed where the SDK is not installed."""
        need_databricks_sdk()
        from databricks.sdk.service.apps import App

        return App(
            name=self.name,
            description="LakeStream: streaming pipelines that find patterns of events",
            source_code_path=".",
            resources=[self._database()],
            user_api_scopes=list(self.scopes),
        )

    def _database(self) -> apps.AppResource:
        """The database of the store: of a provisioned instance, or of an autoscaling branch."""
        from databricks.sdk.service import apps

        if not self.lakebase.startswith("projects/"):
            permission = apps.AppResourceDatabaseDatabasePermission.CAN_CONNECT_AND_CREATE
            instance = apps.AppResourceDatabase(self.lakebase, self.database, permission)
            return apps.AppResource("database", database=instance)
        branch = self.lakebase.split("/endpoints/")[0]
        full = self.database
        if not full.startswith("projects/"):
            full = f"{branch}/databases/{full}"
        postgres = apps.AppResourcePostgres(
            branch, full, apps.AppResourcePostgresPostgresPermission.CAN_CONNECT_AND_CREATE
        )
        return apps.AppResource("database", postgres=postgres)
