"""What a clause says that its changes do not: the sign of a reading that missed something."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from .edit_said import RELATIVE, is_plain, stems
from .measure_words import duration_of, plain_number
from .numbers import DOWN, FLAT, UP
from .phrase import Phrase
from .tokens import Token
from .words import STOP

if TYPE_CHECKING:
    from ...graph.changes import Change

_OFF = (
    r"instead|rather|not|no|without|drop|remove|delete|from|in addition|besides|plus|as well as|in|"
    r"replace|swap|change|out|off|of|exclude|ignore|where|same|the column"
)
_REPLACED = r"instead of|rather than|in place of|in lieu of"
_NEXT = r"but|use|take|make|it is|,|and"
SERVICES = ("slack", "teams", "pagerduty", "kafka", "kinesis", "mqtt", "webhook", "lakebase")
_UNIT = r" (?:milli)?(?:second|minute|hour|day)"
"""What makes a number in a configuration a time."""
_TIMED = re.compile(rf"(\d){_UNIT}s?")
_COUNTED = "filters|sinks|nodes|sources|transforms|patterns"
"""`the two filters`: a number of nodes is no value."""
_TEXTS = ("str", "name", "mail", "host", "url", "path", "topic", "region")


def unheard(
    phrase: Phrase, changes: Sequence[Change], old: Sequence[Any], columns: Collection[str]
) -> list[Token]:
    """Values, columns and words of a phrase that neither changes nor what they change tell of."""
    made = [change.model_dump(mode="json", exclude_none=True) for change in changes]
    new = json.dumps(made, ensure_ascii=False).lower()
    said = new + json.dumps(list(old), ensure_ascii=False).lower()
    told_off, over = phrase.has(_OFF), phrase.find(f"{_REPLACED}|not")
    missing = []
    amounts = () if phrase.has(RELATIVE) else ("dur", "num", "times")
    for place, token in enumerate(phrase.tokens):
        before = phrase.tokens[place - 1].norm if place else ""
        named = token.norm in SERVICES or (place and token.text.isupper() and len(token.text) > 1)
        column = token.text in columns or (token.kind == "word" and "_" in token.text)
        column = column and token.norm not in STOP and not is_plain(token.norm)
        named = named or (token.kind == "channel" and '"provider"' not in new)
        counts = token.kind == "num" and phrase.at(_COUNTED, place + 1)
        is_value = named or (token.kind in (*amounts, *_TEXTS) and not counts)
        held = said if is_value or told_off else new
        if named and phrase.part(max(0, place - 1), place).has("only|just"):
            held = new
        if token.kind == "num" and over is not None and place >= over.start:
            held = _TIMED.sub(r"\1 ", held)
        if (is_value or column) and before not in ("step", "stage") and not _tells(held, token):
            missing.append(token)
    words = [t for t in phrase.content() if t.place not in phrase.used and t not in missing]
    return missing + words + never_there(phrase, changes, old)


def never_there(phrase: Phrase, changes: Sequence[Change], old: Sequence[Any]) -> list[Token]:
    """What is to be replaced, where nothing of it stands in what is changed."""
    over = phrase.find(_REPLACED)
    if over is None or any(change.op != "update_node" for change in changes):
        return []
    end = phrase.find(_NEXT, over.end)
    replaced = phrase.part(over.end, end.start if end else len(phrase))
    if replaced.has(f"{UP}|{DOWN}|{FLAT}"):
        return []
    values = values_of(replaced.tokens) or replaced.content()
    held = _TIMED.sub(r"\1 ", json.dumps(list(old), ensure_ascii=False).lower()) + json.dumps(
        list(old), ensure_ascii=False
    )
    known = stems(held)
    there = any(_tells(held, t) or (t.kind == "word" and stems(t.norm) & known) for t in values)
    return [] if there else values


def values_of(tokens: Sequence[Token]) -> list[Token]:
    """Of some tokens those that are values: what must not be overlooked."""
    return [t for t in tokens if t.kind in ("dur", "num", "times", "channel", *_TEXTS)]


def _tells(said: str, token: Token) -> bool:
    """Whether a text holds a value."""
    if token.kind == "dur":
        try:
            told = (json.dumps(duration_of(token))[1:-1], token.text.lower(), f"per_{token.unit}")
            return any(text in said for text in told)
        except ValueError:
            return True
    if token.kind in ("num", "times"):
        number = re.escape(plain_number(token.value))
        return (
            token.norm == token.text
            or bool(re.search(rf"(?<![\d.]){number}(?:\.0)?(?![\d.]*\d|{_UNIT})", said))
            or token.text == "one"
        )
    value = str(token.value) if token.value is not None else token.text
    text = re.escape(json.dumps(value, ensure_ascii=False)[1:-1].lower())
    return bool(re.search(rf"(?<!\w){text}(?!\w)", said))
