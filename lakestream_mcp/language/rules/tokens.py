"""A text as tokens: words, numbers, quoted texts, names, addresses. In time linear in its length.

What cues are matched against is a token's `norm`: a lower-case word or a sign as it is, and
`#num`, `#str`, `#name` … for what has a value.
"""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction
from typing import Any, NamedTuple

from ..data_files import FILE, is_file
from .words import CONTRACTIONS, DAY_TIMES, LETTERS

MAX_TEXT = 20_000


class Token(NamedTuple):
    """A piece of text. `value` is what a number, duration or quoted text holds."""

    kind: str
    text: str
    norm: str
    value: Any = None
    unit: str = ""
    place: int = 0


_ARROWS = "→⇒⟶➜➡➔➝➞➨➤➥⮕⟹↦▶►"
_QUOTED = r"\"[^\"\n]{0,2000}\"|“[^”\n]{0,2000}”|‘[^’\n]{0,2000}’|`[^`\n]{0,2000}`"
_SINGLE = r"(?<![\w'])'[^'\n]{1,2000}'(?!\w)"
_PARTS = (
    ("secret", r"secret://[\w.@-]+/[\w.@-]*[\w@-]"),
    ("url", r"(?:https?|mqtts?|ssl|tcp)://[^\s,;\"'<>]+"),
    (
        "path",
        (
            r"(?:s3a?|abfss?|gs|wasbs?|dbfs|file)://?[^\s,;\"'<>]+|"
            rf"(?<![\w/])/[A-Za-z_][^\s,;\"'<>]*|{FILE}"
        ),
    ),
    ("str", f"{_QUOTED}|{_SINGLE}"),
    ("topic", r"[\w-]+(?:/[\w-]+){0,8}/(?:[+#](?:/[\w+#-]+){0,8}|[\w-]+/[\w+#-]+)(?![\w/])"),
    ("region", r"(?<![\w-])(?:us|eu|ap|ca|sa|me|af|il)(?:-gov)?-[a-z]{4,9}-\d(?!\w)"),
    ("mail", r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    ("channel", r"#[A-Za-z][\w-]*"),
    ("time", r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?Z?)?(?![\w-])"),
    ("ip", r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?!\d)(?!:\d)"),
    ("arn", r"arn:aws[\w:/.-]+"),
    (
        "clock",
        (
            r"(?<![\w.:-])(?:(?:[01]?\d|2[0-3]):[0-5]\d(?::00)?(?:\s?[ap]\.?m\b)?|"
            r"(?:1[0-2]|0?[1-9])\s?[ap]\.?m\b)(?![\w:])"
        ),
    ),
    ("host", r"(?<![\w.-])[A-Za-z0-9][\w.-]*:\d{2,5}(?:,[A-Za-z0-9][\w.-]*:\d{2,5})*"),
    (
        "letter",
        (
            r"\b[A-Z]\b(?=\s*(?:then\b|->|→|followed\b|, then|within\b|without\b|"
            r"before\b|after\b|and then|in \d|$))"
        ),
    ),
    ("num", r"(?:[$€£]\s?)?(?<![\w.])[-+]?(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?: 000)+\b|\d+)(?:\.\d+)?"),
    ("name", r"[A-Za-z_]\w*(?:-\w+)*(?:\.[A-Za-z_0-9]\w*(?:-\w+)*)+"),
    ("code", r"(?<![\w-])[A-Z][A-Za-z]{0,8}-\d[\w-]*"),
    (
        "hyphened",
        (
            r"(?<![\w-])(?!(?:top|last|first|next|past|sub|pre|mid|max|min|every|under|over)-)"
            r"[a-z][a-z0-9_]*(?:-[a-z0-9_]+)*-\d[a-z0-9]*(?:-[a-z0-9]+)*(?![\w-])"
        ),
    ),
    ("word", r"w/o\b|[^\W\d_][\w]*(?:['’-][^\W\d_][\w]*)*|_\w+|w/o?|°[CFcf]?|σ"),
    ("op", rf"[=-]{{1,3}}>(?!=)|[{_ARROWS}]|>=|<=|<>|!=|==|≥|≤|≠|[=<>]"),
    ("punct", r"[^\s]"),
)
_TOKEN = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _PARTS))
_PLACES = ("name", "mail", "url", "path", "host", "topic", "channel")
"""What is a place also where it stands in backticks, as Markdown has it."""
_COLOURS = {chr(n) for n in (*range(0xFE00, 0xFE10), *range(0x1F3FB, 0x1F400))}
_SUFFIX = re.compile(r"(?:([kKMB])(?![A-Za-z])|(%)|(x|X|-?fold)(?![A-Za-z])|(st|nd|rd|th)\b)")
_SIGNS = {"≥": ">=", "≤": "<=", "≠": "!=", "<>": "!=", "==": "=", "→": "->"}
_SIGNS |= dict.fromkeys(("=>", "==>", "===>", "-->", "--->", *_ARROWS), "->")
_HOST = re.compile(r"[A-Za-z0-9][\w.-]*:\d{2,5}(?:,[A-Za-z0-9][\w.-]*:\d{2,5})*")
_QUOTES = "\"'`“”‘’"


def clean(text: str) -> str:
    """The text without control and invisible characters, its dashes and quotes made plain."""
    plain = unicodedata.normalize("NFKC", text[:MAX_TEXT]).replace("\n", " ; ")
    plain = plain.replace("i.e.", "that is").replace("e.g.", "for example")
    plain = "".join(" " if _is_mute(c) else c for c in plain)
    return plain.translate({0x2019: "'", 0x2013: "-", 0x2014: ",", 0x00A0: " "})


def _is_mute(char: str) -> bool:
    """Whether a character says nothing: one that controls, a picture, or what colours one."""
    kind = unicodedata.category(char)
    picture = kind == "So" and char not in _ARROWS and char != "°"
    return kind[0] == "C" or picture or char in _COLOURS


def tokenise(text: str) -> list[Token]:
    """The tokens of a text that was cleaned."""
    tokens: list[Token] = []
    at = 0
    while (found := _TOKEN.search(text, at)) is not None:
        kind = found.lastgroup or "punct"
        made, at = _token(kind, found, text)
        tokens += made
    return tokens


def _token(kind: str, found: re.Match[str], text: str) -> tuple[list[Token], int]:  # noqa: PLR0911 - the cases of a grammar
    said, start, end = found.group(), found.start(), found.end()
    if kind == "num":
        return _number(said, start, end, text)
    if kind in ("url", "path", "name", "mail", "host", "arn", "topic", "region"):
        kept = said.rstrip(".,;:!?)")
        return [Token(kind, kept, f"#{kind}", kept, place=start)], start + len(kept)
    if kind == "clock":
        return [Token(kind, said, "#clock", _minutes(said), place=start)], end
    if kind in ("str", "time", "ip", "letter"):
        value = said.strip(_QUOTES) if kind == "str" else said
        inside = _TOKEN.fullmatch(value) if said[0] == "`" else None
        if inside is not None and inside.lastgroup in _PLACES:
            return [Token(inside.lastgroup, value, f"#{inside.lastgroup}", value, place=start)], end
        if kind == "str" and _HOST.fullmatch(value):
            return [Token("host", value, "#host", value, place=start)], end
        if kind == "str" and is_file(value) and text[:start].rstrip()[-1:] not in ("=", "<", ">"):
            return [Token("path", said, "#path", value, place=start)], end
        return [Token("str", said, "#str", value, place=start)], end
    if kind == "channel":
        return [Token(kind, said, "#channel", said, place=start)], end
    if kind == "secret":
        return [Token(kind, said, "#secret", said, place=start)], end
    if kind == "code":
        return [Token("word", said, said.lower(), place=start)], end
    if kind in ("word", "hyphened"):
        return _words(said, start), end
    return [Token(kind, said, _SIGNS.get(said, said), place=start)], end


def _minutes(said: str) -> int:
    """A time of day as minutes since midnight."""
    hour, minute = (int(part) for part in (*re.findall(r"\d+", said), 0)[:2])
    half = re.search(r"[apAP](?=\.?[mM])", said)
    if half is not None:
        hour = hour % 12 + (12 if half.group() in "pP" else 0)
    return hour * 60 + minute


def _words(said: str, start: int) -> list[Token]:
    lower = said.lower()
    if lower in DAY_TIMES:
        return [Token("clock", said, "#clock", DAY_TIMES[lower], place=start)]
    full = CONTRACTIONS.get(lower)
    if full:
        return [Token("word", w, w, place=start) for w in full.split()]
    if lower.endswith("'s"):
        said, lower = said[:-2], lower[:-2]
    if "-" in lower:  # `five-minute window`, `de-duplicate`
        parts = said.split("-")
        return [Token("word", p, p.lower(), place=start) for p in parts if p]
    return [Token("word", said, lower, place=start)]


def _number(said: str, start: int, end: int, text: str) -> tuple[list[Token], int]:
    """A number, with what is glued to it: `$`, `k`, `%`, `x`, `rd`."""
    money = "money" if said[0] in "$€£" else ""
    value = Fraction(said.lstrip("$€£ ").replace(",", "").replace(" ", ""))
    suffix = _SUFFIX.match(text, end)
    if suffix is None:
        end += text[end : end + 1] == "-"  # `5-minute`
        return [Token("num", said, "#num", value, money, start)], end
    scale, percent, factor, ordinal = suffix.groups()
    whole = said + suffix.group()
    if scale:
        return [Token("num", whole, "#num", value * LETTERS[scale], money, start)], suffix.end()
    if percent:
        return [Token("num", whole, "#pct", value, "percent", start)], suffix.end()
    if factor:
        return [Token("factor", whole, "#factor", value, "", start)], suffix.end()
    assert ordinal
    return [Token("word", whole, whole.lower(), place=start)], suffix.end()
