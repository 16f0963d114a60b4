"""Asking the caller's client something while an operation runs: its model, or its user.

An operation runs from its start again once the answer is there, so what comes before a question
must give the same question again. A client that can be asked nothing is the usual case.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol

Askable = Literal["sampling", "elicitation"]
METHODS: Mapping[Askable, str] = {
    "sampling": "sampling/createMessage",
    "elicitation": "elicitation/create",
}


class ClientAsked(Exception):
    """The operation cannot go on before the client has answered; its surface asks."""

    def __init__(self, key: str, kind: Askable, params: Mapping[str, Any]) -> None:
        super().__init__(f"the client is asked for {key}")
        self.key = key
        self.request = {"method": METHODS[kind], "params": dict(params)}


class Dialogue(Protocol):
    """What a surface offers to operations that have a question."""

    def can(self, kind: Askable) -> bool:
        """Whether this client answers questions of this kind."""
        ...

    def why_not(self, kind: Askable) -> str:
        """Why this client cannot be asked questions of this kind; empty where it can."""
        ...

    def ask(self, key: str, kind: Askable, params: Mapping[str, Any]) -> Any:
        """The client's answer as plain JSON. Raises ClientAsked until it is there."""
        ...

    def heard_before(self, key: str) -> bool:
        """Whether an answer came in an earlier round than this one."""
        ...


class Silent:
    """A caller that can be asked nothing."""

    def can(self, kind: Askable) -> bool:
        """Never."""
        return False

    def why_not(self, kind: Askable) -> str:
        """There is no client."""
        return f"{kind} needs an MCP client"

    def ask(self, key: str, kind: Askable, params: Mapping[str, Any]) -> Any:
        """Nobody is there to answer."""
        raise AssertionError("ask only what `can` allows")

    def heard_before(self, key: str) -> bool:
        """Never."""
        return False
