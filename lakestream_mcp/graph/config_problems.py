"""What pydantic says against a configuration, in the product's words and places."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Literal, NamedTuple, TypeGuard, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ..errors import LakestreamError, nearest
from .config_places import ABSENT, Config, Path, child, patched, value_at
from .model import Problem
from .naming import snake_case
from .node_type import NodeType
from .plain import LiteralSecret, holds_secret, is_reference, is_secret, shown

_Member = tuple[Path, str]
ALIKE_LEAST = 0.7
"""How like a known field a name must be for a fix: `gapp` is `gap`, `left` no `left_prefix`."""
_KINDS = {
    **dict.fromkeys(("list_type", "tuple_type"), "must be a list"),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), "must be an object"),
    "string_type": "must be text",
    **dict.fromkeys(("bool_type", "bool_parsing"), "must be true or false"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "must be a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "must be a number"),
}
LITERAL = "SECRET_IN_CONFIG"
_CHOICE = re.compile(r"'([^']*)'")


def config_problems(
    node_type: NodeType, given: Config, details: Sequence[ErrorDetails]
) -> list[Problem]:
    """A problem for each place that is wrong."""
    grouped: dict[Path, list[ErrorDetails]] = {}
    for place in _meant([_place(given, detail) for detail in _first_causes(details)]):
        grouped.setdefault(place.path, []).append(place.detail)
    return [_problem(node_type, given, path, found) for path, found in grouped.items()]


def _first_causes(details: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """Without lists that are too short only because items in them are wrong."""
    within = {detail["loc"][:n] for detail in details for n in range(len(detail["loc"]))}
    return [d for d in details if d["type"] != "too_short" or d["loc"] not in within]


class _Place(NamedTuple):
    """Where in the given data an error is, and the union members it is reported for."""

    path: Path
    members: tuple[_Member, ...]
    detail: ErrorDetails


def _place(given: Config, detail: ErrorDetails) -> _Place:
    """Pydantic's location, taken apart: parts that are not in the data name union members."""
    current: object = given
    path: list[str | int] = []
    members: list[_Member] = []
    for index, part in enumerate(detail["loc"]):
        below = child(current, part)
        last = index == len(detail["loc"]) - 1
        if below is not ABSENT or (last and detail["type"] == "missing"):
            current = below
            path.append(part)
        else:
            members.append((tuple(path), str(part)))
    return _Place(tuple(path), tuple(members), detail)


def _meant(places: Sequence[_Place]) -> list[_Place]:
    """A union reports every member's errors: keep those of the member that was meant.

    That is one whose kind fits (its errors are inside the value), with the fewest errors.
    """
    found: dict[Path, dict[str, list[_Place]]] = {}
    for place in places:
        for prefix, label in place.members:
            found.setdefault(prefix, {}).setdefault(label, []).append(place)
    dropped: set[int] = set()
    for prefix, by_label in found.items():
        fitting = {
            label: inside
            for label, inside in by_label.items()
            if any(len(place.path) > len(prefix) for place in inside)
        }
        if not fitting:
            continue
        best = min(fitting, key=lambda label: len(fitting[label]))
        dropped |= {id(p) for label, each in by_label.items() if label != best for p in each}
    return [place for place in places if id(place) not in dropped]


_EXPRESSION = re.compile(r"[(){}\[\]*/;]")
"""What stands in no name: the nearest name would lose the rest of the text."""


def _problem(
    node_type: NodeType, given: Config, path: Path, details: Sequence[ErrorDetails]
) -> Problem:
    first = details[0]
    field = ".".join(str(part) for part in path)
    if first["type"] == "missing":
        return _missing(node_type, path, field)
    if first["type"] == "extra_forbidden":
        return _unknown_key(node_type, given, path, field)
    said = list(dict.fromkeys(_said(d) for d in details))
    choices = _choices(details)
    value = value_at(given, path) if path else None
    named = isinstance(value, str) and not _EXPRESSION.search(value)
    near = nearest(str(value), choices) if named else None
    literal = any(map(_is_literal, details))
    secret = literal or any(is_secret(str(part)) for part in path)
    return Problem(
        code=LITERAL if literal else "INVALID_CONFIG",
        message=f"`{field}`: {shown('; or '.join(said), 300)}" if field else shown_text(said[0]),
        field=field or None,
        got="(not shown)" if secret else shown(value) if path else None,
        expected=choices or shown_text(" or ".join(said)),
        hint=f"did you mean `{near}`?" if near else _described(node_type, path, first),
        fix=patched(given, path, near) if near else None,
    )


def _is_literal(detail: ErrorDetails) -> bool:
    return isinstance(detail.get("ctx", {}).get("error"), LiteralSecret)


def _said(detail: ErrorDetails) -> str:
    return _KINDS.get(detail["type"]) or detail["msg"].removeprefix("Value error, ")


def _described(node_type: NodeType, path: Path, detail: ErrorDetails) -> str | None:
    """What a field is, where its value is of another kind altogether."""
    info = node_type.Config.model_fields.get(str(path[0])) if path else None
    return info.description if info and detail["type"] in _KINDS else None


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


def _missing(node_type: NodeType, path: Path, field: str) -> Problem:
    info = node_type.Config.model_fields.get(str(path[0])) if len(path) == 1 else None
    described = info.description if info else None
    choices = (
        list(get_args(info.annotation)) if info and get_origin(info.annotation) is Literal else []
    )
    if choices:
        described = f"{described}: {', '.join(f'`{choice}`' for choice in choices)}"
    return Problem(
        code="MISSING_CONFIG",
        message=f"`{field}` is required",
        field=field,
        expected=choices or described or f"a value for `{field}`",
        hint=described or f'set it with {{"op": "update_node", "config": {{"{path[0]}": …}}}}',
        fix={field: info.examples[0]} if info and info.examples else None,
    )


def _unknown_key(node_type: NodeType, given: Config, path: Path, field: str) -> Problem:
    key = str(path[-1])
    known = _known_keys(node_type.Config, path[:-1])
    moved = node_type.moved.get(key)
    value = value_at(given, path)
    literal = not moved and holds_secret(key) and isinstance(value, str)
    if literal and not is_reference(value):
        return _unknown_secret(node_type, field, known)
    near = None if moved else _renamed_to(node_type, given, path, known)
    fix = _renamed(given, path, near) if near else None
    return Problem(
        code="UNKNOWN_CONFIG",
        message=f"`{node_type.type}` has no field `{shown(field)}`",
        field=str(shown(field)),
        got=shown(key),
        expected=sorted(known) or None,
        hint=moved or (f"did you mean `{near}`?" if near else None),
        fix={key: None} if moved else fix,
    )


def _unknown_secret(node_type: NodeType, field: str, known: set[str]) -> Problem:
    return Problem(
        code=LITERAL,
        message=f"`{node_type.type}` has no field `{shown(field)}`, and a secret is never kept in "
        "a pipeline: put it in a secret scope and write `secret://scope/key`",
        field=str(shown(field)),
        got="(not shown)",
        expected=sorted(known) or None,
        fix={field: None} if "." not in field else None,
    )


def _renamed_to(node_type: NodeType, given: Config, path: Path, known: set[str]) -> str | None:
    """The field meant by an unknown key: one that is called alike, or the only one missing.

    Its value must be one that the field takes: else something else was meant.
    """
    key, missing, unknown = str(path[-1]), [], []
    for loc, kind in _errors(node_type, given):
        if loc[:-1] == path[:-1]:
            missing += [str(loc[-1])] if kind == "missing" else []
            unknown += [str(loc[-1])] if kind == "extra_forbidden" else []
    alone = missing if (len(missing), len(unknown)) == (1, 1) else []
    for name in dict.fromkeys([nearest(key, missing), nearest(key, known), *alone]):
        renamed = _renamed(given, path, name) if name else None
        place = (*path[:-1], name)
        if name is None or (name not in alone and not _alike(key, name)):
            continue
        if renamed and not any(
            loc[: len(place)] == place for loc, _ in _errors(node_type, given | renamed)
        ):
            return name
    return None


def _alike(key: str, name: str) -> bool:
    return SequenceMatcher(None, snake_case(key), name).ratio() >= ALIKE_LEAST


def _errors(node_type: NodeType, config: Config) -> list[tuple[Path, str]]:
    """Where a configuration is wrong, and in which way; keys set to null count as left out."""
    left: Config = {key: value for key, value in config.items() if value is not None}
    try:
        node_type.Config.model_validate(left)
    except ValidationError as error:
        return [(_place(left, d).path, d["type"]) for d in error.errors(include_url=False)]
    except LakestreamError:
        return []
    return []


def _renamed(given: Config, path: Path, name: str) -> Config | None:
    """A config patch in which the key at `path` has another name; where that is set, it goes."""
    key, holder = str(path[-1]), value_at(given, path[:-1])
    if not isinstance(holder, dict):
        return None
    if len(path) == 1:
        return {key: None} | ({} if name in holder else {name: holder[key]})
    renamed = {name if k == key else k: v for k, v in holder.items() if k != name}
    renamed |= {name: holder[name]} if name in holder else {}
    return patched(given, path[:-1], renamed)


def _known_keys(model: type[BaseModel], path: Path) -> set[str]:
    """The keys a nested place takes: those of every model its annotation mentions."""
    models: list[type[BaseModel]] = [model]
    for part in path:
        if isinstance(part, int):
            continue
        models = [
            inner
            for outer in models
            if part in outer.model_fields
            for inner in models_in(outer.model_fields[part].annotation)
        ]
    return {info.alias or name for each in models for name, info in each.model_fields.items()}


def models_in(annotation: object) -> list[type[BaseModel]]:
    """The models that an annotation mentions, at any depth."""
    if _is_model(annotation):
        return [annotation]
    arguments = getattr(annotation, "__args__", ())
    return [model for argument in arguments for model in models_in(argument)]


def _is_model(annotation: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
