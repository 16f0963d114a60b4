"""What a call must look like, read from the method of the SDK that makes it.

Verb, path, and the names of query and body are in the method's source, their types in its
annotations: so the stand-in cannot drift from the SDK that the product ships with. Unknown names,
missing ones and wrong types are refused at any depth, as classes of the SDK say them.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import typing
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, NamedTuple

from .refusals import invalid

CALL = re.compile(r'_api\.do\(\s*"(\w+)",\s*f?"([^"]+)"')
KEY = re.compile(r'(body|query)\["(\w+)"\]')
WHOLE = re.compile(r"body = (\w+)\.as_dict\(\)")
DEEP = re.compile(r"\{_escape_multi_segment_path_parameter\((\w+)\)\}")
PLACE = re.compile(r"\{(\w+)\}")
RAW = re.compile(r"data=contents|raw=True")
SIMPLE = {str: "string", int: "integer", bool: "boolean", float: "number"}
RENAMED = {"excluded_attributes": "excludedAttributes"}


class Contract(NamedTuple):
    """Verb and path of a call, and the types of its query and body."""

    verb: str
    path: re.Pattern[str]
    places: int
    query: Mapping[str, Any]
    body: Any
    raw: bool
    required: frozenset[str]

    def checked(self, query: Mapping[str, list[str]], body: Any) -> tuple[dict[str, Any], Any]:
        """Query and body as the handler reads them. Raises Refused."""
        asked = {name: _from_query(name, given, self.query) for name, given in query.items()}
        if self.raw:
            return asked, body
        body = {} if body is None else body
        if isinstance(self.body, Mapping):
            _check_keys(body, self.body, "")
            absent = sorted(self.required - body.keys() - asked.keys())
            if absent:
                raise invalid(f"Missing required field: {absent[0]}")
        else:
            conforms(body, self.body, "")
        return asked, body


@cache
def contract(method: Callable[..., Any], deep: bool = False) -> Contract:
    """The contract of a method of the SDK. `deep`: its last place takes several segments."""
    source = inspect.getsource(method)
    found = CALL.search(source)
    assert found, f"{method.__qualname__} makes no call"
    path = DEEP.sub(r"{\1*}", found[2])
    hints = typing.get_type_hints(method)
    named = {(kind, name) for kind, name in KEY.findall(source)}
    parameters = list(inspect.signature(method).parameters.values())[1:]
    whole = WHOLE.search(source)
    body: Any = {name: _hint(hints, name) for kind, name in named if kind == "body"}
    return Contract(
        verb=found[1],
        path=_pattern(path, deep),
        places=len(PLACE.findall(path)) + path.count("*}"),
        query={name: _hint(hints, name) for kind, name in named if kind == "query"},
        body=hints[whole[1]] if whole else body,
        raw=bool(RAW.search(source)),
        required=frozenset(
            p.name
            for p in parameters
            if p.default is p.empty and any(p.name == name for _, name in named)
        ),
    )


def conforms(value: Any, hint: Any, where: str) -> None:
    """Refuse a value of JSON that is not of a type of the SDK."""
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any or value is None:
        return
    if origin in (typing.Union, UnionType):
        (real,) = [part for part in parts if part is not NoneType]
        conforms(value, real, where)
    elif origin is list:
        _expect(isinstance(value, list), where, "list", value)
        for n, item in enumerate(value):
            conforms(item, parts[0], f"{where}[{n}]")
    elif origin is dict:
        _expect(isinstance(value, dict), where, "map", value)
        for name, item in value.items():
            conforms(item, parts[1], f"{where}.{name}")
    elif dataclasses.is_dataclass(hint):
        _expect(isinstance(value, dict), where, "object", value)
        _check_keys(value, typing.get_type_hints(hint), f"{where}.")
    elif isinstance(hint, type) and issubclass(hint, Enum):
        known = [member.value for member in hint]
        _expect(value in known, where, f"one of {', '.join(map(str, known))}", value)
    elif hint in SIMPLE:
        _expect(_is_simple(value, hint), where, SIMPLE[hint], value)


def _is_simple(value: Any, hint: type) -> bool:
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is hint


def _check_keys(given: Any, known: Mapping[str, Any], where: str) -> None:
    _expect(isinstance(given, dict), where.rstrip(".") or "body", "object", given)
    for name, value in given.items():
        if name not in known:
            raise invalid(f"Unknown field: {where}{name}")
        conforms(value, known[name], f"{where}{name}")


def _expect(held: bool, where: str, what: str, got: Any) -> None:
    if not held:
        raise invalid(f"Field {where.lstrip('.') or 'body'} must be {what}, got {got!r:.60}")


def _hint(hints: Mapping[str, Any], name: str) -> Any:
    own = next((mine for mine, theirs in RENAMED.items() if theirs == name), name)
    return hints.get(own, str)


def _from_query(name: str, given: list[str], known: Mapping[str, Any]) -> Any:
    if name not in known:
        raise invalid(f"Unknown query parameter: {name}")
    hint = known[name]
    real = next((p for p in typing.get_args(hint) if p is not NoneType), hint)
    if real is bool:
        _expect(given[0] in ("true", "false"), name, "boolean", given[0])
        return given[0] == "true"
    if real is int:
        _expect(given[0].lstrip("-").isdigit(), name, "integer", given[0])
        return int(given[0])
    value = given if typing.get_origin(real) is list else given[0]
    conforms(value, hint, name)
    return value


def _pattern(path: str, deep: bool) -> re.Pattern[str]:
    made = re.escape(path).replace(r"\{", "{").replace(r"\}", "}").replace(r"\*", "*")
    made = re.sub(r"\{(\w+)\*\}", r"(?P<\1>/.*)", made)
    one = ".+" if deep else "[^/]+"
    return re.compile(re.sub(r"\{(\w+)\}", rf"(?P<\1>{one})", made))
