"""Answers that a model can afford: lists and texts cut until the whole is short, and said so.

Some clients show a model the text of an answer, others its structured content: both are kept short.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

ANSWER_CHARACTERS = 8_000
"""About 2,000 tokens."""
DETAIL = "detail"
FULL = "full"
WHOLE_DETAILS = frozenset({FULL, "document", "mermaid", "svg", "code"})
CUT_HINT = 'Ask for less, or with detail="full" where there is that'
LAST_LINES = 2
"""An answer's text ends with the next call and a link."""
NOTED_MAX = 12
LEFT_OUT = "left_out"
SENT_BACK = frozenset({"fix", "changes", "config", "example", "examples.rows"})
"""What a caller sends back, by name or by place: whole or not at all."""


class _Caps(NamedTuple):
    items: int
    characters: int


_ITEMS = (40, 20, 10, 10, 5, 5, 3, 2, 1)
_CHARACTERS = (2000, 1000, 1000, 400, 400, 160, 160, 80, 80)
_CAPS = tuple(map(_Caps, _ITEMS, _CHARACTERS))


def with_detail(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A tool's schema; where its answer is a list that may be cut, the caller can ask for all."""
    properties = schema["properties"]
    if "limit" not in properties or DETAIL in properties:
        return schema
    detail = {"enum": ["", FULL], "type": "string"}
    return {**schema, "properties": {**properties, DETAIL: detail}}


def without_detail(
    arguments: dict[str, Any], schema: Mapping[str, Any]
) -> tuple[dict[str, Any], bool]:
    """The arguments that the operation takes, and whether its answer is to be whole."""
    wanted = arguments.get(DETAIL)
    if DETAIL in schema["properties"] or with_detail(schema) is schema:
        return arguments, wanted in WHOLE_DETAILS or bool(arguments.get("content"))
    if wanted not in ("", FULL):
        return arguments, False  # without one, or with one that the operation refuses
    return {name: value for name, value in arguments.items() if name != DETAIL}, wanted == FULL


def brief(answer: dict[str, Any], most: int = ANSWER_CHARACTERS) -> dict[str, Any]:
    """The answer, with long lists and texts cut where it is longer than `most` as JSON.

    `left_out` names each list that was cut and how many of its items are missing. Single values at
    the top always stay.
    """
    if _size(answer) <= most:
        return answer
    for caps in _CAPS:
        missing: dict[str, int] = {}
        cut = {name: _cut(part, name, caps, missing) for name, part in answer.items()}
        if missing:
            noted = sorted(missing.items(), key=lambda item: -item[1])[:NOTED_MAX]
            cut[LEFT_OUT] = dict(noted)
        if _size(cut) <= most:
            break
    return cut


def brief_text(text: str, most: int = ANSWER_CHARACTERS) -> str:
    """The text, with lines before its last two left out where it is too long."""
    if len(text) <= most:
        return text
    lines = text.split("\n")
    ending = "\n".join(lines[-LAST_LINES:])[-most // 4 :]
    room = most - len(ending) - 80
    kept: list[str] = []
    for line in lines[:-LAST_LINES] or lines:
        room -= len(line) + 1
        if room < 0:
            kept.append(line[: max(room + len(line), 0)])
            break
        kept.append(line)
    missing = max(len(lines) - LAST_LINES - len(kept), 0)
    return "\n".join([*kept, f"… cut; {missing} more lines. {CUT_HINT}", ending])


def _cut(value: Any, path: str, caps: _Caps, missing: dict[str, int]) -> Any:
    if isinstance(value, str):
        return value if len(value) <= caps.characters else value[: caps.characters - 1] + "…"
    if isinstance(value, Mapping):
        return _cut_mapping(value, path, caps, missing)
    if isinstance(value, list):
        if len(value) > caps.items:
            missing[path] = missing.get(path, 0) + len(value) - caps.items
        return [_cut(item, path, caps, missing) for item in value[: caps.items]]
    return value


def _cut_mapping(
    value: Mapping[str, Any], path: str, caps: _Caps, missing: dict[str, int]
) -> dict[str, Any]:
    """Mappings are records or tables: only one with more entries than any record has is cut."""
    most = max(caps.items, 20)
    if len(value) > most:
        missing[path] = missing.get(path, 0) + len(value) - most
    shown: dict[str, Any] = {}
    for name, part in list(value.items())[:most]:
        if name not in SENT_BACK and f"{path}.{name}" not in SENT_BACK:
            shown[name] = _cut(part, f"{path}.{name}", caps, missing)
        elif _size(part) <= 2 * caps.characters:
            shown[name] = part
        else:
            missing[f"{path}.{name}"] = missing.get(f"{path}.{name}", 0) + 1
    return shown


def _size(value: Any) -> int:
    """In characters, as clients that write JSON with spaces count them."""
    return len(json.dumps(value, ensure_ascii=False))
