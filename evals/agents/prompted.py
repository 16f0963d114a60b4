"""Tasks that are a prompt of the product: the text an agent gets, and whether it was followed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from fastmcp import Client

from .session import Called
from .task import Task

STEP = re.compile(r"^\d+\. (.+)$", re.MULTILINE)
CALLED = re.compile(r"(?:[Cc]all|[Uu]se) `([a-z_]+)`|`([a-z_]+)\(")
IF_NEED_BE = "If "


async def with_prompt(task: Task, client: Client[Any]) -> Task:
    """The task in the words of its prompt, as a client gets them; others as they are."""
    if task.prompt is None:
        return task
    made = await client.get_prompt(task.prompt.name, task.prompt.arguments)
    text = "".join(getattr(message.content, "text", "") for message in made.messages)
    return task.model_copy(update={"says": text})


def unfollowed(says: str, tools: set[str], calls: Sequence[Called]) -> list[str]:
    """The steps of a prompt that were left out or taken too early, in sentences.

    A step that says to call tools is taken by a call of one of them. Those that begin with `If`
    may be left out.
    """
    found, at = [], 0
    for step in STEP.findall(says):
        named = {name for pair in CALLED.findall(step) for name in pair} & tools
        if not named or step.startswith(IF_NEED_BE):
            continue
        places = [place for place, call in enumerate(calls) if call.tool in named and place >= at]
        if not places:
            found.append(f"none of {', '.join(sorted(named))} was called for: {step[:60]}")
            continue
        at = places[0]
    return found
