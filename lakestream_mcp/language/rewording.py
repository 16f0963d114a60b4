"""Sentences about nodes said better by a model: shown as its words, and used for nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .model_tool import TEXT, object_schema, unreadable
from .models import Tool
from .prompt import as_data, stored_text

if TYPE_CHECKING:
    from .models import ModelBackend

SENTENCE_CHARACTERS = 500
SENTENCES_MOST = 200


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    node: str
    text: Annotated[str, Field(min_length=1, max_length=SENTENCE_CHARACTERS)]


class _Reworded(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    summary: Annotated[str, Field(min_length=1, max_length=2 * SENTENCE_CHARACTERS)]
    sentences: Annotated[list[_Said], Field(max_length=SENTENCES_MOST)]


def reword(
    backend: ModelBackend, summary: str, sentences: Mapping[str, str]
) -> tuple[str, dict[str, str]]:
    """The summary and the sentences by node, in a model's words. Raises ModelFailed."""
    item = object_schema(node=TEXT, text=TEXT)
    schema = object_schema(summary=TEXT, sentences={"type": "array", "items": item})
    tool = Tool("reword", "Say it in plain words, one sentence per node.", schema)
    told = as_data({"summary": summary, "sentences": dict(sentences)})

    def reading(given: Mapping[str, Any] | str) -> tuple[str, dict[str, str]]:
        try:
            said = _Reworded.model_validate(json.loads(given) if isinstance(given, str) else given)
        except (ValidationError, ValueError, RecursionError) as error:
            raise unreadable(type(error).__name__) from None
        found = {s.node: " ".join(s.text.split()) for s in said.sentences}
        if set(found) != set(sentences):
            raise unreadable("each node needs one sentence, and no other does")
        return " ".join(said.summary.split()), found

    return backend.read(stored_text("reword"), f"<sentences>\n{told}\n</sentences>", tool, reading)
