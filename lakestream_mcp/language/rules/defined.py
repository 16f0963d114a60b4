"""What somebody calls the thing that is looked for, told first: `a stuck sensor is one whose …`;
and how many rows come of one, which says nothing more."""

from __future__ import annotations

from collections.abc import Sequence

from .phrase import Found
from .rewriting import Rewriting, mark, rewritten
from .tokens import Token

_DEFINED = (
    r"(?:(?<=[.;:] )|^)(?:an?|the|our|such an?|as) (?:(?!if|when)[a-z]\w* ){1,4}?"
    r"(?:(?:we|i) (?:mean|call|count|regard|consider)|is|are|means|counts as|is defined as) "
    r"(?:#num|those|ones|an? [a-z]\w*|any [a-z]\w*) (?P<w>whose|that|which|with|where|when|for "
    r"which)"
)
_ROW_OF = (
    r"(?:(?:with|as|and|,|write|store|save|output|make|give) )*(?P<n>#num|a|an|single|exactly "
    r"#num) "
    r"(?:rows?|records?|lines?|entry) (?:per|for each|for every|of each) "
    r"(?P<of>visits?|sessions?|trips?|match|hits?|alerts?|pairs?|results?|findings?|rides?)"
    r"(?= (?:in|into|to|goes|go|is|are|->|[.;,])|$)"
)


def _named(found: Found) -> list[Token]:
    return [*found.groups["w"]]


def _rows(found: Found) -> list[Token] | None:
    number = found.groups["n"][-1]
    told = number.norm != "#num" or number.value == 1
    return [mark(";", found.tokens[0])] if told else None


def defined(tokens: Sequence[Token]) -> list[Token]:
    """The text with `whose humidity …` for `a stuck sensor is one whose humidity …`."""
    rules: tuple[Rewriting, ...] = ((_DEFINED, _named), (_ROW_OF, _rows))
    return rewritten(tokens, *rules)
