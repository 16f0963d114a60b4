"""What callers send, checked before anything runs, and what is wrong with it in one error shape.

Values are shown in errors only shortened, and never when their name says that they are secret.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple, cast

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    JsonValue,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import ErrorDetails

from .errors import InvalidArgument, LakestreamError, nearest
from .graph.plain import is_secret

SHOWN_CHARACTERS_MAX = 160
DEPTH_MAX = 60
INTEGER_END = 1 << 63
"""Where numbers begin that databases do not take."""


def maybe_json(value: Any) -> Any:
    """Objects and lists may come as JSON text: some clients, forms and shells can send no other."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ValueError(
            f"the text starts like JSON but does not parse: {error.msg} at {place}"
        ) from None
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None


def maybe_list(value: Any) -> Any:
    """One name where a list of names is asked for is a list of one."""
    value = maybe_json(value)
    return [value] if isinstance(value, str) and value else value


def maybe_changes(value: Any) -> Any:
    """One change where a list of changes is asked for is a list of one."""
    value = maybe_json(value)
    return [value] if isinstance(value, Mapping) else value


def maybe_events(value: Any) -> Any:
    """A text that is no JSON is the path of a file with events."""
    value = maybe_json(value)
    return {"file": value} if isinstance(value, str) and value.strip() else value


class SchemaOf(NamedTuple):
    """The schema of an argument that the domain checks itself, with better errors."""

    kind: Any

    def __get_pydantic_json_schema__(self, _: Any, __: Any) -> dict[str, Any]:
        """The schema without references, so that it can stand anywhere."""
        from .operations import slim

        schema = TypeAdapter(self.kind).json_schema()
        return cast("dict[str, Any]", slim(schema, schema.get("$defs", {}), 1))


Json = BeforeValidator(maybe_json)
OneOrMore = BeforeValidator(maybe_list)
ChangeOrMore = BeforeValidator(maybe_changes)
PipelineId = Annotated[str, Field(min_length=1, max_length=64)]
NodeId = Annotated[str, Field(min_length=1, max_length=64)]
RunId = Annotated[str, Field(min_length=1, max_length=64, description="As test_pattern answers it")]
Reason = Annotated[str, Field(max_length=500, description="For the history")]
ExpectRevision = Annotated[int, Field(ge=0, description="Refuse if not the newest")]
Object = Annotated[dict[str, JsonValue], Json]
Rows = Annotated[list[dict[str, JsonValue]], Json]
Objects = Annotated[list[Any], WithJsonSchema({"type": "array", "items": {"type": "object"}})]
"""A list whose items the domain checks, with better errors."""
GivenEvents = Annotated[Objects | dict[str, Any], BeforeValidator(maybe_events)]
"""Rows, or where to get them; the domain says what is wrong with a row."""


def validated(model: type[BaseModel], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as the operation's function takes them. Raises InvalidArgument."""
    check_plain(arguments)
    try:
        checked = model.model_validate(dict(arguments))
    except ValidationError as error:
        raise friendly(error, arguments, model) from None
    return {name: getattr(checked, name) for name in model.model_fields}


def check_plain(value: Any, path: str = "", depth: int = 0) -> None:
    """Refuse what no store and no JSON reader would take: NaN, NUL, lone surrogates, depth."""
    if isinstance(value, str):
        if "\x00" in value or any("\ud800" <= c <= "\udfff" for c in value if c > "\ud7ff"):
            raise _refused(
                path, "holds a NUL or half a surrogate pair, which cannot be stored", shown(value)
            )
    elif isinstance(value, float):
        if not math.isfinite(value):
            hint = 'Send null, or the text "NaN" for a double column.'
            raise _refused(path, "is not a number JSON knows", str(value), hint)
    elif isinstance(value, int):
        if depth == 1 and abs(value) >= INTEGER_END:
            raise _refused(path, "is too large a number", shown(value))
    elif isinstance(value, Mapping):
        _check_depth(path, depth)
        for key, item in value.items():
            check_plain(str(key), path, depth)
            check_plain(item, f"{path}.{key}" if path else str(key), depth + 1)
    elif isinstance(value, list):
        _check_depth(path, depth)
        for index, item in enumerate(value):
            check_plain(item, f"{path}[{index}]", depth + 1)


def _check_depth(path: str, depth: int) -> None:
    if depth > DEPTH_MAX:
        raise _refused(path[:80], f"is nested deeper than {DEPTH_MAX} levels", "")


def _refused(path: str, problem: str, got: str, hint: str | None = None) -> InvalidArgument:
    return InvalidArgument(
        f"`{path}` {problem}.", where={"argument": path}, got=got or None, hint=hint
    )


def shown(value: Any, name: str = "") -> Any:
    """A value as an error may show it: short, and without secrets."""
    if is_secret(name):
        return "***"
    if value is None or isinstance(value, (bool, int)):
        return (
            value
            if not isinstance(value, int) or abs(value) < INTEGER_END
            else f"{str(value)[:20]}…"
        )
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    text = value if isinstance(value, str) else json.dumps(_masked(value), default=str)
    return text if len(text) <= SHOWN_CHARACTERS_MAX else _cut(text)


def _cut(text: str) -> str:
    return f"{text[:SHOWN_CHARACTERS_MAX]}… ({len(text)} characters)"


def _masked(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: "***" if is_secret(str(k)) else _masked(v) for k, v in list(value.items())[:20]}
    if isinstance(value, (list, tuple)):
        return [_masked(v) for v in value[:20]]
    return value[:SHOWN_CHARACTERS_MAX] if isinstance(value, str) else value


def friendly(
    error: ValidationError, given: Mapping[str, Any], model: type[BaseModel]
) -> LakestreamError:
    """The first problem in full, the others named in the message."""
    problems = error.errors(include_url=False, include_context=True)
    if _only_of_union(problems):
        return _wrong_kind(problems[0], model)
    first = _described(problems[0], given, model)
    first.hint = first.hint or _misspelt(problems)
    rest = [_described(p, given, model).message for p in problems[1:4]]
    if rest:
        more = f" (and {len(problems) - 4} more)" if len(problems) > 4 else ""
        first.message = " ".join([first.message, *rest]) + more
    return first


def _only_of_union(problems: list[ErrorDetails]) -> bool:
    """Whether all that is wrong is one argument that is of none of the kinds it may be of."""
    places = {(p["loc"][0], p["type"].endswith("_type"), len(p["loc"])) for p in problems}
    return len(problems) > 1 and len(places) == 1 and next(iter(places))[1:] == (True, 2)


def _wrong_kind(problem: ErrorDetails, model: type[BaseModel]) -> InvalidArgument:
    name, got = str(problem["loc"][0]), problem.get("input")
    return InvalidArgument(
        f"`{name}` cannot be {type(got).__name__}.",
        where={"argument": name},
        got=shown(got, name),
        expected=_description(model, (name,)),
    )


def _misspelt(problems: list[ErrorDetails]) -> str | None:
    """A missing argument is often there, under a slightly wrong name."""
    unknown = [str(p["loc"][-1]) for p in problems if p["type"] == "extra_forbidden"]
    if problems[0]["type"] != "missing" or not unknown:
        return None
    near = nearest(str(problems[0]["loc"][-1]), unknown)
    return (
        f"You sent `{_cut_name(near)}`; the name is `{problems[0]['loc'][-1]}`." if near else None
    )


def _described(
    problem: ErrorDetails, given: Mapping[str, Any], model: type[BaseModel]
) -> InvalidArgument:
    path = _locate(problem["loc"], given)
    kind, context, got = problem["type"], problem.get("ctx", {}), problem.get("input")
    name = str(problem["loc"][-1]) if problem["loc"] else ""
    where = {"argument": path, **_change(problem["loc"])}
    if kind == "missing":
        expected = _description(model, problem["loc"])
        return InvalidArgument(f"`{path}` is missing.", where=where, expected=expected)
    if kind == "extra_forbidden":
        known = sorted(model.model_fields) if len(problem["loc"]) == 1 else None
        near = nearest(name, known or [])
        hint = f"Did you mean `{near}`?" if near else None
        return InvalidArgument(
            f"`{path}` is not known here.",
            where=where,
            got=_cut_name(name),
            expected=known,
            hint=hint,
        )
    if kind in {"literal_error", "enum", "union_tag_invalid"}:
        return _choice(path, where, kind, context, got)
    text = str(context["error"]) if kind == "value_error" and "error" in context else problem["msg"]
    sentence = f"`{path}`: {text[:1].lower()}{text[1:]}"
    message = sentence if sentence.endswith(".") else sentence + "."
    expected = _description(model, problem["loc"]) if kind.endswith("_type") else None
    return InvalidArgument(message[:400], where=where, got=shown(got, path), expected=expected)


def _choice(
    path: str, where: dict[str, Any], kind: str, context: Mapping[str, Any], got: Any
) -> InvalidArgument:
    options = re.findall(
        r"'([^']*)'", str(context.get("expected_tags") or context.get("expected", ""))
    )
    if kind == "union_tag_invalid":
        tag = str(context.get("discriminator", "")).strip("'")
        path, got = f"{path}.{tag}", context.get("tag")
    near = nearest(str(got), options) if isinstance(got, str) else None
    return InvalidArgument(
        f"`{path}` is not one of the values it can have.",
        where={**where, "argument": path},
        got=shown(got, path),
        expected=options,
        hint=f"Did you mean `{near}`?" if near else None,
    )


def _locate(loc: tuple[int | str, ...], given: Any) -> str:
    """The path as a caller would write it: union tags, which pydantic adds, are left out."""
    path, here = "", given
    for index, part in enumerate(loc):
        if isinstance(here, str):
            here = _parsed(here)
        last = index == len(loc) - 1
        if isinstance(part, int):
            path += f"[{part}]"
            here = here[part] if isinstance(here, list) and part < len(here) else None
        elif last or not isinstance(here, Mapping) or part in here:
            path += f".{_cut_name(part)}" if path else _cut_name(part)
            here = here.get(part) if isinstance(here, Mapping) else None
    return path


def _parsed(text: str) -> Any:
    try:
        return maybe_json(text)
    except ValueError:
        return text


def _cut_name(name: str) -> str:
    return name if len(name) <= 60 else name[:60] + "…"


def _change(loc: tuple[int | str, ...]) -> dict[str, Any]:
    is_change = len(loc) > 1 and loc[0] == "changes" and isinstance(loc[1], int)
    return {"change": loc[1]} if is_change else {}


def _description(model: type[BaseModel], loc: tuple[int | str, ...]) -> str | None:
    field = model.model_fields.get(str(loc[0])) if len(loc) == 1 else None
    return field.description if field else None
