"""Fields by what they hold and by what people call them, read from the catalogue."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from .fields import WORDS
from .names import parts_of
from .phrase import Phrase

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ...graph.node_type import NodeType
    from .tokens import Token

_SERVERS = ("bootstrap_servers", "broker_url", "host", "schema_registry_url")
_TEXTS = ("message", "subject", "body")
_COLUMNS = ("key", "group_by", "merge_keys", "partition_by", "cluster_by", "primary_keys")
_HOLDS = {
    "dur": ("time",),
    "num": ("number",),
    "times": ("number",),
    "mail": ("mail",),
    "name": ("table", "server", "text"),
    "host": ("server",),
    "str": ("text", "table"),
    "region": ("text",),
    "path": ("text",),
    "url": ("text", "server"),
    "word": ("text",),
}
USUAL = {
    "dur": ("within", "window", "duration", "timeout", "gap", "baseline_window"),
    "num": ("threshold", "length", "min_events"),
    "times": ("threshold", "length", "min_events"),
    "mail": ("to",),
    "name": ("table",),
    "host": ("bootstrap_servers", "broker_url"),
    "str": ("message", "body"),
    "region": ("region",),
}
"""The fields that a value of a kind is for where nobody names one, likeliest first."""
MAX_WORDS = 3


class NamedField(NamedTuple):
    """A field that words name, and where the words are."""

    name: str
    start: int
    end: int


def kind_of(node_type: NodeType, name: str) -> str:
    """What a field holds: a time, a number, a choice, an address, a table, columns or a text."""
    return _kind(node_type.Config, name)


@cache
def _kind(config: type[BaseModel], name: str) -> str:  # noqa: PLR0911 - one answer for each kind
    field = config.model_fields[name]
    text = f"{field.annotation} {field.metadata}"
    if "_canonical" in text:
        return "time"
    if "_secret" in text or "SequenceStep" in text or "Aggregation" in text:
        return "other"
    if name in _TEXTS:
        return "text"
    if "Literal" in text:
        return "choice"
    if name in _COLUMNS:
        return "columns"
    if "Reads(" in text or name in ("condition", "columns", "event_time"):
        return "column" if "use='value'" in text else "other"
    if "_mail_address" in text:
        return "mail"
    if name in _SERVERS:
        return "server"
    if name == "table" or name.endswith("_table"):
        return "table"
    if "bool" in text:
        return "flag"
    return "number" if "class 'int'" in text or "int |" in text or "float" in text else "text"


def fits(node_type: NodeType, name: str, value: Token) -> bool:
    """Whether a field may hold a value."""
    return kind_of(node_type, name) in _HOLDS.get(value.kind, ())


def named_fields(node_type: NodeType, phrase: Phrase, value: Token) -> list[NamedField]:
    """The fields fit for a value that words of a phrase name, the longest names first."""
    found: list[NamedField] = []
    for length in range(MAX_WORDS, 0, -1):
        for start in range(len(phrase) - length + 1):
            words = [t.norm for t in phrase.tokens[start : start + length]]
            if all(word.isalpha() or "_" in word for word in words):
                name = _called(node_type, words, value)
                found += [NamedField(name, start, start + length)] if name else []
    return found


def _called(node_type: NodeType, words: list[str], value: Token) -> str | None:
    """The field of a type that words are a name of: its own, an alias, or a usual one."""
    said = tuple(part for word in words for part in parts_of(word))
    fields: dict[str, Any] = node_type.Config.model_fields
    own = [n for n in fields if parts_of(n) == said]
    own += [f for alias, f in node_type.field_aliases.items() if parts_of(alias) == said]
    own += WORDS.get(" ".join(said), ())
    return next((n for n in own if n in fields and fits(node_type, n, value)), None)
