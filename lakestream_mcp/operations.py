"""What the product can do: operations declared once, run by one runner, shown on three surfaces.

    @operation(effect="edit", method="POST", path="/api/pipelines", title="Create a pipeline")
    def create_pipeline(ws: Workspace, name: Name, …) -> EditAnswer:

The MCP tool, the REST route, the command, the audit row and the docs follow from the declaration.
"""

from __future__ import annotations

import inspect
import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model

from .argument_names import as_declared
from .arguments import validated
from .authorization import check_anywhere, check_named
from .calls import Call, audit_failure, audit_success, digest, unexpected, watched
from .dialogue import ClientAsked
from .errors import LakestreamError, NotFound, nearest
from .identity import Role
from .storage.attempts import repeated

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


class Confirmation(NamedTuple):
    """A question to a person; yes means the same call with these arguments as well."""

    question: str
    arguments: dict[str, Any]


class Answer(BaseModel):
    """What an operation answers with. Parts that are None are left out on every surface."""

    media_type: ClassVar[str] = "application/json"  # of REST; another one stands for `text()`
    read_as: list[str] | None = None  # arguments that came under other names

    def text(self) -> str:
        """What a model reads; the default is the whole answer as compact JSON."""
        return json.dumps(self.to_json(), ensure_ascii=False, separators=(",", ":"))

    def told(self) -> str:
        """What a model reads: the text, what was read otherwise than written, the next call."""
        lines, following = [*(self.read_as or ()), self.text()], getattr(self, "next", None)
        said = "Next: " in lines[-1] or '"next":' in lines[-1]
        return "\n".join(lines if said or not following else [*lines, f"Next: {following}"])

    def to_json(self) -> dict[str, Any]:
        """The same JSON for every surface."""
        return self.model_dump(mode="json", exclude_none=True)

    def outcome(self) -> str:
        """How the call ended, as the audit log tells it."""
        return "ok"

    def confirmation(self) -> Confirmation | None:
        """What a person should be asked, where the answer is a plan and nothing was done yet."""
        return None

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
        with warnings.catch_warnings():
            # An argument may have the name of a method that models no longer need (`schema`).
            warnings.filterwarnings("ignore", message="Field name .* shadows an attribute")
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
    """Run one operation: check limits, role and arguments, one transaction, one audit row.

    Raises LakestreamError; and ClientAsked where the surface said that its client can be asked.
    A failed call leaves its audit row and no other trace.
    """
    arguments, read_as = as_declared(op.arguments.model_fields, arguments)
    given = arguments.get("pipeline_id")
    running = Call(op.name, digest(arguments), op.role, ws.origin.request_id)
    running.pipeline_id = given[:64] if isinstance(given, str) else None
    ws = ws.for_call(running)
    with watched(op, ws):
        try:
            answer = _answered(op, ws, arguments)
            answer.read_as = read_as or None
            running.pipeline_id = getattr(answer, "pipeline_id", running.pipeline_id)
            running.revision = getattr(answer, "revision", running.revision)
            running.outcome = answer.outcome()
            repeated(lambda: audit_success(op, ws), lambda: running.audited)
        except ClientAsked:
            ws.audit("CLIENT_ASKED")
            raise
        except LakestreamError as error:
            audit_failure(op, ws, error)
            raise
        except Exception as error:
            unforeseen = unexpected(op, ws, error)
            audit_failure(op, ws, unforeseen)
            raise unforeseen from error
    ws.send_notices()
    return answer


def _answered(op: Operation, ws: Workspace, arguments: Mapping[str, Any]) -> Answer:
    """The function's answer; what runs or destroys may reach beyond the store: once only."""
    if op.effect != "read" and not ws.identity.local:
        ws.services.limits.take("runs" if op.effect == "run" else "edits", ws.identity.name)

    def once() -> Answer:
        ws.call.notices.clear()
        check_anywhere(op, ws)
        checked = validated(op.arguments, arguments)
        check_named(op, ws, checked)
        return op.function(ws, **checked)

    return repeated(once, lambda: ws.call.audited) if op.effect in {"read", "edit"} else once()


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
        return schema[key] is None or schema[key] in ("", 0, False, [], {})
    return (key == "type" and "const" in schema) or key in UNSAID
