"""Sections of a clause that are given as fields of their own, put together into the clause.

`{"pattern": "A B+", "define": {"B": "price < PREV(price)"}}` says what
`PATTERN (A B+) DEFINE B AS price < PREV(price)` says, and with a clause it changes these sections.
What cannot be read stays where it is, for validation to name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from ...cep.match_row import quoted
from ...errors import LakestreamError
from ...graph.naming import snake_case
from .clause import SECTIONS, sections

Config = dict[str, Any]
NAMES = ("name", "alias", "as", "variable", "symbol", "label")
"""How the name of a measure or of a variable is called in an object with its expression."""


def joined(config: Config) -> Config:
    """The configuration with all of the clause in `clause`; a field counts before what it says."""
    given = {name: value for name, value in config.items() if snake_case(name) in FIELDS}
    if not given:
        return config
    try:
        clause = config.get("clause")
        parts = dict(_texts(clause)) if clause else {}
        for name, value in given.items():
            section, read = FIELDS[snake_case(name)]
            parts[section] = read(value)
    except (LakestreamError, TypeError, ValueError, AttributeError, IndexError):
        return config
    if "PATTERN" not in parts:
        return config
    text = " ".join(OPENED.get(s, f"{s} ") + parts[s] for s in SECTIONS if s in parts)
    return {k: v for k, v in config.items() if k not in given} | {"clause": text}


def _texts(clause: str) -> Iterator[tuple[str, str]]:
    for section, reader in sections(clause).items():
        yield section, reader.source()


def _text(value: Any, opening: str) -> str:
    """What a section says, without the words that open it."""
    if not isinstance(value, str):
        raise TypeError
    return re.sub(rf"\s*{opening}\b\s*", "", value, count=1, flags=re.IGNORECASE).strip()


def _pattern(value: Any) -> str:
    text = " ".join(value) if isinstance(value, list) else _text(value, "^PATTERN")
    return text if _is_enclosed(text) else f"({text})"


def _is_enclosed(text: str) -> bool:
    """Whether the first parenthesis is closed by the last character."""
    depth = 0
    for at, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return at == len(text) - 1 and sign == ")"
    return False


def _named(opening: str, form: Callable[[str, str], str]) -> Callable[[Any], str]:
    """Names with their expressions: as text, an object by name, or a list of either."""

    def read(value: Any) -> str:
        if isinstance(value, str):
            return _text(value, opening)
        if isinstance(value, dict):
            return ", ".join(form(_name(name), str(text)) for name, text in value.items())
        return ", ".join(one(item) for item in value)

    def one(item: Any) -> str:
        if isinstance(item, str):
            return item
        (name,) = (word for word in item if word.lower() in NAMES)
        (text,) = (item[word] for word in item if word != name)
        return form(_name(item[name]), str(text))

    return read


def _name(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else quoted(name)


def _subset(value: Any) -> str:
    if isinstance(value, str):
        return _text(value, "^SUBSET")
    return ", ".join(
        f"{_name(name)} = ({', '.join(map(_name, members))})" for name, members in value.items()
    )


def _rows(value: Any) -> str:
    text = re.sub(r"[-_\s]+", " ", value).strip().upper()
    short = {"ONE": "ONE ROW PER MATCH", "ALL": "ALL ROWS PER MATCH"}
    return text if text.endswith("PER MATCH") else short.get(text.split(" ")[0], text)


def _skip(value: Any) -> str:
    text = _text(value if " " in value.strip() else re.sub("[-_]", " ", value), "^AFTER MATCH")
    words = [w.upper() if w.upper() in WORDS else w for w in _text(text, "^SKIP").split()]
    if words in (["PAST", "LAST"], ["NEXT"], ["TO", "NEXT"]):
        words.append("ROW")
    return " ".join(["SKIP", *(["TO"] if words[0] in ("NEXT", "FIRST", "LAST") else []), *words])


WORDS = ("PAST", "TO", "NEXT", "FIRST", "LAST", "ROW")
FIELDS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "measures": ("MEASURES", _named("^MEASURES", lambda name, text: f"{text} AS {name}")),
    "rows_per_match": ("ROWS PER MATCH", _rows),
    "rows": ("ROWS PER MATCH", _rows),
    "after_match": ("AFTER MATCH", _skip),
    "after_match_skip": ("AFTER MATCH", _skip),
    "skip": ("AFTER MATCH", _skip),
    "pattern": ("PATTERN", _pattern),
    "within": ("WITHIN", lambda value: _text(value, "^WITHIN")),
    "subset": ("SUBSET", _subset),
    "define": ("DEFINE", _named("^DEFINE", lambda name, text: f"{name} AS {text}")),
}
"""Section and reading of each field."""
OPENED = {"ROWS PER MATCH": ""}
"""What stands before a section's text, where it is not the section's name."""
