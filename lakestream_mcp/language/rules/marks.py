"""What a text is set out with: the numbers, dashes and labels of its lists."""

from __future__ import annotations

from collections.abc import Sequence

from .phrase import Found, Phrase
from .tokens import Token

_LABELS = (
    r"(?:steps?|stages?|rules?|branch|branches|checks?|part|task|alert) #num (?::|-|\.)|"
    r"(?:branch|path|flow) (?:#num|[a-e]|#str) (?:,|:)"
)

_ENDS = (".", ";", ":")


def without_marks(tokens: Sequence[Token]) -> list[Token]:
    """The text without the numbers and dashes of its lists; `5+` as `5 or more`."""
    kept: list[Token] = []
    for token in _itemised(_unlabelled(tokens)):
        opens = len(kept) == 1 or (len(kept) > 1 and kept[-2].norm == ";")
        if token.norm in (".", ")") and kept and opens and kept[-1].norm == "#num":
            kept.pop()
            continue
        if token.norm in ("-", "*", "•") and (not kept or kept[-1].norm == ";"):
            continue
        last = kept[-1] if kept else None
        glued = last is not None and token.place == last.place + len(last.text)
        if token.norm == "+" and glued and kept[-1].norm == "#num":
            more = [Token("word", w, w, place=token.place) for w in ("or", "more")]
            kept += more
            continue
        kept.append(token)
    return kept


def is_itemised(tokens: Sequence[Token]) -> bool:
    """Whether a text counts what it asks for within a line."""
    return bool(_items(Phrase(tokens), r"\)"))


def _items(phrase: Phrase, sign: str) -> list[Found]:
    """The numbers of a list with a sign behind them, which count from one; none where they do
    not."""
    found = phrase.all(rf"(?<!\( )#num {sign}")
    marks = [f for f in found if phrase.tokens[f.start].text.isdigit()]
    told = [int(phrase.tokens[f.start].value) for f in marks]
    return marks if len(told) > 1 and told == list(range(1, len(told) + 1)) else []


def _itemised(tokens: Sequence[Token]) -> list[Token]:
    """The text with a boundary for each number of a list within a line: `1) … 2) …`."""
    marks = _items(Phrase(tokens), r"\)") or _items(Phrase(tokens), r"\.")
    starts = {found.start: found.end for found in marks}
    gone = set(starts.values())
    return [
        Token("punct", ";", ";", place=token.place) if n in starts else token
        for n, token in enumerate(tokens)
        if n + 1 not in gone
    ]


def _unlabelled(tokens: Sequence[Token]) -> list[Token]:
    """The text without the numbers of its steps: `STEP 2: …`, `…: branch one, …`."""
    phrase, made, at = Phrase(tokens), list[Token](), 0
    for found in phrase.all(_LABELS):
        before = phrase.tokens[found.start - 1].norm if found.start else ";"
        if before not in _ENDS:
            continue
        made += tokens[at : found.start]
        first = phrase.tokens[found.start]
        made += [Token("punct", ";", ";", place=first.place)] if before == ":" else []
        at = found.end
    return [*made, *tokens[at:]]


def opened(sentence: list[Token]) -> list[Token]:
    """A sentence without the signs that it opens with."""
    while sentence and sentence[0].norm in ("-", "*", ")", "•", ",", ":"):
        sentence = sentence[1:]
    return sentence
