"""Secret scopes: values go in, and come out only for who may read them."""

from __future__ import annotations

import base64
from typing import Any

from databricks.sdk.service.workspace import SecretsAPI

from .refusals import exists, invalid, missing
from .service import Asked, Service, serves


class Secrets(Service):
    """Scopes by name, each with its values."""

    name = "secrets"

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        self.scopes: dict[str, dict[str, str]] = {}

    @serves(SecretsAPI.create_scope)
    def create_scope(self, asked: Asked) -> None:
        """Make a scope; its maker manages it."""
        name = asked["scope"]
        if name in self.scopes:
            raise exists(f"Scope {name} already exists!")
        self.scopes[name] = {}
        self.world.principals.own(asked.user, "scopes", name)

    @serves(SecretsAPI.list_scopes)
    def list_scopes(self, asked: Asked) -> dict[str, Any]:
        """Scopes the caller may read."""
        has = self.world.principals.has
        seen = [name for name in self.scopes if has(asked.user, "scopes", name, "READ")]
        return {"scopes": [{"name": name, "backend_type": "DATABRICKS"} for name in sorted(seen)]}

    @serves(SecretsAPI.delete_scope)
    def delete_scope(self, asked: Asked) -> None:
        """Remove a scope and its values."""
        self._scope(asked, "MANAGE")
        del self.scopes[asked["scope"]]

    @serves(SecretsAPI.put_secret)
    def put_secret(self, asked: Asked) -> None:
        """Set a value."""
        scope = self._scope(asked, "WRITE")
        given = [asked.get(name) for name in ("string_value", "bytes_value")]
        if (given[0] is None) == (given[1] is None):
            raise invalid("Give string_value or bytes_value.")
        scope[asked["key"]] = given[1] or base64.b64encode(str(given[0]).encode()).decode()

    @serves(SecretsAPI.list_secrets)
    def list_secrets(self, asked: Asked) -> dict[str, Any]:
        """The keys of a scope."""
        return {"secrets": [{"key": key} for key in sorted(self._scope(asked, "READ"))]}

    @serves(SecretsAPI.get_secret)
    def get_secret(self, asked: Asked) -> dict[str, Any]:
        """A value in base64."""
        scope = self._scope(asked, "READ")
        return {"key": asked["key"], "value": self._value(scope, asked)}

    @serves(SecretsAPI.delete_secret)
    def delete_secret(self, asked: Asked) -> None:
        """Remove a value."""
        scope = self._scope(asked, "WRITE")
        self._value(scope, asked)
        del scope[asked["key"]]

    def _scope(self, asked: Asked, level: str) -> dict[str, str]:
        name = asked["scope"]
        if name not in self.scopes:
            raise missing(f"Scope {name} does not exist!")
        self.world.principals.need(asked.user, "scopes", name, level)
        return self.scopes[name]

    def _value(self, scope: dict[str, str], asked: Asked) -> str:
        if asked["key"] not in scope:
            raise missing(f"Failed to get secret {asked['key']} for scope {asked['scope']}.")
        return scope[asked["key"]]
