"""Models behind a Databricks serving endpoint: Claude by its own protocol, others by chat."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import InvalidArgument, ModelFailed, nearest
from ..models import Question, Reply, attended, cut_off, refused, wrong_tool
from .messages_api import RETRIES, MessagesModel

if TYPE_CHECKING:
    from anthropic import Anthropic
    from databricks.sdk import WorkspaceClient

ALIASES = ("sonnet", "opus")
ENDPOINT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,126}")


class Databricks(NamedTuple):
    """How Databricks is reached for the caller, and how its failures become typed errors."""

    connect: Callable[[], WorkspaceClient]
    calling: Callable[..., AbstractContextManager[None]]


def check_endpoint(name: str) -> str:
    """The name itself, if an endpoint can be called so. Raises InvalidArgument."""
    if ENDPOINT.fullmatch(name):
        return name
    raise InvalidArgument(
        "This is no name of a serving endpoint.",
        where={"variable": "LAKESTREAM_LLM_ENDPOINT"},
        got=name[:80],
        expected="`sonnet`, `opus`, or letters, digits, `-`, `_` and `.`",
    )


def serving_model(
    databricks: Databricks, name: str, timeout_s: float, alive: Callable[[], None]
) -> MessagesModel | ChatModel:
    """The model of an endpoint. Raises ModelFailed, DatabricksFailed where there is none."""
    check_endpoint(name)
    client = databricks.connect()
    with databricks.calling("listing the serving endpoints"):
        known = [str(found.name) for found in client.serving_endpoints.list()]
    endpoint = _newest(name, known) if name in ALIASES else name
    if endpoint not in known:
        near = nearest(name, known)
        raise ModelFailed(
            f"The workspace has no serving endpoint `{name}` that you may see.",
            code="MODEL_NOT_AVAILABLE",
            where={"variable": "LAKESTREAM_LLM_ENDPOINT"},
            got=name,
            expected=sorted(known)[:20],
            hint=f"Did you mean `{near}`?" if near else None,
        )
    if "claude" in endpoint.lower():

        def anthropic() -> Anthropic:
            return _anthropic(client, timeout_s)

        return MessagesModel("databricks", endpoint, anthropic, timeout_s, alive)
    return ChatModel(databricks, endpoint, timeout_s, alive)


def _newest(family: str, known: Iterable[str]) -> str | None:
    """The endpoint of that family of Claude with the highest version."""
    found = [name for name in known if "claude" in name.lower() and family in name.lower()]
    return max(found, key=lambda n: ([int(d) for d in re.findall(r"\d{1,4}", n)], n), default=None)


def _anthropic(client: WorkspaceClient, timeout_s: float) -> Anthropic:
    """The SDK with the caller's own token; a key of Anthropic's must not go to this host."""
    from anthropic import Anthropic

    token = client.config.authenticate().get("Authorization", "").removeprefix("Bearer ")
    base = f"{client.config.host.rstrip('/')}/serving-endpoints/anthropic"
    return Anthropic(api_key=token, base_url=base, timeout=timeout_s, max_retries=RETRIES)


class ChatModel:
    """A model that is asked by chat completions, as any serving endpoint takes them."""

    backend = "databricks"

    def __init__(
        self, databricks: Databricks, endpoint: str, timeout_s: float, alive: Callable[[], None]
    ) -> None:
        self.model = endpoint
        self._databricks = databricks
        self._timeout_s = timeout_s
        self._alive = alive

    def ask(self, question: Question) -> Reply:
        """The arguments of the function that the model called."""
        return attended(lambda: self._asked(question), self._timeout_s, self._alive)

    def _asked(self, question: Question) -> Reply:
        path = f"/serving-endpoints/{self.model}/invocations"
        with self._databricks.calling("asking the model", endpoint=self.model):
            given = self._databricks.connect().api_client.do(
                "POST", path, body=self._request(question)
            )
        return self._reply(given if isinstance(given, Mapping) else {}, question)

    def _request(self, question: Question) -> dict[str, Any]:
        name, description, schema = question.tool
        function = {"name": name, "description": description, "parameters": schema}
        return {
            "messages": [
                {"role": "system", "content": question.system},
                {"role": "user", "content": question.user},
            ],
            "max_tokens": question.max_tokens,
            "tools": [{"type": "function", "function": function | {"strict": True}}],
            "tool_choice": {"type": "function", "function": {"name": name}},
        }

    def _reply(self, given: Mapping[str, Any], question: Question) -> Reply:
        choice = _map(next(iter(_list(given.get("choices"))), None))
        if choice.get("finish_reason") == "content_filter":
            raise refused(self.backend)
        if choice.get("finish_reason") == "length":
            raise cut_off(self.backend, question.max_tokens)
        message = _map(choice.get("message"))
        if message.get("refusal"):
            raise refused(self.backend)
        functions = [_map(_map(call).get("function")) for call in _list(message.get("tool_calls"))]
        if len(functions) != 1 or functions[0].get("name") != question.tool.name:
            raise wrong_tool(question.tool, [function.get("name") for function in functions])
        usage, answer = _map(given.get("usage")), functions[0].get("arguments")
        return Reply(
            answer if isinstance(answer, (str, Mapping)) else "null",
            str(given.get("model") or self.model)[:200],
            _count(usage, "prompt_tokens"),
            _count(usage, "completion_tokens"),
        )


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _count(usage: Mapping[str, Any], name: str) -> int:
    value = usage.get(name)
    return value if isinstance(value, int) and value > 0 else 0
