"""What words were turned into changes by whom, and its cost: without the texts themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field

from ..operations import Answer, operation
from .discovery import instant
from .language_record import DAY

if TYPE_CHECKING:
    from ..workspace import Workspace


class ModelCallLine(BaseModel):
    """One question to a model, or a call that asked none, and how it ended."""

    at: str
    actor: str
    pipeline_id: str
    backend: str
    model: str
    tokens_in: int
    tokens_out: int
    prompt_sha256: str
    outcome: str
    duration_ms: int


class ModelCallList(Answer):
    """Questions, the latest first, and what the caller spent of the budget."""

    calls: list[ModelCallLine]
    spent: int
    budget: int
    next: str

    def text(self) -> str:
        """A line each."""
        lines = [f"{self.spent} of {self.budget} tokens spent by you in 24 hours"]
        lines += [
            f"{c.at} {c.actor} {c.backend} ({c.model}): {c.outcome}, "
            f"{c.tokens_in} in, {c.tokens_out} out, {c.duration_ms} ms"
            for c in self.calls
        ]
        return "\n".join([*lines, f"Next: {self.next}"])


@operation(
    title="List questions to models",
    effect="read",
    role="deployer",
    method="GET",
    path="/api/model-calls",
    mcp=False,
    examples=({"limit": 20},),
)
def list_model_calls(
    ws: Workspace, limit: Annotated[int, Field(ge=1, le=200)] = 50
) -> ModelCallList:
    """List questions to models: who, which model, tokens, the hash of the prompt, the outcome."""
    with ws.reading() as store:
        rows = store.list_language_calls(limit=limit)
        spent = store.language_tokens(ws.identity.name, store.at - DAY)
    calls = [ModelCallLine.model_validate(row._asdict() | {"at": instant(row.at)}) for row in rows]
    return ModelCallList(
        calls=calls, spent=spent, budget=ws.settings.language.tokens_per_day, next="nl_generate"
    )
