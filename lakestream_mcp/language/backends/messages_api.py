"""Models that speak Anthropic's Messages protocol: Anthropic's own, and Databricks' Claude."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ...errors import ModelFailed
from ..models import Question, Reply, attended, cut_off, failed, refused, timed_out, wrong_tool

if TYPE_CHECKING:
    from anthropic import Anthropic

RETRIES = 2
KEY = "ANTHROPIC_API_KEY"


class MessagesModel:
    """A model behind a client of the Anthropic SDK, which retries by itself."""

    def __init__(
        self,
        backend: str,
        model: str,
        client: Callable[[], Anthropic],
        timeout_s: float,
        alive: Callable[[], None],
    ) -> None:
        self.backend = backend
        self.model = model
        self._client = client
        self._timeout_s = timeout_s
        self._alive = alive

    def ask(self, question: Question) -> Reply:
        """The input of the tool that the model called."""
        return attended(lambda: self._asked(question), self._timeout_s, self._alive)

    def _asked(self, question: Question) -> Reply:
        import anthropic

        try:
            with self._client() as client:
                message = client.messages.create(**self._request(question))
        except anthropic.APITimeoutError:
            raise timed_out(self._timeout_s) from None
        except anthropic.APIStatusError as error:
            raise failed(error.status_code, self.backend, error.message) from None
        except (anthropic.AnthropicError, ValueError, TypeError) as error:
            said = " ".join(str(error).split())[:200] or type(error).__name__
            raise ModelFailed(
                f"{self.backend} could not be asked: {said}",
                hint="Ask again, or use another `backend`.",
            ) from None
        return self._reply(_plain(message), question)

    def _request(self, question: Question) -> dict[str, Any]:
        system = {
            "type": "text",
            "text": question.system,
            "cache_control": {"type": "ephemeral"},
        }
        tool = {
            "name": question.tool.name,
            "description": question.tool.description,
            "input_schema": question.tool.schema,
            "strict": True,
        }
        return {
            "model": self.model,
            "max_tokens": question.max_tokens,
            "system": [system],
            "messages": [{"role": "user", "content": question.user}],
            "tools": [tool],
            "tool_choice": {"type": "tool", "name": question.tool.name},
        }

    def _reply(self, message: Mapping[str, Any], question: Question) -> Reply:
        """The one call of the tool; what a service left out is read as missing, not trusted."""
        if message.get("stop_reason") == "refusal":
            raise refused(self.backend)
        if message.get("stop_reason") == "max_tokens":
            raise cut_off(self.backend, question.max_tokens)
        blocks = [b for b in _list(message.get("content")) if isinstance(b, Mapping)]
        calls = [b for b in blocks if b.get("type") == "tool_use"]
        if len(calls) != 1 or calls[0].get("name") != question.tool.name:
            raise wrong_tool(question.tool, [call.get("name") for call in calls])
        given, usage = calls[0].get("input"), message.get("usage")
        spent = usage if isinstance(usage, Mapping) else {}
        return Reply(
            given if isinstance(given, (Mapping, str)) else "null",
            str(message.get("model") or self.model)[:200],
            _count(spent, "input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"),
            _count(spent, "output_tokens"),
        )


def anthropic_client(timeout_s: float) -> Anthropic:
    """A client of Anthropic's own service; the key comes from the environment alone."""
    import os

    from anthropic import Anthropic

    return Anthropic(api_key=os.environ[KEY], timeout=timeout_s, max_retries=RETRIES)


def _plain(message: Any) -> dict[str, Any]:
    """What was sent, whatever its shape: the SDK does not check it."""
    if not hasattr(message, "model_dump"):
        return {}
    plain: dict[str, Any] = message.model_dump(warnings=False)
    return plain


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _count(usage: Mapping[str, Any], *names: str) -> int:
    return sum(n for n in (usage.get(name) for name in names) if isinstance(n, int) and n > 0)
