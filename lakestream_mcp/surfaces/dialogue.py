"""Questions to an MCP client, as the modern protocol has them: end the call, be called again.

The answers of earlier rounds travel with the client in the sealed state of the request, so no
server keeps anything between two rounds.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..dialogue import Askable, ClientAsked
from ..errors import InvalidArgument

if TYPE_CHECKING:
    from fastmcp import Context
    from fastmcp.tools import ToolResult
    from mcp.server.request_state import RequestStateSecurity

STATE_KEY = "LAKESTREAM_STATE_KEY"
KEY_CHARACTERS_LEAST = 32


def state_security() -> RequestStateSecurity | None:
    """What seals the state that travels with a question: a key that processes behind one address
    share, so that any of them takes the answer; None for a key of this process alone.

    Raises InvalidArgument for a key that could be guessed.
    """
    key = os.environ.get(STATE_KEY, "")
    if not key:
        return None
    if len(key) < KEY_CHARACTERS_LEAST:
        raise InvalidArgument(
            f"{STATE_KEY} is too short.",
            got=f"{len(key)} characters",
            expected=f"at least {KEY_CHARACTERS_LEAST}",
        )
    from mcp.server.request_state import RequestStateSecurity

    return RequestStateSecurity(keys=[key.encode()])


class ClientDialogue:
    """The client of one call, with what it has answered so far."""

    def __init__(self, context: Context) -> None:
        request = context.request_context
        self.modern = request is not None and _is_modern(str(request.protocol_version))
        parameters = context.session.client_params
        self._capabilities = parameters.capabilities if parameters else None
        self.answers: dict[str, Any] = json.loads(context.request_state or "{}")
        self._before = frozenset(self.answers)
        for key, answer in (context.input_responses or {}).items():
            self.answers[key] = answer.model_dump(mode="json", by_alias=True, exclude_none=True)

    def can(self, kind: Askable) -> bool:
        """Whether the client said so, and speaks the protocol that lets it be asked."""
        return not self.why_not(kind)

    def why_not(self, kind: Askable) -> str:
        """What the client did not say that it can, or the protocol that it speaks."""
        unheard = not self.modern and self._capabilities is None
        if not unheard and getattr(self._capabilities, kind, None) is None:
            return f"the client does not offer {kind}"
        if self.modern:
            return ""
        return f"{kind} needs the newer protocol, and the client speaks an older"

    def ask(self, key: str, kind: Askable, params: Mapping[str, Any]) -> Any:
        """The answer, if it is there."""
        if key not in self.answers:
            raise ClientAsked(key, kind, params)
        return self.answers[key]

    def heard_before(self, key: str) -> bool:
        """Whether the answer came with the state, and not with this very call."""
        return key in self._before

    def question(self, asked: ClientAsked) -> ToolResult:
        """What the client is sent: one question, and the answers it gave before."""
        from fastmcp.tools.base import InputRequiredToolResult
        from mcp.types import InputRequiredResult

        said: dict[str, Any] = {"inputRequests": {asked.key: asked.request}}
        if self.answers:
            said["requestState"] = json.dumps(
                self.answers, ensure_ascii=False, separators=(",", ":")
            )
        result = InputRequiredResult.model_validate(said)
        return InputRequiredToolResult(result)


def _is_modern(version: str) -> bool:
    from mcp_types.version import MODERN_PROTOCOL_VERSIONS

    return version in MODERN_PROTOCOL_VERSIONS
