"""A text with its shorthand spelt out, and without words that count or lead to nothing."""

from __future__ import annotations

from collections.abc import Collection, Container, Sequence
from fractions import Fraction

from ..rules.marks import without_marks
from ..rules.phrase import Phrase
from ..rules.tokens import Token
from ..rules.words import DURATIONS, STOP, word_set

_PLURALS = word_set(
    "sources topics streams tables branches checks detections patterns events rows machine things "
    "conditions sinks trades inputs circles zones areas sites places fences"
)
_NO_NAME = STOP | word_set(
    "topic topics both all each every named called kafka read reads separately apart individually "
    "columns fields with together as merge union join"
)
_HOLDS = r"holds?|has|have|having|contains?|carries|carry|delivers?|with|brings?|is|are|being|as|of"
_DECLARED = (
    rf"(?:(?!(?:{_HOLDS})\b)[a-z_]\w*|#name|#str)(?: (?:{_HOLDS}|:|=))*(?: \()?(?: #host)?"
    r"(?: [,;])? #columns"
)
_DUE_EVERY = (
    r"(?:should|must|shall|has to|is expected to|normally|usually|reports?|sends?|beats?)"
    r"(?: \S+){0,5}? (?P<e>every #dur)"
)
_SILENCE = r"none|no|nothing|silent|silence|down|heartbeats?|dead|missing|offline|lost|not"
LISTED = "listed"
"""The unit of `topic` before each name of a list, with where the list begins."""
_NO_COUNT = word_set("with over above under below session visit trip")


def plain(tokens: Sequence[Token], columns: Collection[str]) -> list[Token]:
    """The text with its shorthand spelt out: `25/sec`, `a single day`, `symbol/side`."""
    made: list[Token] = []
    placed = any(name.lower() in ("lat", "latitude") for name in columns)
    for token in _sized(each_named(_idle(_unpaced(without_marks(tokens)))), placed):
        length = DURATIONS.get(token.norm) if token.kind == "word" else None
        before = made[-1].norm if made else ""
        if length and before in ("/", "single", "per", "every", "each"):
            if before in ("/", "single"):
                made[-1] = made[-1]._replace(kind="word", norm="per" if before == "/" else "in")
            made.append(Token("dur", f"1 {token.text}", "#dur", length, token.norm, token.place))
        elif token.kind in ("topic", "path") and "/" in token.text[1:] and _listed(token, columns):
            parts = [Token("word", p, p.lower(), place=token.place) for p in token.text.split("/")]
            made += [t for p in parts for t in (p, Token("punct", ",", ",", place=token.place))][
                :-1
            ]
        elif token.norm == "deviation" and [t.norm for t in made[-2:]] == ["median", "absolute"]:
            made[-2:] = [token._replace(text="MAD", norm="mad")]
        elif (token.norm == "#num" and before == "port") or (
            token.norm == "course" and before == "of"
        ):
            made.pop()
        elif token.norm == "as" and len(made) > 1 and made[-1].norm == "soon" == made[-1].text:
            made[-2:] = [token._replace(norm="when", text="when")]
        else:
            made.append(token)
    return made


def _unpaced(tokens: Sequence[Token]) -> Sequence[Token]:
    """The text without how often a sign of life is due, which says nothing of how long is waited:
    `each host reports every minute; none for 3 minutes`."""
    phrase = Phrase(tokens)
    due = phrase.find(_DUE_EVERY) if phrase.has(_SILENCE) else None
    if due is None or sum(t.kind == "dur" for t in tokens) < 2:
        return tokens
    return phrase.outside(due.end - len(due.groups["e"]), due.end).tokens


def _idle(tokens: Sequence[Token]) -> list[Token]:
    """The text without numbers that count nothing: `two Kafka topics`, `one machine per claim`;
    and with `is` for `must be`."""
    made: list[Token] = []
    for at, token in enumerate(tokens):
        after = tokens[at + 1].norm if at + 1 < len(tokens) else ""
        third = tokens[at + 2].norm if at + 2 < len(tokens) else ""
        spoken = token.norm == "#num" and token.text.isalpha()
        before = made[-1].norm if made else ""
        idle = after in _PLURALS and third not in ("in", "within", "or")
        if spoken and (idle or third in _PLURALS or before in ("the", "all", "these")):
            continue
        if spoken and token.value == 1 and after in _NO_COUNT:
            continue
        if spoken and token.value == 1 and before in ("from", "by", "of", "per", "for"):
            continue
        if spoken and token.value == 1 and "keep" in {t.norm for t in made[-2:]}:
            continue
        if token.norm in ("must", "should") and "be" in (after, third):
            made.append(token._replace(text=token.norm, norm="is"))
        elif not (token.norm == "be" and any(t.norm == "is" for t in made[-2:])):
            made.append(token)
    return made


def _sized(tokens: Sequence[Token], placed: bool) -> list[Token]:
    """The text with `radius=250m` as a distance, which alone would be a time; `within 250m`, too,
    where rows have a place and two coordinates stand there."""
    made: list[Token] = []
    near = placed and sum("." in t.text for t in tokens if t.norm == "#num") > 1
    leads = {"r", "radius", *(("within", "than", "inside", "of", "(") if near else ())}
    for token in tokens:
        told = [t.norm for t in made[-2:]]
        if token.kind == "dur" and token.text.endswith("m") and leads & {*told}:
            metres = Fraction(token.value) / 60_000_000
            made.append(token._replace(kind="dist", norm="#dist", value=metres))
        else:
            made.append(token)
    return made


def _listed(token: Token, columns: Container[str]) -> bool:
    return all(part in columns for part in token.text.split("/"))


def each_named(tokens: Sequence[Token]) -> list[Token]:
    """`topics a, b and c` as `topic a, topic b, topic c`."""
    made: list[Token] = []
    at = 0
    while at < len(tokens):
        topics = tokens[at].norm == "topics"
        host = 2 if topics and _has_host(tokens, at + 1) else 0
        names = _names(tokens, at + 1 + host) if topics else []
        if len(names) < 2 and tokens[at].norm in ("topics", "streams"):
            told = _declaring(tokens, at + 1)
            tokens = [u for n, t in enumerate(tokens) for u in (_topic(t), t)[n not in told :]]
            at += bool(told)
        if len(names) < 2:
            made.append(tokens[at])
            at += 1
            continue
        made += tokens[at + 1 : at + 1 + host]
        for n in names:
            comma = Token("punct", ",", ",", place=tokens[n].place)
            topic = tokens[at]._replace(text="topic", norm="topic", unit=f"{LISTED} {at}")
            made += [comma, topic, tokens[n]]
        at = names[-1] + 1
    return made


def _has_host(tokens: Sequence[Token], at: int) -> bool:
    """Whether `on broker:9092` stands there, before the names."""
    said = [t.norm for t in tokens[at : at + 3]]
    return said[:2] in (["on", "#host"], ["at", "#host"], ["@", "#host"]) and said[2:] != ["."]


def _topic(token: Token) -> Token:
    return Token("word", "topic", "topic", place=token.place)


def _declaring(tokens: Sequence[Token], at: int) -> set[int]:
    """Where the names stand that columns are declared of: `: logins #columns and orders #columns`;
    none where they are called topics already."""
    phrase = Phrase(tokens)
    found = [f for f in phrase.all(_DECLARED) if f.start >= at and _is_called(tokens[f.start])]
    named = ("topic", "topics", "table", "tables")
    apart = all(tokens[f.start - 1].norm not in named for f in found[1:])
    return {f.start for f in found} if len(found) > 1 and apart else set()


def _names(tokens: Sequence[Token], at: int) -> list[int]:
    """Where the names of a list stand; the first may come after a colon or comma."""
    at += at < len(tokens) and tokens[at].norm in (":", ",")
    found: list[int] = []
    while at < len(tokens) and (_is_name(tokens[at]) or _is_listed_letter(tokens, at)):
        found.append(at)
        at += 1
        if at + 1 < len(tokens) and tokens[at].norm == "," and tokens[at + 1].norm == "and":
            at += 2
        elif at < len(tokens) and tokens[at].norm in (",", "and", "&"):
            at += 1
        else:
            break
    return found


def _is_listed_letter(tokens: Sequence[Token], at: int) -> bool:
    """Whether `a` is a name, and no article: `topics a and b`."""
    after = tokens[at + 1].norm if at + 1 < len(tokens) else ""
    return tokens[at].norm == "a" and after in ("and", ",", "&")


def _is_called(token: Token) -> bool:
    """Whether a word before a declaration is a name, also one of a single letter."""
    return _is_name(token) or (token.kind == "word" and len(token.text) == 1)


def _is_name(token: Token) -> bool:
    return token.kind in ("name", "str") or (token.kind == "word" and token.norm not in _NO_NAME)
