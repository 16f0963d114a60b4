"""`prompts/*.md` as MCP prompts: front matter says what, the text below it is the message.

---
title: Build a pipeline
description: From a wish to a tested pipeline
argument goal: What the pipeline must find
optional data: A file or table to read
---
Build … {{goal}} …
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from fastmcp.prompts import Prompt
from fastmcp.prompts.base import PromptArgument
from pydantic import PrivateAttr

from .host import texts

PLACE = re.compile(r"\{\{(\w+)\}\}")


class TextPrompt(Prompt):
    """One file."""

    _text: str = PrivateAttr()

    @classmethod
    def read(cls, path: Path) -> TextPrompt:
        """The prompt in a file with front matter."""
        _, head, text = path.read_text("utf-8").split("---\n", 2)
        fields = dict(line.split(": ", 1) for line in head.splitlines() if line.strip())
        prompt = cls(
            name=path.stem,
            title=fields["title"],
            description=fields["description"],
            arguments=[_argument(k, v) for k, v in fields.items() if " " in k],
        )
        prompt._text = text.strip()
        return prompt

    async def render(self, arguments: dict[str, Any] | None = None) -> str:
        """The text with the arguments in their places; what was not given is left empty."""
        given = arguments or {}
        return PLACE.sub(lambda place: str(given.get(place[1], "(not given)")), self._text)


def prompts() -> list[TextPrompt]:
    """All prompts, by name."""
    return [TextPrompt.read(path) for path in sorted(texts("prompts").glob("*.md"))]


def _argument(key: str, description: str) -> PromptArgument:
    kind, name = key.split(" ", 1)
    return PromptArgument(name=name, description=description, required=kind == "argument")
