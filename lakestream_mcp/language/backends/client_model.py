"""The model of whoever calls: asked through MCP, where the client lets itself be asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ..models import CHARACTERS_PER_TOKEN, Question, Reply, cut_off, refused
from ..prompt import sha256_of

Ask = Callable[[str, Mapping[str, Any]], tuple[Any, bool]]
"""A question of this key to the client: its answer as JSON, and whether it came in an earlier
round; or ClientAsked on the way."""


class ClientModel:
    """Asked without tools, which few clients pass on: the schema stands in the text."""

    backend = "client"

    def __init__(self, ask: Ask) -> None:
        self.model = "the client's model"
        self._ask = ask

    def ask(self, question: Question) -> Reply:
        """The JSON in the client's answer."""
        form = json.dumps(question.tool.schema, ensure_ascii=False, separators=(",", ":"))
        text = (
            f"{question.user}\n\nYou have no tools here: answer with the input of the tool "
            f"`{question.tool.name}`, one JSON object of this schema and nothing else:\n{form}"
        )
        params = {
            "messages": [{"role": "user", "content": {"type": "text", "text": text}}],
            "systemPrompt": question.system,
            "maxTokens": question.max_tokens,
            "includeContext": "none",
        }
        answer, told = self._ask(f"model-{sha256_of(question.system, text)[:16]}", params)
        return self._reply(answer, told, question)

    def _reply(self, answer: Any, told: bool, question: Question) -> Reply:
        given = answer if isinstance(answer, Mapping) else {}
        if given.get("stopReason") == "maxTokens":
            raise cut_off("the client's model", question.max_tokens)
        if given.get("stopReason") == "refusal":
            raise refused("the client's model")
        self.model = str(given.get("model") or self.model)[:200]
        text = _text(given.get("content"))
        return Reply(
            _bare(text),
            self.model,
            question.tokens - question.max_tokens,
            -(-len(text) // CHARACTERS_PER_TOKEN),
            told,
        )


def _text(content: Any) -> str:
    blocks = content if isinstance(content, list) else [content]
    return "".join(str(b.get("text", "")) for b in blocks if isinstance(b, Mapping))


def _bare(text: str) -> str:
    """The text without the fence that models like to put around JSON."""
    text = text.strip()
    if text.startswith("```") and text.endswith("```"):
        return text.removesuffix("```").split("\n", 1)[-1].strip()
    return text
