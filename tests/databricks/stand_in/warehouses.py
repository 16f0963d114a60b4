"""SQL warehouses: stopped, starting, running."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from databricks.sdk.service.sql import WarehousesAPI

from .refusals import missing
from .service import Asked, Service, page, serves


@dataclass
class Warehouse:
    """One warehouse."""

    id: str
    name: str
    state: str = "RUNNING"
    serverless: bool = True


class Warehouses(Service):
    """All warehouses by id; everybody may use them, unless somebody was given a level on one."""

    name = "warehouses"

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        self.known: dict[str, Warehouse] = {}

    def add(self, name: str, state: str = "RUNNING", serverless: bool = True) -> Warehouse:
        """Another warehouse, open to all users."""
        made = Warehouse(f"wh{self.world.number()}", name, state, serverless)
        self.known[made.id] = made
        self.world.principals.levels["warehouses", made.id] = {"users": "CAN_USE"}
        return made

    @serves(WarehousesAPI.list)
    def list(self, asked: Asked) -> dict[str, Any]:
        """Warehouses the caller may see."""
        has = self.world.principals.has
        found = [
            _shown(w)
            for w in self.known.values()
            if has(asked.user, "warehouses", w.id, "CAN_VIEW")
        ]
        part, more = page(found, asked, 50, 100, limit="page_size")
        return {"warehouses": part, **more}

    @serves(WarehousesAPI.get)
    def get(self, asked: Asked) -> dict[str, Any]:
        """One warehouse."""
        found = self.one(asked, asked["id"], "CAN_VIEW")
        self.world.moved()
        return _shown(found)

    @serves(WarehousesAPI.start)
    def start(self, asked: Asked) -> None:
        """Wake one."""
        found = self.one(asked, asked["id"], "CAN_USE")
        if found.state == "STOPPED":
            found.state = "STARTING"

    def one(self, asked: Asked, key: str, level: str) -> Warehouse:
        """The warehouse of an id."""
        if key not in self.known:
            raise missing(f"SQL warehouse {key} does not exist.")
        self.world.principals.need(asked.user, "warehouses", key, level)
        return self.known[key]

    def advance(self) -> None:
        """What starts, runs."""
        for warehouse in self.known.values():
            if warehouse.state == "STARTING":
                warehouse.state = "RUNNING"


def _shown(warehouse: Warehouse) -> dict[str, Any]:
    return {
        "id": warehouse.id,
        "name": warehouse.name,
        "state": warehouse.state,
        "cluster_size": "2X-Small",
        "warehouse_type": "PRO",
        "enable_serverless_compute": warehouse.serverless,
    }
