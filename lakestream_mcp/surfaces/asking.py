"""Asking the person behind an MCP client before anything is changed, in both protocol eras.

An operation answers with a plan and a question. Where the client can show it, it is asked, and the
operation is called again with what yes stands for. Other clients read in the plan's text how to
confirm it by themselves.
"""

from __future__ import annotations

import json
from typing import Any

from fastmcp import Context
from fastmcp.tools import ToolResult

from ..dialogue import ClientAsked
from ..operations import Answer, Confirmation
from .dialogue import ClientDialogue

CONFIRM = "confirm:"
QUESTION_CHARACTERS_MAX = 3_000
AGREE = "agree"
SCHEMA = {
    "type": "object",
    "properties": {AGREE: {"type": "boolean", "title": "Carry it out"}},
    "required": [AGREE],
}


def agreed_before(dialogue: ClientDialogue) -> dict[str, Any] | None:
    """What the person's yes stands for, in the era where the answer comes with a second call.

    None where nothing was asked; empty where the answer was no.
    """
    # The key says what was asked. It needs no memory in this process: another one may answer.
    key = next((name for name in dialogue.answers if name.startswith(CONFIRM)), None)
    if key is None:
        return None
    found: dict[str, Any] = json.loads(key.removeprefix(CONFIRM))
    return found if agrees(dialogue.answers[key]) else {}


def agrees(answer: dict[str, Any]) -> bool:
    """Whether the person said yes, and not only closed the question."""
    return answer.get("action") == "accept" and (answer.get("content") or {}).get(AGREE) is True


async def ask(
    context: Context, dialogue: ClientDialogue, asked: Confirmation
) -> ToolResult | bool | None:
    """The question as a result, the person's answer, or None where the client cannot ask."""
    question = _short(asked.question)
    if dialogue.can("elicitation"):
        params = {"message": question, "requestedSchema": SCHEMA}
        key = CONFIRM + json.dumps(asked.arguments, sort_keys=True)
        return dialogue.question(ClientAsked(key, "elicitation", params))
    client = context.session.client_params
    if dialogue.modern or not client or not client.capabilities.elicitation:
        return None
    answer = await context.elicit(question, response_type=bool)
    return answer.action == "accept" and answer.data is True


def _short(question: str) -> str:
    """The question, with the end of what it is about left out where it is long."""
    if len(question) <= QUESTION_CHARACTERS_MAX:
        return question
    about, _, last = question.rpartition("\n")
    return f"{about[: QUESTION_CHARACTERS_MAX - len(last) - 4]}\n…\n{last}"


def declined(answer: Answer) -> ToolResult:
    """What a no comes to."""
    return ToolResult(
        content="The user did not agree. Nothing was changed; ask what they want instead.",
        structured_content={**answer.to_json(), "status": "declined"},
    )
