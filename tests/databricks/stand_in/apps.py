"""Databricks Apps: made, given their code, running."""

from __future__ import annotations

import re
from typing import Any

from databricks.sdk.service.apps import AppsAPI

from .refusals import conflict, exists, invalid, missing
from .service import Asked, Service, page, serves

NAME = re.compile(r"[a-z0-9-]{2,30}")


class Apps(Service):
    """All apps by name, as the service shows them."""

    name = "apps"

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        self.known: dict[str, dict[str, Any]] = {}
        self.deployments: dict[str, list[dict[str, Any]]] = {}

    @serves(AppsAPI.create)
    def create(self, asked: Asked) -> dict[str, Any]:
        """Make an app with a service principal of its own."""
        name = asked["name"]
        if not NAME.fullmatch(name):
            raise invalid("App names have 2 to 30 lower-case letters, digits and hyphens.")
        if name in self.known:
            raise exists(f"An app with the name {name} already exists.")
        principal = self.world.user(f"app-{name}")
        state = "STOPPED" if asked.get("no_compute") else "ACTIVE"
        self.known[name] = {
            **asked.body,
            "id": self.world.uuid(),
            "url": f"https://{name}-1.databricksapps.com",
            "creator": asked.user.name,
            "service_principal_name": principal.name,
            "service_principal_client_id": principal.name,
            "compute_status": {"state": state},
        }
        self.deployments[name] = []
        self.world.principals.own(asked.user, "apps", name)
        return self.known[name]

    @serves(AppsAPI.get)
    def get(self, asked: Asked) -> dict[str, Any]:
        """One app."""
        return self._one(asked, asked["name"], "CAN_USE")

    @serves(AppsAPI.list)
    def list(self, asked: Asked) -> dict[str, Any]:
        """Apps the caller may see."""
        has = self.world.principals.has
        seen = [a for name, a in self.known.items() if has(asked.user, "apps", name, "CAN_USE")]
        part, more = page(seen, asked, 100, 100, limit="page_size")
        return {"apps": part, **more}

    @serves(AppsAPI.update)
    def update(self, asked: Asked) -> dict[str, Any]:
        """Change an app's settings."""
        app = self._one(asked, asked["name"], "CAN_MANAGE")
        app.update(asked.body)
        return app

    @serves(AppsAPI.delete)
    def delete(self, asked: Asked) -> dict[str, Any]:
        """Remove an app."""
        app = self._one(asked, asked["name"], "CAN_MANAGE")
        del self.known[asked["name"]]
        return app

    @serves(AppsAPI.deploy)
    def deploy(self, asked: Asked) -> dict[str, Any]:
        """Give it the code of a folder; one at a time."""
        name = asked["app_name"]
        self._one(asked, name, "CAN_MANAGE")
        done = self.deployments[name]
        if done and done[-1]["status"]["state"] == "IN_PROGRESS":
            raise conflict(f"App {name} has an active deployment in progress.")
        path = asked.get("source_code_path", "")
        if not path or self.world.workspace.readable(asked.user, path) is None:
            raise invalid(f"Source code path {path} does not exist.")
        status = {"state": "IN_PROGRESS", "message": "Preparing source code."}
        made = {**asked.body, "deployment_id": self.world.uuid(), "status": status}
        done.append(made)
        return made

    @serves(AppsAPI.get_deployment)
    def get_deployment(self, asked: Asked) -> dict[str, Any]:
        """How far a deployment is."""
        self._one(asked, asked["app_name"], "CAN_USE")
        self.world.moved()
        for made in self.deployments[asked["app_name"]]:
            if made["deployment_id"] == asked["deployment_id"]:
                return made
        raise missing(f"Deployment {asked['deployment_id']} does not exist.")

    def advance(self) -> None:
        """What is in progress, succeeds."""
        for name, done in self.deployments.items():
            if done and done[-1]["status"]["state"] == "IN_PROGRESS":
                done[-1]["status"] = {"state": "SUCCEEDED", "message": "App started."}
                if name in self.known:
                    self.known[name]["active_deployment"] = done[-1]

    def _one(self, asked: Asked, name: str, level: str) -> dict[str, Any]:
        if name not in self.known:
            raise missing(f"App with name {name} does not exist or is deleted.")
        self.world.principals.need(asked.user, "apps", name, level)
        return self.known[name]
