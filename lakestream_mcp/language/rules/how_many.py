"""`sum and maximum of total, and how many orders`: the count that a question word asks for."""

from __future__ import annotations

from collections.abc import Sequence

from .phrase import Found, Phrase
from .rewriting import Rewriting, rewritten, word
from .tokens import Token

_MEASURED = r"sum|sums|total|totals|average|avg|mean|maximum|max|minimum|min|highest|lowest"
_HOW_MANY = (
    r"(?P<lead>(?:(?:,|and|plus|also|as well as|with|it|tells?|tell me|show) )*)how many "
    r"(?P<kind>(?:distinct |different |unique )?)(?P<what>[a-z_]\w*)"
    r"(?: (?:there|they|we|it|were|are|was|came|come|had|have|got|made|placed|sold|seen|arrived|"
    r"was|been|each|in))*?(?= (?:[.;,)]|per|by|in|within|over|every|each|for|to|into|on|->|and)|$)"
)


def counts_told(tokens: Sequence[Token]) -> list[Token]:
    """The text with `number of orders` for `how many orders`, beside what is summed up."""
    phrase = Phrase(tokens)
    if not phrase.has("how many") or not phrase.has(_MEASURED):
        return list(tokens)

    def told(found: Found) -> list[Token]:
        first = found.groups["what"][0]
        lead, kind = found.groups.get("lead", ()), found.groups.get("kind", ())
        return [*lead, word("number", first), word("of", first), *kind, first]

    rule: Rewriting = (_HOW_MANY, told)
    return rewritten(tokens, rule)
