"""Whether a text is one that rules can read: English, about a pipeline, and not empty."""

from __future__ import annotations

import re
import unicodedata

EXAMPLE = (
    "For example: `Read the Kafka topic logins at broker:9092. Alert "
    "#security on Slack when a user "
    "has 3 failed logins within 10 minutes, then a successful one.`"
)
REFUSAL = (
    "I did not understand what the pipeline is to do. I can build and change streaming pipelines: "
    "where events come from, what to look for, and where to send it. " + EXAMPLE
)
_FOREIGN = frozenset(
    [
        "der",
        "die",
        "das",
        "und",
        "ist",
        "nicht",
        "wenn",
        "mit",
        "für",
        "von",
        "einen",
        "eine",
        "wird",
        "sind",
        "le",
        "la",
        "les",
        "des",
        "est",
        "une",
        "pour",
        "dans",
        "avec",
        "et",
        "que",
        "quand",
        "el",
        "los",
        "las",
        "para",
        "con",
        "cuando",
        "por",
        "una",
        "si",
        "del",
        "il",
        "gli",
        "che",
        "per",
        "quando",
        "sono",
        "als",
        "het",
        "een",
        "van",
        "niet",
        "voor",
        "wanneer",
        "och",
        "när",
        "att",
        "inte",
        "är",
        "som",
        "på",
        "hvis",
        "når",
        "ikke",
        "og",
    ]
)
_ENGLISH = frozenset(
    [
        "the",
        "a",
        "an",
        "and",
        "to",
        "of",
        "in",
        "on",
        "is",
        "are",
        "when",
        "if",
        "then",
        "with",
        "within",
        "by",
        "for",
        "from",
        "than",
        "over",
        "per",
        "no",
        "not",
        "each",
        "every",
        "send",
        "write",
        "read",
        "alert",
        "detect",
        "more",
        "least",
        "followed",
        "keep",
        "drop",
        "add",
        "make",
        "change",
        "it",
        "this",
    ]
)


def kind_refusal(text: str) -> str:
    """Why a text cannot be read; '' when it may be."""
    words = [w.lower() for w in re.findall(r"[^\W\d_]+", text)]
    if not words:
        return "There is nothing to do yet: say what the pipeline is to find or to do. " + EXAMPLE
    latin = sum(1 for w in words if unicodedata.name(w[0], "").startswith("LATIN"))
    foreign, english = (sum(1 for w in words if w in known) for known in (_FOREIGN, _ENGLISH))
    if latin * 2 < len(words) or (foreign >= 2 and foreign > english):
        return "I only read English. " + EXAMPLE
    return ""
