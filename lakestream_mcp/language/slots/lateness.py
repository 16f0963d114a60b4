"""How late rows may be, told in a sentence of its own."""

from __future__ import annotations

from ..rules.measure_words import duration_of
from ..rules.phrase import Phrase
from ..rules.reader import Reader

_LEAD = r"(?:(?:with|use|using|set|put|and|an?|the|,|its|on|of) )*"
_TIME = r"(?: (?:of|is|=|:|at|to|,|delay|by|on|in|the|event|time|(?!of|is|at|to)[a-z_]\w*)){0,5}"
_LATE = (
    rf"{_LEAD}watermark(?! node){_TIME} #dur(?: (?:on|of|in|for) (?:the )?(?P<c>[a-z_]\w*))?|"
    rf"{_LEAD}#dur watermark(?: (?:on|in|for) (?:the )?[a-z_]\w*)?|"
    r"(?:allow|accept|tolerate|expect)(?: (?:events|rows|data|readings|messages|for|up|to|at|most|"
    r"be|being))* #dur (?:late(?:ness)?|of lateness|of delay|delay)|"
    r"(?:events|rows|data|readings|messages|they) (?:may|can|might|could)(?: (?:be|come|arrive|up|"
    r"to|at|most|in))* #dur late"
)


def without_lateness(reader: Reader, phrase: Phrase) -> Phrase:
    """The text without how late its rows may be, which the reader has then."""
    found = phrase.find(_LATE)
    if found is None or reader.request.document.nodes:
        return phrase
    reader.found.delay = duration_of(next(t for t in found.tokens if t.kind == "dur"))
    phrase.use(found.start, found.end)
    return phrase.without(found)
