"""Model serving endpoints, whose answers a test decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from databricks.sdk.service.serving import ServingEndpointsAPI

from .refusals import invalid, missing
from .service import Asked, Service, serves

Reply = str | Callable[[dict[str, Any]], Any]


@dataclass
class Endpoint:
    """One endpoint. `reply`: a text, or a function of the request that gives a text or a body."""

    name: str
    reply: Reply = "ok"
    ready: bool = True
    task: str = "llm/v1/chat"


class ServingEndpoints(Service):
    """All endpoints by name; everybody may query them unless a test says otherwise."""

    name = "serving_endpoints"

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        self.known: dict[str, Endpoint] = {}

    def add(self, name: str, reply: Reply = "ok", ready: bool = True) -> Endpoint:
        """Another endpoint."""
        self.known[name] = Endpoint(name, reply, ready)
        self.world.principals.levels["serving-endpoints", name] = {"users": "CAN_QUERY"}
        return self.known[name]

    @serves(ServingEndpointsAPI.list)
    def list(self, asked: Asked) -> dict[str, Any]:
        """Endpoints the caller may see."""
        has = self.world.principals.has
        seen = [
            _shown(e)
            for e in self.known.values()
            if has(asked.user, "serving-endpoints", e.name, "CAN_VIEW")
        ]
        return {"endpoints": seen}

    @serves(ServingEndpointsAPI.get)
    def get(self, asked: Asked) -> dict[str, Any]:
        """One endpoint."""
        return _shown(self._one(asked, "CAN_VIEW"))

    @serves(ServingEndpointsAPI.query, reads=True)
    def query(self, asked: Asked) -> Any:
        """An answer of the model."""
        endpoint = self._one(asked, "CAN_QUERY")
        if not endpoint.ready:
            raise invalid(f"Endpoint {endpoint.name} is not ready.")
        if endpoint.task == "llm/v1/chat" and not asked.get("messages"):
            raise invalid("messages must not be empty.")
        reply = endpoint.reply(asked.body) if callable(endpoint.reply) else endpoint.reply
        return reply if isinstance(reply, dict | bytes) else self._chat(endpoint, asked, reply)

    def _chat(self, endpoint: Endpoint, asked: Asked, text: str) -> dict[str, Any]:
        sent = sum(len(str(m.get("content", ""))) for m in asked.get("messages", []))
        message = {"role": "assistant", "content": text}
        return {
            "id": self.world.uuid(),
            "object": "chat.completion",
            "created": self.world.now_ms() // 1000,
            "model": endpoint.name,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {
                "prompt_tokens": sent // 4,
                "completion_tokens": len(text) // 4,
                "total_tokens": sent // 4 + len(text) // 4,
            },
        }

    def _one(self, asked: Asked, level: str) -> Endpoint:
        name = asked["name"]
        if name not in self.known:
            raise missing(f"Endpoint with name '{name}' does not exist.")
        self.world.principals.need(asked.user, "serving-endpoints", name, level)
        return self.known[name]


def _shown(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "name": endpoint.name,
        "task": endpoint.task,
        "state": {"ready": "READY" if endpoint.ready else "NOT_READY"},
    }
