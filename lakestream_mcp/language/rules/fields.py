"""Which field of a node some words mean, and the value that is meant for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from .measure_words import duration_of, json_number, plain_number
from .names import parts_of
from .phrase import Phrase

if TYPE_CHECKING:
    from ...graph.node_type import NodeType
    from .tokens import Token

WORDS = {
    "window": ("window", "within", "duration", "baseline_window", "timeout", "gap"),
    "time": ("within", "window", "timeout", "gap", "duration"),
    "time window": ("within", "window", "duration"),
    "time limit": ("within", "window", "timeout"),
    "timeout": ("timeout", "within", "gap"),
    "interval": ("within", "window", "timeout", "duration"),
    "period": ("within", "window", "duration", "timeout"),
    "duration": ("duration", "within", "window", "dwell"),
    "silence": ("timeout", "gap"),
    "gap": ("gap",),
    "deadline": ("within", "timeout"),
    "threshold": ("threshold", "length", "min_events"),
    "limit": ("threshold", "within"),
    "count": ("threshold", "length", "min_events"),
    "number": ("threshold", "length", "min_events"),
    "minimum": ("threshold", "min_events"),
    "length": ("length", "window", "duration"),
    "delay": ("watermark_delay", "delay"),
    "lateness": ("watermark_delay", "delay"),
    "watermark": ("watermark_delay", "delay"),
    "watermark delay": ("watermark_delay", "delay"),
    "broker": ("bootstrap_servers", "broker_url"),
    "server": ("bootstrap_servers", "host"),
    "topic": ("topics", "topic", "topic_filters"),
    "table": ("table",),
    "path": ("path",),
    "folder": ("path",),
    "format": ("format",),
    "condition": ("condition", "where"),
    "message": ("message", "body"),
    "text": ("message", "body"),
    "subject": ("subject",),
    "recipient": ("to",),
    "addressee": ("to",),
    "receiver": ("to",),
    "sender": ("sender",),
    "from": ("sender",),
    "bootstrap server": ("bootstrap_servers",),
    "smtp server": ("host",),
    "mail server": ("host",),
    "smtp host": ("host",),
    "stream": ("streams",),
    "say": ("message", "body"),
    "content": ("message", "body"),
    "reading": ("length",),
    "event": ("threshold",),
    "log": ("log_table",),
    "group": ("consumer_group",),
    "late": ("watermark_delay", "delay"),
    "tolerance": ("watermark_delay", "delay"),
    "address": ("to", "url"),
    "url": ("url", "broker_url"),
    "slide": ("slide",),
    "radius": ("radius_m",),
    "direction": ("direction",),
    "method": ("method",),
    "baseline": ("baseline_window", "baseline_count"),
    "rate": ("threshold", "events_per_second"),
    "dwell": ("dwell",),
    "severity": ("severity",),
    "comparison": ("comparison",),
}
"""What a field may be called instead, likeliest first."""
MAX_VALUE = 10**12


def field_of(node_type: NodeType, words: tuple[str, ...], value: Token | None) -> str | None:
    """The field of a type that words name, fit for a value."""
    fields = node_type.Config.model_fields
    plain = "_".join(words)
    if plain in fields and _fits(fields[plain], value):
        return plain
    singular = {"_".join(parts_of(name)): name for name in fields}
    found = singular.get("_".join(parts_of(plain)))
    if found is not None and _fits(fields[found], value):
        return found
    if plain in node_type.field_aliases:
        return node_type.field_aliases[plain]
    for name in (*WORDS.get(" ".join(words), ()), *WORDS.get(words[-1], ())):
        if (name in fields or (name == "radius_m" and "zones" in fields)) and _fits(
            fields.get(name), value
        ):
            return name
    return None


def _fits(field: Any, value: Token | None) -> bool:
    """Whether a value may be one of a field: a duration for a time, a number for a number."""
    if field is None or value is None:
        return True
    text = str(field.annotation) + str(field.metadata)
    timed = "_canonical" in text
    if value.kind == "dur":
        return timed
    if value.kind in ("num", "times"):
        return ("int" in text or "float" in text) and not timed
    return not timed


def value_of(token: Token, current: Any = None) -> Any:
    """A token as a value of a field. Raises ValueError out of bounds."""
    if token.kind == "dur":
        return duration_of(token)
    if token.kind == "dist":
        return json_number(float(token.value))
    if token.kind in ("num", "times", "factor"):
        if abs(token.value) > MAX_VALUE:
            raise ValueError(f"`{token.text}` is too large")
        return json_number(Fraction(token.value))
    value = str(token.value) if token.value is not None else token.text
    return [value] if isinstance(current, list) else value


def with_number(
    condition: str, old: Fraction | None, new: Fraction, column: str | None
) -> str | None:
    """A condition with another number: the one that is compared with a column, or the only one."""
    return changed_number(condition, old, lambda _: new, column)


def changed_number(
    condition: str, old: Fraction | None, change: Callable[[Fraction], Fraction], column: str | None
) -> str | None:
    """A condition whose number is changed: the one compared with a column, or the only one."""
    from sqlglot import exp

    from ...relational.sql import parse_expression, sql

    tree = parse_expression(condition, None, aggregates=True)
    numbers = [n for n in tree.find_all(exp.Literal) if not n.is_string]
    if column is not None:
        numbers = [
            n
            for n in numbers
            if n.parent and any(c.name == column for c in n.parent.find_all(exp.Column))
        ]
    if old is not None:
        numbers = [n for n in numbers if Fraction(n.name) == old]
    if len(numbers) != 1:
        return None
    if len(numbers) == 1 and tree is numbers[0]:
        return None
    literal = exp.Literal.number(plain_number(change(Fraction(numbers[0].name))))
    numbers[0].replace(literal)
    return sql(tree)


def places_of(config: Any, wanted: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where a configuration holds a value, as paths of names and numbers."""
    if isinstance(config, Mapping):
        return [p for k, v in config.items() for p in places_of(v, wanted, (*path, k))]
    if isinstance(config, list):
        return [p for n, v in enumerate(config) for p in places_of(v, wanted, (*path, n))]
    same = config == wanted and not isinstance(config, bool)
    return [path] if same else []


def with_value(config: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The configuration with another value at a path."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(config, Mapping):
        return {**config, step: with_value(config.get(step), rest, value)}
    return [with_value(item, rest, value) if n == step else item for n, item in enumerate(config)]


def said_words(phrase: Phrase) -> tuple[str, ...]:
    """The words of a phrase that may name a field."""
    words = (
        re.sub(r"(?<!s)s$", "", t.norm) if t.norm not in ("radius",) else t.norm
        for t in phrase.tokens
        if t.kind == "word"
    )
    return tuple(
        w
        for w in words
        if w
        not in (
            "the",
            "a",
            "an",
            "it",
            "of",
            "new",
            "current",
            "our",
            "should",
            "be",
            "by",
            "another",
            "is",
            "are",
            "now",
            "must",
            "called",
            "it",
        )
    )
