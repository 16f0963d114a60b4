"""Credentials for Lakebase, provisioned (`database`) and autoscaling (`postgres`)."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable
from typing import Any

from databricks.sdk.service.database import DatabaseAPI
from databricks.sdk.service.postgres import PostgresAPI

from .refusals import invalid, missing
from .service import Asked, Service, serves

LIFE_S = 3600


class Database(Service):
    """Instances by name, endpoints by full name, and every credential that was given out.

    `life_s` is how long a credential lives; `minted` is called with user and token, so that a test
    can make a real server accept it.
    """

    name = "database"

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        self.instances: dict[str, dict[str, Any]] = {}
        self.endpoints: dict[str, dict[str, Any]] = {}
        self.life_s = LIFE_S
        self.given: list[str] = []
        self.minted: Callable[[str, str], object] = lambda user, token: None

    def add_instance(self, name: str, host: str = "127.0.0.1") -> None:
        """A provisioned instance."""
        self.instances[name] = {"name": name, "state": "AVAILABLE", "read_write_dns": host}

    def add_endpoint(self, name: str, host: str = "127.0.0.1") -> None:
        """An autoscaling endpoint, `projects/p/branches/b/endpoints/e`."""
        status = {"current_state": "ACTIVE", "hosts": {"host": host}}
        self.endpoints[name] = {"name": name, "status": status}

    @serves(DatabaseAPI.get_database_instance)
    def get_instance(self, asked: Asked) -> dict[str, Any]:
        """One instance."""
        return self.instance(asked["name"])

    @serves(DatabaseAPI.generate_database_credential, reads=True)
    def credential(self, asked: Asked) -> dict[str, Any]:
        """A password for some instances."""
        if not asked.get("instance_names"):
            raise invalid("instance_names must not be empty.")
        for name in asked["instance_names"]:
            self.instance(name)
        token, until = self.mint(asked)
        return {"token": token, "expiration_time": until}

    def mint(self, asked: Asked) -> tuple[str, str]:
        """A token and when it expires."""
        token = secrets.token_hex(16)
        self.given.append(token)
        self.minted(asked.user.name, token)
        until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self.life_s)
        return token, until.isoformat().replace("+00:00", "Z")

    def instance(self, name: str) -> dict[str, Any]:
        """The instance of a name."""
        if name not in self.instances:
            raise missing(f"Database instance '{name}' does not exist.")
        return self.instances[name]


class Postgres(Service):
    """The newer calls over the same credentials."""

    name = "postgres"

    @serves(PostgresAPI.get_endpoint, deep=True)
    def get_endpoint(self, asked: Asked) -> dict[str, Any]:
        """One endpoint."""
        return self._one(asked["name"])

    @serves(PostgresAPI.list_endpoints, deep=True)
    def list_endpoints(self, asked: Asked) -> dict[str, Any]:
        """The endpoints of a branch."""
        start = f"{asked['parent']}/endpoints/"
        known = self.world.lakebase.endpoints
        return {"endpoints": [e for name, e in known.items() if name.startswith(start)]}

    @serves(PostgresAPI.generate_database_credential, reads=True)
    def credential(self, asked: Asked) -> dict[str, Any]:
        """A password for an endpoint."""
        self._one(asked.get("endpoint", ""))
        token, until = self.world.lakebase.mint(asked)
        return {"token": token, "expire_time": until}

    def _one(self, name: str) -> dict[str, Any]:
        if name not in self.world.lakebase.endpoints:
            raise missing(f"Endpoint '{name}' does not exist.")
        return self.world.lakebase.endpoints[name]
