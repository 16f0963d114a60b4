"""A node's configuration: earlier names made ours, and pydantic's errors made problems."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeGuard

from pydantic import BaseModel, JsonValue, ValidationError
from pydantic_core import ErrorDetails

from ..errors import InvalidArgument, LakestreamError, nearest
from .model import Problem
from .naming import snake_case
from .node_type import NodeConfig, NodeType
from .plain import is_secret, shown

Config = dict[str, JsonValue]
_Path = tuple[str | int, ...]
_ABSENT = object()
_CHOICE = re.compile(r"'([^']*)'")


def own_names(node_type: NodeType, given: Mapping[str, JsonValue]) -> Config:
    """The config under our field names. Raises InvalidArgument if two names disagree."""
    fields = node_type.Config.model_fields
    named: Config = {}
    for key, value in given.items():
        name = key if key in fields else node_type.field_aliases.get(key, key)
        if name == key and key not in fields and snake_case(key) in fields:
            name = snake_case(key)
        if value is None and name in named:
            continue
        if named.get(name) is not None and named[name] != value:
            raise InvalidArgument(
                f"`{key}` is another name of `{name}`, and both are given with different values",
                where={"field": name},
                got=shown(key),
                expected=name,
            )
        named[name] = value
    return named


def canonical(node_type: NodeType, given: Mapping[str, JsonValue]) -> Config:
    """The config as it is stored: our names, an earlier system's fields migrated, no nulls."""
    named = {key: value for key, value in own_names(node_type, given).items() if value is not None}
    try:
        migrated = node_type.migrate(dict(named))
    except (TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
        raise InvalidArgument(
            f"the configuration of this `{node_type.type}` cannot be read: {error}",
            expected=sorted(node_type.Config.model_fields),
        ) from error
    return {key: value for key, value in migrated.items() if value is not None}


class Parsed(NamedTuple):
    """A typed configuration, or what is wrong with it."""

    config: NodeConfig | None
    problems: tuple[Problem, ...]


def parse(node_type: NodeType, given: Config) -> Parsed:
    """Check a stored config against its type."""
    try:
        return Parsed(node_type.Config.model_validate(given), ())
    except ValidationError as error:
        details = error.errors(include_url=False)
    except LakestreamError as error:
        return Parsed(None, (problem_of(error),))
    return Parsed(None, tuple(_problems(node_type, given, details)))


def problem_of(error: LakestreamError) -> Problem:
    """An error a node type raised about its configuration, as a problem."""
    field = error.where.get("field")
    return Problem(
        code=error.code,
        message=error.message,
        field=str(field) if field is not None else None,
        got=error.got,
        expected=error.expected,
        hint=error.hint,
        fix=_config_fix(error, field),
    )


def _config_fix(error: LakestreamError, field: object) -> Config | None:
    """The config patch inside an error's fix, which may be wrapped as a change or be bare text."""
    patch: Config = {}
    for item in error.fix or []:
        if isinstance(item.get("config"), dict):
            patch |= item["config"]
        elif "op" not in item and isinstance(field, str):
            patch |= {key: value for key, value in item.items() if key == field}
    return patch or None


def _problems(node_type: NodeType, given: Config, details: Sequence[ErrorDetails]) -> list[Problem]:
    grouped: dict[_Path, list[ErrorDetails]] = {}
    for detail in details:
        grouped.setdefault(_path(given, detail), []).append(detail)
    # A union reports each member's failure; the one that got deepest is the one that was meant.
    meant = [p for p in grouped if not any(len(q) > len(p) and q[: len(p)] == p for q in grouped)]
    return [_problem(node_type, given, path, grouped[path]) for path in meant]


def _path(given: Config, detail: ErrorDetails) -> _Path:
    """The place in the given data: pydantic's location without the names of union members."""
    current: object = given
    path: list[str | int] = []
    for index, part in enumerate(detail["loc"]):
        last = index == len(detail["loc"]) - 1
        below = _child(current, part)
        if below is not _ABSENT:
            current = below
        elif not (last and detail["type"] == "missing"):
            continue
        path.append(part)
    return tuple(path)


def _problem(
    node_type: NodeType, given: Config, path: _Path, details: Sequence[ErrorDetails]
) -> Problem:
    first = details[0]
    field = ".".join(str(part) for part in path)
    if first["type"] == "missing":
        return _missing(node_type, path, field)
    if first["type"] == "extra_forbidden":
        return _unknown_key(node_type, given, path, field)
    said = list(dict.fromkeys(d["msg"].removeprefix("Value error, ") for d in details))
    choices = _choices(details)
    value = _value_at(given, path) if path else None
    near = nearest(value, choices) if isinstance(value, str) else None
    secret = any(is_secret(str(part)) for part in path)
    return Problem(
        code="INVALID_CONFIG",
        message=f"`{field}`: {shown('; or '.join(said), 300)}" if field else shown_text(said[0]),
        field=field or None,
        got="(not shown)" if secret else shown(value) if path else None,
        expected=choices or shown_text(" or ".join(said)),
        hint=f"did you mean `{near}`?" if near else None,
        fix=_patched(given, path, near) if near else None,
    )


def shown_text(text: str) -> str:
    """A message cut to a readable length."""
    return str(shown(text, 300))


def _choices(details: Sequence[ErrorDetails]) -> list[str]:
    found = [
        choice
        for detail in details
        if detail["type"] in ("literal_error", "enum")
        for choice in _CHOICE.findall(str(detail.get("ctx", {}).get("expected", "")))
    ]
    return list(dict.fromkeys(found))


def _missing(node_type: NodeType, path: _Path, field: str) -> Problem:
    info = node_type.Config.model_fields.get(str(path[0])) if len(path) == 1 else None
    described = info.description if info else None
    return Problem(
        code="MISSING_CONFIG",
        message=f"`{field}` is required",
        field=field,
        expected=described or f"a value for `{field}`",
        hint=f'set it with {{"op": "update_node", "config": {{"{path[0]}": …}}}}',
    )


def _unknown_key(node_type: NodeType, given: Config, path: _Path, field: str) -> Problem:
    key = str(path[-1])
    holder = _value_at(given, path[:-1])
    known = _known_keys(node_type.Config, path[:-1])
    near = nearest(key, known)
    fix = None
    if near and isinstance(holder, dict):
        renamed = {near if k == key else k: v for k, v in holder.items() if k != near}
        renamed |= {near: holder[near]} if near in holder else {}
        fix = _patched(given, path[:-1], renamed)
        if len(path) == 1:
            fix = {key: None} | ({} if near in holder else {near: holder[key]})
    return Problem(
        code="UNKNOWN_CONFIG",
        message=f"`{node_type.type}` has no field `{shown(field)}`",
        field=str(shown(field)),
        got=shown(key),
        expected=sorted(known) or None,
        hint=f"did you mean `{near}`?" if near else None,
        fix=fix,
    )


def _known_keys(model: type[BaseModel], path: _Path) -> set[str]:
    """The keys a nested place takes: those of every model its annotation mentions."""
    models: list[type[BaseModel]] = [model]
    for part in path:
        if isinstance(part, int):
            continue
        models = [
            inner
            for outer in models
            if part in outer.model_fields
            for inner in _models_in(outer.model_fields[part].annotation)
        ]
    return {name for each in models for name in each.model_fields}


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if _is_model(annotation):
        return [annotation]
    arguments = getattr(annotation, "__args__", ())
    return [model for argument in arguments for model in _models_in(argument)]


def _is_model(annotation: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _child(value: object, part: str | int) -> object:
    if isinstance(value, dict):
        return value.get(part, _ABSENT)
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return value[part]
    return _ABSENT


def _value_at(given: object, path: _Path) -> object:
    current = given
    for part in path:
        current = _child(current, part)
    return current


def _patched(given: Config, path: _Path, value: JsonValue) -> Config | None:
    """The top-level key with the value at `path` replaced, as a config patch."""
    if not path:
        return None
    top = str(path[0])
    if len(path) == 1:
        return {top: value}
    whole = copy.deepcopy(given[top])
    holder, last = _value_at(whole, path[1:-1]), path[-1]
    if isinstance(holder, dict) or (isinstance(holder, list) and isinstance(last, int)):
        holder[last] = value
    return {top: whole}
