"""What the product can do: operations declared once, run by one runner, shown on three surfaces.

    @operation(effect="edit", method="POST", path="/api/pipelines", title="Create a pipeline")
    def create_pipeline(ws: Workspace, name: Name, …) -> EditAnswer:

The MCP tool, the REST route, the command, the audit row and the docs follow from the declaration.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model

from .arguments import validated
from .errors import LakestreamError, NotFound, nearest
from .identity import Role

if TYPE_CHECKING:
    from .workspace import Workspace

Effect = Literal["read", "edit", "run", "destroy"]
Method = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]
F = TypeVar("F", bound=Callable[..., "Answer"])
ROLE_OF_EFFECT: dict[Effect, Role] = {
    "read": "viewer",
    "edit": "author",
    "run": "author",
    "destroy": "deployer",
}
UNSAID = frozenset({"minLength", "maxLength", "minItems", "maxItems", "minimum"})
log = logging.getLogger("lakestream")


class Answer(BaseModel):
    """What an operation answers with. Parts that are None are left out on every surface."""

    def text(self) -> str:
        """What a model reads; the default is the whole answer as compact JSON."""
        return json.dumps(self.to_json(), ensure_ascii=False, separators=(",", ":"))

    def to_json(self) -> dict[str, Any]:
        """The same JSON for every surface."""
        return self.model_dump(mode="json", exclude_none=True)

    def resource_text(self, file: str | None) -> str:
        """What an MCP resource shows of this answer."""
        return json.dumps(self.to_json(), ensure_ascii=False, indent=1)


@dataclass(frozen=True)
class Operation:
    """One declared operation and what the surfaces derive from it."""

    name: str
    function: Callable[..., Answer]
    title: str
    role: Role
    effect: Effect
    method: Method
    path: str
    mcp: bool
    idempotent: bool
    examples: tuple[Mapping[str, Any], ...]

    @property
    def command(self) -> str:
        """The name on the command line."""
        return self.name.replace("_", "-")

    @property
    def description(self) -> str:
        """The docstring, as people and models read it."""
        return inspect.cleandoc(self.function.__doc__ or "")

    @property
    def path_parameters(self) -> tuple[str, ...]:
        """Arguments that are part of the path; positional on the command line."""
        pieces = self.path.split("/")
        return tuple(p[1:-1] for p in pieces if p.startswith("{"))

    @cached_property
    def arguments(self) -> type[BaseModel]:
        """The model of the arguments, from the function's signature."""
        hints = get_type_hints(self.function, None, _namespace(), include_extras=True)
        parameters = list(inspect.signature(self.function).parameters.values())[1:]
        fields: dict[str, Any] = {
            p.name: (hints[p.name], ... if p.default is p.empty else p.default) for p in parameters
        }
        return create_model(
            f"{_camel(self.name)}Arguments", __config__=ConfigDict(extra="forbid"), **fields
        )

    @cached_property
    def answer(self) -> type[Answer]:
        """The model of the answer."""
        answer: type[Answer] = get_type_hints(self.function, None, _namespace())["return"]
        return answer

    @cached_property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of the arguments, without titles and references: what a tool list costs."""
        raw = self.arguments.model_json_schema()
        schema: dict[str, Any] = slim(raw, raw.get("$defs", {}))
        return {"properties": {}, **schema}


_registry: dict[str, Operation] = {}


def operation(
    *,
    title: str,
    effect: Effect,
    method: Method,
    path: str,
    role: Role | None = None,
    mcp: bool = True,
    idempotent: bool = False,
    examples: tuple[Mapping[str, Any], ...] = (),
) -> Callable[[F], F]:
    """Declare a function as an operation. The role follows from the effect unless it is given."""

    def declare(function: F) -> F:
        name = function.__name__
        assert name not in _registry, f"{name} is declared twice"
        _registry[name] = Operation(
            name=name,
            function=function,
            title=title,
            role=role or ROLE_OF_EFFECT[effect],
            effect=effect,
            method=method,
            path=path,
            mcp=mcp,
            idempotent=idempotent or effect == "read",
            examples=examples,
        )
        return function

    return declare


def operations() -> tuple[Operation, ...]:
    """All operations, in the order in which they are best read."""
    from . import tools

    tools.load()
    return tuple(_registry.values())


def find(name: str) -> Operation:
    """The operation of this name. Raises NotFound with the nearest one."""
    known = {o.name: o for o in operations()}
    if name not in known:
        near = nearest(name, known)
        raise NotFound(
            "There is no such operation.",
            got=name[:80],
            expected=sorted(known),
            hint=f"Did you mean `{near}`?" if near else None,
        )
    return known[name]


def call(op: Operation, ws: Workspace, arguments: Mapping[str, Any]) -> Answer:
    """Run one operation: check arguments and role, one transaction, one audit row.

    Raises LakestreamError and nothing else. A failed call leaves its audit row and no other trace.
    """
    from .workspace import Call

    given = arguments.get("pipeline_id")
    running = Call(op.name, _digest(arguments))
    running.pipeline_id = given[:64] if isinstance(given, str) else None
    ws = ws.for_call(running)
    try:
        ws.require(op.role, f"`{op.name}`")
        answer = op.function(ws, **validated(op.arguments, arguments))
        running.pipeline_id = getattr(answer, "pipeline_id", running.pipeline_id)
        running.revision = getattr(answer, "revision", running.revision)
        ws.audit("ok")
    except LakestreamError as error:
        _audit_failure(ws, error)
        raise
    except Exception as error:
        unexpected = _unexpected(op, error)
        _audit_failure(ws, unexpected)
        raise unexpected from error
    ws.send_notices()
    return answer


def _audit_failure(ws: Workspace, error: LakestreamError) -> None:
    """A row for a failed call; a store that cannot take it must not hide the first error."""
    try:
        ws.audit(error.code)
    except LakestreamError as second:
        log.error("no audit row for %s: %s", ws.call.operation, second.message)


def _unexpected(op: Operation, error: Exception) -> LakestreamError:
    """An error for what nobody foresaw: details go to the log, a reference to the caller."""
    reference = secrets.token_hex(4)
    log.error("%s failed unexpectedly (%s)", op.name, reference, exc_info=error)
    return LakestreamError(
        f"`{op.name}` failed unexpectedly: {type(error).__name__}. Nothing was changed.",
        where={"operation": op.name, "reference": reference},
        hint=f"The server's log has the details under {reference}.",
    )


def _digest(arguments: Mapping[str, Any]) -> str:
    try:
        text = json.dumps(arguments, sort_keys=True, default=str)
    except (RecursionError, TypeError, ValueError):
        text = "unreadable"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _namespace() -> dict[str, Any]:
    """Names that signatures use under TYPE_CHECKING only."""
    from .workspace import Workspace

    return {"Workspace": Workspace}


def _camel(name: str) -> str:
    return "".join(part.title() for part in name.split("_"))


def slim(schema: Any, definitions: Mapping[str, Any], depth: int = 0) -> Any:
    """Inline references; drop titles, discriminators and nulls: models need none of them."""
    if isinstance(schema, list):
        return [slim(item, definitions, depth + 1) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if reference := schema.get("$ref"):
        target = slim(definitions[reference.rsplit("/", 1)[-1]], definitions, depth + 1)
        return {**target, **slim({k: v for k, v in schema.items() if k != "$ref"}, definitions, 1)}
    if len(real := _real_options(schema)) == 1:
        rest = {k: v for k, v in schema.items() if k not in {"anyOf", "default"}}
        return slim({**real[0], **rest}, definitions, depth)
    return dict(_slim_items(schema, definitions, depth))


def _real_options(schema: Mapping[str, Any]) -> list[Any]:
    """What an `anyOf` offers beside null: leaving the argument out says the same as null."""
    return [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]


def _slim_items(
    schema: Mapping[str, Any], definitions: Mapping[str, Any], depth: int
) -> Iterator[tuple[str, Any]]:
    for key, value in schema.items():
        if key == "properties":
            yield key, {name: slim(item, definitions, depth + 1) for name, item in value.items()}
        elif key in {"const", "enum", "required"}:
            yield key, value
        elif key == "additionalProperties" and depth:
            continue
        elif key not in {"title", "$defs", "discriminator"} and not _says_nothing(schema, key):
            yield key, value if key == "default" else slim(value, definitions, depth + 1)


def _says_nothing(schema: Mapping[str, Any], key: str) -> bool:
    """The type beside a constant, empty defaults, and limits that only a wrong call meets."""
    if key == "default":
        return schema[key] is None or schema[key] in ("", [], {})
    return (key == "type" and "const" in schema) or key in UNSAID
