"""What the words around a sink have in common."""

from __future__ import annotations

from typing import NamedTuple

from .modifiers import take_key
from .phrase import Found, Phrase
from .places import SEND
from .scene import Scene


class Target(NamedTuple):
    """What is known of the rows that are written: what they are called, and their columns."""

    title: str
    columns: tuple[str, ...]
    is_match: bool
    time: str = ""
    """The column that says which of two rows is the newer."""


def without_sink(phrase: Phrase, found: Found, end: int | None = None) -> Phrase:
    """The phrase without a sink's words and the verb that leads to them."""
    end = max(found.end, end or 0)
    tail = phrase.at(
        r"(?:channel|channels|too|as well|also|instead|webhook|incident|there|immediately)", end
    )
    end = tail.end if tail else end
    start = found.start
    while start and (phrase.at(SEND, start - 1) or phrase.tokens[start - 1].norm in FILLERS):
        start -= 1
    phrase.use(start, end)
    return phrase.outside(start, end)


def merge_keys(scene: Scene, phrase: Phrase) -> tuple[list[str], Phrase]:
    """The columns that rows are merged by, and the phrase without what names them."""
    found = phrase.find(
        r"(?:(?:merge|merged|merging|upsert|upserted|upserting|keyed|key|"
        r"identified|primary key|matching|with|and|it|them|rows) )*(?:(?:merge|"
        r"merged|merging|upsert|upserted|upserting|keyed)(?: (?:it|is|of|are))* (?:by|on)|"
        r"(?:primary key|key|keys)(?: (?:by|on|it|is|of|are))*)"
    )
    if found is None:
        return [], phrase
    lead = phrase.tokens[found.end - 1]._replace(norm="by", text="by")
    key, rest = take_key(
        Phrase((lead, *phrase.tokens[found.end :]), phrase.used), scene.columns, scene.talk
    )
    if not key.names:
        return [], phrase
    phrase.use(found.start, found.end)
    return list(key.names), Phrase((*phrase.tokens[: found.start], *rest.tokens), phrase.used)


FILLERS = frozenset(
    [
        "please",
        "then",
        "and",
        "also",
        ",",
        "finally",
        "the",
        "results",
        "result",
        "matches",
        "match",
        "alerts",
        "rows",
        "it",
        "them",
        "everything",
        "these",
        "those",
        "output",
        "a",
        "an",
        "me",
        "us",
        "team",
        "our",
        "my",
        "to",
        "via",
        "on",
        "in",
        "into",
        "by",
        "over",
        "through",
        "as",
        "with",
        "any",
        "all",
        "each",
        "message",
        "notification",
        "notifications",
        "messages",
        "people",
        "someone",
        "ops",
        "too",
        "at",
        "using",
        "for",
        "alert",
        "call",
        "engineer",
        "good",
        "valid",
        "clean",
        "remaining",
        "should",
        "must",
        "shall",
        "be",
        "else",
        "others",
        "rest",
        "remainder",
        "otherwise",
        "copy",
        "copies",
        "list",
        "log",
        "every",
    ]
)
