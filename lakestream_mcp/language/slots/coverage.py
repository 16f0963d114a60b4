"""What a text says in so many words, and a draft does not have: names, addresses, values, times."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ..rules.tokens import Token
from ..rules.words import STOP, word_set

if TYPE_CHECKING:
    from ...graph.changes import Change

_SHAPES = ("mail", "url", "path", "name", "host", "topic", "str", "secret")
_TOLD = ("message", "subject", "body", "name")
"""Fields that are made of what others say."""
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_TIME = re.compile(r'"\d+ [a-z]+"')
MOST_WORDS = 2
_LITERAL = re.compile(r"= '((?:[^']|'')*)'")
_DURATION = re.compile(r"^\d+ [a-z]+s?(?: \d+ [a-z]+s?)*$")


_NO_KIND = word_set("rate velocity check column output threshold limit pattern baseline window")
"""Words that say how something is looked for, and no sort of event."""


def unsaid(
    tokens: Iterable[Token], changes: Sequence[Change], columns: Container[str]
) -> list[str]:
    """What of a text is in no change, as it is written there, each once."""
    made = _without_columns([change.model_dump(mode="json") for change in changes])
    said = json.dumps(made, ensure_ascii=False)
    numbers = {Fraction(n) for n in _NUMBER.findall(_TIME.sub("", said))}
    numbers |= {n for c in changes if c.op == "add_node" for n in _in_window(c.node.config)}
    times = set(_times(made))
    told = {str(c.node.config.get(n)) for c in changes if c.op == "add_node" for n in _TOLD[:3]}
    missing = []
    for token in tokens:
        if token.kind in _SHAPES:
            known = str(token.value) in said or _in_parts(token, said) or token.value in told
        elif token.kind == "dur":
            known = int(token.value) in times or _in_numbers(token, numbers)
        elif token.norm in ("#num", "#pct", "#times", "#factor"):
            idle = token.value == 1 and token.text.isalpha()
            known = idle or _about(token.value, numbers) or "/" in token.text
        elif token.text in columns and ("_" in token.text or not token.text.islower()):
            known = token.text in said
        else:
            continue
        if not known:
            missing.append(token.text)
    return list(dict.fromkeys(missing))


def _in_parts(token: Token, said: str) -> bool:
    """Whether each part of a name has a field of its own: database, schema and table."""
    parts = str(token.value).split(".")
    return token.kind == "name" and len(parts) > 1 and all(f'"{part}"' in said for part in parts)


def invented(text: str, changes: Sequence[Change], columns: Iterable[str], most: int = 0) -> bool:
    """Whether a condition compares with a text that is only a heap of words: `put_in_the_cart`."""
    plain = text.lower()
    made = json.dumps([change.model_dump(mode="json") for change in changes], ensure_ascii=False)
    columns = list(columns)
    names = {name.lower() for name in columns}
    written = {n.lower() for n in columns if "_" in n or not n.islower()}
    for value in {v.lower() for v in _LITERAL.findall(made)} - {""}:
        words = re.split(r"[_\W]+", value)
        odd = len(words) > (most or MOST_WORDS) or bool({*words} & written)
        odd = odd or bool(not most and {*words} & (STOP | names | _NO_KIND))
        if odd and value not in plain:
            return True
    return False


def _about(value: Any, numbers: set[Fraction]) -> bool:
    """Whether a number stands there, or one that `more than` or `in a row` makes of it."""
    exact = Fraction(value)
    return bool({exact, exact + 1, exact - 1, exact / 100, 1 + exact / 100} & numbers)


def _in_window(config: Any) -> Iterable[Fraction]:
    """How much a rate is in its window: 200 a minute are 2000 in ten minutes."""
    from ...graph.duration import duration_us

    if {"threshold", "per", "window"} <= config.keys():
        share = Fraction(duration_us(str(config["window"])), duration_us(f"1 {config['per']}"))
        yield Fraction(str(config["threshold"])) * share


def _in_numbers(token: Token, numbers: set[Fraction]) -> bool:
    """Whether a time stands there as a number of some unit: `latency over 2 seconds`."""
    exact = Fraction(token.value)
    return any(exact / unit in numbers for unit in (1, 1_000, 1_000_000, 60_000_000))


def _times(value: Any) -> Iterable[int]:
    """Every duration of some JSON, in microseconds."""
    from ...errors import LakestreamError
    from ...graph.duration import duration_us

    if isinstance(value, dict):
        if "events_per_second" in value:
            yield 1_000_000
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _times(item)
    elif isinstance(value, str):
        if value in ("second", "minute", "hour", "day"):
            value = f"1 {value}"
        if _DURATION.match(value):
            try:
                yield duration_us(value)
            except (LakestreamError, ValueError):
                return


def _without_columns(value: Any) -> Any:
    """Changes without the columns of sources, which hold every name that was declared."""
    if isinstance(value, dict):
        return {
            k: _without_columns(v)
            for k, v in value.items()
            if k not in _TOLD and (k != "columns" or len(value) == 1 or _keys(v))
        }
    return [_without_columns(item) for item in value] if isinstance(value, list) else value


def _keys(columns: Any) -> bool:
    """Whether columns were chosen, and are no schema."""
    return isinstance(columns, list) and all(
        isinstance(item, str) or "column" in item for item in columns
    )
