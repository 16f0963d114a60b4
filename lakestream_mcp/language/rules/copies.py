"""Rows that are kept as they came, beside what is looked for: `all readings also to main.a.b`."""

from __future__ import annotations

from collections.abc import Sequence

from .phrase import Found, Phrase
from .rewriting import Rewriting, mark, rewritten, word
from .tokens import Token

_TOPIC = r"(?:the |a )?(?:kafka )?topic (?:#name|#str|[a-z_]\w*)(?: (?:at|on|@) #host)?"
_PLACE = rf"(?P<place>#name|#path|{_TOPIC})"
_FOUND = (
    r"alerts|matches|hits|results|findings|notifications|anomalies|outliers|sums|totals|windows|"
    r"sessions|averages|counts|others|these|those|bad|invalid|good|valid|suspicious|such|"
    r"detections|times|fields|columns|things|is|has|was|pairs|duplicates|failures|errors|spikes|"
    r"streams|topics|tables|sources|enriched|joined|cleaned|remaining|other|rest|remainder|ones|"
    r"else|leftovers"
)
_ROWS = (
    rf"(?:everything|(?:all|every|each)(?: (?:the|of the|our|incoming|raw|original|single))* "
    rf"(?!(?:{_FOUND})(?!\S))(?:[a-z]+)|(?:the |all )?(?:raw|original|untouched|unfiltered) "
    rf"(?!(?:{_FOUND})(?!\S))[a-z]+)"
)
_VERB = (
    r"(?:keep|store|save|write|put|send|copy|archive|log|land|append|dump|persist|forward|also|and|"
    r"just|please|always|we|should|must|a|full|complete|copy|copies|of|still|simply|but|,|while|"
    r"plus|too|additionally|in|addition|regardless)"
)
_ALSO = r"also|too|as well|additionally|copy|copies|archive|raw|untouched|unfiltered|regardless"
_LED = (
    r"(?: (?:also|too|as well|is|are|goes?|gets?|should|must|shall|be|to|into|in|onto|as|it|they|"
    r"came|comes|arrives?|stored|written|saved|kept|sent|copied|archived|land|lands|regardless|"
    r"untouched|unfiltered|raw|the|delta|table|folder|->|:|still|just|always|have|has)){1,8} "
)
_COPY = (
    rf"(?P<lead>(?:{_VERB} )*)(?P<rows>{_ROWS})(?P<led>{_LED}){_PLACE}(?: (?:too|also|as well))?"
)
_PLACES = r"#name|#path|#url|#mail|#channel|slack|teams|pager ?duty|topics?"
_OPEN = (";", ".", ":", "!")


def copied(tokens: Sequence[Token]) -> list[Token]:
    """`…, and keep a copy of all payments in main.a.b` as a sentence of its own, where the text
    has another place beside it."""
    phrase = Phrase(tokens)
    if not phrase.has(_COPY):
        return list(tokens)

    def told(found: Found) -> list[Token] | None:
        rest = phrase.outside(found.start, found.end)
        said = phrase.part(found.start, found.end)
        opens = not found.start or tokens[found.start - 1].norm in _OPEN
        alone = rest.part(found.start).has(_PLACES) or rest.part(0, found.start).has(_PLACES)
        also = said.has(_ALSO) or (not opens and said.has("and|,|while|plus|but"))
        if not alone or not (also or opens) or not rest.has(r"#num|#dur|#str|#times|=|if|when"):
            return None
        first = found.tokens[0]
        rows = [word("all", first), word("rows", first), word("to", first)]
        return [mark(";", first), *rows, *found.groups["place"], mark(";", first)]

    rule: Rewriting = (_COPY, told)
    return _joined(rewritten(tokens, rule))


def _joined(tokens: Sequence[Token]) -> list[Token]:
    """The text without a comma or `and` right after a boundary."""
    made: list[Token] = []
    for token in tokens:
        if made and made[-1].norm == ";" and token.norm in (",", "and", ";", "."):
            continue
        made.append(token)
    return made
