"""A node's configuration: earlier names made ours, and pydantic's errors made problems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pydantic import JsonValue, ValidationError

from ..errors import InvalidArgument, LakestreamError
from .config_places import Config
from .config_problems import config_problems
from .model import Problem
from .naming import snake_case
from .node_type import NodeConfig, NodeType
from .plain import shown
from .synonyms import in_our_words


def own_names(node_type: NodeType, given: Mapping[str, JsonValue]) -> Config:
    """The config under our field names. Raises InvalidArgument if two names disagree."""
    fields = node_type.Config.model_fields
    named: Config = {}
    for key, value in given.items():
        name = key if key in fields else _own_name(node_type, key)
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


def _own_name(node_type: NodeType, key: str) -> str:
    """Our name of a field that goes by another: an earlier one, in either way of writing names."""
    aliases, snake = node_type.field_aliases, snake_case(key)
    if key in aliases:
        return aliases[key]
    if snake in node_type.Config.model_fields:
        return snake
    return next((name for other, name in aliases.items() if snake_case(other) == snake), key)


class Read(NamedTuple):
    """A configuration as it is stored, and the words in it that were read as others."""

    config: Config
    told: list[str]


def own_words(node_type: NodeType, given: Mapping[str, JsonValue]) -> Read:
    """A part of a configuration under our names, nulls kept, and the words read as others."""
    return Read(*in_our_words(node_type.Config, own_names(node_type, given)))


def canonical(node_type: NodeType, given: Mapping[str, JsonValue]) -> Config:
    """The config as it is stored: our names, an earlier system's fields migrated, no nulls."""
    named: Config = {k: v for k, v in own_names(node_type, given).items() if v is not None}
    migrated = _migrated(node_type, named)
    return {key: value for key, value in migrated.items() if value is not None}


def read_config(node_type: NodeType, given: Mapping[str, JsonValue]) -> Read:
    """The same of what an agent wrote, whose other words for our fields are told."""
    named = own_names(node_type, given)
    before = canonical(node_type, named)
    config, told = in_our_words(node_type.Config, before)
    told = [*_put_together(named, before), *told]
    if not told:
        return Read(config, told)
    # A word at the top may stand above a shape that is migrated, with words of its own.
    again, more = in_our_words(node_type.Config, canonical(node_type, config))
    return Read(canonical(node_type, again) if more else again, [*told, *more])


def _put_together(given: Config, migrated: Config) -> list[str]:
    """Fields that became others, if they did."""
    gone = [name for name, value in given.items() if value is not None and name not in migrated]
    changed = [name for name, value in migrated.items() if given.get(name) != value]
    into = [name for name in changed if name not in given] or changed
    if not (gone and into):
        return []
    return [f"read `{'`, `'.join(gone)}` as `{'`, `'.join(into)}`"]


def _migrated(node_type: NodeType, named: Config) -> Config:
    try:
        return node_type.migrate(dict(named))
    except (TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
        raise InvalidArgument(
            f"the configuration of this `{node_type.type}` cannot be read: {error}",
            expected=sorted(node_type.Config.model_fields),
        ) from error


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
    return Parsed(None, tuple(config_problems(node_type, given, details)))


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


def named_twice(field: str, names: Sequence[str]) -> Iterator[Problem]:
    """Columns that a list names again."""
    once = list(dict.fromkeys(names))
    for name in once:
        if names.count(name) > 1:
            said = f"Column `{name}` is named {names.count(name)} times."
            yield Problem("DUPLICATE_COLUMN", said, field, name, once, fix={field: once})


def _config_fix(error: LakestreamError, field: object) -> Config | None:
    """The config patch inside an error's fix, which may be wrapped as a change or be bare text."""
    patch: Config = {}
    for item in error.fix or []:
        if isinstance(item.get("config"), dict):
            patch |= item["config"]
        elif "op" not in item and isinstance(field, str):
            patch |= {key: value for key, value in item.items() if key == field}
    return patch or None
