"""Places in a configuration: what stands there, and a patch that has something else there."""

from __future__ import annotations

from pydantic import JsonValue

Config = dict[str, JsonValue]
Path = tuple[str | int, ...]
ABSENT = object()


def child(value: object, part: str | int) -> object:
    """What a place holds under a name or number; ABSENT where it is not there."""
    if isinstance(value, dict):
        return value.get(part, ABSENT)
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return value[part]
    return ABSENT


def value_at(given: object, path: Path) -> object:
    """What stands at a place, or ABSENT."""
    current = given
    for part in path:
        current = child(current, part)
    return current


def patched(given: Config, path: Path, value: JsonValue) -> Config | None:
    """The top-level key with the value at `path` replaced, as a config patch."""
    if not path:
        return None
    top = str(path[0])
    return {top: with_value(given[top], path[1:], value)}


def with_value(whole: JsonValue, path: Path, value: JsonValue) -> JsonValue:
    """A JSON value with another one at a path."""
    if not path:
        return value
    first, rest = path[0], path[1:]
    if isinstance(whole, dict):
        return whole | {str(first): with_value(whole[str(first)], rest, value)}
    if isinstance(whole, list):
        return [
            with_value(item, rest, value) if at == first else item for at, item in enumerate(whole)
        ]
    return whole
