"""The one tool that a model may call, and how strictly its call is read.

Every field is required and nothing else is allowed, which is what services need to hold a model to
a schema. The configuration of a node travels as JSON text: fifty types with their fields would be
too large a grammar, and the validator knows them better.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import InvalidChange, ModelFailed
from ..graph.changes import parse_changes
from .proposal import Draft, Question

if TYPE_CHECKING:
    from ..catalog import Catalog

NAME = "propose_changes"
DESCRIPTION = "Propose changes of the pipeline, ask what must be known first, or refuse kindly."
REPLY_BYTES = 200_000
CHANGES_MOST = 60
SENTENCES_MOST = 12
SENTENCE_CHARACTERS = 400
OPTIONS_MOST = 6
TEXT = {"type": "string"}
PORTS = ("source", "target", "source_port", "target_port")


def tool_schema(catalog: Catalog) -> dict[str, Any]:
    """The schema of the tool's input; `""` stands for what is not given."""
    config = {"type": "string", "description": "A JSON object as text"}
    kind = {"type": "string", "enum": list(catalog.types())}
    arms = [
        object_schema(op={"const": "add_node"}, id=TEXT, type=kind, config=config, after=TEXT),
        object_schema(op={"const": "update_node"}, id=TEXT, config=config),
        object_schema(op={"const": "remove_node"}, id=TEXT),
        object_schema(op={"enum": ["connect", "disconnect"]}, **dict.fromkeys(PORTS, TEXT)),
        object_schema(op={"const": "set_pipeline"}, name=TEXT, description=TEXT),
    ]
    question = object_schema(text=TEXT, options={"type": "array", "items": TEXT})
    return object_schema(
        changes={"type": "array", "items": {"anyOf": arms}},
        assumptions={"type": "array", "items": TEXT},
        questions={"type": "array", "items": question},
        refusal=TEXT,
    )


def object_schema(**properties: Any) -> dict[str, Any]:
    """The schema of an object that has these fields, all of them, and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


Sentence = Annotated[str, Field(max_length=SENTENCE_CHARACTERS)]


class _Asked(_Part):
    text: Sentence
    options: Annotated[list[Sentence], Field(max_length=OPTIONS_MOST)] = []


class _AddNode(_Part):
    op: Literal["add_node"]
    id: str
    type: str
    config: str | dict[str, Any] = "{}"
    after: str = ""


class _UpdateNode(_Part):
    op: Literal["update_node"]
    id: str
    config: str | dict[str, Any]


class _RemoveNode(_Part):
    op: Literal["remove_node"]
    id: str


class _Connect(_Part):
    op: Literal["connect", "disconnect"]
    source: str
    target: str
    source_port: str = ""
    target_port: str = ""


class _SetPipeline(_Part):
    op: Literal["set_pipeline"]
    name: str = ""
    description: str = ""


_Written = Annotated[
    _AddNode | _UpdateNode | _RemoveNode | _Connect | _SetPipeline, Field(discriminator="op")
]


class _Reply(_Part):
    changes: Annotated[list[_Written], Field(max_length=CHANGES_MOST)] = []
    assumptions: Annotated[list[Sentence], Field(max_length=SENTENCES_MOST)] = []
    questions: Annotated[list[_Asked], Field(max_length=SENTENCES_MOST)] = []
    refusal: Sentence = ""


def draft_of(given: Mapping[str, Any] | str) -> Draft:
    """What a model answered, as typed changes. Raises ModelFailed with what is wrong with it."""
    try:
        reply = _Reply.model_validate(_plain(given))
        if reply.refusal.strip():
            return Draft(refusal=reply.refusal.strip())
        return Draft(
            changes=tuple(parse_changes([_change(written) for written in reply.changes])),
            assumptions=tuple(s for s in reply.assumptions if s.strip()),
            questions=tuple(Question(q.text, tuple(q.options)) for q in reply.questions),
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise unreadable(f"`{place}`: {first['msg']}") from None
    except InvalidChange as error:
        raise unreadable(error.message) from None


def unreadable(why: str) -> ModelFailed:
    """An answer that is not in the form asked for; a repair may mend it."""
    return ModelFailed(
        f"The model's answer cannot be read: {why[:300]}",
        code="MODEL_ANSWER_UNREADABLE",
        hint="Ask again, in other words or with another `backend`; nothing was changed.",
    )


def _plain(given: Mapping[str, Any] | str) -> Any:
    text = given if isinstance(given, str) else json.dumps(given)
    if len(text.encode("utf-8", "surrogatepass")) > REPLY_BYTES:
        raise unreadable(f"it is longer than {REPLY_BYTES} bytes")
    return _json(text, "the answer")


def _json(text: str, what: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise unreadable(f"{what} is not JSON ({type(error).__name__})") from None


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


def _change(written: Any) -> dict[str, Any]:
    """A change as `edit_pipeline` takes it."""
    given = {k: v for k, v in written.model_dump().items() if v != ""}
    if "config" in given:
        given["config"] = _config(given["config"])
    if given["op"] != "add_node":
        return given
    after = {"after": given["after"]} if "after" in given else {}
    return {"op": "add_node", "node": {k: given[k] for k in given if k not in ("op", "after")}} | (
        after
    )


def _config(given: str | dict[str, Any]) -> dict[str, Any]:
    config = _json(given, "a `config`") if isinstance(given, str) else given
    if not isinstance(config, dict):
        raise unreadable("a `config` is an object")
    return config
